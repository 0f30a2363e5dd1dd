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
//   hint     hint               what the browser told: "online", "offline" or "wake"
//   bye                         the face goes
//
// engine → face
//   answer   key, data          or: error { code, message, retryAfter }
//   token    key                a token is wanted
//   state    status, userId, error
//   inbox    clear, set, gone, unreadCount, hasOlder, loaded
//                               what changed, in this order: all is forgotten (clear), these
//                               notifications are there (set), these ids are not (gone)
//   frame    type, data, ring   each frame that is no answer; after the inbox was told. `ring`:
//                               it is a new notification, and unread

import { Line, lost } from "./line.js";
import { View } from "./view.js";

/** Doing these twice does no harm, so they outlive the connection that they were sent on. */
const REPEATABLE = new Set([
  "list", "mark_all_read", "mark_read", "mark_unread", "remove", "unread_count",
]);
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

  constructor({ url, pageSize, transport }) {
    this.#pageSize = pageSize;
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
    port.postMessage({ what: "inbox", ...this.#view.everything });
    if (this.#line.status === "stopped") {
      this.#line.start();
    } else {
      port.postMessage(this.#state);
    }
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
      this.#line.stop();
    }
  }

  get #state() {
    const { status, error } = this.#line;
    return { what: "state", status, userId: this.#userId, error };
  }

  #tell(message) {
    this.#ports.forEach((port) => port.postMessage(message));
  }

  #tellChanges() {
    const changes = this.#view.takeChanges();
    if (changes) {
      this.#tell({ what: "inbox", ...changes });
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
      const { resolve, reject } = this.#tokenWanted;
      this.#tokenWanted = null;
      message.error === undefined ? resolve(message.token) : reject(message.error);
    } else if (what === "hint") {
      this.#line[hint]();
    } else if (what === "bye") {
      this.detach(port);
    }
  }

  #getToken() {
    return new Promise((resolve, reject) => {
      this.#tokenWanted = { resolve, reject };
      this.#askForToken();
    });
  }

  /** Asks the face that came last; if it goes without an answer, another one. */
  #askForToken() {
    const port = [...this.#ports].at(-1);
    this.#tokenWanted.port = port;
    this.#tokenWanted.key = this.#nextKey++;
    port?.postMessage({ what: "token", key: this.#tokenWanted.key });
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
