// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// The demo page: an inbox over one WebSocket. The token stands behind the # of the address, so that
// no server and no log ever sees it.

import { _, format, ngettext } from "./text.js";

const PAGE = 20;
const MAX_DELAY = 30000;

const $ = (id) => document.getElementById(id);

/** What an error means to a reader. Its message is for whoever looks for the fault. */
function explain({ code, message }) {
  const reasons = {
    BUSY: _("Too much is asked at once"),
    CONNECTION_LIMIT_PER_USER_EXCEEDED: _("You have too many tabs open"),
    CONNECTION_LIMIT_TOTAL_EXCEEDED: _("Too many are connected"),
    DISCONNECTED: _("closed by the server"),
    INVALID_TOKEN: _("the token is not valid"),
    RATE_LIMITED: _("Too much is asked at once"),
    REGISTRATION_TIMEOUT: _("it took too long"),
    SERVER_SHUTDOWN: _("the server goes down"),
    SLOW_CONSUMER: _("it took too long"),
    TOKEN_EXPIRED: _("the token has run out"),
  };
  return reasons[code] ?? message;
}

/** The view of one inbox: what docs/protocol.md asks of a client, and no more. */
class Inbox {
  #items = new Map();
  #unread = 0;
  #unreadAt = -1;
  /** Frames that came while a list was on its way. */
  #held = null;
  /** Whether there was an answer to the first list. */
  filled = false;

  reset() {
    this.#items.clear();
    this.#unreadAt = -1;
    this.#held = null;
    this.filled = false;
  }

  get unread() {
    return this.#unread;
  }

  /** Where the next list goes on. */
  get before() {
    return this.#items.size > 0 ? { before: Math.min(...this.#items.keys()) } : {};
  }

  get newestFirst() {
    return [...this.#items.values()].sort((a, b) => b.id - a.id);
  }

  hold() {
    this.#held ??= [];
  }

  /** The list was not answered. */
  release() {
    this.#held = null;
  }

  /**
   * The answer to a list; what came meanwhile is applied again, on top of it. What has a higher id
   * than the newest position that was seen is still to come, if it isn't removed before.
   */
  fill({ notifications, unreadCount, unreadAt }, position) {
    for (const item of notifications) {
      if (item.id <= position) {
        this.#items.set(item.id, item);
      }
    }
    this.#count(unreadCount, unreadAt);
    this.filled = true;
    const held = this.#held ?? [];
    this.#held = null;
    for (const frame of held) {
      this.apply(frame);
    }
  }

  /** A frame that changes the inbox. Says whether there is a new item, and its id. */
  apply(frame) {
    const { type, data } = frame;
    this.#held?.push(frame);
    if (type === "notification_received") {
      this.#items.set(data.id, { ...data });
    } else if (type === "notification_updated" && this.#items.has(data.id)) {
      this.#items.set(data.id, { ...data });
    } else if (type === "notifications_read") {
      for (const id of data.ids) {
        const item = this.#items.get(id);
        if (item) {
          item.read = true;
        }
      }
    } else if (type === "notifications_removed") {
      data.ids.forEach((id) => this.#items.delete(id));
    }
    this.#count(data.unreadCount, data.unreadAt ?? data.position);
  }

  /** Of two counts the one with the higher position is right. */
  #count(unread, at) {
    if (at >= this.#unreadAt) {
      this.#unread = unread;
      this.#unreadAt = at;
    }
  }
}

/** A connection that comes back, as the close codes say. */
class Connection {
  #socket = null;
  #attempts = 0;
  #epoch = null;
  #position = null;
  #retryAfter = null;
  #reason = null;
  #timer = 0;
  #pending = new Map();
  #nextId = 1;

  constructor({ token, onStatus, onFrame, onRegistered }) {
    this.token = token;
    this.onStatus = onStatus;
    this.onFrame = onFrame;
    this.onRegistered = onRegistered;
    this.#open();
  }

  /** The newest position that a frame has told. */
  get position() {
    return this.#position ?? 0;
  }

  request(type, data = {}) {
    if (this.#socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new Error(_("not connected")));
    }
    const id = this.#nextId++;
    this.#socket.send(JSON.stringify({ type, id, data }));
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  #open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.#socket = new WebSocket(`${scheme}://${location.host}/ws`);
    this.#socket.onopen = () => this.#register();
    this.#socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    this.#socket.onclose = (event) => this.#closed(event.code);
  }

