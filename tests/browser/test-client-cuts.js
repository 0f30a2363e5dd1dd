// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// Lines that are cut at random, of both kinds. It takes its time, so it is a test of its own, which
// runs beside the others.

import { after, before, test } from "node:test";

import { closeAll, cutAtRandom, startAll } from "./client-page.js";

before(startAll);
after(closeAll);

test("shows what the store has after 200 cuts of WebSockets at random", async () => {
  await cutAtRandom({ user: "cut", cuts: 200 });
});

test("shows what the store has after 60 cuts of streams at random", async () => {
  await cutAtRandom({ user: "cut-stream", cuts: 60, options: { transport: "events" } });
});
