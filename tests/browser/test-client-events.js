// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// The client where no WebSocket can be had: the same promises over Server-Sent Events.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  agree, closeAll, loaded, openClient, server, startAll, startProxy, statusIs,
} from "./client-page.js";

const options = { transport: "events" };

before(startAll);
after(closeAll);

test("falls back when a proxy lets no WebSocket through, and forward again", async () => {
  for (let i = 0; i < 5; i++) {
    await server.create("company", { n: i });
  }
  const proxy = await startProxy();
  proxy.refusesUpgrades = true;
  const tab = await openClient("company", { url: proxy.url, options: { pageSize: 2 } });
  await loaded(tab);
  assert.equal(proxy.refused, 2);
  await server.call("Notifications.Create", "(ssa{sv})", "company", '{"lines":\n"two",\r\n"n":\n3}', {});
  await tab.waitForFunction(() => belfry.notifications.length === 3 && rung.length === 1);
  const counts = await tab.evaluate(async () => {
    await Promise.all([belfry.loadOlder(), belfry.loadOlder()]);
    await belfry.loadOlder();
    const [a, b, c, d] = belfry.notifications.map(({ id }) => id);
    return Promise.all([
      belfry.markRead(a, b), belfry.markUnread(b), belfry.remove(c, d, d), belfry.markAllRead(),
      belfry.request("unread_count").then(({ unreadCount }) => unreadCount),
    ]);
  });
  assert.deepEqual(counts, [2, 1, 2, 3, 0]);
  await agree(tab, "company");
  proxy.refusesUpgrades = false;
  const upgraded = tab.waitForEvent("websocket");
  proxy.cut();
  await upgraded;
  await statusIs(tab, "connected");
  await server.create("company");
  await agree(tab, "company");
  await tab.close();
});

test("goes on where it was after belfryd was killed, and rings once for each", async () => {
  const tab = await openClient("killed", { options });
  await loaded(tab);
  const first = await server.create("killed");
  await tab.waitForFunction(() => belfry.notifications.length === 1);
  await server.kill();
  await statusIs(tab, "offline");
  const clicked = tab.evaluate((id) => belfry.markRead(id), first);
  await server.start();
  const second = await server.create("killed");
  assert.equal(await clicked, 1);
  await agree(tab, "killed");
  assert.deepEqual(await tab.evaluate(() => rung), [first, second]);
  await tab.close();
});

test("says why the stream ended", async () => {
  const tab = await openClient("ended", { options });
  await loaded(tab);
  await server.stop();
  await statusIs(tab, "offline");
  assert.ok(await tab.evaluate(() => log.some(([, code]) => code === "SERVER_SHUTDOWN")));
  await server.start();
  await statusIs(tab, "connected");
  await server.call("Sessions.DisconnectUser", "(ss)", "ended", "enough");
  await statusIs(tab, "stopped");
  assert.equal(await tab.evaluate(() => belfry.error.code), "DISCONNECTED");
  await tab.close();
  const refused = await openClient("ended", { options, tokens: ["a.b.c"] });
  await statusIs(refused, "stopped");
  assert.equal(await refused.evaluate(() => belfry.error.code), "INVALID_TOKEN");
  await refused.close();
});

test("replaces its token by a new stream before it runs out", async () => {
  const tokens = [server.token("refresh", { expiresIn: 5 }), server.token("refresh")];
  const tab = await openClient("refresh", { options, tokens });
  await loaded(tab);
  const before = await server.create("refresh");
  await tab.waitForFunction(() => registered.length === 2);
  assert.equal(await tab.evaluate(() => registered[1].recovered), true);
  const later = await server.create("refresh");
  await agree(tab, "refresh");
  assert.deepEqual(await tab.evaluate(() => rung), [before, later]);
  assert.deepEqual(await tab.evaluate(() => log), [["connecting", null], ["connected", null]]);
  await tab.close();
});

/** Makes the server's heartbeat, which is 25 s, shorter in the page. */
function hasten(heartbeat) {
  const native = globalThis.fetch;
  globalThis.fetch = async (...request) => {
    const answer = await native(...request);
    const replace = new TransformStream({
      transform(text, controller) {
        controller.enqueue(text.replace(/"heartbeat":\d+/, `"heartbeat":${heartbeat}`));
      },
    });
    return new Response(answer.body?.pipeThrough(new TextDecoderStream()).pipeThrough(replace)
      .pipeThrough(new TextEncoderStream()), answer);
  };
}

test("notices a stream in which nothing comes any more", async () => {
  const proxy = await startProxy();
  const tab = await openClient("silent", { url: proxy.url, options, script: [hasten, 2000] });
  await loaded(tab);
  await server.create("silent");
  await tab.waitForFunction(() => belfry.notifications.length === 1);
  proxy.stall();
  await server.create("silent");
  await statusIs(tab, "offline");
  proxy.resume();
  await agree(tab, "silent");
  await tab.close();
});

test("asks workers", async () => {
  await server.call("Sessions.HandleMessages", "(as)", ["quiz.ask"]);
  server.worker.on("signal", (name, [session, , type, data, request]) => {
    if (name === "MessageReceived") {
      server.call("Sessions.Reply", "(sss)", session, request, JSON.stringify({ type, data }));
    }
  });
  const tab = await openClient("asker", { options });
  await loaded(tab);
  assert.deepEqual(await tab.evaluate(() => belfry.request("quiz.ask", { n: 1 })),
    { type: "quiz.ask", data: '{"n":1}' });
  assert.equal(
    await tab.evaluate(() => belfry.request("nobody.knows").catch((error) => error.code)),
    "UNKNOWN_TYPE");
  assert.match(await tab.evaluate(() =>
    belfry.request("list", { limit: 0 }).catch((error) => error.message)), /limit/);
  assert.equal(await tab.evaluate(() => belfry.status), "connected");
  await tab.close();
});
