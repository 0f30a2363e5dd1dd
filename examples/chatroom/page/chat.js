// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What is seen of the rooms. What they are is in room.js.

import { Room } from "./room.js";

const parameters = new URLSearchParams(location.hash.slice(1));
const url = new URL(parameters.get("url") ?? "/", location.href);
const token = parameters.get("token") ?? "";
if (parameters.get("dir") === "rtl") {
  document.documentElement.dir = "rtl";
}

// The client comes from the server that it talks to.
const { Belfry } = await import(new URL("client/belfry.js", url).href);

const $ = (id) => document.getElementById(id);
const dayFormat = new Intl.DateTimeFormat([], { weekday: "long", day: "numeric", month: "long" });
const timeFormat = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });

// A tab is a session of its own, so that the room knows when it is closed.
const client = new Belfry({ url, getToken: () => token, share: false });
const rooms = new Map();
/** Of each room, the newest message that was seen. */
const seen = new Map();
let current = null;
let due = false;

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function enter(name) {
  if (!rooms.has(name)) {
    const room = new Room(client, name);
    room.addEventListener("change", draw);
    rooms.set(name, room);
    localStorage.setItem("rooms", JSON.stringify([...rooms.keys()]));
  }
  current = rooms.get(name);
  document.title = `#${name} – Chat`;
  $("log").replaceChildren();
  drawn = "";
  draw();
  $("log").scrollTop = $("log").scrollHeight;
}

/** Once a frame, whatever has changed. */
function draw() {
  if (!due) {
    due = true;
    setTimeout(() => {
      due = false;
      drawNow();
    });
  }
}

function drawNow() {
  if (!document.hidden) {
    seen.set(current.name, current.transcript.newest);
  }
  drawRooms();
  drawHead();
  drawLog();
  drawTyping();
}

function countUnseen({ name, transcript }) {
  if (!seen.has(name) && transcript.newest > 0) {
    seen.set(name, transcript.newest);
  }
  return transcript.newest - (seen.get(name) ?? 0);
}

function drawRooms() {
  const entries = [...rooms.values()].map((room) => {
    const count = room === current ? 0 : countUnseen(room);
    return { room, count };
  });
  const shape = JSON.stringify(entries.map(({ room, count }) => [room.name, count, room === current]));
  if ($("rooms").dataset.shape === shape) {
    return;
  }
  const focused = document.activeElement?.dataset?.room;
  $("rooms").dataset.shape = shape;
  $("rooms").replaceChildren(...entries.map(({ room, count }) => {
    const item = document.createElement("li");
    const button = element("button", "", "");
    button.type = "button";
    button.dataset.room = room.name;
    button.append(element("span", "name", room.name));
    if (count > 0) {
      const badge = element("span", "count", count);
      badge.setAttribute("aria-label", `${count} unread`);
      button.append(badge);
    }
    if (room === current) {
      button.setAttribute("aria-current", "page");
    }
    button.onclick = () => enter(room.name);
    item.append(button);
    return item;
  }));
  if (focused) {
    document.querySelector(`[data-room="${focused}"]`)?.focus();
  }
}

function drawHead() {
  $("title").textContent = `# ${current.name}`;
  const members = [...current.members].sort();
  $("members").classList.toggle("here", current.joined);
  $("members").replaceChildren(element("bdi", "",
    current.joined ? `${members.length} here: ${members.join(", ")}` : ""));
  $("me").textContent = client.userId === null ? "" : `You are ${client.userId}`;
  const banner = describeTrouble();
  $("banner").hidden = banner === "";
  if ($("banner").textContent !== banner) {
    $("banner").textContent = banner;
  }
}

function describeTrouble() {
  if (client.status === "stopped") {
    return client.error?.message ?? "You have left the chat.";
  }
  if (client.status === "offline" || (client.status === "connecting" && client.userId !== null)) {
    return "You are offline. What you write is kept, and sent when the chat is back.";
  }
  return current.error ?? (client.status === "connected" && current.isAway
    ? "The chat is away. What you write is kept, and sent when it is back." : "");
}

function makeMessage({ key, from, text, at, seq }, { first, last }) {
  const own = from === String(client.userId);
  const item = element("div", "message", "");
  item.classList.toggle("own", own);
  item.classList.toggle("first", first);
  item.classList.toggle("last", last);
  // Its direction is that of what it says; that of the bubble is the page's.
  const body = element("div", "text", "");
  body.append(element("bdi", "", text));
  item.append(element("div", "author", own ? "You" : from), body);
  if (seq === undefined) {
    item.classList.add("pending");
    item.append(element("div", "state", "Waiting to be sent"));
  } else {
    const time = element("time", "", timeFormat.format(at));
    time.dateTime = new Date(at).toISOString();
    item.append(time);
    item.dataset.seq = seq;
  }
  item.dataset.key = `${from}/${key}`;
  return item;
}

