// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What takes the place of serverApp.createNotification(), in Bun and Node: both for the server and
// for its workers, which need no way through the server any more. docs/quickdapp.md says how.

import { spawn } from "node:child_process";

// BELFRY_BUS says where Belfry is, if it isn't on the system bus: see man belfryctl.
const BELFRYCTL = process.env.BELFRYCTL ?? "belfryctl";

/** Runs belfryctl, and gives the one object that it prints. */
function run(args, input) {
  const child = spawn(BELFRYCTL, ["--json", ...args], { stdio: "pipe" });
  const read = async (stream) => (await stream.setEncoding("utf8").toArray()).join("");
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    // It may have ended before it read all; its exit status says why.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    const texts = Promise.all([read(child.stdout), read(child.stderr)]);
    child.on("close", async (status) => {
      const [result, problem] = await texts;
      if (status === 0) {
        resolve(JSON.parse(result));
      } else {
        reject(new Error(problem.trim() || `belfryctl ended with ${status}`));
      }
    });
  });
}

/**
 * Stores a notification, and rings in all tabs of the user. It is on the disk when this resolves.
 *
 * @param {number} userId
 * @param {{type: string, message?: string, [more: string]: unknown}} data
 * @param {{key?: string, tag?: string, expires?: string}} [options] key: a job that runs twice with
 *   the same one notifies once; tag: takes the place of an earlier one; expires: "2h", "30d"
 * @returns {Promise<number>} its id
 * @throws if Belfry is away or refuses it: let the job fail, and run again
 */
export async function createNotification(userId, data, options = {}) {
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  return (await run(["send", ...words, String(userId), "-"], JSON.stringify(data))).id;
}

/**
 * The same for many, thousands a second.
 *
 * @param {{userId: number, data: object, key?: string, tag?: string, expires?: number}[]} list
 *   expires: seconds. One without a key that was created before, with the same text, isn't again.
 * @returns {Promise<number>} how many are stored
 */
export async function createNotifications(list) {
  const lines = list.map((entry) => JSON.stringify({ ...entry, userId: String(entry.userId) }));
  return (await run(["import", "-"], lines.join("\n"))).stored;
}
