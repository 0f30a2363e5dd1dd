# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Belfry-1.0 as Python likes it.

`Client` takes and gives dictionaries, and blocks. `AsyncClient` is the same for asyncio. The names
of the C library are there, too: `client.create_sync(user, json_text, options, None)`.
"""

import asyncio
import collections
import datetime
import inspect
import json
import logging
import threading

from gi.repository import Gio, GLib

from ..module import get_introspection_module
from ..overrides import override

Belfry = get_introspection_module("Belfry")

__all__ = []

_log = logging.getLogger("belfry")

# How many events may wait for a reader before it has to list afresh.
_MAX_EVENTS = 10_000

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def _export(item):
    __all__.append(item.__name__)
    return item


def _text(data):
    """JSON text of a dictionary; text is taken as it is."""
    if isinstance(data, str):
        return data
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _whole(*arguments):
    """These, if no text in them has a U+0000. PyGObject would cut it there: of the user id
    "alice\\0…" it would make alice."""
    for argument in arguments:
        for text in argument if isinstance(argument, list) else (argument,):
            if isinstance(text, str) and "\0" in text:
                raise ValueError(f"U+0000 in {text!r}")
    return arguments


def _time(microseconds):
    return _EPOCH + datetime.timedelta(microseconds=microseconds)


def _variants(**values):
    """A dictionary of variants, without those that are None."""
    return {name.replace("_", "-"): GLib.Variant(*_whole(*value)) for name, value in values.items()
            if value[1] is not None}


def _dictionary(**values):
    return GLib.Variant("a{sv}", _variants(**values))


def _options(tag=None, key=None, expires=None):
    if isinstance(expires, datetime.timedelta):
        expires = int(expires.total_seconds())
    return _variants(tag=("s", tag), idempotency_key=("s", key), expires=("x", expires))


def _ids(ids):
    return [ids] if isinstance(ids, int) else list(ids)


@_export
class Refusal(Exception):
    """Raised by a handler to refuse a message.

    code: what the client's program may rely on, 1 to 64 of [A-Z0-9_]
    text: what a person may read
    """

    def __init__(self, code, text=""):
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


@_export
class Page(list):
    """A list, and in `total` how many match in all."""

    def __init__(self, items, total):
        super().__init__(items)
        self.total = total


@_export
class Session(collections.namedtuple("Session", "id user connected peer live")):
    """A client that is connected: its id, its user, since when, from where, and whether it has
    caught up."""


@_export
class Event(collections.namedtuple("Event", "kind user id")):
    """What `AsyncClient.events()` tells.

    kind: `created`, `updated`, `read` or `removed`, with the id of a notification; `connected` or
        `disconnected`, of a user; or `subscribed`, without both: what happened before was not
        told, so that whoever keeps a copy lists afresh
    """


@_export
@override
class Notification(Belfry.Notification):
    """A notification as it stands in a user's inbox at one moment."""

    id = property(Belfry.Notification.get_id, doc="Which one it is, a number.")
    user = property(Belfry.Notification.get_user_id, doc="The id of its user.")
    read = property(Belfry.Notification.get_read, doc="Whether it was read.")
    tag = property(Belfry.Notification.get_tag, doc="Its tag, or None.")
    position = property(Belfry.Notification.get_position, doc="The position of its latest change.")

    @property
    def data(self):
        """Its content, a dictionary."""
        return json.loads(self.get_data())

    @property
    def created(self):
        """When it was created, a datetime in UTC."""
        return _time(self.get_created_at())

    @property
    def expires(self):
        """When it is gone, a datetime in UTC, or None."""
        return _time(self.get_expires_at()) if self.get_expires_at() > 0 else None

    def __repr__(self):
        return f"<Belfry.Notification {self.id} of {self.user!r}: {self.get_data()}>"


@_export
@override
class Message(Belfry.Message):
    """A message that a client, mostly a browser tab, has sent."""

    type = property(Belfry.Message.get_message_type, doc="Its type.")
    user = property(Belfry.Message.get_user_id, doc="The id of the user, from the signed token.")
    session = property(Belfry.Message.get_session_id, doc="The id of the session it came from.")
    wants_reply = property(Belfry.Message.get_wants_reply, doc="Whether the client waits.")

    @property
    def data(self):
        """Its content, a dictionary."""
        return json.loads(self.get_data())

    def reply(self, data):
        """Answers it, with a dictionary or JSON text. It can be done later, and in any thread."""
        return super().reply(_text(data))

    def refuse(self, code, text=""):
        """Refuses it, with a code for programs and a text for people."""
        return self.reply_error(code, text)

    def __repr__(self):
        return f"<Belfry.Message {self.type!r} of {self.user!r}: {self.get_data()}>"


