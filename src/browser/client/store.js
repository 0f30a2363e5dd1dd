// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What is shown, kept in IndexedDB: one record for each server and user, written as a whole, so
// that its position never lies ahead of its notifications. Where there is no IndexedDB, or it is
// broken, there is nothing to load and nothing is kept.

import { namesUser } from "./token.js";

const RECORDS = "inboxes";
const MAX_KEPT = 200;
/** How long it may take to load: some browsers' IndexedDB never answers at times. */
const LOAD_TIME = 5000;

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("belfry", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(RECORDS, { keyPath: ["url", "user"] });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = request.onblocked = () => reject(request.error);
  });
}

/** Runs one transaction, and gives the result of the request that `ask` has made in it. */
async function transact(mode, ask) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(RECORDS, mode);
      const request = ask(transaction.objectStore(RECORDS));
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

const ofServer = (url) => IDBKeyRange.bound([url], [url, []]);

/** What was kept of the user whom this token names, or null. */
export async function load(url, token) {
  try {
    const records = await Promise.race([
      transact("readonly", (store) => store.getAll(ofServer(url))),
      new Promise((resolve, reject) => setTimeout(reject, LOAD_TIME)),
    ]);
    return records.find(({ userId, claims }) => namesUser(token, userId, claims)) ?? null;
  } catch {
    return null;
  }
}

/** record: as View.record, with url, userId and claims. */
export async function save(record) {
  const { items } = record;
  const kept = items.slice(0, MAX_KEPT);
  const hasOlder = record.hasOlder || kept.length < items.length;
  try {
    await transact("readwrite", (store) => store.put({
      ...record, items: kept, hasOlder, user: String(record.userId),
    }));
  } catch {
    // It is in memory still.
  }
}

/** Everything of this server, or of one user there. */
export async function forget(url, userId) {
  await transact("readwrite", (store) =>
    store.delete(userId === undefined ? ofServer(url) : [url, String(userId)]));
}
