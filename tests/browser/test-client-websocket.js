// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What src/browser/client promises a page, in a real browser against the real daemon.

import assert from "node:assert/strict";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import {
  agree, closeAll, context, loaded, openClient, pages, server, sessions, startAll,
  startProxy, statusIs, view,
} from "./client-page.js";
import { waitFor } from "./harness.js";

before(startAll);
after(closeAll);

test("shows the newest first, each once, and pages of older ones when asked", async () => {
  for (let i = 0; i < 5; i++) {
    await server.create("pager", { n: i });
  }
  const tab = await openClient("pager", { options: { pageSize: 2 } });
  await loaded(tab);
  assert.equal((await view(tab)).length, 2);
  assert.ok(await tab.evaluate(() => belfry.hasOlder));
  await server.create("pager", { n: 5 });
  await tab.waitForFunction(() => belfry.notifications.length === 3);
  await tab.evaluate(() => Promise.all([belfry.loadOlder(), belfry.loadOlder()]));
  await tab.evaluate(() => belfry.hasOlder && belfry.loadOlder());
  await agree(tab, "pager");
  assert.equal(await tab.evaluate(() => belfry.hasOlder), false);
  assert.equal((await tab.evaluate(() => rung)).length, 1);
  await tab.close();
});

test("changes what the store has, also more than a thousand at once", async () => {
  const many = Array.from({ length: 1200 }, (_, n) => ["many", `{"n":${n}}`, {}]);
  for (const part of [many.slice(0, 1000), many.slice(1000)]) {
    await server.call("Notifications.CreateMany", "(a(ssa{sv}))", part);
  }
  const tab = await openClient("many", { options: { pageSize: 100 } });
  await loaded(tab);
  const counts = await tab.evaluate(async () => {
    while (belfry.hasOlder) {
      await belfry.loadOlder();
    }
    const ids = belfry.notifications.map(({ id }) => id);
    return [
      await belfry.markRead(...ids), await belfry.markUnread(...ids.slice(0, 20)),
      await belfry.remove(...ids.slice(10)), await belfry.markRead(),
    ];
  });
  assert.deepEqual(counts, [1200, 20, 1190, 0]);
  await agree(tab, "many");
  assert.equal(await tab.evaluate(() => belfry.markAllRead()), 10);
  await agree(tab, "many");
  await tab.close();
});

test("marks as read up to the newest one that it shows", async () => {
  const proxy = await startProxy();
  const [shown] = [await server.create("mark-all"), await server.create("mark-all")].slice(-1);
  const tab = await openClient("mark-all", { url: proxy.url });
  await loaded(tab);
  proxy.down = true;
  proxy.cut();
  await statusIs(tab, "offline");
  const marked = tab.evaluate(() => belfry.markAllRead());
  const later = await server.create("mark-all");
  proxy.down = false;
  await tab.evaluate(() => dispatchEvent(new Event("online")));
  assert.equal(await marked, 2);
  await agree(tab, "mark-all");
  assert.deepEqual((await view(tab)).map(({ id, read }) => [id, read]).slice(0, 2),
    [[later, false], [shown, true]]);
  await tab.close();
});

test("goes on where it was after belfryd was killed, and rings once for each", async () => {
  const first = await server.create("killed");
  const tab = await openClient("killed");
  await loaded(tab);
  const second = await server.create("killed");
  await tab.waitForFunction(() => belfry.notifications.length === 2);
  await server.kill();
  await statusIs(tab, "offline");
  await server.start();
  await server.call("Notifications.Remove", "(sat)", "killed", [first]);
  const third = await server.create("killed");
  await statusIs(tab, "connected");
  await agree(tab, "killed");
  assert.deepEqual(await tab.evaluate(() => rung), [second, third]);
  assert.equal(await tab.evaluate(() => belfry.error), null);
  await tab.close();
});

test("lists afresh when the database has another life, and forgets what is not in it", async () => {
  await server.create("epoch");
  const gone = await server.create("epoch");
  const tab = await openClient("epoch");
  await loaded(tab);
  await tab.evaluate(() => {
    globalThis.smallest = Infinity;
    belfry.addEventListener("change", () => {
      smallest = Math.min(smallest, belfry.notifications.length);
    });
  });
  await server.stop();
  await server.start("--new-epoch");
  await server.call("Notifications.Remove", "(sat)", "epoch", [gone]);
  await server.create("epoch");
  await statusIs(tab, "connected");
  await agree(tab, "epoch");
  assert.ok(await tab.evaluate(() => belfry.loaded && smallest >= 1), "the list never went empty");
  await tab.close();
});

