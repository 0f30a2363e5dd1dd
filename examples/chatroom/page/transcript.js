// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a room has said, as far as this client knows, without a DOM and without a network.

/**
 * Messages {seq, from, key, text, at}, in the order of their numbers, without gaps and without
 * doubles. What comes early is kept until what is missing before it has come.
 */
export class Transcript {
  #messages = [];
  #early = new Map();
  #pending = [];
  #me;

  /** me: whose pending messages these are. */
  constructor(me = null) {
    this.#me = me;
  }

  set me(userId) {
    this.#me = userId;
  }

  get messages() {
    return this.#messages;
  }

  /** What was said here and is not known to be stored: {key, text}. */
  get pending() {
    return this.#pending;
  }

  get oldest() {
    return this.#messages[0]?.seq ?? 0;
  }

  get newest() {
    return this.#messages.at(-1)?.seq ?? 0;
  }

  get hasGap() {
    return this.#early.size > 0;
  }

  /** Something that may be new. */
  take(message) {
    const index = this.#pending.findIndex(({ key }) => key === message.key);
    if (index >= 0 && message.from === this.#me) {
      this.#pending.splice(index, 1);
    }
    if (message.seq <= this.newest) {
      return;
    }
    this.#early.set(message.seq, message);
    this.#drain();
  }

  /** A page that goes on where this ends. */
  takeNewer(messages) {
    messages.forEach((message) => this.take(message));
  }

  /** A page that ends where this begins. */
  takeOlder(messages) {
    const older = messages.filter(({ seq }) => seq < this.oldest);
    if (older.length > 0 && older.at(-1).seq === this.oldest - 1) {
      this.#messages.unshift(...older);
    }
  }

  /** The newest page, of a room of which nothing is known yet, or too little. */
  begin(messages) {
    const [first] = messages;
    if (first) {
      // What was heard before the page came goes on behind it.
      this.#messages.forEach((message) => this.#early.set(message.seq, message));
      this.#messages = [first];
      messages.forEach((message) => this.take(message));
      this.#drain();
    }
  }

  /** Something that is to be said. */
  say(key, text) {
    this.#pending.push({ key, text });
  }

  /** The server has refused it for good. */
  forget(key) {
    this.#pending = this.#pending.filter((item) => item.key !== key);
  }

  #drain() {
    for (const seq of this.#early.keys()) {
      if (seq <= this.newest) {
        this.#early.delete(seq);
      }
    }
    // An empty room begins with 1.
    while (this.#early.has(this.newest + 1)) {
      const seq = this.newest + 1;
      this.#messages.push(this.#early.get(seq));
      this.#early.delete(seq);
    }
  }
}
