// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// A room of the chat, without a DOM: joins it, keeps its transcript whole, and says things until
// they are stored. docs: examples/chatroom/README.md

import { Transcript } from "./transcript.js";

const RENEW = 30_000;
const RETRY = 1_000;
const TYPING_EVERY = 3_000;
const TYPING_LASTS = 6_000;
const PAGE = 50;

// The server is there and has said no: asking again would not help.
const REFUSED = ["INVALID_MESSAGE", "FORBIDDEN"];

/** Dispatches "change" whenever something of it has changed. */
export class Room extends EventTarget {
  name;
  transcript = new Transcript();
  members = new Set();
  hasOlder = false;
  /** Whether the server knows that we are here. */
  joined = false;
  /** Why something was refused, or null. */
  error = null;

  #client;
  #typing = new Map();
  #lastTyping = 0;
  #begun = false;
  #joining = false;
  /** It was asked for while one was under way, which may have been too early. */
  #joinAgain = false;
  #catchingUp = false;
  #saying = false;
  #retry = null;
  #isAway = false;

  constructor(client, name) {
    super();
    this.#client = client;
    this.name = name;
    const mine = (listener) => (data) => data.room === name && listener(data);
    client.on("chat.said", mine((data) => this.#hear(data)));
    client.on("chat.present", mine((data) => this.#see(data)));
    client.on("chat.typing", mine(({ user }) => this.#seeTyping(user)));
    client.on("chat.hello", () => this.#join());
    client.addEventListener("status", this.#onStatus);
    setInterval(() => this.#join(), RENEW);
    this.#onStatus();
  }

  /** Who is typing now, without ourselves. */
  get typing() {
    return [...this.#typing.keys()].filter((user) => user !== this.#client.userId);
  }

  /** Whether the server is connected, and nobody answers for the room. */
  get isAway() {
    return this.#isAway;
  }

  /** Asks for a place, unless it has one. */
  enter() {
    this.#join();
  }

  /** The page goes, or is kept for later. */
  leave() {
    this.#client.send("chat.leave", { room: this.name });
    this.joined = false;
  }

  say(text) {
    this.error = null;
    this.transcript.say(crypto.randomUUID(), text);
    this.#lastTyping = 0;
    this.#changed();
    this.#sayPending();
  }

  /** Tells the others that somebody types here, but not all the time. */
  type() {
    if (this.joined && Date.now() - this.#lastTyping > TYPING_EVERY) {
      this.#lastTyping = Date.now();
      this.#client.send("chat.typing", { room: this.name });
    }
  }

  async loadOlder() {
    const { oldest } = this.transcript;
    if (!this.hasOlder || oldest <= 1) {
      return;
    }
    const page = await this.#client.request("chat.history",
      { room: this.name, before: oldest, limit: PAGE });
    this.transcript.takeOlder(page.messages);
    this.hasOlder = page.more;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  #onStatus = () => {
    if (this.#client.status === "connected") {
      this.transcript.me = String(this.#client.userId);
      this.#join();
    } else if (this.joined) {
      this.joined = false;
      this.members.forEach((user) => this.#stopTyping(user));
      this.#changed();
    }
  };

  /** Also renews the place, and asks what was missed. */
  async #join() {
    if (this.#joining || this.#client.status !== "connected") {
      this.#joinAgain = this.#joining;
      return;
    }
    this.#joining = true;
    this.#joinAgain = false;
    try {
      const page = await this.#client.request("chat.join", {
        room: this.name, ...(this.#begun ? { since: this.transcript.newest } : { limit: PAGE }),
      });
      if (this.#begun) {
        this.transcript.takeNewer(page.messages);
      } else {
        this.transcript.begin(page.messages);
        this.hasOlder = page.more;
        this.#begun = true;
      }
      this.members = new Set(page.members);
      this.joined = true;
      this.#isAway = false;
      this.#catchUp(page.newest);
      this.#sayPending();
    } catch (error) {
      this.joined = false;
      this.#fail(error);
    } finally {
      this.#joining = false;
    }
    if (this.#joinAgain) {
      this.#join();
    }
    this.#changed();
  }

  /** Asks for what is missing, page by page. */
  async #catchUp(newest = 0) {
    if (this.#catchingUp || !this.#begun) {
      return;
    }
    this.#catchingUp = true;
    try {
      while (this.transcript.hasGap || this.transcript.newest < newest) {
        const page = await this.#client.request("chat.history",
          { room: this.name, after: this.transcript.newest, limit: PAGE });
        this.transcript.takeNewer(page.messages);
        newest = page.newest;
        this.#changed();
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#catchingUp = false;
    }
  }

  /** One after the other, so that they are stored in their order. */
  async #sayPending() {
    if (this.#saying || !this.joined) {
      return;
    }
    this.#saying = true;
    try {
      while (this.transcript.pending.length > 0) {
        const { key, text } = this.transcript.pending[0];
        const { seq, at } = await this.#client.request("chat.say", { room: this.name, key, text });
        this.#hear({ seq, at, key, text, from: String(this.#client.userId) });
      }
    } catch (error) {
      if (REFUSED.includes(error.code)) {
        this.transcript.forget(this.transcript.pending[0].key);
      }
      this.#fail(error);
    } finally {
      this.#saying = false;
    }
  }

  #hear(message) {
    this.transcript.take(message);
    this.#stopTyping(message.from);
    if (this.transcript.hasGap) {
      this.#catchUp();
    }
    this.#changed();
  }

  #see({ user, here }) {
    if (here) {
      this.members.add(user);
    } else {
      this.members.delete(user);
      this.#stopTyping(user);
    }
    this.#changed();
  }

  #seeTyping(user) {
    clearTimeout(this.#typing.get(user));
    this.#typing.set(user, setTimeout(() => {
      this.#stopTyping(user);
      this.#changed();
    }, TYPING_LASTS));
    this.#changed();
  }

  #stopTyping(user) {
    clearTimeout(this.#typing.get(user));
    this.#typing.delete(user);
  }

  /** Says why, if the server has said no; else joins again, and so goes on, after a while. */
  #fail(error) {
    if (REFUSED.includes(error.code) || error.code === "ROOM_FULL") {
      this.error = error.message;
      this.#changed();
    }
    this.#isAway = !this.joined;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#join(), RETRY * (1 + Math.random()));
  }
}