const day = ({ at }) => new Date(at ?? Date.now()).toDateString();
const belongs = (a, b) => a && b && a.from === b.from && day(a) === day(b)
  && Math.abs((b.at ?? Date.now()) - (a.at ?? Date.now())) < 5 * 60_000;

let drawn = "";

function drawLog() {
  const log = $("log");
  const me = String(client.userId);
  const all = [...current.transcript.messages,
    ...current.transcript.pending.map((item) => ({ ...item, from: me }))];
  const shape = `${current.name} ${all.length} ${current.transcript.oldest} `
    + `${current.transcript.newest} ${all.length && all.at(-1).key} ${current.transcript.pending.length}`;
  if (shape === drawn) {
    return;
  }
  drawn = shape;
  // Whoever reads further up stays there; whoever is at the end sees what is new.
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  const fromEnd = log.scrollHeight - log.scrollTop;
  const grewAbove = log.dataset.oldest !== String(current.transcript.oldest);
  const known = new Map([...log.children].map((item) => [item.dataset.key, item]));
  const items = [];
  all.forEach((message, i) => {
    if (i === 0 || day(all[i - 1]) !== day(message)) {
      const item = element("div", "day", dayFormat.format(message.at ?? Date.now()));
      item.dataset.key = `day ${day(message)}`;
      items.push(known.get(item.dataset.key) ?? item);
    }
    const place = { first: !belongs(all[i - 1], message), last: !belongs(message, all[i + 1]) };
    const old = known.get(`${message.from}/${message.key}`);
    // What is there already is left there, so that a screen reader says only what is new.
    if (old && old.classList.contains("pending") === (message.seq === undefined)) {
      old.classList.toggle("first", place.first);
      old.classList.toggle("last", place.last);
      items.push(old);
    } else {
      items.push(makeMessage(message, place));
    }
  });
  if (items.length === 0 && current.joined) {
    items.push(element("p", "empty", "Nothing was said here yet. Begin."));
  }
  arrange(log, items);
  log.dataset.oldest = current.transcript.oldest;
  if (atEnd) {
    log.scrollTop = log.scrollHeight;
  } else if (grewAbove) {
    log.scrollTop = log.scrollHeight - fromEnd;
  }
}

/** Makes these the children, moving none that are in their order. */
function arrange(parent, items) {
  const wanted = new Set(items);
  [...parent.children].filter((item) => !wanted.has(item)).forEach((item) => item.remove());
  let next = parent.firstChild;
  for (const item of items) {
    if (item === next) {
      next = next.nextSibling;
    } else {
      parent.insertBefore(item, next);
    }
  }
}

function drawTyping() {
  const { typing } = current;
  const text = typing.length === 0 ? ""
    : typing.length > 3 ? "Several people are typing …"
      : `${typing.join(", ")} ${typing.length === 1 ? "is" : "are"} typing …`;
  if ($("typing").textContent !== text) {
    $("typing").textContent = text;
  }
}

$("enter").onsubmit = (event) => {
  event.preventDefault();
  const name = $("name").value.trim();
  if (name) {
    enter(name);
    $("name").value = "";
    $("text").focus();
  }
};

$("compose").onsubmit = (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (text) {
    current.say(text);
    $("text").value = "";
    drawNow();
    $("log").scrollTop = $("log").scrollHeight;
  }
};

$("text").onkeydown = (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("compose").requestSubmit();
  }
};

$("text").oninput = () => current.type();

// Where the keyboard of a phone comes up, the end stays in view.
let isAtEnd = true;
new ResizeObserver(() => {
  if (isAtEnd) {
    $("log").scrollTop = $("log").scrollHeight;
  }
}).observe($("log"));

let loading = false;
$("log").onscroll = async () => {
  isAtEnd = $("log").scrollHeight - $("log").scrollTop - $("log").clientHeight < 40;
  if (loading || $("log").scrollTop > 200) {
    return;
  }
  loading = true;
  // Offline there is no answer. Whoever scrolls again asks again.
  await current.loadOlder().catch(() => {});
  loading = false;
};

client.addEventListener("status", draw);
document.addEventListener("visibilitychange", draw);
addEventListener("pagehide", () => rooms.forEach((room) => room.leave()));
addEventListener("pageshow", (event) => event.persisted && rooms.forEach((room) => room.enter()));

const remembered = JSON.parse(localStorage.getItem("rooms") ?? "[]");
new Set(["lobby", ...remembered]).forEach(enter);
enter("lobby");
$("text").focus();
