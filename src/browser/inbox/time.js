// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How many midnights are between. */
function daysBetween(then, now) {
  const midnight = (date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return (midnight(now) - midnight(then)) / DAY;
}

/** Times as people of a language say them. */
export class Clock {
  #relative;
  #numeric;
  #date;
  #dateOfYear;
  #whole;

  constructor(locale) {
    this.#relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
    this.#numeric = new Intl.RelativeTimeFormat(locale, { style: "short" });
    this.#date = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
    this.#dateOfYear = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
    this.#whole = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" });
  }

  /** What is ahead of our clock happened just now. */
  ago(then, now = new Date()) {
    const past = now - then;
    const days = daysBetween(then, now);
    if (past < MINUTE) {
      return this.#relative.format(0, "second");
    }
    if (past < HOUR) {
      return this.#numeric.format(-Math.floor(past / MINUTE), "minute");
    }
    if (days < 1) {
      return this.#numeric.format(-Math.floor(past / HOUR), "hour");
    }
    if (days < 7) {
      return this.#relative.format(-days, "day");
    }
    return (days < 300 ? this.#date : this.#dateOfYear).format(then);
  }

  whole(then) {
    return this.#whole.format(then);
  }
}
