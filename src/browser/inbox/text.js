// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// Words in the language of the page, under the names that gettext gives them. texts.json is made of
// po/ when Belfry is built.

let loading = null;

/** Language and script, so that zh-TW is not given what is written for zh-CN. */
function key(tag) {
  try {
    const { language, script } = new Intl.Locale(tag).maximize();
    return `${language}-${script}`;
  } catch {
    return "";
  }
}

const ENGLISH = key("en");

/** The first of the wanted languages in which there are words; English needs none. */
function choose(wanted, there) {
  for (const tag of wanted) {
    if (key(tag) === ENGLISH) {
      return null;
    }
    const found = there.find((other) => key(other) === key(tag));
    if (found) {
      return found;
    }
  }
  return null;
}

async function load() {
  const answer = await fetch(new URL("../texts.json", import.meta.url));
  return answer.json();
}

/** Puts values in the places of %s and %d. */
export function format(text, ...values) {
  return text.replace(/%[sd]/g, () => values.shift());
}

class Words {
  #texts;
  #plurals;

  /** language: of the words. locale: of dates and numbers. */
  constructor(language, locale, { texts = {}, plurals = "" } = {}) {
    this.language = language;
    this.locale = locale;
    this.#texts = texts;
    this.#plurals = plurals;
  }

  _ = (text) => this.#texts[text]?.[0] ?? text;

  /** `plurals` has the form for each number below 200; beyond, the last two digits tell it. */
  ngettext = (one, many, n) => {
    const form = Number(this.#plurals[n < 200 ? n : 100 + (n % 100)] ?? 0);
    return this.#texts[one]?.[form] ?? (n === 1 ? one : many);
  };
}

/** The words for a reader of these languages, the best first. */
export async function findWords(wanted) {
  const locale = wanted.find((tag) => key(tag) !== "") ?? "en";
  if (key(locale) !== ENGLISH) {
    try {
      const languages = await (loading ??= load());
      const language = choose(wanted, Object.keys(languages));
      if (language) {
        return new Words(language, locale, languages[language]);
      }
    } catch {
      // Words that cannot be had are no reason to show nothing.
      loading = null;
    }
  }
  return new Words("en", locale);
}
