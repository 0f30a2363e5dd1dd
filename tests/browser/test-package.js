// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// The npm package: that its tarball installs and works without a network, that its types say what
// the schemas of the wire say, and how large it is.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

import { root } from "./harness.js";
import { dataByType, Schemas } from "./schema-types.js";

const run = promisify(execFile);
const tsc = join(root, "tests/browser/node_modules/typescript/bin/tsc");
const SOURCE = join(root, "src/browser");
const CLIENT_LIMIT = 12 * 1024;
const INBOX_LIMIT = 20 * 1024;

let folder;
let app;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "belfry-package-"));
  // As it is installed: with the translations, which are made when Belfry is built.
  const source = join(folder, "source");
  await cp(SOURCE, source, { recursive: true });
  await cp(process.env.BELFRY_TEXTS, join(source, "texts.json"));
  const npm = (...args) => run("npm", [...args, "--offline", "--cache", join(folder, "cache")], {
    cwd: args[0] === "pack" ? source : app,
  });
  await npm("pack", "--pack-destination", folder);
  app = join(folder, "app");
  await mkdir(app);
  await writeFile(join(app, "package.json"), `{ "name": "app", "private": true, "type": "module" }`);
  const [tarball] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  assert.equal(tarball, `belfry-${await versionOfMeson()}.tgz`);
  await npm("install", "--no-audit", "--no-fund", join(folder, tarball));
});

after(() => rm(folder, { recursive: true }));

async function versionOfMeson() {
  const text = await readFile(join(root, "meson.build"), "utf8");
  return /^ *version: '([^']*)'/m.exec(text)[1];
}

/** Has the compiler look at these modules in the app; gives what it complains about, by module. */
async function check(modules) {
  const names = Object.keys(modules);
  await Promise.all(names.map((name) => writeFile(join(app, name), modules[name])));
  const options = [
    "--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022", "--module", "nodenext",
    "--lib", "es2022,dom",
  ];
  try {
    await run(process.execPath, [tsc, ...options, ...names], { cwd: app });
  } catch (error) {
    assert.ok(error.stdout, error.message);
    return Object.fromEntries(names.map((name) => [name, error.stdout.split("\n")
      .filter((line) => line.startsWith(`${name}(`)).join("\n")]));
  }
  return Object.fromEntries(names.map((name) => [name, ""]));
}

test("has its modules, types and translations, and nothing else", async () => {
  const installed = join(app, "node_modules/belfry");
  const names = (await readdir(installed, { recursive: true }))
    .filter((name) => /\./.test(name)).sort();
  for (const name of ["client/belfry.d.ts", "client/belfry.js", "client/shared-worker.js",
    "inbox/belfry-inbox.d.ts", "inbox/belfry-inbox.js", "texts.json", "README.md"]) {
    assert.ok(names.includes(name), `${name} is not among ${names}`);
  }
  assert.deepEqual(names.filter((name) => !/^(client|inbox)\/|^(package|texts)\.json$|^README\.md$/.test(name)), []);
  const { dependencies } = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));
  assert.equal(dependencies, undefined);
});

test("can be imported where there is no page, and says what is wrong", async () => {
  const script = `
    import { Belfry, BelfryError } from "belfry";
    const { code } = new BelfryError({ code: "BUSY", message: "later" });
    try { new Belfry({}); } catch (error) { console.log(code, error.message); }
  `;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], { cwd: app });
  assert.match(stdout, /^BUSY getToken/);
});

test("its types are as they are used", async () => {
  const complaints = await check({
    "use.ts": `
    import { Belfry, BelfryError, type Notification, type Status } from "belfry";
    const belfry = new Belfry({
      url: new URL("https://example.org/"), getToken: async () => "token",
      share: false, persist: true, pageSize: 50, transport: "websocket",
    });
    belfry.addEventListener("new", (event) => { const item: Notification = event.detail; });
    belfry.addEventListener("change", () => { const { length } = belfry.notifications; });
    const status: Status = belfry.status;
    const stop: () => void = belfry.on("notification_received", (data) => data.createdAt.length);
    belfry.on("chat.message", (data, message) => [data.text, message.type]);
    belfry.use(({ type }) => type === "mine");
    const { notifications, more } = await belfry.request("list", { limit: 10 });
    const answer = await belfry.request("chat.history", { before: 1 });
    const count: number = await belfry.markRead(1, 2);
    const error: BelfryError | null = belfry.error;
    await Belfry.forget();
  `,
    "without-token.ts": `
    import { Belfry } from "belfry";
    new Belfry({ url: "https://example.org/" });
  `,
    "read-only.ts": `
    import { Belfry } from "belfry";
    const belfry = new Belfry({ getToken: () => "token" });
    belfry.notifications.push();
  `,
    "inbox.ts": `
    import { Belfry } from "belfry";
    import { type BelfryInbox, type NotificationData } from "belfry/inbox";
    const inbox: BelfryInbox = document.createElement("belfry-inbox");
    inbox.belfry = new Belfry({ getToken: () => "token" });
    inbox.getToken = async () => "token";
    document.addEventListener("belfry-action", ({ detail: { action, notification } }) => {
      const data: NotificationData = notification.data;
      console.log(action.label.length, data.title?.length, notification.id);
    });
  `,
    "inbox-wrong.ts": `
    import "belfry/inbox";
    document.createElement("belfry-inbox").getToken = "token";
  ` });
  assert.equal(complaints["use.ts"], "");
  assert.match(complaints["without-token.ts"], /getToken/);
  assert.match(complaints["read-only.ts"], /push/);
  assert.equal(complaints["inbox.ts"], "");
  assert.match(complaints["inbox-wrong.ts"], /string/);
});