test("rings for what is new in another database, though its ids are lower", async () => {
  await server.create("replaced");
  const tab = await openClient("replaced");
  await loaded(tab);
  await server.stop();
  for (const name of await readdir(server.folder)) {
    if (name.startsWith("belfry.db")) {
      await rm(join(server.folder, name));
    }
  }
  await server.start();
  await statusIs(tab, "connected");
  await agree(tab, "replaced");
  const id = await server.create("replaced");
  await agree(tab, "replaced");
  assert.deepEqual(await tab.evaluate(() => rung), [id]);
  await tab.close();
});

test("says that the server goes down, and comes back by itself", async () => {
  const tab = await openClient("shutdown");
  await loaded(tab);
  await server.stop();
  await statusIs(tab, "offline");
  assert.ok(await tab.evaluate(() => log.some(([, code]) => code === "SERVER_SHUTDOWN")));
  await server.start();
  await statusIs(tab, "connected");
  await tab.close();
});

test("stays away when it is disconnected, until it is started again", async () => {
  const tab = await openClient("thrown-out");
  await loaded(tab);
  await server.call("Sessions.DisconnectUser", "(ss)", "thrown-out", "enough");
  await statusIs(tab, "stopped");
  assert.equal(await tab.evaluate(() => belfry.error.code), "DISCONNECTED");
  assert.equal(await tab.evaluate(() => belfry.markRead(1).catch((error) => error.code)),
    "DISCONNECTED");
  await server.create("thrown-out");
  await tab.evaluate(() => belfry.start());
  await loaded(tab);
  await agree(tab, "thrown-out");
  await tab.close();
});

test("stops and starts as it is told", async () => {
  const tab = await openClient("stopped");
  await loaded(tab);
  const code = await tab.evaluate(() => {
    const answer = belfry.markRead(1).catch((error) => error.code);
    belfry.stop();
    belfry.stop();
    return answer;
  });
  assert.equal(code, "STOPPED");
  assert.equal(await tab.evaluate(() => belfry.status), "stopped");
  await waitFor(async () => (await sessions("stopped")) === 0, "the session to end");
  await tab.evaluate(() => belfry.start());
  await statusIs(tab, "connected");
  assert.equal(await sessions("stopped"), 1);
  await tab.close();
});

test("asks once more for a token when one was refused, and no third time", async () => {
  const bad = "a.b.c";
  const same = await openClient("refused", { tokens: [bad] });
  await statusIs(same, "stopped");
  assert.deepEqual(await same.evaluate(() => [belfry.error.code, asked]), ["INVALID_TOKEN", 2]);
  const other = await openClient("refused", { tokens: [bad, server.token("refused")] });
  await loaded(other);
  assert.equal(await other.evaluate(() => asked), 2);
  const third = await openClient("refused", { tokens: [bad, "d.e.f", server.token("refused")] });
  await statusIs(third, "stopped");
  assert.equal(await third.evaluate(() => asked), 2);
  await third.evaluate(() => belfry.start());
  await loaded(third);
  await Promise.all([same, other, third].map((tab) => tab.close()));
});

test("asks again for a token when there was none", async () => {
  const tab = await openClient("late", { tokens: [null, server.token("late")] });
  await loaded(tab);
  assert.deepEqual(await tab.evaluate(() => log),
    [["connecting", null], ["offline", "NO_TOKEN"], ["connected", null]]);
  await tab.close();
});

test("replaces its token before it runs out, without a new session", async () => {
  const tokens = [server.token("refresh", { expiresIn: 6 }), null, server.token("refresh")];
  const tab = await openClient("refresh", { tokens });
  await tab.waitForFunction(() => registered.length === 2);
  assert.equal(
    await tab.evaluate(() => new Set(registered.map(({ sessionId }) => sessionId)).size), 1);
  assert.deepEqual(await tab.evaluate(() => log), [["connecting", null], ["connected", null]]);
  assert.equal(await tab.evaluate(() => asked), 3);
  await tab.close();
});

test("forgets one user at once when a token is another's", async () => {
  const mine = await server.create("one-user", { secret: true });
  const tokens = [server.token("one-user", { expiresIn: 5 }), server.token("other-user")];
  const theirs = await server.create("other-user");
  const tab = await openClient("one-user", { tokens });
  await tab.waitForFunction(() => belfry.userId === "other-user" && belfry.loaded);
  await agree(tab, "other-user");
  const seen = await tab.evaluate(() => seen);
  assert.ok(seen.some(([user, ids]) => user === "one-user" && ids.includes(mine)));
  assert.ok(seen.every(([user, ids]) => user !== "other-user" || !ids.includes(mine)));
  assert.deepEqual(seen.at(-1)[1], [theirs]);
  assert.deepEqual(await tab.evaluate(() => rung), []);
  await tab.close();
});

