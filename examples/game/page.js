// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// The page: who I am, whom I call, who calls me, and the game.

import { Belfry } from "/client/belfry.js";

import { Calls } from "./call.js";
import { GOAL, HEIGHT } from "./match.js";
import { drawSpark } from "./pulse.js";
import { Session } from "./session.js";
import { Table } from "./table.js";

const $ = (id) => document.getElementById(id);

/** #relay has everything go by the TURN server, to try that out. */
const policy = location.hash === "#relay" ? "relay" : "all";

const table = new Table($("table"));
let belfry = null;
let calls = null;
let outgoing = null;
let session = null;
let target = 0.5;
const keys = new Set();

function show(view) {
  for (const section of document.querySelectorAll("main > section")) {
    section.hidden = section.id !== view;
  }
  document.body.dataset.view = view;
}

function say(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
}

// --- Who I am -----------------------------------------------------------------------------------

/** A token for whoever says who he is: run.py gives it, for trying things out on one's own machine. */
async function fetchPass(user) {
  const answer = await fetch(`/pass?${new URLSearchParams({ user })}`);
  if (!answer.ok) {
    throw new Error(await answer.text());
  }
  return answer.json();
}

async function signIn(user) {
  try {
    const { url } = await fetchPass(user);
    belfry = new Belfry({
      url, share: false, getToken: async () => (await fetchPass(user)).token,
    });
  } catch (error) {
    say(error.message);
    return;
  }
  sessionStorage.setItem("user", user);
  calls = new Calls(belfry);
  calls.addEventListener("change", showInvitations);
  belfry.addEventListener("status", showStatus);
  say("");
  $("me").textContent = user;
  $("badge").hidden = false;
  showStatus();
  showInvitations();
  show("lobby");
  $("to").focus();
}

function showStatus() {
  const isThere = belfry.status === "connected";
  $("status").textContent = isThere ? "online" : belfry.status;
  $("badge").dataset.status = belfry.status;
  $("invite").disabled = !isThere;
  if (session) {
    showSession();
  }
}

// --- The lobby ----------------------------------------------------------------------------------

function button(text, className, onClick) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = className;
  element.textContent = text;
  element.addEventListener("click", onClick);
  return element;
}

function showInvitations() {
  const items = calls.invitations.map((invitation) => {
    const item = document.createElement("li");
    const name = document.createElement("strong");
    name.textContent = invitation.from;
    const text = document.createElement("span");
    text.append(name, " wants to play");
    item.append(text,
      button("Play", "primary", () => accept(invitation)),
      button("Not now", "", () => calls.decline(invitation).catch(report)));
    return item;
  });
  const hadFocus = $("invitations").contains(document.activeElement);
  $("invitations").replaceChildren(...items);
  $("invited").hidden = items.length === 0;
  if (hadFocus) {
    (items[0]?.querySelector("button") ?? $("to")).focus();
  }
}

function report(error) {
  say(error.message);
}

const reasons = {
  declined: (peer) => `${peer} does not want to play now.`,
  unanswered: (peer) => `${peer} did not answer.`,
  ended: (peer) => `${peer} has left the game.`,
  gone: (peer) => `The connection to ${peer} is lost.`,
};

async function invite(user) {
  say("");
  try {
    const call = await calls.invite(user, { game: "pong" });
    outgoing = call;
    call.addEventListener("state", () => onOutgoing(call));
    onOutgoing(call);
  } catch (error) {
    report(error);
  }
}

function onOutgoing(call) {
  if (call !== outgoing) {
    return;
  }
  $("ringing").hidden = call.state !== "ringing";
  $("invite-form").hidden = call.state === "ringing";
  $("callee").textContent = call.peer;
  if (call.state === "ringing") {
    $("cancel").focus();
    return;
  }
  outgoing = null;
  if (call.state === "open") {
    play(call);
  } else {
    say(reasons[call.reason]?.(call.peer) ?? "");
    $("to").focus();
  }
}

async function cancel() {
  const call = outgoing;
  outgoing = null;
  $("ringing").hidden = true;
  $("invite-form").hidden = false;
  $("to").focus();
  await call?.end();
}

async function accept(invitation) {
  say("");
  try {
    const call = await calls.accept(invitation);
    await cancel();
    play(call);
  } catch (error) {
    report(error);
  }
}

// --- The game -----------------------------------------------------------------------------------

