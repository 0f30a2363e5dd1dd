// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// <belfry-inbox>: the inbox of a user as an element. docs/inbox.md says what can be set and styled.

import { Belfry, BelfryError } from "../client/belfry.js";
import { readContent } from "./content.js";
import { drawBell, make, setText } from "./dom.js";
import { Item } from "./item.js";
import { List } from "./list.js";
import { place } from "./place.js";
import { explain } from "./reasons.js";
import { sheet } from "./style.js";
import { findWords, format } from "./text.js";
import { Clock } from "./time.js";

export { Belfry, BelfryError };

const MOST_SHOWN = 99;
const TELL_TIMES_EVERY = 30_000;
/** What rings within it is told in one sentence. */
const ANNOUNCE_AFTER = 300;
const SKELETONS = 3;

/** The inboxes of a page that show one client. The first of them tells what rings, for all. */
const shownBy = new WeakMap();

export class BelfryInbox extends HTMLElement {
  static observedAttributes = ["inline", "lang", "token-url", "url"];

  /** Between the two callbacks. When a class comes late, attributes are told before the first of them. */
  #isHere = false;
  #belfry = null;
  /** Whether it was made here, and so has to be stopped here. */
  #isOwn = false;
  #getToken = null;
  #words = null;
  #clock = null;
  #list;
  #isLoadingOlder = false;
  /** Whether the focus was in the panel when it was closed. */
  #hadFocus = false;
  #fault = null;
  #rung = [];
  #announceTimer = 0;
  #timesTimer = 0;

  #bell = make("button", { part: "bell", type: "button" });
  #badge = make("span", { part: "badge", ariaHidden: "true" });
  #heading = make("h2", { part: "heading", id: "heading" });
  #readAll = make("button", { part: "read-all plain", type: "button" });
  #reason = make("span");
  #retry = make("button", { part: "retry plain", type: "button" });
  #status = make("div", { part: "status", role: "status" },
    this.#reason, this.#retry);
  #loading = make("div", { part: "loading" });
  #emptyText = make("span");
  #empty = make("div", { part: "empty" });
  #older = make("button", { part: "older", type: "button" });
  #scroller = make("div", { className: "scroller" });
  #panel = make("div", { part: "panel", id: "panel", tabIndex: -1 });
  #live = make("div", { className: "aside", role: "status" });
  #nearEnd = new IntersectionObserver(([entry]) => entry.isIntersecting && this.#loadOlder());

  constructor() {
    super();
    this.#list = new List({
      makeItem: () => new Item(this.#owner, this.#words, this.#clock),
      onRemove: (notification) => this.#owner.remove(notification),
      onEmptied: () => this.#panel.focus(),
    });
    this.#panel.setAttribute("aria-labelledby", "heading");
    this.#bell.append(drawBell(), this.#badge);
    this.#empty.append(make("slot", { name: "empty" }, drawBell(), this.#emptyText));
    this.#scroller.append(this.#loading, this.#list.element, this.#empty, this.#older);
    this.#panel.append(
      make("div", { part: "header" }, this.#heading, this.#readAll),
      this.#status, this.#scroller);
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.append(this.#bell, this.#panel, this.#live);

    this.#bell.addEventListener("animationend", () => this.#bell.classList.remove("rings"));
    this.#readAll.addEventListener("click", () => this.#ask((belfry) => belfry.markAllRead()));
    this.#retry.addEventListener("click", () => this.#belfry.start());
    this.#older.addEventListener("click", () => this.#loadOlder());
    this.#panel.addEventListener("beforetoggle", (event) => this.#beforeToggle(event));
    this.#panel.addEventListener("toggle", (event) => this.#onToggle(event));
    this.#panel.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** The client whose inbox is shown. Whoever sets it starts and stops it. */
  get belfry() {
    return this.#belfry;
  }

  set belfry(belfry) {
    this.#use(belfry, false);
  }

  /** Gives a token, as the client's option of that name; then the client is made here. */
  get getToken() {
    return this.#getToken;
  }

  set getToken(getToken) {
    this.#getToken = getToken;
    this.#makeOwn();
  }

  connectedCallback() {
    for (const name of ["belfry", "getToken"]) {
      // What was set before this class was there hides it.
      if (Object.hasOwn(this, name)) {
        const value = this[name];
        delete this[name];
        this[name] = value;
      }
    }
    this.#isHere = true;
    this.#setMode();
    this.#listen(true);
    if (this.#isOwn) {
      this.#belfry.start();
    } else {
      this.#makeOwn();
    }
    this.#speak();
    this.#timesTimer = setInterval(() => this.#isShown && this.#list.tellTimes(), TELL_TIMES_EVERY);
  }

  disconnectedCallback() {
    this.#isHere = false;
    this.#listen(false);
    clearInterval(this.#timesTimer);
    clearTimeout(this.#announceTimer);
    this.#rung = [];
    if (this.#isOwn) {
      this.#belfry.stop();
    }
  }

  attributeChangedCallback(name, before, after) {
    if (!this.#isHere || before === after) {
      return;
    }
    if (name === "lang") {
      this.#speak();
    } else if (name === "inline") {
      this.#setMode();
      this.#render();
    } else {
      this.#makeOwn();
    }
  }

  get #isInline() {
    return this.hasAttribute("inline");
  }

  get #isShown() {
    return this.#isInline || this.#panel.matches(":popover-open");
  }

  // --- the client

  #use(belfry, isOwn) {
    this.#listen(false);
    if (this.#isOwn) {
      this.#belfry.stop();
    }
    this.#belfry = belfry;
    this.#isOwn = isOwn;
    this.#fault = null;
    this.#listen(true);
    this.#render();
  }

  /** A client of our own, if there is all that it needs. */
  #makeOwn() {
    const address = this.getAttribute("token-url");
    const getToken = this.#getToken ?? (address && (() => this.#fetchToken(address)));
    if (!this.#isHere || (this.#belfry && !this.#isOwn) || !getToken) {
      return;
    }
    const url = this.getAttribute("url") ?? undefined;
    this.#use(new Belfry({ url, getToken }), true);
  }