test("forgets one user at once when it comes back as another", async () => {
  const proxy = await startProxy();
  await server.create("before-them");
  const tokens = [server.token("before-them"), server.token("after-them")];
  const tab = await openClient("before-them", { url: proxy.url, tokens });
  await loaded(tab);
  // Positions of both are of one database: a replay from the other's would be a wrong one.
  await server.create("after-them");
  await server.create("after-them");
  proxy.cut();
  await tab.waitForFunction(() => belfry.userId === "after-them" && belfry.loaded);
  await agree(tab, "after-them");
  assert.deepEqual(await tab.evaluate(() => rung), []);
  await tab.close();
});

test("keeps what was clicked offline, and does it afterwards in the same order", async () => {
  const proxy = await startProxy();
  const [a, b, c] = [await server.create("tunnel"), await server.create("tunnel"),
    await server.create("tunnel")];
  const tab = await openClient("tunnel", { url: proxy.url });
  await loaded(tab);
  proxy.down = true;
  proxy.cut();
  await statusIs(tab, "offline");
  const clicked = tab.evaluate(([one, two, three]) => Promise.all([
    belfry.markRead(one, two), belfry.markUnread(two), belfry.remove(three),
    belfry.request("other").catch((error) => error.code),
  ]), [a, b, c]);
  await tab.waitForFunction(() => asked > 2);
  proxy.down = false;
  assert.deepEqual(await clicked, [2, 1, 1, "CONNECTION_LOST"]);
  await agree(tab, "tunnel");
  await tab.close();
});

test("does again what was on its way when the line broke", async () => {
  const proxy = await startProxy();
  const id = await server.create("on-its-way");
  const tab = await openClient("on-its-way", { url: proxy.url });
  await loaded(tab);
  proxy.stall();
  await tab.evaluate((given) => {
    globalThis.marked = belfry.markRead(given);
  }, id);
  proxy.resume();
  assert.equal(await tab.evaluate(() => marked), 1);
  await agree(tab, "on-its-way");
  await tab.close();
});

test("says offline when the browser does, and connected as soon as it hears the server", async () => {
  const tab = await openClient("airplane");
  await loaded(tab);
  await context.setOffline(true);
  await tab.waitForFunction(() => log.some(([status]) => status === "offline"));
  await server.create("airplane");
  await context.setOffline(false);
  await statusIs(tab, "connected");
  await agree(tab, "airplane");
  await tab.close();
});

/** Makes the server's heartbeat, which is 25 s, shorter in the page. */
function hasten(heartbeat) {
  const Native = WebSocket;
  globalThis.WebSocket = class extends Native {
    set onmessage(listener) {
      super.onmessage = listener && (({ data }) => listener({
        data: data.replace(/"heartbeat":\d+/, `"heartbeat":${heartbeat}`),
      }));
    }
  };
}

test("notices a dead line, and one that was silent only", async () => {
  const proxy = await startProxy();
  const tab = await openClient("dead", { url: proxy.url, script: [hasten, 600] });
  await loaded(tab);
  await tab.waitForTimeout(1500);
  assert.deepEqual(await tab.evaluate(() => log), [["connecting", null], ["connected", null]]);
  proxy.stall();
  await server.create("dead");
  await statusIs(tab, "offline");
  proxy.resume();
  await statusIs(tab, "connected");
  await agree(tab, "dead");
  await tab.close();
});

// Chromium without a window freezes no page. So its scripts are held, and it is told of waking up.
const wakeUp = (tab) => tab.evaluate(() => document.dispatchEvent(new Event("resume")));

test("is right again when the page stood still, and belfryd was killed meanwhile", async () => {
  const tab = await openClient("frozen");
  await loaded(tab);
  let release = await pages.hold(tab);
  for (let i = 0; i < 20; i++) {
    await server.create("frozen");
  }
  release();
  await wakeUp(tab);
  await agree(tab, "frozen");
  release = await pages.hold(tab);
  await server.kill();
  await server.start();
  await server.create("frozen");
  release();
  await wakeUp(tab);
  await agree(tab, "frozen");
  await statusIs(tab, "connected");
  assert.equal((await tab.evaluate(() => rung)).length, 21);
  await tab.close();
});

test("doubts its line when the page wakes up, long before a heartbeat", async () => {
  const proxy = await startProxy();
  const tab = await openClient("asleep", { url: proxy.url });
  await loaded(tab);
  const release = await pages.hold(tab);
  proxy.stall();
  await server.create("asleep");
  release();
  await wakeUp(tab);
  // Unasked, a heartbeat and a half would pass, which is longer than any test waits.
  await statusIs(tab, "offline");
  proxy.resume();
  await statusIs(tab, "connected");
  await agree(tab, "asleep");
  await tab.close();
});

