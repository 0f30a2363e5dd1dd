// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// The words of the page in the language of its reader, under the names that gettext gives them.
// texts.json is made of po/ when Belfry is built.

let texts = {};
let plurals = "";

/** Language and script, so that zh-TW is not given what is written for zh-CN. */
function key(tag) {
  const { language, script } = new Intl.Locale(tag).maximize();
  return `${language}-${script}`;
}

/** The first of the reader's languages in which there are words; English needs none. */
function choose(wanted, there) {
  for (const tag of wanted) {
    if (key(tag) === key("en")) {
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
  const answer = await fetch("texts.json");
  const languages = await answer.json();
  const language = choose(navigator.languages, Object.keys(languages));
  if (language) {
    ({ texts, plurals } = languages[language]);
    document.documentElement.lang = language;
  }
}

export function _(text) {
  return texts[text]?.[0] ?? text;
}

/** `plurals` has the form for each number below 200; beyond, the last two digits tell it. */
export function ngettext(one, many, n) {
  const form = Number(plurals[n < 200 ? n : 100 + (n % 100)] ?? 0);
  return texts[one]?.[form] ?? (n === 1 ? one : many);
}

/** Puts values in the places of %s and %d. */
export function format(text, ...values) {
  return text.replace(/%[sd]/g, () => values.shift());
}

if (key(navigator.language) !== key("en")) {
  // Words that cannot be had are no reason to show nothing.
  await load().catch(() => {});
}
