// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// When a token runs out, as far as its bearer has to know.

/** What a JSON Web Token says, unverified, or {} if it cannot be read. */
export function readClaims(token) {
  try {
    const [, payload] = token.split(".");
    const bytes = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(decodeURIComponent(escape(bytes))) ?? {};
  } catch {
    return {};
  }
}

/**
 * After how many milliseconds a token should be replaced: when 80 % of its life is over, but 10
 * seconds before its end, or half of what is left if that is less. Infinity if it does not say.
 *
 * A server that has just taken a token which seems to have run out has another clock. Then what
 * counts is how long such a token is meant to live.
 */
export function refreshDelay(token, now) {
  const { exp, iat } = readClaims(token);
  if (!Number.isFinite(exp)) {
    return Infinity;
  }
  let life = exp * 1000 - now;
  if (life <= 0) {
    life = Number.isFinite(iat) && exp > iat ? (exp - iat) * 1000 : 60000;
  }
  return Math.max(Math.min(0.8 * life, life - 10000), life / 2);
}

/** The names of the claims that name this user: which of them the server reads is its own affair. */
export function userClaims(token, userId) {
  return Object.entries(readClaims(token))
    .filter(([, value]) => String(value) === String(userId)).map(([name]) => name);
}

/** Whether a token names this user in all these claims. */
export function namesUser(token, userId, claims) {
  const given = readClaims(token);
  return claims.length > 0 && claims.every((name) => String(given[name]) === String(userId));
}