test("its types of frames, requests and replies are those of the schemas", async () => {
  const schemas = new Schemas();
  const [server, client, replies] = await Promise.all(
    ["server.schema.json", "client.schema.json", "replies.schema.json", "common.schema.json"]
      .map((name) => schemas.read(name)));
  const frames = dataByType(server);
  const { register, ...requests } = dataByType(client);
  const { count, ...answers } = replies.$defs;
  const write = (name, types, file) => `interface ${name} {\n${Object.entries(types)
    .map(([type, schema]) => `  ${type}: ${schemas.type(schema, file)};`).join("\n")}\n}\n`;
  const text = `
    import type { Notification, Replies, Requests, ServerFrames } from "belfry";
    ${write("Frames", frames, "server.schema.json")}
    ${write("Asked", requests, "client.schema.json")}
    ${write("Answers", answers, "replies.schema.json")}
    type Item = ${schemas.type(server.$defs.notification, "server.schema.json")};
    // The members one by one, however they were put together.
    type Flat<T> = T extends object ? { [K in keyof T]: Flat<T[K]> } : T;
    type Same<A, B> = (<T>() => T extends Flat<A> ? 1 : 2) extends (<T>() => T extends Flat<B> ? 1 : 2)
      ? true : { schema: Flat<A>; types: Flat<B> };
    type Each<A, B> = { [K in keyof A | keyof B]:
      K extends keyof A & keyof B ? Same<A[K], B[K]> : { onlyIn: K } };
    type Wrong<T> = { [K in keyof T as T[K] extends true ? never : K]: T[K] };
    const frames: Wrong<Each<Frames, ServerFrames>> extends Record<string, never>
      ? true : Wrong<Each<Frames, ServerFrames>> = true;
    const asked: Wrong<Each<Asked, Omit<Requests, "ping" | "unread_count">>> extends Record<string, never>
      ? true : Wrong<Each<Asked, Omit<Requests, "ping" | "unread_count">>> = true;
    const answers: Wrong<Each<Answers, Replies>> extends Record<string, never>
      ? true : Wrong<Each<Answers, Replies>> = true;
    const item: Same<Item, Notification> = true;
    const names: Exclude<keyof Requests, keyof Replies> extends never ? true : false = true;
  `;
  // It has to see each change: a member that goes, that comes, or is of another type.
  const changes = [
    ["heartbeat: ", "heart: "], ["unreadAt?: ", "unreadAt: "], ["more: (boolean)", "more: (string)"],
    ["read: (boolean)", "read: (boolean); archived: (boolean)"], ["ids: ", "ids?: "],
  ];
  const complaints = await check(Object.fromEntries([["schemas.ts", text],
    ...changes.map(([what, by], i) => [`changed-${i}.ts`, text.replace(what, by)])]));
  assert.equal(complaints["schemas.ts"], "");
  changes.forEach((change, i) => {
    assert.ok(text.includes(change[0]), change[0]);
    assert.notEqual(complaints[`changed-${i}.ts`], "", change.join(" → "));
  });
});

/** How many bytes a page fetches for these: minified and compressed, modules that two need once. */
async function measure(entries) {
  const { outputFiles } = await build({
    entryPoints: entries, bundle: true, minify: true, splitting: true, format: "esm", write: false,
    outdir: join(folder, "bundle"), absWorkingDir: app, target: "es2022",
  });
  return outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
}

test("is small, with what runs in the shared worker", async (t) => {
  const installed = join(app, "node_modules/belfry");
  const client = [join(installed, "client/belfry.js"), join(installed, "client/shared-worker.js")];
  const clientSize = await measure(client);
  const inboxSize = await measure([...client, join(installed, "inbox/belfry-inbox.js")]);
  t.diagnostic(`client: ${clientSize} of ${CLIENT_LIMIT} bytes, minified and compressed`);
  t.diagnostic(`client and component: ${inboxSize} of ${INBOX_LIMIT} bytes`);
  assert.ok(clientSize <= CLIENT_LIMIT, `client: ${clientSize} bytes`);
  assert.ok(inboxSize <= INBOX_LIMIT, `client and component: ${inboxSize} bytes`);
});