def _answer(message, function):
    """Answers a message with what a handler gives, or with what it raises."""
    try:
        answer = function()
        if answer is not None:
            message.reply(answer)
    except Refusal as refusal:
        _refuse(message, refusal)
    except Exception:  # pylint: disable=broad-except
        _fail(message)


def _refuse(message, refusal):
    try:
        message.refuse(refusal.code, refusal.text)
    except GLib.Error:  # It has no such code.
        _fail(message)


def _fail(message):
    _log.exception("The handler of “%s” failed", message.type)
    try:
        message.refuse("HANDLER_FAILED", "The handler failed")
    except GLib.Error:
        pass  # It had answered before.


class _Calls:
    """The calls that both clients have. `_call()` makes one, and gives what `convert` makes of its
    result: at once, or for `await`."""

    def _call(self, name, *arguments, convert=lambda result: result):
        raise NotImplementedError

    def create(self, user, data, *, tag=None, key=None, expires=None):
        """Creates a notification, and gives its id when it is stored.

        user: for whom
        data: the content, a dictionary or JSON text
        tag: an earlier notification with it goes
        key: an idempotency key: a second call with it gives the same id, and does nothing
        expires: a timedelta or seconds, after which it is gone
        """
        options = GLib.Variant("a{sv}", _options(tag, key, expires))
        return self._call("create", user, _text(data), options)

    def create_many(self, notifications):
        """Creates 1 to 1,000 notifications, all or none, and gives their ids in order.

        notifications: tuples of a user, data and, if wanted, a dictionary of `tag`, `key` and
            `expires`
        """
        many = [(*_whole(user, _text(data)), _options(**(options[0] if options else {})))
                for user, data, *options in notifications]
        return self._call("create_many", GLib.Variant("a(ssa{sv})", many), convert=list)

    def get(self, user, id):
        """Gives one notification."""
        return self._call("get", user, id)

    def update(self, user, id, data):
        """Gives a notification a new content. Whether it was read stays."""
        return self._call("update", user, id, _text(data))

    def list(self, user, *, before=None, limit=None, unread=None, tag=None):
        """Gives notifications, the newest first, and in `total` how many match in all.

        before: only lower ids
        limit: how many, 1 to 1,000; 100 if left out
        unread: True leaves out what was read
        tag: only those with it
        """
        query = _dictionary(before=("t", before), limit=("u", limit), unread=("b", unread),
                            tag=("s", tag))
        return self._call("list", user, query, convert=lambda result: Page(*result))

    def count_unread(self, user):
        """Gives how many notifications are unread."""
        return self._call("count_unread", user)

    def mark_read(self, user, ids):
        """Marks one notification or several as read, and gives how many changed."""
        return self._call("mark_read", user, _ids(ids))

    def mark_unread(self, user, ids):
        """Marks one notification or several as unread again, and gives how many changed."""
        return self._call("mark_unread", user, _ids(ids))

    def mark_all_read(self, user):
        """Marks all notifications of a user as read, and gives how many changed."""
        return self._call("mark_all_read", user)

    def remove(self, user, ids):
        """Removes one notification or several, and gives how many there were."""
        return self._call("remove", user, _ids(ids))

    def remove_all(self, user):
        """Removes all notifications of a user, and gives how many there were."""
        return self._call("remove_all", user)

    def send(self, users, type, data):
        """Sends a message, which is not stored, to the sessions that one user or several have now.
        Gives how many took it."""
        if isinstance(users, str):
            return self._call("send_to_user", users, type, _text(data))
        return self._call("send_to_users", list(users), type, _text(data))

    def broadcast(self, type, data):
        """Sends a message, which is not stored, to all sessions. Gives how many took it."""
        return self._call("broadcast", type, _text(data))

    def sessions(self, user=None, *, limit=None):
        """Gives the sessions that there are, or those of one user, and in `total` how many match.

        limit: 1 to 10,000; 100 if left out
        """
        def convert(result):
            return Page((Session(s["session-id"], s["user-id"], _time(s["connected-at"]), s["peer"],
                                 s["live"]) for s in result[0].unpack()), result[1])

        return self._call("list_sessions", _dictionary(user_id=("s", user), limit=("u", limit)),
                          convert=convert)

    def disconnect_session(self, session, reason=""):
        """Ends a session. Its client is told the reason, and stays away."""
        return self._call("disconnect_session", session, reason)

    def disconnect_user(self, user, reason=""):
        """Ends all sessions of a user, and gives how many there were."""
        return self._call("disconnect_user", user, reason)

    def subscribe(self, prefix=None, signals=None):
        """Asks for the signals, of users whose ids begin with a prefix, or of all."""
        return self._call("subscribe", prefix, signals)

    def unsubscribe(self):
        """Ends the subscription."""
        return self._call("unsubscribe")

    def handle_messages(self, *types):
        """Takes the messages of these types, by the signal `message-received`."""
        return self._call("handle_messages", list(types))

    def stop_handling(self, *types):
        """Takes messages of these types no longer."""
        return self._call("stop_handling", list(types))


