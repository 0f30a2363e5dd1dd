// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// The view of an inbox against a model of the server: random histories of a store, a session that
// delivers as docs/delivery.md says, lists that are answered late, and lines that break.

import assert from "node:assert/strict";
import { test } from "node:test";

import { View } from "../../src/browser/client/view.js";
import { makeRandom } from "./random.js";

const SEEDS = process.env.BELFRY_TEST_ALL === "1" ? 100_000 : 2000;

class Store {
  position = 0;
  horizon = 0;
  epoch = 1;
  rows = new Map();
  #backup = null;

  save() {
    const { position, horizon, rows } = this;
    this.#backup = structuredClone({ position, horizon, rows });
  }

  /** An old database gets a new epoch, as its positions will mean something else. */
  restore() {
    Object.assign(this, structuredClone(this.#backup ?? {}));
    this.epoch++;
  }

  change(id, change) {
    const position = ++this.position;
    const before = this.rows.get(id) ?? { id: position, content: 0, contentAt: position };
    const row = { ...before, ...change, position };
    if (change.content) {
      row.contentAt = position;
    }
    this.rows.set(row.id, row);
    return row;
  }

  get living() {
    return [...this.rows.values()].filter((row) => !row.removed).sort((a, b) => b.id - a.id);
  }

  get unread() {
    return this.living.filter((row) => !row.read).length;
  }

  dropTombstones() {
    for (const row of [...this.rows.values()].filter(({ removed }) => removed)) {
      this.horizon = Math.max(this.horizon, row.position);
      this.rows.delete(row.id);
    }
  }

  /** What a client is told of a row. */
  describe({ id, content, read }) {
    return { id, userId: "u", data: { content }, createdAt: String(id), read: read === true };
  }

  list({ before = Infinity, limit }) {
    const all = this.living.filter(({ id }) => id < before);
    return {
      notifications: all.slice(0, limit).map((row) => this.describe(row)),
      more: all.length > limit, unreadCount: this.unread, unreadAt: this.position,
    };
  }
}

/** The server's end. What it sends waits in `sent` until the client reads it. */
class Session {
  sent = [];

  constructor(store, { since, epoch }) {
    this.store = store;
    const s = store.position;
    const recovered = since !== undefined && epoch === store.epoch && since <= s
      && (since === 0 || since >= store.horizon);
    this.cursor = this.told = this.settled = recovered ? since : s;
    const answer = { epoch: store.epoch, position: this.cursor, unreadCount: store.unread };
    this.live = false;
    this.recovered = recovered;
    this.send("registered", {
      ...answer, ...(since !== undefined && { recovered }), unreadAt: s,
    });
  }

  send(type, data) {
    this.sent.push({ type, data });
  }

  counted(position) {
    const { unread, position: unreadAt } = this.store;
    return { position, unreadCount: unread, unreadAt };
  }

  tell(row, position, settled) {
    const counts = this.counted(position);
    if (row.removed) {
      this.send("notifications_removed", { ids: [row.id], ...counts });
    } else if (row.contentAt > settled || !row.read) {
      this.send("notification_updated", { ...this.store.describe(row), ...counts });
    } else {
      this.send("notifications_read", { ids: [row.id], ...counts });
    }
  }

  onChange(row) {
    if (!this.live) {
      return;
    }
    if (row.id === row.position) {
      this.send("notification_received",
        { ...this.store.describe(row), ...this.counted(row.position) });
    } else {
      this.tell(row, row.position, row.position - 1);
    }
    this.cursor = this.told = this.settled = row.position;
  }

  /** A removal that it had to tell is gone: SLOW_CONSUMER. */
  get isTooSlow() {
    return !this.live && this.cursor > 0 && this.told < this.store.horizon;
  }

  /** A step of catching up. */
  page(limit) {
    if (this.live || this.isTooSlow) {
      return;
    }
    const rows = [...this.store.rows.values()];
    const changed = rows
      .filter(({ id, position }) => id <= this.cursor && position > this.told && position > id)
      .sort((a, b) => a.position - b.position).slice(0, limit);
    for (const row of changed) {
      this.tell(row, this.cursor, this.settled);
      this.told = row.position;
    }
    if (changed.length === limit) {
      return;
    }
    this.told = this.settled = Math.max(this.told, this.store.position);
    const created = rows.filter(({ id }) => id > this.cursor)
      .sort((a, b) => a.id - b.id).slice(0, limit);
    for (const row of created) {
      if (row.removed) {
        // The server says nothing then, and its count stays until the next frame. Here it tells.
        this.hasSkipped = true;
      } else {
        this.send("notification_received",
          { ...this.store.describe(row), ...this.counted(row.id) });
      }
      this.cursor = row.id;
    }
    if (created.length === limit) {
      return;
    }
    this.cursor = this.told = this.settled = this.store.position;
    this.live = true;
    if (this.recovered || this.hasSkipped) {
      this.send("caught_up", { position: this.cursor, unreadCount: this.store.unread });
    }
  }
}

/** What the engine does with a view, and a face that knows only what it was told. */
class Client {
  view = new View();
  face = new Map();
  session = null;
  registered = false;
  asked = false;
  older = false;

  receive({ type, data }) {
    if (type === "reply") {
      this.asked = false;
      this.view.fill(data);
    } else if (type === "registered") {
      this.registered = true;
      this.view.begin(data);
    } else {
      this.view.apply({ type, data });
    }
    this.ask();
  }

  ask() {
    if (this.registered && !this.asked && (this.view.stale || this.older)) {
      this.query = this.view.stale ? { limit: 3 } : { limit: 3, ...this.view.before };
      this.older = false;
      this.asked = true;
      this.view.hold();
    }
  }

  update() {
    const changes = this.view.takeChanges();
    if (changes) {
      if (changes.clear) {
        this.face.clear();
      }
      changes.set.forEach((item) => this.face.set(item.id, item));
      changes.gone.forEach((id) => this.face.delete(id));
      this.unread = changes.unreadCount;
    }
  }

  lose() {
    this.session = null;
    this.registered = false;
    this.asked = false;
    this.view.release();
  }
}

function changeStore(store, random) {
  const ids = store.living.map(({ id }) => id);
  const id = ids[Math.floor(random() * ids.length)];
  const what = random();
  if (id === undefined || what < 0.4) {
    return store.change(null, { read: false });
  }
  return store.change(id, what < 0.55 ? { read: true } : what < 0.7 ? { read: false }
    : what < 0.85 ? { content: store.position } : { removed: true });
}

function step(store, client, random) {
  const what = random();
  const { session } = client;
  if (what < 0.35) {
    const row = changeStore(store, random);
    session?.onChange(row);
  } else if (what < 0.4) {
    client.lose();
  } else if (what < 0.41) {
    store.dropTombstones();
  } else if (what < 0.415) {
    client.lose();
    store.restore();
  } else if (what < 0.42) {
    store.save();
  } else if (session?.isTooSlow) {
    client.lose();
  } else if (!session) {
    client.session = new Session(store, client.view.resume);
  } else if (what < 0.55) {
    session.page(1 + Math.floor(random() * 3));
  } else if (what < 0.6) {
    client.older = true;
    client.ask();
  } else if (what < 0.75) {
    answer(store, client);
  } else if (what < 0.8) {
    client.update();
  } else if (session.sent.length > 0) {
    client.receive(session.sent.shift());
  }
}

/** First the list is read, and later answered. Meanwhile something may be sent. */
function answer(store, { session, asked, query }) {
  if (session.read && session.read.query === query) {
    session.send("reply", session.read.page);
    session.read = null;
    session.answered = query;
  } else if (asked && session.answered !== query) {
    session.read = { query, page: store.list(query) };
  }
}

function settle(store, client) {
  if (client.session?.isTooSlow) {
    client.lose();
  }
  client.session ??= new Session(store, client.view.resume);
  for (let i = 0; i < 100; i++) {
    client.session.page(100);
    answer(store, client);
    answer(store, client);
    while (client.session.sent.length > 0) {
      client.receive(client.session.sent.shift());
    }
    if (!client.asked) {
      client.older = client.view.everything.hasOlder;
      client.ask();
    }
  }
}

function play(seed) {
  const random = makeRandom(seed);
  const store = new Store();
  const client = new Client();
  for (let steps = 20 + random() * 150; steps > 0; steps--) {
    step(store, client, random);
  }
  settle(store, client);
  client.update();
  const wanted = store.living.map((row) => store.describe(row));
  assert.deepEqual(client.view.newestFirst, wanted, `seed ${seed}`);
  assert.deepEqual([...client.face.values()].sort((a, b) => b.id - a.id), wanted, `seed ${seed}`);
  assert.equal(client.view.everything.unreadCount, store.unread, `seed ${seed}`);
  assert.equal(client.unread, store.unread, `seed ${seed}`);
  assert.equal(client.view.everything.hasOlder, false, `seed ${seed}`);
}

test(`becomes the store in ${SEEDS} random histories`, () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    play(seed);
  }
});

