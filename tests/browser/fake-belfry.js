// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// Runs in a page: what <belfry-inbox> needs of a client, without a server, so that a test can put
// the inbox into any state. What it was asked for stands in `asked`.

export class FakeBelfry extends EventTarget {
  status = "connected";
  error = null;
  userId = "alice";
  notifications = [];
  hasOlder = false;
  loaded = true;
  unreadCount = 0;
  asked = [];

  /** Sets what is given, and tells of it as the client does. */
  show(state) {
    Object.assign(this, state);
    if (state.notifications && state.unreadCount === undefined) {
      this.unreadCount = this.notifications.filter(({ read }) => !read).length;
    }
    this.dispatchEvent(new Event("change"));
    this.dispatchEvent(new Event("status"));
  }

  ring(notification) {
    this.show({ notifications: [notification, ...this.notifications] });
    this.dispatchEvent(new CustomEvent("new", { detail: notification }));
  }

  #setRead(ids, read) {
    this.show({
      notifications: this.notifications.map((item) =>
        (ids.includes(item.id) ? { ...item, read } : item)),
    });
    return ids.length;
  }

  async markRead(...ids) {
    this.asked.push(["markRead", ...ids]);
    return this.#setRead(ids, true);
  }

  async markUnread(...ids) {
    this.asked.push(["markUnread", ...ids]);
    return this.#setRead(ids, false);
  }

  async markAllRead() {
    this.asked.push(["markAllRead"]);
    return this.#setRead(this.notifications.map(({ id }) => id), true);
  }

  async remove(...ids) {
    this.asked.push(["remove", ...ids]);
    this.show({ notifications: this.notifications.filter(({ id }) => !ids.includes(id)) });
    return ids.length;
  }

  async loadOlder() {
    this.asked.push(["loadOlder"]);
    await this.older?.();
  }

  start() {
    this.asked.push(["start"]);
  }

  stop() {
    this.asked.push(["stop"]);
  }
}