@_export
@override
class Client(_Calls, Belfry.Client):
    """A worker's side of Belfry. It blocks; see `AsyncClient` for asyncio.

    bus: `session`, `system`, a D-Bus address, or the path of a private socket
    patience: how long a call waits while Belfry is away, in seconds; 30 if left out
    """

    def __new__(cls, bus=None, *, patience=None):
        client = Belfry.Client.new_sync(bus, None)
        if patience is not None:
            client.set_patience(patience)
        return client

    def __init__(self, bus=None, *, patience=None):
        """It was made already."""

    def _call(self, name, *arguments, convert=lambda result: result):
        return convert(getattr(self, name + "_sync")(*_whole(*arguments), None))

    def connect(self, signal, function, *arguments):
        """Connects a function to a signal, as ever. One that is given a message and throws has
        failed: the tab is told, since Python would keep the message until the next exception."""
        if signal.replace("_", "-").split("::")[0] != "message-received":
            return super().connect(signal, function, *arguments)

        def guarded(client, message, *more):
            try:
                function(client, message, *more)
            except Exception:  # pylint: disable=broad-except
                _fail(message)

        return super().connect(signal, guarded, *arguments)

    def inbox(self, user, *, unread=None, tag=None):
        """Goes through all notifications of a user, the newest first."""
        page = self.list(user, unread=unread, tag=tag)
        while page:
            yield from page
            page = self.list(user, unread=unread, tag=tag, before=page[-1].id)

    def handler(self, *types):
        """Has a function answer the messages of these types: a decorator.

        The function gets a `Message`. A dictionary that it returns is the answer; if it returns
        None, it answers by `message.reply()`, now or later. `Refusal` refuses the message, any
        other exception tells the client `HANDLER_FAILED`. A main loop has to run.
        """
        def decorate(function):
            for type in types:
                self.connect("message-received::" + type, lambda client, message: _answer(
                    message, lambda: function(message)))
            self.handle_messages_sync(list(types), None)
            return function

        return decorate


class _Worker:
    """A client in a thread of its own, where its main context runs."""

    def __init__(self, bus):
        self._context = GLib.MainContext.new()
        self._loop = GLib.MainLoop.new(self._context, False)
        self._thread = threading.Thread(target=self._run, name="belfry", daemon=True)
        self._made = threading.Event()
        self._bus = bus
        self._error = None
        self._under_way = 0
        self.client = None

    def start(self):
        """Blocks until there is a client."""
        self._thread.start()
        self._made.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error

    def _run(self):
        self._context.push_thread_default()
        try:
            self.client = Belfry.Client.new_sync(self._bus, None)
        except Exception as error:  # pylint: disable=broad-except
            self._error = error
        self._made.set()
        if self.client is not None:
            self._loop.run()
            # A call that never ended would keep the client, and its connection.
            while self._under_way > 0:
                self._context.iteration(True)
            self.client = None
        self._context.pop_thread_default()

    def invoke(self, function):
        """Calls a function there."""
        def call(*_data):
            function()
            return GLib.SOURCE_REMOVE

        source = GLib.Idle(priority=GLib.PRIORITY_DEFAULT)
        source.set_callback(call)
        source.attach(self._context)

    def call(self, name, arguments, cancellable, settle):
        """Makes a call there, and has `settle` called there with its result or its error."""
        def on_done(client, result):
            self._under_way -= 1
            try:
                settle(getattr(client, name + "_finish")(result), None)
            except Exception as error:  # pylint: disable=broad-except
                settle(None, error)

        def start():
            self._under_way += 1
            try:
                getattr(self.client, name + "_async")(*arguments, cancellable, on_done)
            except Exception as error:  # pylint: disable=broad-except
                self._under_way -= 1
                settle(None, error)

        self.invoke(start)

    def stop(self):
        """Blocks until the thread has ended, and all calls, which are cancelled."""
        self.invoke(self._loop.quit)
        self._thread.join()