  #register() {
    const resume = this.#position === null ? {} : { since: this.#position, epoch: this.#epoch };
    this.#socket.send(
      JSON.stringify({ type: "register", data: { jwtToken: this.token, ...resume } }),
    );
  }

  /** Browsers cannot see pings, so the client asks when it has heard nothing for a while. */
  #watch() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#socket.send(JSON.stringify({ type: "ping", id: "alive" }));
      this.#timer = setTimeout(() => this.#socket.close(), this.heartbeat / 2);
    }, this.heartbeat);
  }

  #receive(frame) {
    const { type, id, data } = frame;
    if (type === "connected") {
      this.heartbeat = data.heartbeat;
    }
    this.#watch();
    if (type === "registered" || type === "caught_up" || type.startsWith("notification")) {
      this.#position = Math.max(this.#position ?? 0, data.position);
    }
    if (type === "registered") {
      this.#attempts = 0;
      this.#epoch = data.epoch;
      this.#position = data.recovered ? this.#position : data.position;
      this.onStatus(_("connected"), "good");
      this.onRegistered(data);
    } else if (type === "reply" || (type === "error" && this.#pending.has(id))) {
      const waiting = this.#pending.get(id);
      this.#pending.delete(id);
      type === "reply" ? waiting?.resolve(data) : waiting.reject(new Error(explain(data)));
    } else if (type === "error") {
      this.#retryAfter = data.retryAfter;
      this.#reason = explain(data);
      this.onStatus(this.#reason, "bad");
    } else {
      this.onFrame(frame);
    }
  }

  #closed(code) {
    clearTimeout(this.#timer);
    this.#pending.forEach(({ reject }) => reject(new Error(_("The connection is gone"))));
    this.#pending.clear();
    if (code === 1000 || (code >= 4500 && code <= 4999)) {
      this.onStatus(this.#reason ?? _("closed by the server"), "bad");
      return;
    }
    const delay = this.#retryAfter
      ?? Math.random() * Math.min(MAX_DELAY, 500 * 2 ** this.#attempts);
    this.#attempts++;
    this.#retryAfter = null;
    this.#reason = null;
    this.onStatus(_("connecting again"), "bad");
    setTimeout(() => this.#open(), delay);
  }
}

const inbox = new Inbox();
let ringing = null;

function describe(data) {
  const { title, body, ...rest } = data;
  if (typeof title === "string") {
    return [title, typeof body === "string" ? body : ""];
  }
  return [Object.keys(rest).length ? JSON.stringify(data) : _("(no data)"), ""];
}

function makeItem(item) {
  const element = $("item").content.firstElementChild.cloneNode(true);
  const [title, body] = describe(item.data);
  element.dataset.id = item.id;
  element.classList.toggle("unread", !item.read);
  element.classList.toggle("new", item.id === ringing);
  element.querySelector(".title").textContent = title;
  element.querySelector(".body").textContent = body;
  const time = element.querySelector("time");
  time.dateTime = item.createdAt;
  time.textContent = new Date(item.createdAt).toLocaleString();
  element.querySelector(".read").title = _("Mark as read");
  element.querySelector(".remove").title = _("Remove");
  element.querySelector(".read").onclick = () => ask("mark_read", { ids: [item.id] });
  element.querySelector(".remove").onclick = () => ask("remove", { ids: [item.id] });
  return element;
}

function render() {
  const items = inbox.newestFirst;
  $("inbox").replaceChildren(...items.map(makeItem));
  $("empty").hidden = items.length > 0;
  $("count").hidden = inbox.unread === 0;
  $("count").textContent = inbox.unread;
  $("count").ariaLabel = format(
    ngettext("%d unread notification", "%d unread notifications", inbox.unread), inbox.unread);
  $("read-all").disabled = inbox.unread === 0;
  document.title = inbox.unread > 0 ? `(${inbox.unread}) Belfry` : "Belfry";
}

function showStatus(text, kind) {
  $("status").textContent = text;
  $("status").className = `status ${kind}`;
}

function ask(type, data) {
  connection.request(type, data).catch((error) => showStatus(error.message, "bad"));
}

async function list(before) {
  inbox.hold();
  try {
    const answer = await connection.request("list", { limit: PAGE, ...before });
    inbox.fill(answer, connection.position);
    $("more").hidden = !answer.more;
    render();
  } catch (error) {
    inbox.release();
    showStatus(error.message, "bad");
  }
}

/** As a shell wants it. */
function quote(text) {
  return /^[\w.@-]+$/.test(text) ? text : `'${String(text).replaceAll("'", "'\\''")}'`;
}

function onRegistered({ userId, recovered }) {
  $("user").textContent = userId;
  $("command").textContent = `${onBus}gdbus call --session --dest org.belfry.Belfry1 \\
  --object-path /org/belfry/Belfry1 \\
  --method org.belfry.Belfry1.Notifications.Create \\
  ${quote(userId)} '{"title": "Hello", "body": "from a shell"}' '{}'`;
  if (!recovered || !inbox.filled) {
    inbox.reset();
    list();
  }
}

function onFrame(frame) {
  if (!frame.type.startsWith("notification")) {
    return;
  }
  ringing = frame.type === "notification_received" ? frame.data.id : null;
  inbox.apply(frame);
  render();
  ringing = null;
}

// A bus that is not the one a shell would take by itself stands behind the #, too.
const parameters = new URLSearchParams(location.hash.slice(1));
const token = parameters.get("token");
const bus = parameters.get("bus");
const onBus = bus ? `DBUS_SESSION_BUS_ADDRESS=${bus} ` : "";
$("heading").textContent = _("Inbox");
$("read-all").textContent = _("Mark all read");
$("how").textContent = _("Nothing yet. Ring the bell from a shell:");
$("more").textContent = _("Older ones");
showStatus(_("connecting"), "");
const connection = token
  ? new Connection({ token, onStatus: showStatus, onFrame, onRegistered })
  : null;
if (!connection) {
  showStatus(_("no token: open the address that script/server prints"), "bad");
}
$("read-all").onclick = () => ask("mark_all_read", {});
$("more").onclick = () => list(inbox.before);
render();
