// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What runs once for all faces (belfry.js) of one user and server: the line and the view of the
// inbox. It needs fetch(), WebSocket and timers, but no page. A face is attached by a port, as a
// MessagePort is one: both sides have postMessage() and onmessage. What is said over it can be
// cloned, and `what` says what it is:
//
// face → engine
//   request  key, type, text    a frame; text is the JSON of its data. It is answered
//   send     type, text         a frame without an answer
//   older    key                the next page of the list is wanted. It is answered
//   token    key, token         the answer to `token`; without a token: error, a text
//                               (and seed: see hub.js)
//   hint     hint               what the browser told: "online", "offline" or "wake"
//   bye                         the face goes
//
// engine → face
//   answer   key, data          or: error { code, message, retryAfter }
//   token    key                a token is wanted
//   state    status, userId, error, claims (which of a token's name the user)
//   inbox    clear, set, gone, unreadCount, hasOlder, loaded, resume
//                               what changed, in this order: all is forgotten (clear), these
//                               notifications are there (set), these ids are not (gone).
//                               `resume`: where another engine can go on, or null
//   frame    type, data, ring   each frame that is no answer; after the inbox was told. `ring`:
//                               it is a new notification, and unread

import { Line, lost } from "./line.js";
import { load, save } from "./store.js";
import { namesUser, userClaims } from "./token.js";
import { View } from "./view.js";

const REPEATABLE = new Set([
  "list", "mark_all_read", "mark_read", "mark_unread", "remove", "unread_count",
]);

/** Whether what a face asked outlives the connection, since doing it twice does no harm. */
export const outlives = ({ what, type }) => what === "older" || REPEATABLE.has(type);

/** How long a face may take to give a token, before another one is asked too. */
const TOKEN_TIME = 2000;
/** How long changes are gathered before they are kept. */
const SAVE_DELAY = 200;
const MAX_WAITING = 1000;
const INBOX = /^(notification_(received|updated)|notifications_(read|removed)|caught_up)$/;
const LIST_AGAIN = 2000;

export class Engine {
  #pageSize;
  #line;
  #view = new View();
  #userId = null;
  #sessionId = null;
  /** Nothing rings of what another user's replay brings. */
  #silent = false;
  #ports = new Set();
  #tokenWanted = null;
  #nextKey = 1;
  /** Requests that wait for a connection, in the order in which they came. */
  #waiting = [];
  #sequence = 0;
  /** Who asked for older ones. */
  #older = [];
  #listing = false;

  /** In a hub: { token, onRegistered(userId, token), onAway() }. */
  #host;
  #url;
  #persist;
  #claims = [];
  #isLoaded = false;
  #saveTimer = 0;