test("hands messages down the chain, and survives what a listener does", async () => {
  const tab = await openClient("chain");
  await loaded(tab);
  await tab.evaluate(() => {
    globalThis.heard = [];
    const note = (name, result) => (...values) => {
      heard.push([name, ...values.map((value) => value.type ?? value.n)]);
      return result;
    };
    belfry.use(() => {
      throw new Error("a handler's");
    });
    globalThis.dropFirst = belfry.use(note("first"));
    belfry.use(({ type, data }) => type === "taken" && note("second", true)(data));
    globalThis.dropListener = belfry.on("taken", note("never"));
    belfry.on("free", () => {
      throw new Error("a listener's");
    });
    belfry.on("free", note("listener"));
  });
  const tell = (type, n) =>
    server.call("Sessions.SendToUser", "(sss)", "chain", type, JSON.stringify({ n }));
  await tell("taken", 1);
  await tell("free", 2);
  await tab.waitForFunction(() => heard.length === 4);
  assert.deepEqual(await tab.evaluate(() => heard), [
    ["first", "taken"], ["second", 1], ["first", "free"], ["listener", 2, "free"],
  ]);
  await tab.evaluate(() => dropFirst());
  await tell("free", 3);
  await tab.waitForFunction(() => heard.length === 5);
  assert.deepEqual(tab.faults, [
    "a handler's", "a handler's", "a listener's", "a handler's", "a listener's",
  ]);
  await agree(tab, "chain");
  await tab.close();
});

test("asks workers, and says so when the line broke meanwhile", async () => {
  await server.call("Sessions.HandleMessages", "(as)", ["quiz.ask"]);
  const proxy = await startProxy();
  const tab = await openClient("asker", { url: proxy.url });
  await loaded(tab);
  const asked = [];
  server.worker.on("signal", (name, args) => name === "MessageReceived" && asked.push(args));
  const answer = tab.evaluate(() => belfry.request("quiz.ask", { question: "why" }));
  await waitFor(() => asked.length === 1, "the question");
  const [session, user, type, data, request] = asked[0];
  assert.deepEqual([user, type, JSON.parse(data)], ["asker", "quiz.ask", { question: "why" }]);
  await server.call("Sessions.Reply", "(sss)", session, request, '{"because":1}');
  assert.deepEqual(await answer, { because: 1 });
  const broken = tab.evaluate(() => belfry.request("quiz.ask").catch((error) => error.code));
  await waitFor(() => asked.length === 2, "the next question");
  proxy.cut();
  assert.equal(await broken, "CONNECTION_LOST");
  await statusIs(tab, "connected");
  await tab.evaluate(() => belfry.send("quiz.ask", { no: "answer" }));
  await waitFor(() => asked.length === 3, "what needs no answer");
  assert.equal(asked[2][4], "");
  const refusals = await tab.evaluate(() => Promise.all([
    belfry.request("nobody.knows"), belfry.request("Not a type"), belfry.request("x", []),
    belfry.request("list", { limit: 0 }), belfry.request("x", { big: "x".repeat(70000) }),
    belfry.markRead("1"),
  ].map((promise) => promise.catch(({ code, message }) => `${code} ${message}`))));
  assert.deepEqual(refusals.map((text) => text.split(" ")[0]),
    ["UNKNOWN_TYPE", ...Array(5).fill("INVALID_MESSAGE")]);
  assert.match(refusals[3], /limit/);
  assert.equal(await tab.evaluate(() => belfry.status), "connected");
  await tab.close();
});

test("needs no more than the policy in the docs, on a page of another origin", async () => {
  const id = await server.create("strict");
  const { origin, host } = new URL(server.url);
  const csp = `default-src 'none'; script-src ${origin}; connect-src 'self' ${origin} ws://${host}`;
  const tab = await context.newPage();
  await tab.goto(pages.blank({ csp, path: "/strict.html" }));
  const seen = await tab.evaluate(async ([url, token]) => {
    globalThis.violations = [];
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      violations.push(`${violatedDirective} ${blockedURI}`);
    });
    const { Belfry } = await import(`${url}client/belfry.js`);
    globalThis.belfry = new Belfry({ getToken: () => token });
    await new Promise((resolve) => {
      belfry.addEventListener("change", () => belfry.loaded && resolve());
    });
    return [belfry.notifications.map((item) => item.id), violations];
  }, [server.url, server.token("strict")]);
  assert.deepEqual(seen, [[id], []]);
  await tab.close();
});

test("sends no faster than the server allows", async () => {
  const tab = await openClient("busy");
  await loaded(tab);
  await tab.evaluate(async () => {
    await Promise.all(Array.from({ length: 215 }, () => belfry.request("unread_count")));
  });
  assert.deepEqual(await tab.evaluate(() => log), [["connecting", null], ["connected", null]]);
  await tab.close();
});
