// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the data of a notification means to people, as docs/inbox.md says. It comes from anywhere:
// what has another form than it should have is left out.

const MAX_TITLE = 200;
const MAX_BODY = 10000;
const MAX_LABEL = 60;
const MAX_ACTIONS = 5;
const MAX_URL = 2048;

const LONG_BODY = 220;
const LONG_LINES = 4;

/** A name of a desktop's theme of icons, which a page does not have. */
const ICON_NAME = /^[A-Za-z0-9-]*$/;
const ACTION_ID = /^[a-z0-9_.-]{1,64}$/;
/** What could disturb what stands beside it: control characters, and those that turn the writing. */
const DROPPED = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

function clean(value, max, keepsLines) {
  if (typeof value !== "string") {
    return "";
  }
  const text = value
    .split("\n")
    .map((line) => line.replace(/[\t\r ]+/g, " ").replace(DROPPED, ""))
    .join(keepsLines ? "\n" : " ")
    .trim();
  // In characters, so that none is cut in two.
  const characters = text.length > max ? [...text] : [];
  return characters.length > max ? `${characters.slice(0, max).join("").trimEnd()}…` : text;
}

/** Where a link may lead: absolute with http or https, or to this page's own origin. Else null. */
function findUrl(value) {
  if (typeof value !== "string" || value === "" || value.length > MAX_URL
      || /[\s\p{Cc}]/u.test(value)) {
    return null;
  }
  try {
    const url = new URL(value, document.baseURI);
    const isFine = /^https?:\/\//i.test(value) || url.origin === location.origin;
    // A name before the host is there to deceive.
    return isFine && /^https?:$/.test(url.protocol) && url.username === "" ? url.href : null;
  } catch {
    return null;
  }
}

function findActions(value) {
  if (!Array.isArray(value)) {
    return [];
  }
  const actions = [];
  for (const action of value) {
    const label = clean(action?.label, MAX_LABEL, false);
    const url = findUrl(action?.url);
    const id = typeof action?.id === "string" && ACTION_ID.test(action.id) ? action.id : null;
    if (label && (action.url === undefined ? id : url)) {
      actions.push({ action, label, url });
    }
  }
  return actions.slice(0, MAX_ACTIONS);
}

/** Title and body are plain text. A notification without a title has the first line of its body. */
export function readContent(data) {
  let title = clean(data?.title, MAX_TITLE, false);
  let body = clean(data?.body, MAX_BODY, true);
  if (title === "") {
    const [line, ...rest] = body.split("\n");
    title = clean(line, MAX_TITLE, false);
    body = line.length > MAX_TITLE ? body : rest.join("\n").trim();
  }
  return {
    title,
    body,
    isLong: body.length > LONG_BODY || body.split("\n").length > LONG_LINES,
    url: findUrl(data?.url),
    icon: ICON_NAME.test(data?.icon) ? null : findUrl(data?.icon),
    actions: findActions(data?.actions),
  };
}
