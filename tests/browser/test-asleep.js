// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// A laptop that is asleep: the processes of the browser are really stopped, while the inbox goes on.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { agree, closeAll, loaded, openClient, server, startAll, statusIs } from "./client-page.js";
import { waitFor } from "./harness.js";

before(startAll);
after(closeAll);

/** The processes that this one started: { pid, parent, command, state }. */
function findProcesses() {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const command = readFileSync(`/proc/${pid}/cmdline`, "latin1");
      return [{ pid: Number(pid), parent: Number(parent), state, command }];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
  const below = (parent) => all.filter((one) => one.parent === parent)
    .flatMap((one) => [one, ...below(one.pid)]);
  return below(process.pid);
}

const findBrowser = () => findProcesses().filter(({ command }) => command.includes("chromium"));
const findRenderers = () => findBrowser().filter(({ command }) =>
  command.includes("--type=renderer"));

for (const [name, find] of [["browser", findBrowser], ["pages alone", findRenderers]]) {
  test(`is right again after sleep (the ${name}), shared and alone`, async () => {
    const user = `sleeper of the ${name}`;
    const ids = [];
    for (let n = 0; n < 4; n++) {
      ids.push(await server.create(user, { n }));
    }
    const tabs = [await openClient(user), await openClient(user, { options: { share: true } })];
    for (const tab of tabs) {
      await loaded(tab);
      await agree(tab, user);
    }
    const stopped = find();
    assert.ok(stopped.length > 0);
    stopped.forEach(({ pid }) => process.kill(pid, "SIGSTOP"));
    const made = [];
    try {
      await waitFor(() => find().every(({ state }) => state === "T"), "that all stand still");
      made.push(await server.create(user, { n: 4 }), await server.create(user, { n: 5 }));
      await server.call("Notifications.MarkRead", "(sat)", user, [ids[0], made[0]]);
      await server.kill();
      await server.start();
      made.push(await server.create(user, { n: 6 }));
      await server.call("Notifications.Remove", "(sat)", user, [ids[1], made[1]]);
    } finally {
      stopped.forEach(({ pid }) => process.kill(pid, "SIGCONT"));
    }
    for (const tab of tabs) {
      await agree(tab, user);
      await statusIs(tab, "connected");
      // What came before the browser stood still may have been told, and is told once.
      const rung = await tab.evaluate(() => rung);
      assert.equal(new Set(rung).size, rung.length);
      assert.ok(rung.includes(made[2]) && rung.every((id) => made.includes(id)));
      assert.deepEqual(tab.faults, []);
      await tab.close();
    }
  });
}
