// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// The line to the server: it gets a token, registers, keeps itself alive, and comes back when it
// breaks, as the close codes say. It carries frames and does not know what they mean.

import { EventsTransport } from "./events.js";
import { refreshDelay } from "./token.js";
import { WebSocketTransport } from "./websocket.js";

const FIRST_DELAY = 500;
const LONGEST_DELAY = 30000;
/** How long a server may take until it says anything at all. */
const CONNECT_TIME = 15000;
/** How long it may take when there is reason to doubt that it is there. */
const CHECK_TIME = 5000;
/** The same for a line that cannot be asked, and has been silent for too long already. */
const LAST_TIME = 1000;
/** After so many WebSockets that came to nothing, events are tried. */
const REFUSALS = 2;
/** How often is looked whether the clock has jumped, as it does when a laptop was asleep. */
const TICK = 5000;
/** Less than the 50 frames a second after a burst of 200 that a server takes. */
const FRAMES_PER_SECOND = 40;
const BURST = 150;
/** How many requests may wait for their answers. */
const MAX_PENDING = 1000;

export const lost = { code: "CONNECTION_LOST", message: "The connection is gone", retryAfter: null };

/** A delay before the given attempt, from 0 on: full jitter over a time that doubles. */
export function chooseDelay(attempt, random = Math.random()) {
  return random * Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(attempt, 16));
}

const staysAway = (code) => code >= 4500 && code <= 4999;

export class Line {
  #url;
  #host;
  #status = "stopped";
  #error = null;
  #transport = null;
  /** "auto", "websocket" or "events". */
  #kind;
  #refusals = 0;
  #registered = false;
  #userId = null;
  /** Counts what was begun, so that what comes late from before can be told. */
  #round = 0;
  #attempts = 0;
  #timer = 0;
  #waiting = false;
  /** The error frame that says why the line will be closed. */
  #fatal = null;

  #token = null;
  #offered = null;
  #refusedToken = null;
  #refreshAt = Infinity;
  #refreshAttempts = 0;

  #heartbeat = null;
  #heardAt = 0;
  /** When a sign of life was asked for, and how long it may take. */
  #pingAt = null;
  #patience = 0;
  #pulseTimer = 0;
  #pulseAt = 0;

  #nextId = 1;
  #pending = new Map();
  #outgoing = [];
  #frames = BURST;
  #framesAt = 0;
  #outgoingTimer = 0;

  /**
   * `host` is asked for `getToken()` and `resume`, and told of `onStatus()` and `onFrame(frame)`,
   * which is every frame but the answers to requests.
   */
  constructor(url, kind, host) {
    this.#url = url;
    this.#kind = kind;
    this.#host = host;
  }

  /** "connecting", "connected", "offline" (it comes back) or "stopped". */
  get status() {
    return this.#status;
  }

  get error() {
    return this.#error;
  }

  get registered() {
    return this.#registered;
  }

  /** The token that is of no use any more: it was refused, or is to be replaced. */
  get oldToken() {
    return this.#refusedToken ?? (this.#registered ? this.#token : null);
  }

  /** The one that the server took last. */
  get token() {
    return this.#token;
  }

  start() {
    if (this.#status === "stopped") {
      this.#attempts = 0;
      this.#refusedToken = null;
      this.#show("connecting", null);
      this.#connect();
    }
  }

  stop(error = null) {
    this.#drop();
    clearTimeout(this.#timer);
    this.#waiting = false;
    this.#show("stopped", error);
    this.#rejectAll(error ?? lost);
  }

  /** The browser says that there is a network again: what waits is tried at once. */
  online() {
    this.#waiting ? this.#connect() : this.#check(0);
  }

  /** The browser says that there is none. It may be wrong, as with a server on this machine. */
  offline() {
    if (this.#registered) {
      this.#check();
      this.#show("offline", lost);
    }
  }

  /** The page was away. A server that gave a delay gave it for a reason. */
  wake() {
    this.#waiting && !this.#error?.retryAfter ? this.#connect() : this.#check();
  }

  /** The answer's data, or a rejection with { code, message, retryAfter }. */
  request(type, text) {
    if (!this.#registered) {
      return Promise.reject(lost);
    }
    if (this.#pending.size >= MAX_PENDING) {
      return Promise.reject({
        code: "BUSY", message: `${MAX_PENDING} requests wait already`, retryAfter: null,
      });
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#send(type, id, text);
    });
  }