test("shows the old until the new list is there", () => {
  const store = new Store();
  const row = store.change(null, { read: false });
  const view = new View();
  view.begin({ epoch: 1, position: row.position, unreadCount: 1 });
  view.hold();
  view.fill(store.list({ limit: 3 }));
  view.takeChanges();
  view.begin({ epoch: 2, position: 9, unreadCount: 0, recovered: false });
  assert.equal(view.newestFirst.length, 1);
  assert.ok(view.stale && view.everything.loaded);
  view.hold();
  view.fill({ notifications: [], unreadCount: 0, unreadAt: 9, more: false });
  assert.deepEqual([view.newestFirst, view.takeChanges().clear], [[], true]);
});

test("tells a change as a new object, so that who compares sees it", () => {
  const view = new View();
  view.begin({ epoch: 1, position: 0, unreadCount: 0 });
  view.apply({
    type: "notification_received",
    data: { id: 1, userId: "u", data: {}, createdAt: "", read: false, position: 1, unreadCount: 1 },
  });
  const [before] = view.newestFirst;
  view.apply({ type: "notifications_read", data: { ids: [1, 7], position: 2, unreadCount: 0 } });
  assert.ok(view.newestFirst[0] !== before && view.newestFirst[0].read && !before.read);
  assert.deepEqual(view.takeChanges().set.length, 1);
  view.apply({ type: "notifications_read", data: { ids: [1], position: 2, unreadCount: 0 } });
  assert.equal(view.takeChanges(), null);
});

test("takes of two counts the one with the higher position, or the later one", () => {
  const view = new View();
  view.begin({ epoch: 1, position: 5, unreadCount: 3, unreadAt: 9 });
  const count = (unreadCount, position, unreadAt) => {
    view.apply({
      type: "notifications_read", data: { ids: [1], unreadCount, position, unreadAt },
    });
    return view.everything.unreadCount;
  };
  assert.equal(count(7, 6), 3);
  assert.equal(count(4, 6, 9), 4);
  assert.equal(count(2, 10), 2);
  view.begin({ epoch: 2, position: 1, unreadCount: 8, recovered: false });
  assert.equal(view.everything.unreadCount, 8);
});