  constructor({ url, pageSize, transport, persist = false }, host = {}) {
    this.#pageSize = pageSize;
    this.#url = url;
    this.#persist = persist;
    this.#host = host;
    const engine = this;
    this.#line = new Line(url, transport, {
      getToken: () => this.#getToken(),
      get resume() {
        return engine.#view.resume;
      },
      onStatus: () => this.#onStatus(),
      onFrame: (frame) => this.#onFrame(frame),
    });
  }

  /** A face is there: it is told everything, and the line is opened if it is not. */
  attach(port) {
    this.#ports.add(port);
    port.onmessage = ({ data }) => this.#onMessage(port, data);
    if (this.#line.status === "stopped") {
      this.#line.start();
    } else {
      port.postMessage(this.#state);
      if (this.#tokenWanted) {
        // Those that were asked may be frozen.
        this.#tokenWanted.left.push(port);
        this.#askForToken();
      }
    }
    // Behind the state, which says whose it is.
    port.postMessage({ what: "inbox", ...this.#view.everything });
  }

  get status() {
    return this.#line.status;
  }

  /** Goes on from what a face of this user has shown, if that is newer. */
  seed(record, token) {
    if (!record || this.#line.registered || !(record.position > (this.#view.position ?? -1))
        || !namesUser(token, record.userId, record.claims)) {
      return;
    }
    this.#view.restore(record);
    this.#userId = record.userId;
    this.#claims = record.claims;
    this.#tell(this.#state);
    this.#tellChanges();
  }

  /** A face has gone. The last one takes the line along. */
  detach(port) {
    if (!this.#ports.delete(port)) {
      return;
    }
    port.onmessage = null;
    this.#waiting = this.#waiting.filter((request) => request.port !== port);
    this.#older = this.#older.filter((request) => request.port !== port);
    if (this.#tokenWanted?.port === port) {
      this.#askForToken();
    }
    if (this.#ports.size === 0) {
      clearTimeout(this.#saveTimer);
      this.#persist = false;
      this.#line.stop();
    }
  }

  get #state() {
    const { status, error } = this.#line;
    return { what: "state", status, userId: this.#userId, error, claims: this.#claims };
  }

  #tell(message) {
    this.#ports.forEach((port) => port.postMessage(message));
  }

  #tellChanges() {
    const changes = this.#view.takeChanges();
    if (changes) {
      this.#tell({ what: "inbox", ...changes });
      if (this.#persist && !this.#saveTimer) {
        this.#saveTimer = setTimeout(() => this.#save(), SAVE_DELAY);
      }
    }
  }

  #save() {
    this.#saveTimer = 0;
    const { record } = this.#view;
    if (record && this.#claims.length > 0) {
      save({ ...record, url: this.#url, userId: this.#userId, claims: this.#claims });
    }
  }

  #onMessage(port, message) {
    const { what, key, type, text, hint } = message;
    if (what === "request") {
      this.#request({ port, key, type, text, order: this.#sequence++ });
    } else if (what === "send") {
      this.#line.send(type, text);
    } else if (what === "older") {
      this.#older.push({ port, key });
      this.#list();
    } else if (what === "token" && this.#tokenWanted?.key === key) {
      this.#takeToken(message);
    } else if (what === "hint") {
      this.#line[hint]();
    } else if (what === "bye") {
      this.detach(port);
    }
  }

  async #getToken() {
    const token = this.#host.token ?? await new Promise((resolve, reject) => {
      this.#tokenWanted = { resolve, reject, key: this.#nextKey++, left: [...this.#ports] };
      this.#askForToken();
    });
    this.#host.token = null;
    if (this.#persist && !this.#isLoaded) {
      this.#isLoaded = true;
      this.seed(await load(this.#url, token), token);
    }
    return token;
  }

  /**
   * Asks the face that came last. If it goes without an answer, takes its time (it may be frozen)
   * or has no new token, the one before it; and takes what the last one says.
   */
  #askForToken() {
    const wanted = this.#tokenWanted;
    clearTimeout(wanted.timer);
    do {
      wanted.port = wanted.left.pop();
    } while (wanted.port && !this.#ports.has(wanted.port));
    wanted.port?.postMessage({ what: "token", key: wanted.key });
    if (wanted.left.length > 0) {
      wanted.timer = setTimeout(() => this.#askForToken(), TOKEN_TIME);
    }
  }

  #takeToken({ token, error }) {
    const wanted = this.#tokenWanted;
    const isNew = error === undefined && token !== this.#line.oldToken;
    if (!isNew && wanted.left.some((port) => this.#ports.has(port))) {
      this.#askForToken();
      return;
    }
    clearTimeout(wanted.timer);
    this.#tokenWanted = null;
    error === undefined ? wanted.resolve(token) : wanted.reject(error);
  }

  #answer({ port, key }, answer) {
    if (this.#ports.has(port)) {
      port.postMessage({ what: "answer", key, ...answer });
    }
  }

  #request(request) {
    const waits = REPEATABLE.has(request.type) ? this.#line.status !== "stopped"
      : this.#line.status === "connecting";
    if (this.#line.registered) {
      this.#ask(request);
    } else if (!waits) {
      this.#answer(request, { error: this.#line.error ?? lost });
    } else if (this.#waiting.length >= MAX_WAITING) {
      const message = `${MAX_WAITING} requests wait already`;
      this.#answer(request, { error: { code: "BUSY", message, retryAfter: null } });
    } else {
      this.#waiting.push(request);
    }
  }

  async #ask(request) {
    try {
      this.#answer(request, { data: await this.#line.request(request.type, request.text) });
    } catch (error) {
      // The same object: it says that the line broke, and nothing about the request.
      if (error === lost && REPEATABLE.has(request.type) && this.#line.status !== "stopped"
          && this.#ports.has(request.port)) {
        this.#waiting.push(request);
        this.#askWaiting();
      } else {
        this.#answer(request, { error });
      }
    }
  }

  #askWaiting() {
    if (this.#line.registered) {
      const waiting = this.#waiting.sort((a, b) => a.order - b.order);
      this.#waiting = [];
      waiting.forEach((request) => this.#ask(request));
    }
  }

  #refuseWaiting(error) {
    const waiting = [...this.#waiting, ...this.#older];
    this.#waiting = [];
    this.#older = [];
    waiting.forEach((request) => this.#answer(request, { error }));
  }

  #onStatus() {
    this.#tell(this.#state);
    if (this.#line.status === "stopped" || this.#line.status === "offline") {
      this.#host.onAway?.();
    }
    if (this.#line.status === "stopped") {
      this.#refuseWaiting(this.#line.error ?? lost);
    } else if (this.#line.registered) {
      this.#askWaiting();
      this.#list();
    }
  }

  #onFrame({ type, data }) {
    let ring = false;
    if (type === "registered") {
      this.#begin(data);
    } else if (INBOX.test(type)) {
      ring = type === "notification_received" && !data.read && !this.#silent
        && !this.#view.has(data.id);
      this.#silent &&= type !== "caught_up";
      this.#view.apply({ type, data });
    }
    this.#tellChanges();
    this.#tell({ what: "frame", type, data, ring });
  }

  #begin(data) {
    const { token } = this.#line;
    this.#claims = userClaims(token, data.userId);
    // After all that belongs to this frame.
    queueMicrotask(() => this.#host.onRegistered?.(data.userId, token));
    if (data.sessionId === this.#sessionId) {
      return;
    }
    const another = this.#userId !== null && data.userId !== this.#userId;
    if (another) {
      this.#view.reset();
      this.#refuseWaiting(lost);
    }
    this.#silent = another && data.recovered === true;
    this.#userId = data.userId;
    this.#sessionId = data.sessionId;
    this.#view.begin(another ? { ...data, recovered: false } : data);
  }

  /** One list at a time: afresh if need be, else for those who want older ones. */
  async #list() {
    if (this.#listing || !this.#line.registered || !(this.#view.stale || this.#older.length > 0)) {
      return;
    }
    const asked = this.#view.stale ? [] : this.#older.splice(0);
    const session = this.#sessionId;
    const query = { limit: this.#pageSize, ...(this.#view.stale ? {} : this.#view.before) };
    this.#listing = true;
    this.#view.hold();
    let answer;
    try {
      const page = await this.#line.request("list", JSON.stringify(query));
      if (session !== this.#sessionId) {
        throw lost;
      }
      this.#view.fill(page);
      this.#tellChanges();
      answer = { data: {} };
    } catch (error) {
      if (session === this.#sessionId) {
        this.#view.release();
      }
      answer = { error };
    }
    this.#listing = false;
    if (answer.error === lost && this.#line.status !== "stopped") {
      this.#older.unshift(...asked);
    } else {
      asked.forEach((request) => this.#answer(request, answer));
    }
    if (answer.error && answer.error !== lost) {
      setTimeout(() => this.#list(), LIST_AGAIN);
    } else {
      this.#list();
    }
  }
}
