// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the page of examples/chatroom knows of a room, without a page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Transcript } from "../../examples/chatroom/page/transcript.js";

const say = (seq, from = "bob") => ({ seq, from, key: `k${seq}`, text: `text ${seq}`, at: seq });
const range = (first, last) => Array.from({ length: last - first + 1 }, (_, i) => say(first + i));
const seqs = ({ messages }) => messages.map(({ seq }) => seq);

test("what comes early waits for what is missing", () => {
  const transcript = new Transcript();
  transcript.begin(range(11, 12));
  transcript.take(say(15));
  transcript.take(say(14));
  assert.deepEqual(seqs(transcript), [11, 12]);
  assert.ok(transcript.hasGap);
  transcript.takeNewer(range(13, 14));
  assert.deepEqual(seqs(transcript), [11, 12, 13, 14, 15]);
  assert.ok(!transcript.hasGap);
});

test("what comes again is there once", () => {
  const transcript = new Transcript();
  transcript.begin(range(1, 3));
  for (const seq of [3, 1, 4, 4, 2]) {
    transcript.take(say(seq));
  }
  transcript.takeNewer(range(2, 5));
  transcript.takeOlder(range(1, 2));
  assert.deepEqual(seqs(transcript), [1, 2, 3, 4, 5]);
});

test("what was heard before the first page came goes on behind it", () => {
  for (const early of [[1, 2], [2, 3], [3]]) {
    const transcript = new Transcript();
    early.forEach((seq) => transcript.take(say(seq)));
    transcript.begin(range(1, early[0]));
    assert.deepEqual(seqs(transcript), Array.from({ length: early.at(-1) }, (_, i) => i + 1));
  }
  const empty = new Transcript();
  empty.take(say(1));
  empty.begin([]);
  assert.deepEqual(seqs(empty), [1]);
});

test("older pages go before, if they fit", () => {
  const transcript = new Transcript();
  transcript.begin(range(21, 30));
  transcript.takeOlder(range(11, 20));
  transcript.takeOlder(range(1, 5));
  assert.deepEqual(seqs(transcript), range(11, 30).map(({ seq }) => seq));
});

test("a message of one's own is pending until it is heard, by its key and its author", () => {
  const transcript = new Transcript("alice");
  transcript.say("k1", "text 1");
  transcript.say("k2", "text 2");
  transcript.take(say(1, "bob"));
  assert.equal(transcript.pending.length, 2);
  transcript.take({ ...say(2, "alice"), key: "k1" });
  assert.deepEqual(transcript.pending.map(({ key }) => key), ["k2"]);
  transcript.forget("k2");
  assert.deepEqual(transcript.pending, []);
});

test("in whatever order and number they come, all are there in theirs", () => {
  for (let round = 0; round < 200; round++) {
    const transcript = new Transcript();
    const first = 1 + Math.floor(Math.random() * 5);
    const heard = range(first, 40).flatMap((item) => (Math.random() < 0.3 ? [item, item] : [item]));
    heard.sort(() => Math.random() - 0.5);
    transcript.begin(range(first, first + 1));
    heard.forEach((item) => transcript.take(item));
    assert.deepEqual(seqs(transcript), range(first, 40).map(({ seq }) => seq));
    assert.ok(!transcript.hasGap);
  }
});
