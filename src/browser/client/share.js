// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// How a face comes to the engine that all tabs share: a port that finds the hub (hub.js) in a
// SharedWorker, or else in the one of the tabs that leads, and finds the next when it has gone.
//
// Web Locks say who lives. Each face holds one of its own, so that the hub learns of a tab that was
// closed or has crashed. Whoever has the hub holds the lock of the address; who gets it leads.

import { Hub } from "./hub.js";

const locks = globalThis.navigator?.locks;

export const canShare = Boolean(locks && globalThis.document && globalThis.BroadcastChannel);

/** How long a worker may take to say anything before it is given up. */
const WORKER_TIME = 10000;

/** Holds a lock until the function that this gives is called. */
function hold(name, options = {}) {
  return new Promise((resolve, reject) => {
    locks.request(name, options, () => new Promise((release) => resolve(release))).catch(reject);
  });
}

/** Calls back when nobody holds the lock any more. Gives how to stop waiting. */
export function whenFree(name, callback) {
  const controller = new AbortController();
  locks.request(name, { mode: "shared", signal: controller.signal }, callback).catch(() => {});
  return () => controller.abort();
}

/** What a worker or a leader does with a face: it stays until its lock is free. */
export function admit(hub, port, name) {
  const leave = hub.add(port);
  return whenFree(name, () => {
    leave();
    port.close?.();
  });
}

export class SharedPort {
  onmessage = null;
  #options;
  #name;
  #lock = null;
  /** What was said before there was a hub. */
  #queue = [];
  #port = null;
  #wasThere = false;
  #closers = [];
  /** Whether a worker can be had, as far as it is known. */
  #hasWorker = Boolean(globalThis.SharedWorker);
  #leads = false;

  /** options: url, pageSize, persist, transport. */
  constructor(options) {
    this.#options = options;
    // Tabs with another release of this code do not understand each other.
    this.#name = `belfry ${new URL(".", import.meta.url)} ${options.url}`;
    addEventListener("pagehide", this.#onPage);
    addEventListener("pageshow", this.#onPage);
    document.addEventListener("freeze", this.#onPage);
    document.addEventListener("resume", this.#onPage);
    this.#open();
  }

  postMessage(message) {
    if (message.what === "bye") {
      this.#port?.postMessage(message);
      this.#close();
      removeEventListener("pagehide", this.#onPage);
      removeEventListener("pageshow", this.#onPage);
      document.removeEventListener("freeze", this.#onPage);
      document.removeEventListener("resume", this.#onPage);
    } else if (this.#port) {
      this.#port.postMessage(message);
    } else {
      this.#queue.push(message);
    }
  }

  /**
   * A page in the back/forward cache must hold no locks. One that is frozen and leads would leave
   * the others waiting; one that does not lead just reads later.
   */
  #onPage = ({ type, persisted }) => {
    if ((type === "pagehide" && persisted) || (type === "freeze" && this.#leads)) {
      this.#port?.postMessage({ what: "bye" });
      this.#close();
    } else if ((type === "resume" || persisted) && this.#closers.length === 0) {
      this.#open();
    }
  };

  #close() {
    this.#port = null;
    this.#closers.splice(0).forEach((close) => close());
    this.#leads = false;
  }

  async #open() {
    let isOpen = true;
    this.#closers.push(() => {
      isOpen = false;
    });
    this.#lock = `belfry face ${crypto.randomUUID()}`;
    const release = await hold(this.#lock);
    if (!isOpen) {
      release();
      return;
    }
    this.#closers.push(release);
    if (!this.#hasWorker) {
      this.#openInTab();
      return;
    }
    try {
      this.#openWorker(() => isOpen);
    } catch {
      this.#giveUpWorker();
    }
  }

  /** From here on, and for good: a policy or another origin forbids it. */
  #giveUpWorker() {
    this.#hasWorker = false;
    this.#close();
    this.#open();
  }

  #openWorker(isOpen) {
    const worker = new SharedWorker(new URL("./shared-worker.js", import.meta.url),
      { type: "module", name: this.#name });
    const { port } = worker;
    const timer = setTimeout(() => isOpen() && this.#giveUpWorker(), WORKER_TIME);
    worker.onerror = (event) => {
      event.preventDefault();
      if (isOpen() && !this.#port) {
        this.#giveUpWorker();
      }
    };
    this.#listen(port, () => {
      clearTimeout(timer);
      // A worker may live in the process of another tab, and crash with it.
      this.#closers.push(whenFree(`${this.#name} worker`, () => {
        if (isOpen()) {
          this.#close();
          this.#open();
        }
      }));
    });
    this.#closers.push(() => {
      clearTimeout(timer);
      port.close();
    });
    port.postMessage({ options: this.#options, lock: this.#lock });
  }

  /** There is no worker: one of the tabs leads, and speaks with the others by channels. */
  #openInTab() {
    const hall = new BroadcastChannel(this.#name);
    const own = new BroadcastChannel(this.#lock);
    const greet = () => hall.postMessage({ lock: this.#lock });
    const controller = new AbortController();
    this.#closers.push(() => {
      controller.abort();
      hall.close();
      own.close();
    });
    hall.onmessage = ({ data }) => data.leads && greet();
    this.#listen(own);
    const lead = () => new Promise((release) => this.#lead(hall, own, release));
    locks.request(this.#name, { signal: controller.signal }, lead).catch(() => {});
    greet();
  }

  #lead(hall, own, release) {
    this.#leads = true;
    const hub = new Hub(this.#options);
    const seats = new Set();
    hall.onmessage = ({ data: { lock } }) => {
      if (lock && !seats.has(lock)) {
        const channel = new BroadcastChannel(lock);
        seats.add(lock);
        channel.postMessage({ what: "welcome" });
        this.#closers.push(admit(hub, channel, lock), () => channel.close());
      }
    };
    own.close();
    const [near, far] = makePorts();
    this.#listen(near);
    hub.add(far);
    this.#closers.push(() => {
      hub.close();
      release();
    });
    this.#use(near);
    hall.postMessage({ leads: true });
  }

  #use(port) {
    this.#port = port;
    const queue = this.#queue.splice(0);
    if (this.#wasThere) {
      // What was asked meanwhile is among what is asked again.
      this.onmessage?.({ data: { what: "moved" } });
    } else {
      queue.forEach((message) => port.postMessage(message));
    }
    this.#wasThere = true;
  }

  #listen(port, onWelcome) {
    port.onmessage = (event) => {
      if (event.data.what === "welcome") {
        onWelcome?.();
        this.#use(port);
      } else {
        this.onmessage?.(event);
      }
    };
  }
}

/** Two ports that are one behind the other, without a thread between. */
export function makePorts() {
  const connect = (target) => (data) => queueMicrotask(() => target.onmessage?.({ data }));
  const near = { onmessage: null };
  const far = { onmessage: null, postMessage: connect(near) };
  near.postMessage = connect(far);
  return [near, far];
}
