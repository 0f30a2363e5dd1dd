// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a way over the server takes, and one from browser to browser: two pages in Chromium, which
// Belfry makes known to each other. BELFRYD is its program; it takes how many messages to send.

import { waitFor, launch, Pages, Server } from "../browser/harness.js";

const COUNT = Number(process.argv[2] ?? 300);
const PAUSE = 40; // ms: 25 a second stay below Belfry's limit for a client
const BYTES = 100;

const pages = await Pages.start();
const server = await Server.start({ origins: [pages.origin], options: ["--signalling"] });
// Otherwise addresses are hidden behind names of multicast DNS, which a server has not.
const browser = await launch("--disable-features=WebRtcHideLocalIpsWithMdns");

async function open(user) {
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(`${user}: ${error}`));
  await page.goto(pages.blank());
  await page.evaluate(async ({ url, token }) => {
    const { Belfry } = await import("/client/belfry.js");
    globalThis.belfry = new Belfry({ url, share: false, getToken: () => token });
    globalThis.echoes = false;
    globalThis.answers = new Map();
    globalThis.peer = new RTCPeerConnection();
    const signal = (data) => belfry.send("call.signal", { call, ...data });
    peer.onicecandidate = ({ candidate }) => candidate && signal({ candidate });
    const offer = async () => {
      await peer.setLocalDescription();
      signal({ description: peer.localDescription });
    };
    globalThis.say = { belfry: (message) => signal({ message }) };
    globalThis.use = (channel) => {
      say.channel = (message) => channel.send(JSON.stringify(message));
      channel.onmessage = ({ data }) => take("channel", JSON.parse(data));
      channel.onopen = () => {
        globalThis.isOpen = true;
      };
    };
    const take = (way, message) => echoes ? say[way](message) : answers.get(message.n)();
    belfry.on("call.signal", async ({ description, candidate, message }) => {
      if (message) {
        take("belfry", message);
      } else if (description) {
        await peer.setRemoteDescription(description);
        if (description.type === "offer") {
          await offer();
        }
      } else {
        await peer.addIceCandidate(candidate);
      }
    });
    globalThis.measure = async ({ way, count, pause, bytes }) => {
      const text = "x".repeat(bytes);
      const took = [];
      for (let n = 0; n < count; n++) {
        const begin = performance.now();
        await (way === "ping" ? belfry.request("ping") : new Promise((resolve) => {
          answers.set(n, resolve);
          say[way]({ n, text });
        }));
        took.push(performance.now() - begin);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
      return took.sort((a, b) => a - b);
    };
    globalThis.bytesOf = async () => {
      const transport = [...(await peer.getStats()).values()].find(({ type }) => type === "transport");
      return transport.bytesSent + transport.bytesReceived;
    };
    globalThis.offer = offer;
  }, { url: server.url, token: server.token(user) });
  await page.waitForFunction(() => belfry.status === "connected");
  return page;
}

function row(what, took) {
  const [p50, p99] = [0.5, 0.99].map((part) => took[Math.floor(part * took.length)].toFixed(2));
  console.log(`| ${what} | ${p50} | ${p99} |`);
}

try {
  const [alice, bob] = [await open("alice"), await open("bob")];
  const call = await alice.evaluate(async () => {
    globalThis.call = (await belfry.request("call.invite", { to: "bob" })).call;
    return call;
  });
  await bob.evaluate(async (id) => {
    globalThis.call = id;
    globalThis.echoes = true;
    peer.ondatachannel = ({ channel }) => use(channel);
    await belfry.request("call.accept", { call });
  }, call);
  await alice.evaluate(() => {
    use(peer.createDataChannel("measure"));
    return offer();
  });
  await waitFor(() => alice.evaluate(() => globalThis.isOpen), "the data channel");

  const measure = (way) => alice.evaluate((given) => measure(given),
    { way, count: COUNT, pause: PAUSE, bytes: BYTES });
  console.log("| round trip, ms | median | 99 of 100 |\n| --- | --- | --- |");
  row("client ↔ server", await measure("ping"));
  row("client ↔ server ↔ client", await measure("belfry"));
  const before = await alice.evaluate(() => bytesOf());
  row("client ↔ client", await measure("channel"));
  const bytes = await alice.evaluate(() => bytesOf()) - before;
  console.log(`\nA message of ${BYTES} bytes took ${Math.round(bytes / COUNT / 2)} in the channel.`);
  console.log(`Chromium ${browser.version()}`);
} finally {
  await browser.close();
  await server.close();
  await pages.close();
}
