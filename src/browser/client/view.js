// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// The view of one inbox: what docs/protocol.md asks of a client, and no more. It knows neither
// connections nor pages. What changes in it is collected until it is taken, so that it can be told
// to whoever shows it.

const noChanges = () => ({ clear: false, set: new Map(), gone: new Set(), other: false });

export class View {
  #items = new Map();
  #unread = 0;
  #unreadAt = -1;
  /** Frames that came while a list was on its way. */
  #held = null;
  /** The position when it was asked for. */
  #heldAt = 0;
  #changes = noChanges();
  #hasOlder = false;
  #loaded = false;
  /** The highest position that a frame has told, and the life of the database that it is of. */
  position = null;
  epoch = null;
  /** Whether what is held may have gaps, so that the inbox has to be listed afresh. */
  stale = true;

  get newestFirst() {
    return [...this.#items.values()].sort((a, b) => b.id - a.id);
  }

  has(id) {
    return this.#items.has(id);
  }

  /** What `register` needs to go on where this view is. */
  get resume() {
    return this.position === null ? {} : { since: this.position, epoch: this.epoch };
  }

  /** Where the next list goes on. */
  get before() {
    let oldest = Infinity;
    for (const id of this.#items.keys()) {
      oldest = Math.min(oldest, id);
    }
    return oldest === Infinity ? {} : { before: oldest };
  }

  /** Forgets everything: the inbox is somebody else's. */
  reset() {
    this.#items.clear();
    this.#changes = { ...noChanges(), clear: true, other: true };
    this.#unread = 0;
    this.#unreadAt = -1;
    this.#held = null;
    this.#hasOlder = false;
    this.#loaded = false;
    this.position = null;
    this.epoch = null;
    this.stale = true;
  }

  /** A session begins. If it does not go on where this view is, all is listed afresh. */
  begin({ epoch, position, recovered, unreadCount, unreadAt }) {
    this.epoch = epoch;
    if (!recovered) {
      this.stale = true;
      this.position = position;
      this.#unreadAt = -1;
    }
    this.#held = null;
    this.#count(unreadCount, unreadAt ?? position);
  }

  /** A list is asked for. */
  hold() {
    this.#held = [];
    this.#heldAt = this.position;
  }

  /** The list was not answered. */
  release() {
    this.#held = null;
  }

  /**
   * The answer to a list; what came meanwhile is applied again, on top of it. What has a higher id
   * than the position when it was asked for comes by itself, or came already; or it was removed
   * before that, and nothing tells of it.
   */
  fill({ notifications, unreadCount, unreadAt, more }) {
    if (this.stale) {
      this.#items.clear();
      this.#changes = { ...noChanges(), clear: true };
      this.stale = false;
    }
    for (const item of notifications) {
      if (item.id <= this.#heldAt) {
        this.#set(item);
      }
    }
    this.#hasOlder = more;
    this.#loaded = true;
    this.#changes.other = true;
    this.#count(unreadCount, unreadAt);
    const held = this.#held ?? [];
    this.#held = null;
    held.forEach((frame) => this.apply(frame));
  }

  /** A frame that tells of the inbox. */
  apply(frame) {
    const { type, data } = frame;
    this.#held?.push(frame);
    this.position = Math.max(this.position ?? 0, data.position);
    if (type === "notification_received"
        || (type === "notification_updated" && this.#items.has(data.id))) {
      const { id, userId, data: content, createdAt, read } = data;
      this.#set({ id, userId, data: content, createdAt, read });
    } else if (type === "notifications_read") {
      for (const id of data.ids) {
        const item = this.#items.get(id);
        if (item && !item.read) {
          this.#set({ ...item, read: true });
        }
      }
    } else if (type === "notifications_removed") {
      data.ids.forEach((id) => this.#remove(id));
    }
    this.#count(data.unreadCount, data.unreadAt ?? data.position);
  }

  /** What has changed since this was asked last, or null. */
  takeChanges() {
    const { clear, set, gone, other } = this.#changes;
    if (!clear && !other && set.size === 0 && gone.size === 0) {
      return null;
    }
    this.#changes = noChanges();
    return this.#describe(clear, set.values(), gone);
  }

  /** The same for one who knows nothing yet. */
  get everything() {
    return this.#describe(true, this.#items.values(), []);
  }

  /** What a view like this one can be made of; null while there may be gaps. */
  get record() {
    return this.stale ? null : {
      epoch: this.epoch,
      position: this.position,
      items: this.newestFirst,
      unreadCount: this.#unread,
      unreadAt: this.#unreadAt,
      hasOlder: this.#hasOlder,
    };
  }

  restore({ epoch, position, items, unreadCount, unreadAt, hasOlder }) {
    this.reset();
    items.forEach((item) => this.#set(item));
    this.#unread = unreadCount;
    this.#unreadAt = unreadAt;
    this.#hasOlder = hasOlder;
    this.#loaded = true;
    this.epoch = epoch;
    this.position = position;
    this.stale = false;
  }

  #describe(clear, set, gone) {
    return {
      resume: this.stale ? null
        : { epoch: this.epoch, position: this.position, unreadAt: this.#unreadAt },
      clear,
      set: [...set],
      gone: [...gone],
      unreadCount: this.#unread,
      hasOlder: this.#hasOlder,
      loaded: this.#loaded,
    };
  }

  #set(item) {
    this.#items.set(item.id, item);
    this.#changes.set.set(item.id, item);
  }

  /** For good: no id is given twice, so who is told takes away last. */
  #remove(id) {
    if (this.#items.delete(id)) {
      this.#changes.gone.add(id);
    }
  }

  /** Of two counts the one with the higher position is right. */
  #count(unread, at) {
    if (at >= this.#unreadAt) {
      this.#changes.other ||= unread !== this.#unread;
      this.#unread = unread;
      this.#unreadAt = at;
    }
  }
}