function play(call) {
  session?.leave();
  session = new Session(call, { policy });
  // For whoever wants to look at it from the console.
  globalThis.session = session;
  const mine = session;
  mine.started.catch((error) => mine === session && leave(error.message));
  mine.addEventListener("change", () => mine === session && showSession());
  for (const [pulse, name] of [[mine.relayPulse, "relay"], [mine.directPulse, "direct"]]) {
    $(`${name}-time`).textContent = "–";
    pulse.addEventListener("change", () => mine === session && showPulse(pulse, name));
  }
  $("my-name").textContent = belfry.userId;
  $("other-name").textContent = call.peer;
  say("");
  show("game");
  showSession();
  $("table").focus();
  let last = performance.now();
  const onFrame = (now) => {
    if (mine !== session) {
      return;
    }
    const seconds = Math.min((now - last) / 1000, 0.1);
    last = now;
    steer(seconds);
    table.draw(mine.advance(seconds, target));
    showOverlay();
    requestAnimationFrame(onFrame);
  };
  requestAnimationFrame(onFrame);
}

function leave(text = "") {
  const old = session;
  session = null;
  old?.leave();
  say(text);
  show("lobby");
  showInvitations();
  $("to").focus();
}

function showSession() {
  const { call, score, route } = session;
  if (session.isOver) {
    leave(reasons[call.reason]?.(call.peer) ?? "The connection has ended.");
    return;
  }
  $("my-score").textContent = score[0];
  $("other-score").textContent = score[1];
  $("route").textContent = { direct: "direct", relayed: "by a TURN server" }[route] ?? "connecting";
  const isSignalled = belfry.status === "connected" && !call.away;
  $("signalling").textContent = isSignalled ? "connected" : "interrupted; the game goes on";
  $("relay").classList.toggle("lost", !isSignalled);
}

function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function showOverlay() {
  const { winner, call } = session;
  let text = "";
  if (winner) {
    text = winner === "me" ? "You win!" : `${call.peer} wins`;
  } else if (!session.isOpen) {
    text = `Connecting to ${call.peer} …`;
  } else if (!session.isHeard) {
    text = `Waiting for ${call.peer} …`;
  }
  setText($("overlay-text"), text);
  $("overlay").hidden = !text;
  $("again").hidden = !winner;
}

function showPulse(pulse, name) {
  $(`${name}-time`).textContent = pulse.median < 10 ? pulse.median.toFixed(1) : pulse.median.toFixed(0);
  const top = Math.max(5, ...session.relayPulse.times, ...session.directPulse.times);
  drawSpark($("relay-spark"), session.relayPulse.times, top);
  drawSpark($("direct-spark"), session.directPulse.times, top);
}

const UP = new Set(["ArrowUp", "w", "W"]);
const DOWN = new Set(["ArrowDown", "s", "S"]);

function steer(seconds) {
  const direction = [...keys].reduce(
    (sum, key) => sum + (UP.has(key) ? -1 : 0) + (DOWN.has(key) ? 1 : 0), 0);
  target = Math.min(0.9, Math.max(0.1, target + direction * 1.6 * seconds));
}

function onPointer(event) {
  const { top, height } = $("table").getBoundingClientRect();
  target = Math.min(0.9, Math.max(0.1, ((event.clientY - top) / height) * HEIGHT));
}

$("sign-in-form").addEventListener("submit", (event) => {
  event.preventDefault();
  signIn($("user").value.trim());
});
$("invite-form").addEventListener("submit", (event) => {
  event.preventDefault();
  invite($("to").value.trim());
});
$("cancel").addEventListener("click", cancel);
$("leave").addEventListener("click", () => leave());
$("again").addEventListener("click", () => session.again());
$("goal").textContent = GOAL;
$("table").addEventListener("pointermove", onPointer);
$("table").addEventListener("pointerdown", onPointer);
addEventListener("keydown", (event) => {
  if (session && (UP.has(event.key) || DOWN.has(event.key))) {
    keys.add(event.key);
    event.preventDefault();
  }
});
addEventListener("keyup", (event) => keys.delete(event.key));
addEventListener("blur", () => keys.clear());
addEventListener("pagehide", () => session?.leave());

const known = sessionStorage.getItem("user");
if (known) {
  signIn(known);
} else {
  show("sign-in");
  $("user").focus();
}
