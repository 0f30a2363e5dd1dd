// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// Server-Sent Events are read the same, wherever a network cuts them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readEvents } from "../../src/browser/client/events.js";
import { makeRandom } from "./random.js";

const TEXT = [
  "event: connected", 'data: {"heartbeat":25000}', "",
  ":", "",
  "event: notification_received", 'data: {"title":"Grüße, 鐘, 🔔",', "data:", 'data:"n": 1}',
  "id: e/7", "",
  "event: without-data", "",
  "data: : {}", "event:x", "retry: 5", "unknown", "",
  "event: unfinished", "data: {}",
];

const EVENTS = [
  { type: "connected", data: '{"heartbeat":25000}' },
  { type: "notification_received", data: '{"title":"Grüße, 鐘, 🔔",\n\n"n": 1}' },
  { type: "x", data: ": {}" },
];

for (const [name, end] of [["LF", "\n"], ["CRLF", "\r\n"]]) {
  test(`reads events with ${name}, however they are cut`, async () => {
    const bytes = new TextEncoder().encode(TEXT.join(end) + end);
    for (let seed = 0; seed < 300; seed++) {
      const random = makeRandom(seed);
      const stream = new ReadableStream({
        start(controller) {
          for (let from = 0; from < bytes.length;) {
            const to = from + 1 + Math.floor(random() * (seed % 50));
            controller.enqueue(bytes.slice(from, to));
            from = to;
          }
          controller.close();
        },
      });
      const events = [];
      let signs = 0;
      for await (const event of readEvents(stream)) {
        event ? events.push(event) : signs++;
      }
      assert.deepEqual(events, EVENTS, `seed ${seed}`);
      assert.ok(signs > 0);
    }
  });
}
