// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// The demo page: two views of one inbox, and how to put something into it. The token stands behind
// the # of the address, so that no server and no log ever sees it.

import { Belfry } from "../inbox/belfry-inbox.js";
import { explain } from "../inbox/reasons.js";
import { findWords } from "../inbox/text.js";

const COPIED_FOR = 2000;

const $ = (id) => document.getElementById(id);
const words = await findWords([...navigator.languages]);
const { _ } = words;

/** As a shell wants it. */
function quote(text) {
  return /^[\w.@-]+$/.test(text) ? text : `'${String(text).replaceAll("'", "'\\''")}'`;
}

/** A bus that is not the one a shell would take by itself has to be named. */
function writeCommand(userId, bus) {
  const before = bus ? `DBUS_SESSION_BUS_ADDRESS=${bus} \\\n` : "";
  return `${before}gdbus call --session --dest org.belfry.Belfry1 \\
  --object-path /org/belfry/Belfry1 \\
  --method org.belfry.Belfry1.Notifications.Create \\
  ${quote(userId)} '{"title": "Hello", "body": "from a shell"}' '{}'`;
}

function showStatus(text, kind) {
  $("status").textContent = text;
  $("status").className = `status ${kind}`;
}

function onStatus({ status, error, userId }, bus) {
  if (status === "connected") {
    showStatus(_("connected"), "good");
  } else if (status === "connecting") {
    showStatus(_("connecting"), "");
  } else if (status === "offline") {
    showStatus(_("connecting again"), "bad");
  } else {
    showStatus(error ? explain(error, words) : _("not connected"), "bad");
  }
  if (userId !== null) {
    $("user").textContent = userId;
    $("command").textContent = writeCommand(userId, bus);
    $("copy").hidden = false;
  }
}

function onCount({ unreadCount }) {
  document.title = unreadCount > 0 ? `(${unreadCount}) Belfry` : "Belfry";
}

async function copyCommand() {
  await navigator.clipboard.writeText($("command").textContent);
  $("copy").textContent = _("Copied");
  setTimeout(() => ($("copy").textContent = _("Copy")), COPIED_FOR);
}

function start() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const token = parameters.get("token");
  if (!token) {
    showStatus(_("no token: open the address that script/server prints"), "bad");
    return;
  }
  const belfry = new Belfry({ getToken: () => token });
  belfry.addEventListener("status", () => onStatus(belfry, parameters.get("bus")));
  belfry.addEventListener("change", () => onCount(belfry));
  $("bell").belfry = belfry;
  $("inbox").belfry = belfry;
}

for (const element of [document.documentElement, $("bell"), $("inbox")]) {
  element.lang = words.language;
}
$("title").textContent = _("Ring the bell");
$("what").textContent = _("Type this in a shell on the machine where Belfry runs. When the call returns, the notification is on disk, and here.");
$("tabs").textContent = _("Open this page in a second tab, too: what you read or remove in one is read or gone in the other.");
$("copy").textContent = _("Copy");
$("copy").onclick = copyCommand;
showStatus(_("connecting"), "");
start();
