// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// A PostgreSQL of a test's own, at a socket in a temporary folder.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

import { waitFor } from "./harness.js";

const VERSIONS = "/usr/lib/postgresql";

export class Postgres {
  static async start() {
    const [newest] = readdirSync(VERSIONS).sort((a, b) => b - a);
    const binary = (name) => join(VERSIONS, newest, "bin", name);
    const database = new Postgres();
    database.folder = mkdtempSync(join(tmpdir(), "belfry-postgres-"));
    // It refuses to run as root.
    const who = {};
    if (userInfo().uid === 0) {
      who.uid = Number(execFileSync("id", ["-u", "postgres"], { encoding: "utf8" }));
      who.gid = Number(execFileSync("id", ["-g", "postgres"], { encoding: "utf8" }));
      chownSync(database.folder, who.uid, who.gid);
      chmodSync(database.folder, 0o755);
    }
    const data = join(database.folder, "data");
    const options = { ...who, cwd: database.folder, stdio: ["ignore", "ignore", "inherit"] };
    execFileSync(binary("initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
      "--locale", "C", "--no-sync"], options);
    database.process = spawn(binary("postgres"), ["-D", data, "-k", database.folder,
      "-c", "listen_addresses=", "-c", "fsync=off", "-c", "logging_collector=off",
      "-c", "log_min_messages=fatal"], { ...options, stdio: "ignore" });
    database.ended = once(database.process, "exit");
    database.url = `postgresql:///postgres?user=postgres&host=${database.folder}`;
    await waitFor(() => database.#answers(), "PostgreSQL");
    return database;
  }

  #answers() {
    try {
      execFileSync("pg_isready", ["-q", "-d", this.url]);
      return true;
    } catch {
      return false;
    }
  }

  /** Runs SQL. */
  run(text) {
    execFileSync("psql", [this.url, "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"],
      { input: text, stdio: ["pipe", "ignore", "inherit"] });
  }

  async close() {
    // Fast: sessions are not waited for.
    this.process.kill("SIGINT");
    await this.ended;
    rmSync(this.folder, { recursive: true });
  }
}
