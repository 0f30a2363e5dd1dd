// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a page sees of Belfry. What does the work is the engine, behind a port: see engine.js.

import { Engine, outlives } from "./engine.js";
import { lost } from "./line.js";
import { canShare, makePorts, SharedPort } from "./share.js";
import { forget } from "./store.js";

const MAX_IDS = 1000;
const MAX_BYTES = 65536;
const TYPE = /^[a-z0-9_.-]{1,64}$/;

/** Why something was refused: `code` is for programs, as docs/client.md lists them. */
export class BelfryError extends Error {
  name = "BelfryError";

  constructor({ code, message, retryAfter = null }) {
    super(message);
    /** @type {string} */
    this.code = code;
    /** @type {number | null} milliseconds after which it is worth to try again */
    this.retryAfter = retryAfter;
  }
}

/** The address of the server as a folder, below which its routes are. */
function findServer(url) {
  const server = new URL(url, globalThis.document?.baseURI);
  if (!/^(http|ws)s?:$/.test(server.protocol)) {
    throw new TypeError(`url: ${server.protocol} is not one of http, https, ws and wss`);
  }
  server.protocol = server.protocol.replace("ws", "http");
  server.pathname = server.pathname.replace(/\/?$/, "/");
  server.search = "";
  server.hash = "";
  return server.href;
}

function checkIds(ids) {
  for (const id of ids) {
    if (!Number.isSafeInteger(id)) {
      throw new BelfryError({ code: "INVALID_MESSAGE", message: `ids: ${id} is not an integer` });
    }
  }
}

/** A user's inbox, and the messages between this page and the server. */
export class Belfry extends EventTarget {
  #options;
  #port = null;
  #status = "stopped";
  #userId = null;
  #error = null;
  #items = new Map();
  /** Of #items, sorted when it is asked for. */
  #notifications = null;
  #unreadCount = 0;
  #hasOlder = false;
  #loaded = false;
  #claims = [];
  #resume = null;
  /** The highest id that was told: an engine that begins where another one ended repeats some. */
  #newestId = 0;
  #epoch = null;
  /** Whether another engine has to tell everything first. */
  #isMoved = false;
  #pending = new Map();
  #nextKey = 1;
  #listeners = new Map();
  #handlers = new Set();
  #due = new Set();

