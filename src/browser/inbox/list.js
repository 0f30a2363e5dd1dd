// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// The list: which items there are, and which of them the keyboard is at.

import { make } from "./dom.js";

export class List {
  element = make("ul", { part: "list", role: "list" });
  #items = new Map();
  #current = null;
  #makeItem;
  #onRemove;
  #onEmptied;

  /** onEmptied: the last item had the focus and is gone. */
  constructor({ makeItem, onRemove, onEmptied }) {
    this.#makeItem = makeItem;
    this.#onRemove = onRemove;
    this.#onEmptied = onEmptied;
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    this.element.addEventListener("focusin", (event) => {
      this.#setCurrent(this.#find(event.target));
    });
  }

  clear() {
    this.#items.clear();
    this.#current = null;
    this.element.replaceChildren();
  }

  /** Makes the list show these, in this order. An item stays the element that it was. */
  update(notifications) {
    const wanted = new Set(notifications.map(({ id }) => id));
    const heir = this.#current?.hasFocus ? this.#findHeir(wanted) : null;
    const orphaned = heir !== this.#current && this.#current?.hasFocus;
    for (const [id, item] of this.#items) {
      if (!wanted.has(id)) {
        this.#items.delete(id);
        item.element.remove();
      }
    }
    let next = this.element.firstElementChild;
    for (const notification of notifications) {
      const item = this.#items.get(notification.id) ?? this.#add(notification.id);
      item.set(notification);
      if (item.element === next) {
        next = next.nextElementSibling;
      } else {
        this.element.insertBefore(item.element, next);
      }
    }
    // Who comes in with Tab begins with the newest.
    this.#setCurrent(heir ?? this.#find(this.element.firstElementChild));
    if (orphaned) {
      heir ? heir.focus() : this.#onEmptied();
    }
  }

  tellTimes() {
    this.#items.forEach((item) => item.tellTime());
  }

  focus() {
    this.#current?.focus();
  }

  #add(id) {
    const item = this.#makeItem();
    item.element.dataset.id = id;
    this.#items.set(id, item);
    return item;
  }

  #find(node) {
    const element = node?.closest("li");
    return element ? this.#items.get(Number(element.dataset.id)) : null;
  }

  #setCurrent(item) {
    if (this.#current && this.#current !== item) {
      this.#current.isCurrent = false;
    }
    this.#current = item;
    if (item) {
      item.isCurrent = true;
    }
  }

  /** Who has the focus when this is done: the current one, else the next that stays, else the one before. */
  #findHeir(wanted) {
    const { element } = this.#current;
    for (const step of ["nextElementSibling", "previousElementSibling"]) {
      for (let node = element; node; node = node[step]) {
        if (wanted.has(Number(node.dataset.id))) {
          return this.#find(node);
        }
      }
    }
    return null;
  }

  #onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) {
      return;
    }
    const { element } = this.#find(event.target);
    const targets = {
      ArrowDown: element.nextElementSibling,
      ArrowUp: element.previousElementSibling,
      Home: this.element.firstElementChild,
      End: this.element.lastElementChild,
    };
    if (Object.hasOwn(targets, event.key)) {
      event.preventDefault();
      this.#find(targets[event.key])?.focus();
    } else if (event.key === "Delete") {
      event.preventDefault();
      this.#onRemove(this.#find(event.target).notification);
    }
  }
}
