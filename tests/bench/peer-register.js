// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the peers share: who connects is told so, and says who it is with a token signed with HS256,
// which is checked as Belfry checks it.

import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";

const secret = readFileSync(process.argv[2], "utf8").trimEnd();
const header = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString("base64url");

export const connected = JSON.stringify({
  type: "connected",
  data: { message: "Welcome", version: 1, heartbeat: 25000 },
});

/** The user of a token, or undefined if it isn't good. */
export function verify(token) {
  const [head, claims, signature] = token.split(".");
  const digest = createHmac("sha256", secret).update(`${head}.${claims}`).digest();
  const given = Buffer.from(signature, "base64url");
  if (head !== header || given.length !== digest.length || !timingSafeEqual(given, digest)) {
    return undefined;
  }
  const { sub, exp } = JSON.parse(Buffer.from(claims, "base64url").toString());
  return exp * 1000 > Date.now() ? sub : undefined;
}

let sessions = 0;

/** What a registering client is answered, and who it is; undefined if its token isn't good. */
export function register(text) {
  const { type, jwtToken } = JSON.parse(text);
  const userId = type === "register" ? verify(jwtToken) : undefined;
  if (userId === undefined) {
    return undefined;
  }
  const data = { userId, message: "Registered", sessionId: `s${++sessions}`, unreadCount: 0 };
  return { userId, answer: JSON.stringify({ type: "registered", data }) };
}

/** What a message becomes for a browser; `data` is JSON already. */
export function frame(data) {
  return `{"type":"bench","data":${data}}`;
}