  async #fetchToken(address) {
    const answer = await fetch(address, { cache: "no-store" });
    if (!answer.ok) {
      throw new Error(`${address}: ${answer.status}`);
    }
    return (await answer.text()).trim();
  }

  #listen(on) {
    const change = on ? "addEventListener" : "removeEventListener";
    if (this.#belfry && (!on || this.#isHere)) {
      this.#belfry[change]("change", this.#onChange);
      this.#belfry[change]("status", this.#onChange);
      this.#belfry[change]("new", this.#onNew);
      const inboxes = shownBy.get(this.#belfry) ?? new Set();
      shownBy.set(this.#belfry, inboxes);
      on ? inboxes.add(this) : inboxes.delete(this);
    }
  }

  #onChange = () => {
    this.#fault = null;
    this.#render();
  };

  /** Asks the client; what goes wrong is told in the place of the status. */
  async #ask(request) {
    try {
      await request(this.#belfry);
    } catch (error) {
      this.#fault = error;
      this.#render();
    }
  }

  async #loadOlder() {
    if (this.#isLoadingOlder || !this.#belfry?.hasOlder) {
      return;
    }
    this.#isLoadingOlder = true;
    this.#render();
    await this.#ask((belfry) => belfry.loadOlder());
    this.#isLoadingOlder = false;
    this.#render();
    if (!this.#fault) {
      // The end may still be in sight; nobody would be told of that.
      this.#nearEnd.unobserve(this.#older);
      this.#nearEnd.observe(this.#older);
    }
  }

  // --- what a person does

  #owner = {
    open: (notification, event) => {
      this.#owner.dispatch("belfry-open", { notification }, event);
    },
    act: (notification, action, event) => {
      this.#owner.dispatch("belfry-action", { notification, action }, event);
    },
    /** It is read; the page can keep a link from being followed, or do other things with it. */
    dispatch: (type, detail, event) => {
      const { id, read } = detail.notification;
      if (!read) {
        this.#ask((belfry) => belfry.markRead(id));
      }
      const isFine = this.dispatchEvent(
        new CustomEvent(type, { detail, bubbles: true, cancelable: true, composed: true }));
      if (!isFine) {
        event.preventDefault();
      }
    },
    setRead: ({ id, read }) => {
      this.#ask((belfry) => (read ? belfry.markUnread(id) : belfry.markRead(id)));
    },
    remove: ({ id }) => {
      this.#ask((belfry) => belfry.remove(id));
    },
  };

  #beforeToggle({ newState }) {
    this.#hadFocus = this.#panel.contains(this.shadowRoot.activeElement);
    removeEventListener("resize", this.#place);
    removeEventListener("scroll", this.#place, true);
    if (newState === "open") {
      addEventListener("resize", this.#place);
      addEventListener("scroll", this.#place, { capture: true, passive: true });
      // It can be measured before it is painted, but not yet.
      requestAnimationFrame(() => {
        this.#render();
        this.#list.tellTimes();
        this.#scroller.scrollTop = 0;
        this.#place();
        this.#panel.focus({ preventScroll: true });
      });
    }
  }

  /** In a shadow tree, not every browser gives the focus back. */
  #onToggle({ newState }) {
    if (newState === "closed" && this.#hadFocus) {
      this.#bell.focus();
    }
  }

  #place = () => place(this.#panel, this.#bell);

  #onKey(event) {
    if (event.target === this.#panel && ["ArrowDown", "Home"].includes(event.key)) {
      event.preventDefault();
      this.#list.focus();
    }
  }

  #onNew = ({ detail }) => {
    this.#bell.classList.add("rings");
    const [teller] = shownBy.get(this.#belfry);
    if (teller !== this) {
      return;
    }
    this.#rung.push(detail);
    if (this.#rung.length === 1) {
      this.#announceTimer = setTimeout(() => this.#announce(), ANNOUNCE_AFTER);
    }
  };

  /** For those who hear and don't see. */
  #announce() {
    const { _, ngettext } = this.#words;
    const rung = this.#rung.splice(0);
    const newest = readContent(rung.at(-1).data);
    const text = rung.length > 1
      ? format(ngettext("%d new notification", "%d new notifications", rung.length), rung.length)
      : [_("New notification"), newest.title, newest.body.slice(0, 200)].filter(Boolean).join(": ");
    this.#live.replaceChildren(make("p", {}, text));
  }

  // --- what is shown

  get #language() {
    return this.closest("[lang]")?.lang || document.documentElement.lang;
  }

  async #speak() {
    const tag = this.#language;
    const words = await findWords(tag ? [tag] : [...navigator.languages]);
    if (tag !== this.#language) {
      return;
    }
    if (words.language === this.#words?.language && words.locale === this.#words.locale) {
      return;
    }
    const { _ } = words;
    this.#words = words;
    this.#clock = new Clock(words.locale);
    this.#list.clear();
    setText(this.#heading, _("Notifications"));
    setText(this.#readAll, _("Mark all read"));
    setText(this.#older, _("Older ones"));
    setText(this.#retry, _("Try again"));
    setText(this.#emptyText, _("Nothing yet. What is new shows up here."));
    this.#loading.replaceChildren(make("span", { className: "aside" }, _("Loading…")),
      ...Array.from({ length: SKELETONS }, () => make("div", { className: "skeleton" })));
    this.#render();
  }

  #setMode() {
    this.#bell.hidden = this.#isInline;
    if (this.#isInline) {
      this.#panel.removeAttribute("popover");
      this.#panel.role = "region";
    } else {
      this.#panel.setAttribute("popover", "");
      this.#panel.role = "dialog";
      this.#bell.ariaHasPopup = "dialog";
      this.#bell.popoverTargetElement = this.#panel;
    }
  }

  #render() {
    if (!this.#words || !this.#isHere) {
      return;
    }
    const { _, ngettext } = this.#words;
    const { notifications, unreadCount, hasOlder, loaded } = this.#belfry
      ?? { notifications: [], unreadCount: 0, hasOlder: false, loaded: false };
    const count = format(
      ngettext("%d unread notification", "%d unread notifications", unreadCount), unreadCount);
    this.#bell.ariaLabel = unreadCount > 0 ? count : _("Notifications");
    this.#bell.title = this.#bell.ariaLabel;
    this.#badge.hidden = unreadCount === 0;
    setText(this.#badge, unreadCount > MOST_SHOWN ? `${MOST_SHOWN}+` : String(unreadCount));
    if (!this.#isShown) {
      return;
    }
    this.#readAll.disabled = unreadCount === 0;
    this.#showStatus();
    this.#list.update(notifications);
    const isEmpty = notifications.length === 0;
    this.#list.element.hidden = isEmpty;
    this.#empty.hidden = !(isEmpty && loaded);
    this.#loading.hidden = !(isEmpty && !loaded && this.#belfry?.status !== "stopped");
    this.#older.hidden = !hasOlder;
    this.#older.ariaDisabled = String(this.#isLoadingOlder);
    this.#scroller.ariaBusy = String(this.#isLoadingOlder || !loaded);
    if (hasOlder) {
      this.#nearEnd.observe(this.#older);
    } else {
      this.#nearEnd.unobserve(this.#older);
    }
  }

  #showStatus() {
    const { _ } = this.#words;
    const { status = "stopped", error = null } = this.#belfry ?? {};
    const state = {
      offline: _("Offline. Connecting again"),
      stopped: _("Not connected"),
    }[status];
    const why = this.#fault ?? error;
    const text = [state, why && explain(why, this.#words)].filter(Boolean).join(": ");
    this.#status.classList.toggle("quiet", text === "");
    setText(this.#reason, text);
    this.#retry.hidden = !(this.#belfry && status === "stopped");
  }
}

customElements.define("belfry-inbox", BelfryInbox);