@_export
class AsyncClient(_Calls):
    """A worker's side of Belfry for asyncio. Each call is awaited; cancelling the task cancels it.

        async with Belfry.AsyncClient() as client:
            await client.create("alice", {"title": "Hello"})

    bus: `session`, `system`, a D-Bus address, or the path of a private socket
    patience: how long a call waits while Belfry is away, in seconds; 30 if left out
    """

    _SIGNALS = {"notification-created": "created", "notification-updated": "updated",
                "notification-read": "read", "notification-removed": "removed",
                "user-connected": "connected", "user-disconnected": "disconnected",
                "subscribed": "subscribed"}

    def __init__(self, bus=None, *, patience=None):
        self._worker = _Worker(bus)
        self._patience = patience
        self._loop = None
        self._handlers = {}
        self._readers = []
        self._subscribing = asyncio.Lock()
        self._tasks = set()
        self._calls = set()
        self._closed = False

    async def __aenter__(self):
        self._loop = asyncio.get_running_loop()
        await self._loop.run_in_executor(None, self._worker.start)
        if self._patience is not None:
            self._worker.client.set_patience(self._patience)
        for signal in self._SIGNALS:
            self._worker.client.connect(signal, self._on_signal, self._SIGNALS[signal])
        self._worker.client.connect("message-received", self._on_message)
        if self._handlers:
            try:
                await self.handle_messages(*self._handlers)
            except BaseException:
                await self.__aexit__()
                raise
        return self

    async def __aexit__(self, *_exception):
        self._closed = True
        for waiting in *self._tasks, *self._calls:
            waiting.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._loop.run_in_executor(None, self._worker.stop)

    @property
    def available(self):
        """Whether Belfry can be called right now, as far as is known."""
        client = self._worker.client
        return client is not None and client.get_available()

    async def _call(self, name, *arguments, convert=lambda result: result):
        if self._loop is None or self._closed:
            raise RuntimeError("the client is used outside of its “async with”")
        _whole(*arguments)
        future = self._loop.create_future()
        self._calls.add(future)
        future.add_done_callback(self._calls.discard)
        cancellable = Gio.Cancellable()

        def settle(result, error):
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

        self._worker.call(name, arguments, cancellable, lambda result, error:
                          self._loop.call_soon_threadsafe(settle, result, error))
        try:
            return convert(await future)
        except asyncio.CancelledError:
            cancellable.cancel()
            raise

    async def inbox(self, user, *, unread=None, tag=None):
        """Goes through all notifications of a user, the newest first: `async for`."""
        page = await self.list(user, unread=unread, tag=tag)
        while page:
            for notification in page:
                yield notification
            page = await self.list(user, unread=unread, tag=tag, before=page[-1].id)

    async def events(self, user=None):
        """Tells what happens to the notifications of a user, or of all: `async for` of `Event`.

        The first one is `subscribed`, and so is the first one after Belfry was away.
        """
        reader = _Reader(user)
        self._readers.append(reader)
        try:
            await self._subscribe()
            while True:
                yield await reader.next()
        finally:
            self._readers.remove(reader)
            if not self._closed:
                await self._subscribe()

    async def _subscribe(self):
        """A client has one subscription: it has to do for all readers."""
        async with self._subscribing:
            users = {reader.user for reader in self._readers}
            if users:
                await self.subscribe(users.pop() if len(users) == 1 else None, None)
            else:
                await self.unsubscribe()

    def _on_signal(self, _client, *arguments):
        *about, kind = arguments
        event = Event(kind, *about, *[None] * (2 - len(about)))
        self._loop.call_soon_threadsafe(self._tell, event)

    def _tell(self, event):
        for reader in self._readers:
            reader.tell(event)

    def handler(self, *types):
        """Has a function answer the messages of these types: a decorator. The function may be
        `async`. See `Client.handler()` for what it returns and raises.

        Before `async with`, a type that another worker has is an error of `async with`; in it, it
        is logged. `await client.handle_messages(type)` raises it.
        """
        def decorate(function):
            self._handlers.update(dict.fromkeys(types, function))
            if self._loop is not None:
                self._start(self._handle(types))
            return function

        return decorate

    async def _handle(self, types):
        try:
            await self.handle_messages(*types)
        except GLib.Error as error:
            _log.error("Messages of %s do not come: %s", ", ".join(types), error.message)

    def _start(self, coroutine):
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_message(self, _client, message):
        self._loop.call_soon_threadsafe(self._take, message)

    def _take(self, message):
        function = self._handlers.get(message.type)
        if function is not None:
            self._start(self._answer(message, function))

    async def _answer(self, message, function):
        try:
            answer = function(message)
            if inspect.isawaitable(answer):
                answer = await answer
        except Refusal as refusal:
            _refuse(message, refusal)
        except Exception:  # pylint: disable=broad-except
            _fail(message)
        else:
            _answer(message, lambda: answer)


class _Reader:
    """One who goes through events."""

    def __init__(self, user):
        self.user = user
        self._subscribed = False
        self._events = collections.deque()
        self._something = asyncio.Event()

    def tell(self, event):
        if event.user is not None and self.user not in (None, event.user):
            return
        # Others have subscribed to events before.
        self._subscribed = self._subscribed or event.kind == "subscribed"
        if not self._subscribed:
            return
        if len(self._events) >= _MAX_EVENTS:
            self._events.clear()
            event = Event("subscribed", None, None)
        self._events.append(event)
        self._something.set()

    async def next(self):
        while not self._events:
            self._something.clear()
            await self._something.wait()
        return self._events.popleft()
