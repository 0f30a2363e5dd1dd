// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// One notification of the list.

import { readContent } from "./content.js";
import { drawCheck, drawCross, drawRing, make, setText } from "./dom.js";

/** A link that knows nothing of us, or a button. */
function makeTarget(url, properties, ...children) {
  return url
    ? make("a", { href: url, rel: "noopener", ...properties }, ...children)
    : make("button", { type: "button", ...properties }, ...children);
}

export class Item {
  element = make("li");
  notification = null;
  #owner;
  #words;
  #clock;
  #isCurrent = false;
  #main;
  #unread;
  #time;
  #read;

  /** owner: open, act, setRead and remove, each with the notification first. */
  constructor(owner, words, clock) {
    this.#owner = owner;
    this.#words = words;
    this.#clock = clock;
  }

  /** Touches what differs, and nothing else. */
  set(notification) {
    const before = this.notification;
    if (notification === before) {
      return;
    }
    this.notification = notification;
    if (!before || JSON.stringify(before.data) !== JSON.stringify(notification.data)) {
      this.#fill(readContent(notification.data));
    }
    if (before?.read !== notification.read) {
      this.#showRead();
    }
    this.tellTime();
  }

  get hasFocus() {
    return this.element.contains(this.element.getRootNode().activeElement);
  }

  focus() {
    this.#main.focus();
  }

  /** Only the controls of the current item are reached with Tab. */
  set isCurrent(isCurrent) {
    if (this.#isCurrent !== isCurrent) {
      this.#isCurrent = isCurrent;
      this.#setTabs();
    }
  }

  tellTime() {
    const then = new Date(this.notification.createdAt);
    setText(this.#time, this.#clock.ago(then));
  }

  #setTabs() {
    for (const control of this.element.querySelectorAll("a, button")) {
      control.tabIndex = this.#isCurrent ? 0 : -1;
    }
  }

  #fill({ title, body, isLong, url, icon, actions }) {
    const { _ } = this.#words;
    const then = new Date(this.notification.createdAt);
    const hadFocus = this.hasFocus;
    this.#unread = make("span", { className: "aside" });
    this.#main = makeTarget(url, { part: "title" },
      this.#unread, make("span", { dir: "auto" }, title || _("New notification")));
    this.#main.addEventListener("click", (event) => this.#owner.open(this.notification, event));
    // The middle button opens a link in a new tab.
    this.#main.addEventListener("auxclick", (event) => {
      if (url && event.button === 1) {
        this.#owner.open(this.notification, event);
      }
    });
    // In a list that is gone through with arrows, the title alone says little.
    const { id } = this.notification;
    this.#main.setAttribute("aria-describedby", isLong ? `time-${id}` : `body-${id} time-${id}`);
    this.#time = make("time", {
      part: "time", id: `time-${id}`, dir: "auto", dateTime: this.notification.createdAt, title: this.#clock.whole(then),
    });
    const text = make("div", { className: "text" },
      make("div", { className: "head" }, this.#main, this.#time));
    if (body) {
      text.append(this.#makeBody(body, isLong));
    }
    if (actions.length > 0) {
      text.append(make("div", { className: "actions" },
        ...actions.map((action) => this.#makeAction(action))));
    }
    this.element.replaceChildren(
      make("span", { part: "mark" }),
      ...(icon ? [this.#makeIcon(icon)] : []), text, this.#makeTools());
    this.#showRead();
    this.#setTabs();
    if (hadFocus) {
      this.focus();
    }
  }

  #makeIcon(url) {
    const icon = make("img", {
      part: "icon", alt: "", decoding: "async", loading: "lazy",
      referrerPolicy: "no-referrer",
    });
    icon.addEventListener("error", () => icon.remove());
    icon.src = url;
    return icon;
  }

  #makeBody(body, isLong) {
    const { _ } = this.#words;
    const id = `body-${this.notification.id}`;
    const paragraph = make("p", { part: "body", id, dir: "auto" }, body);
    if (!isLong) {
      return paragraph;
    }
    paragraph.classList.add("folded");
    const more = make("button", { type: "button", className: "more", ariaExpanded: "false" },
      _("Show more"));
    more.addEventListener("click", () => {
      const isFolded = paragraph.classList.toggle("folded");
      more.ariaExpanded = String(!isFolded);
      more.textContent = isFolded ? _("Show more") : _("Show less");
    });
    const both = new DocumentFragment();
    both.append(paragraph, more);
    return both;
  }

  #makeAction({ action, label, url }) {
    const target = makeTarget(url, { part: "action", dir: "auto" }, label);
    target.addEventListener("click", (event) => this.#owner.act(this.notification, action, event));
    return target;
  }

  #makeTools() {
    const { _ } = this.#words;
    this.#read = make("button", { part: "read tool", type: "button" });
    this.#read.addEventListener("click", () => this.#owner.setRead(this.notification));
    const remove = make("button", {
      part: "remove tool", type: "button", title: _("Remove"),
    }, drawCross());
    remove.ariaLabel = _("Remove");
    remove.addEventListener("click", () => this.#owner.remove(this.notification));
    return make("div", { className: "tools" }, this.#read, remove);
  }

  #showRead() {
    const { _ } = this.#words;
    const { read } = this.notification;
    const label = read ? _("Mark as unread") : _("Mark as read");
    this.element.part = this.element.className = read ? "item" : "item unread";
    this.#unread.textContent = read ? "" : `${_("Unread")}: `;
    this.#read.title = this.#read.ariaLabel = label;
    this.#read.replaceChildren(read ? drawRing() : drawCheck());
  }
}