  /** Without an answer. What is sent while there is no connection is gone. */
  send(type, text) {
    if (this.#registered && this.#outgoing.length < MAX_PENDING) {
      this.#send(type, undefined, text);
    }
  }

  /** A server closes a line that brings too much, so it waits here. */
  #send(...frame) {
    this.#outgoing.push(frame);
    this.#flush();
  }

  #flush() {
    const now = Date.now();
    const gained = Math.max(0, now - this.#framesAt) * FRAMES_PER_SECOND / 1000;
    this.#frames = Math.min(BURST, this.#frames + gained);
    this.#framesAt = now;
    while (this.#frames >= 1 && this.#outgoing.length > 0) {
      this.#frames--;
      this.#transport.send(...this.#outgoing.shift());
    }
    clearTimeout(this.#outgoingTimer);
    if (this.#outgoing.length > 0) {
      this.#outgoingTimer = setTimeout(() => this.#flush(), 1000 / FRAMES_PER_SECOND);
    }
  }

  async #connect() {
    clearTimeout(this.#timer);
    this.#waiting = false;
    const round = ++this.#round;
    let token;
    try {
      token = await this.#getToken();
    } catch (error) {
      if (round === this.#round) {
        this.#comeBack(error);
      }
      return;
    }
    if (round !== this.#round) {
      return;
    }
    if (token === this.#refusedToken) {
      this.stop(this.#error);
      return;
    }
    this.#open(token);
  }

  async #getToken() {
    try {
      const token = await this.#host.getToken();
      if (typeof token !== "string" || token === "") {
        throw new TypeError("getToken() gave no token");
      }
      return token;
    } catch (error) {
      throw {
        code: "NO_TOKEN",
        message: String(error?.message ?? error),
        retryAfter: null,
      };
    }
  }

  #open(token) {
    const round = this.#round;
    const ifCurrent = (action) => (value) => round === this.#round && action(value);
    this.#heartbeat = null;
    this.#pulseAt = Date.now();
    this.#fatal = null;
    this.#heard();
    const Transport = this.#chooseTransport();
    try {
      this.#transport = new Transport(this.#url, {
        onFrame: ifCurrent((frame) => this.#receive(frame)),
        onHeard: ifCurrent(() => this.#heard()),
        onClose: ifCurrent((code) => this.#closed(code)),
      });
    } catch (error) {
      reportError(error);
      this.#closed(1006);
      return;
    }
    this.#register(token, this.#host.resume).catch(() => {});
    this.#pulse();
  }

  /** What comes after events is a WebSocket, whether they worked or not. */
  #chooseTransport() {
    if (this.#kind === "events" || (this.#kind === "auto" && this.#refusals >= REFUSALS)) {
      this.#refusals = REFUSALS - 1;
      return EventsTransport;
    }
    this.#refusals++;
    return WebSocketTransport;
  }

  #register(token, resume) {
    const id = this.#nextId++;
    this.#offered = token;
    this.#transport.register(id, { jwtToken: token, ...resume });
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  #receive(frame) {
    const { type, id, data } = frame;
    if (type === "connected") {
      this.#heartbeat = data.heartbeat;
      if (this.#transport instanceof WebSocketTransport) {
        this.#refusals = 0;
      }
      this.#pulse();
    } else if (type === "registered") {
      this.#onRegistered(frame);
    } else if (type === "reply") {
      this.#take(id)?.resolve(data);
    } else if (type === "error") {
      const error = { code: data.code, message: data.message, retryAfter: data.retryAfter ?? null };
      if (data.fatal) {
        this.#fatal = error;
      }
      const waiting = this.#take(id);
      waiting ? waiting.reject(error) : this.#host.onFrame(frame);
    } else {
      this.#host.onFrame(frame);
    }
  }

  #take(id) {
    const waiting = this.#pending.get(id);
    this.#pending.delete(id);
    return waiting;
  }

  #onRegistered(frame) {
    const waiting = this.#take(frame.id);
    if (this.#registered && frame.data.userId !== this.#userId) {
      // What was asked as another user gets no answer any more, and is not asked again.
      this.#outgoing = [];
      this.#rejectAll({ ...lost });
    }
    this.#userId = frame.data.userId;
    this.#token = this.#offered;
    this.#refusedToken = null;
    this.#refreshAttempts = 0;
    this.#refreshAt = Date.now() + refreshDelay(this.#token, Date.now());
    this.#attempts = 0;
    this.#registered = true;
    // What waits is sent only when it is clear whose session it is.
    this.#host.onFrame(frame);
    this.#show("connected", null);
    waiting?.resolve(frame.data);
    this.#pulse();
  }

  #closed(code) {
    const error = this.#fatal ?? { ...lost, message: `The connection is gone (${code})` };
    // What runs out is the token in use, even if its successor is on its way.
    const token = code === 4501 && this.#registered ? this.#token : this.#offered;
    this.#drop();
    // A token that was refused may be an old one, but nobody is asked for a third.
    if ((code === 4500 || code === 4501) && this.#refusedToken === null) {
      this.#refusedToken = token;
      this.#comeBack(error);
    } else if (staysAway(code)) {
      this.stop(error);
    } else {
      this.#comeBack(error);
    }
    this.#rejectAll(lost);
  }

  /** After a delay, as status "offline" says. */
  #comeBack(error) {
    const delay = error.retryAfter ?? chooseDelay(this.#attempts);
    this.#attempts++;
    this.#waiting = true;
    this.#timer = setTimeout(() => this.#connect(), delay);
    this.#show("offline", error);
  }

  /** Gives up the transport, if there is one. */
  #drop() {
    this.#round++;
    this.#transport?.close();
    this.#transport = null;
    this.#registered = false;
    this.#refreshAt = Infinity;
    this.#pingAt = null;
    this.#outgoing = [];
    clearTimeout(this.#outgoingTimer);
    clearTimeout(this.#pulseTimer);
  }

  #rejectAll(error) {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    pending.forEach(({ reject }) => reject(error));
  }

  #show(status, error) {
    this.#status = status;
    this.#error = error;
    this.#host.onStatus();
  }

  #heard() {
    this.#heardAt = Date.now();
    this.#pingAt = null;
    if (this.#registered && this.#status === "offline") {
      this.#show("connected", null);
    }
  }

  #check(lastTime) {
    if (this.#registered) {
      this.#doubt(lastTime);
      this.#pulse();
    }
  }

  /** There is reason to think that nobody is there. A transport that cannot ask gets a last time. */
  #doubt(lastTime = LAST_TIME) {
    if (this.#pingAt !== null && this.#patience <= CHECK_TIME) {
      return;
    }
    const isSilent = Date.now() - this.#heardAt > 1.5 * this.#heartbeat;
    if (this.#transport.ping(0)) {
      this.#expect(CHECK_TIME);
    } else if (isSilent || lastTime === 0) {
      this.#expect(lastTime);
    }
  }

  /** Something is to be heard within a time, or the line is dead. */
  #expect(patience) {
    this.#pingAt = Date.now();
    this.#patience = patience;
  }

  /**
   * Everything that is due at a time. It looks at the clock, because timers stand still with the
   * machine; and often enough to see that they did.
   */
  #pulse() {
    clearTimeout(this.#pulseTimer);
    const now = Date.now();
    const slept = now - this.#pulseAt > 2 * TICK || now < this.#pulseAt;
    this.#pulseAt = now;
    this.#heardAt = Math.min(this.#heardAt, now);
    if (slept && this.#registered) {
      this.#doubt();
    }
    const silent = this.#registered ? this.#heardAt + this.#heartbeat : Infinity;
    if (this.#pingAt === null && now >= silent) {
      this.#transport.ping(0);
      this.#expect(this.#heartbeat / 2);
    }
    const dead = this.#pingAt !== null ? this.#pingAt + this.#patience
      : this.#registered ? Infinity : this.#heardAt + (this.#heartbeat ?? 0) + CONNECT_TIME;
    if (now >= dead) {
      this.#closed(1006);
      return;
    }
    if (now >= this.#refreshAt) {
      this.#refresh();
    }
    const next = Math.min(dead, this.#pingAt === null ? silent : Infinity, this.#refreshAt);
    this.#pulseTimer = setTimeout(() => this.#pulse(), Math.min(next - now, TICK));
  }

  /** A new token, before the old one runs out. As long as there is none it is asked for again. */
  async #refresh() {
    const round = this.#round;
    this.#refreshAt = Infinity;
    try {
      const token = await this.#getToken();
      if (round !== this.#round) {
        return;
      }
      if (token === this.#token) {
        throw null;
      }
      await this.#register(token, this.#host.resume);
    } catch {
      if (round === this.#round) {
        const now = Date.now();
        const delay = 1000 + chooseDelay(this.#refreshAttempts++);
        this.#refreshAt = now + Math.max(100, Math.min(delay, refreshDelay(this.#token, now)));
        this.#pulse();
      }
    }
  }
}