  constructor({
    url = new URL("../", import.meta.url), getToken, share = true, persist = false, pageSize = 20,
    transport = "auto",
  }) {
    super();
    if (typeof getToken !== "function") {
      throw new TypeError("getToken: a function is needed");
    }
    if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > 100) {
      throw new RangeError("pageSize: an integer from 1 to 100 is needed");
    }
    if (!["auto", "websocket", "events"].includes(transport)) {
      throw new TypeError(`transport: ${transport} is not one of auto, websocket and events`);
    }
    this.#options = {
      url: findServer(url), getToken, share: share && canShare, persist, pageSize, transport,
    };
    this.start();
  }

  /** Deletes what `persist` has kept of a server: of all its users, or of one. After stop(). */
  static forget({ url = new URL("../", import.meta.url), userId } = {}) {
    return forget(findServer(url), userId);
  }

  get status() {
    return this.#status;
  }

  get userId() {
    return this.#userId;
  }

  get error() {
    return this.#error;
  }

  get notifications() {
    this.#notifications ??= [...this.#items.values()].sort((a, b) => b.id - a.id);
    return this.#notifications;
  }

  get unreadCount() {
    return this.#unreadCount;
  }

  get hasOlder() {
    return this.#hasOlder;
  }

  get loaded() {
    return this.#loaded;
  }

  async loadOlder() {
    await this.#ask({ what: "older" });
  }

  markRead(...ids) {
    return this.#change("mark_read", ids);
  }

  markUnread(...ids) {
    return this.#change("mark_unread", ids);
  }

  remove(...ids) {
    return this.#change("remove", ids);
  }

  /** Up to the newest one that is shown: what arrives meanwhile stays unread. */
  async markAllRead() {
    const [newest] = this.notifications;
    return newest ? (await this.request("mark_all_read", { upTo: newest.id })).count : 0;
  }

  async request(type, data = {}) {
    return this.#ask({ what: "request", type, text: this.#write(type, data) });
  }

  send(type, data = {}) {
    this.#port?.postMessage({ what: "send", type, text: this.#write(type, data) });
  }

  on(type, listener) {
    const entry = { listener };
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(entry));
    return () => listeners.delete(entry);
  }

  use(handler) {
    const entry = { handler };
    this.#handlers.add(entry);
    return () => this.#handlers.delete(entry);
  }

  start() {
    if (this.#port && this.#status !== "stopped") {
      return;
    }
    this.#leave();
    const { getToken, share, ...options } = this.#options;
    const [near, far] = share ? [new SharedPort(options)] : makePorts();
    this.#port = near;
    near.onmessage = ({ data }) => this.#receive(data);
    this.#show("connecting", null);
    if (far) {
      new Engine(options).attach(far);
    }
    this.#listenToBrowser(true);
  }

  stop() {
    this.#leave();
    this.#show("stopped", null);
  }

  #leave() {
    if (!this.#port) {
      return;
    }
    this.#listenToBrowser(false);
    this.#port.postMessage({ what: "bye" });
    this.#port.onmessage = null;
    this.#port = null;
    const error = new BelfryError({ code: "STOPPED", message: "The client was stopped" });
    this.#pending.forEach(({ reject }) => reject(error));
    this.#pending.clear();
  }

  async #change(type, ids) {
    checkIds(ids);
    let count = 0;
    for (let i = 0; i < ids.length; i += MAX_IDS) {
      count += (await this.request(type, { ids: ids.slice(i, i + MAX_IDS) })).count;
    }
    return count;
  }

  /** The JSON of a frame's data. It is made here, so that what the page does to it later is nothing. */
  #write(type, data) {
    const refuse = (message) => new BelfryError({ code: "INVALID_MESSAGE", message });
    if (!TYPE.test(type)) {
      throw refuse(`type: 1 to 64 of a-z, 0-9, _, . and - are needed, not ${type}`);
    }
    const text = JSON.stringify(data);
    if (!text?.startsWith("{")) {
      throw refuse("data: an object is needed");
    }
    if (text.length + 128 > MAX_BYTES || new TextEncoder().encode(text).length + 128 > MAX_BYTES) {
      throw refuse(`data: a message has at most ${MAX_BYTES} bytes`);
    }
    return text;
  }

  #ask(message) {
    if (!this.#port) {
      return Promise.reject(
        new BelfryError({ code: "STOPPED", message: "The client was stopped" }));
    }
    const key = this.#nextKey++;
    const asked = { ...message, key };
    this.#port.postMessage(asked);
    return new Promise((resolve, reject) => this.#pending.set(key, { asked, resolve, reject }));
  }

  /** There is another engine now. What can be done twice is asked again, if it is for the same user. */
  #onMoved(another) {
    this.#isMoved = this.#loaded;
    for (const [key, { asked, reject }] of this.#pending) {
      if (!another && outlives(asked)) {
        this.#port.postMessage(asked);
      } else {
        this.#pending.delete(key);
        reject(new BelfryError(lost));
      }
    }
  }

  #receive(message) {
    const { what, key } = message;
    if (what === "state") {
      const { status, error, userId = this.#userId, claims = this.#claims } = message;
      this.#claims = claims;
      if (userId !== this.#userId) {
        this.#newestId = 0;
        this.#forgetIfMoved();
      }
      this.#show(status, error, userId);
    } else if (what === "inbox") {
      this.#update(message);
    } else if (what === "frame") {
      this.#deliver(message);
    } else if (what === "answer") {
      const waiting = this.#pending.get(key);
      this.#pending.delete(key);
      message.error ? waiting?.reject(new BelfryError(message.error)) : waiting?.resolve(message.data);
    } else if (what === "moved") {
      this.#onMoved(message.another);
    } else if (what === "token") {
      this.#giveToken(key);
    }
  }

  /** The engine that was moved to is not this user's, or does not know yet whose it is. */
  #forgetIfMoved() {
    if (this.#isMoved) {
      this.#isMoved = false;
      this.#update({ clear: true, set: [], gone: [], unreadCount: 0, hasOlder: false, loaded: false });
    }
  }

  async #giveToken(key) {
    const port = this.#port;
    try {
      const token = await this.#options.getToken();
      port.postMessage({ what: "token", key, token, ...(key === "join" && { seed: this.#seed }) });
    } catch (error) {
      port.postMessage({ what: "token", key, error: String(error?.message ?? error) });
    }
  }

  /** What another engine needs to go on from here. */
  get #seed() {
    return this.#resume && {
      ...this.#resume,
      userId: this.#userId,
      claims: this.#claims,
      items: this.notifications,
      unreadCount: this.#unreadCount,
      hasOlder: this.#hasOlder,
    };
  }

  #show(status, error, userId = this.#userId) {
    if (status !== this.#status || userId !== this.#userId
        || error?.code !== this.#error?.code || error?.message !== this.#error?.message) {
      this.#status = status;
      this.#userId = userId;
      this.#error = error && new BelfryError(error);
      this.#announce("status");
    }
  }

  #update({ clear, set, gone, unreadCount, hasOlder, loaded, resume }) {
    if (this.#isMoved && !loaded) {
      return;
    }
    const missed = this.#isMoved && this.#resume
      ? set.filter(({ id, read }) => id > this.#newestId && !read) : [];
    this.#isMoved = false;
    this.#resume = loaded ? resume : null;
    if (clear) {
      this.#items.clear();
    }
    set.forEach((item) => this.#items.set(item.id, item));
    gone.forEach((id) => this.#items.delete(id));
    this.#notifications = null;
    this.#unreadCount = unreadCount;
    this.#hasOlder = hasOlder;
    this.#loaded = loaded;
    this.#announce("change");
    if (clear) {
      if (resume && resume.epoch !== this.#epoch) {
        // Another database, or an older state of it, counts on from a lower id.
        this.#epoch = resume.epoch;
        this.#newestId = 0;
      }
      set.forEach(({ id }) => this.#sawId(id));
    }
    missed.sort((a, b) => a.id - b.id).forEach((item) => this.#ring(item));
  }

  /** Once a turn, whatever happens in it. */
  #announce(name) {
    if (!this.#due.has(name)) {
      this.#due.add(name);
      queueMicrotask(() => {
        this.#due.delete(name);
        this.dispatchEvent(new Event(name));
      });
    }
  }

  #sawId(id) {
    this.#newestId = Math.max(this.#newestId, id);
  }

  #ring(item) {
    this.dispatchEvent(new CustomEvent("new", { detail: item }));
  }

  #deliver({ type, data, ring }) {
    const item = ring && data.id > this.#newestId && this.#items.get(data.id);
    if (type === "notification_received") {
      this.#sawId(data.id);
    }
    if (item) {
      this.#ring(item);
    }
    const message = { type, data };
    for (const { handler } of [...this.#handlers]) {
      if (this.#call(handler, message) === true) {
        return;
      }
    }
    for (const { listener } of [...(this.#listeners.get(type) ?? [])]) {
      this.#call(listener, data, message);
    }
  }

  /** What a page does wrong is its own affair. */
  #call(listener, ...values) {
    try {
      return listener(...values);
    } catch (error) {
      reportError(error);
      return undefined;
    }
  }

  #listenToBrowser(on) {
    const change = on ? "addEventListener" : "removeEventListener";
    globalThis[change]?.("online", this.#onBrowser);
    globalThis[change]?.("offline", this.#onBrowser);
    globalThis[change]?.("pageshow", this.#onBrowser);
    globalThis.document?.[change]("resume", this.#onBrowser);
    globalThis.document?.[change]("visibilitychange", this.#onBrowser);
  }

  #onBrowser = (event) => {
    const { type } = event;
    if (type === "online" || type === "offline") {
      this.#port.postMessage({ what: "hint", hint: type });
    } else if (type === "pageshow" ? event.persisted : document.visibilityState === "visible") {
      this.#port.postMessage({ what: "hint", hint: "wake" });
    }
  };
}
