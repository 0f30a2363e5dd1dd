// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// The engines of all tabs of one origin that speak to one server: one for each user. It runs in a
// SharedWorker, or in the tab that leads: see share.js.
//
// Who a face is says the server alone. A face gives a token. Either a token that equals it is in
// use, or the face gets an engine of its own, which registers; when the server has named the user,
// and that user has an engine already, the face moves there and the new line is closed. So no face
// sees frames of a user whom its own token has not proved.
//
// It speaks as an engine does, and asks for a token with the key "join"; with its answer a face may
// give `seed`, what it shows (View.record), so that a new engine goes on from there. `moved` tells
// a face that what it asked for will not be answered.

import { Engine, outlives } from "./engine.js";
import { chooseDelay, lost } from "./line.js";
import { namesUser, userClaims } from "./token.js";

const WAITS = new Set(["request", "older", "send"]);

export class Hub {
  #options;
  /** { engine, tokens, userId, claims, seats } */
  #entries = new Set();
  #seats = new Set();
  #joining = Promise.resolve();

  constructor(options) {
    this.#options = options;
  }

  /** A face has come, behind this port. Gives how to tell that it has gone. */
  add(port) {
    // What the engine takes for the port; held: what waits until it is clear which engine it is.
    const seat = { postMessage: (message) => port.postMessage(message), held: [], entry: null };
    this.#seats.add(seat);
    port.onmessage = ({ data }) => this.#receive(seat, data);
    this.#ask(seat);
    return () => this.#leave(seat);
  }

  close() {
    this.#seats.forEach((seat) => this.#leave(seat));
  }

  #ask(seat) {
    seat.postMessage({ what: "token", key: "join" });
  }

  #askAgain(seat) {
    clearTimeout(seat.timer);
    seat.timer = 0;
    seat.gone || this.#ask(seat);
  }

  #receive(seat, message) {
    const { what, key } = message;
    if (what === "bye") {
      this.#leave(seat);
    } else if (what === "token" && key === "join") {
      this.#onToken(seat, message);
    } else if (what === "token" && this.#isOfAnother(seat, message)) {
      this.#unseat(seat);
      seat.held = [];
      seat.postMessage({ what: "moved", another: true });
      this.#onToken(seat, message);
    } else if (what === "hint" && !seat.entry) {
      if (seat.timer && message.hint !== "offline") {
        this.#askAgain(seat);
      }
    } else if (!seat.entry || (seat.entry.userId === null && WAITS.has(what))) {
      seat.held.push(message);
      this.#refuseHeld(seat);
    } else {
      if (what === "token") {
        seat.token = message.token;
      }
      seat.onmessage({ data: message });
    }
  }

  /** Whether a face has now a token of somebody else than the user of its engine. */
  #isOfAnother({ entry }, { token }) {
    return entry && entry.userId !== null && token !== undefined
      && !namesUser(token, entry.userId, entry.claims);
  }

  #onToken(seat, { token, error, seed }) {
    if (seat.gone || seat.entry) {
      return;
    }
    if (error !== undefined) {
      seat.postMessage({
        what: "state", status: "offline",
        error: { code: "NO_TOKEN", message: error, retryAfter: null },
      });
      seat.attempts = (seat.attempts ?? 0) + 1;
      seat.timer = setTimeout(() => this.#askAgain(seat), chooseDelay(seat.attempts));
      this.#refuseHeld(seat);
      return;
    }
    seat.token = token;
    // One after the other: the second of two tabs that open at once finds the engine of the first.
    this.#joining = this.#joining.then(() => this.#join(seat, token, seed));
  }

  async #join(seat, token, seed) {
    if (seat.gone) {
      return;
    }
    for (const entry of this.#entries) {
      if (entry.tokens.has(token)) {
        entry.engine.seed(seed, token);
        this.#seat(seat, entry);
        return;
      }
    }
    const entry = { tokens: new Set([token]), userId: null, claims: [], seats: new Set() };
    this.#entries.add(entry);
    await new Promise((settle) => {
      entry.engine = new Engine(this.#options, {
        token,
        onRegistered: (userId, accepted) => {
          this.#onRegistered(entry, userId, accepted);
          settle();
        },
        onAway: () => {
          entry.seats.forEach((one) => this.#refuseHeld(one));
          settle();
        },
      });
      entry.engine.seed(seed, token);
      this.#seat(seat, entry);
    });
  }

  #seat(seat, entry) {
    seat.entry = entry;
    entry.seats.add(seat);
    entry.engine.attach(seat);
    if (entry.userId !== null) {
      this.#release(seat);
    }
  }

  #unseat(seat) {
    const { entry } = seat;
    seat.entry = null;
    if (entry?.seats.delete(seat)) {
      entry.engine.detach(seat);
      if (entry.seats.size === 0) {
        this.#entries.delete(entry);
      }
    }
  }

  #leave(seat) {
    seat.gone = true;
    this.#seats.delete(seat);
    this.#unseat(seat);
  }

  #onRegistered(entry, userId, token) {
    if (entry.userId === null) {
      // What was refused before may be somebody else's, and nobody's who offers it.
      entry.tokens.clear();
      for (const seat of [...entry.seats].filter((one) => one.token !== token)) {
        this.#unseat(seat);
        this.#ask(seat);
      }
    }
    entry.tokens.add(token);
    entry.userId = userId;
    entry.claims = userClaims(token, userId);
    for (const other of this.#entries) {
      if (other !== entry && other.userId === userId) {
        entry.tokens.forEach((one) => other.tokens.add(one));
        for (const seat of [...entry.seats]) {
          this.#unseat(seat);
          this.#seat(seat, other);
          // The server is there, as was just seen: it need not wait.
          seat.onmessage({ data: { what: "hint", hint: "wake" } });
        }
        return;
      }
    }
    entry.seats.forEach((seat) => this.#release(seat));
  }

  #release(seat) {
    seat.held.splice(0).forEach((data) => seat.onmessage({ data }));
  }

  /** What does not wait for a connection. */
  #refuseHeld(seat) {
    const status = seat.entry ? seat.entry.engine.status : seat.timer ? "offline" : "";
    if (status !== "offline" && status !== "stopped") {
      return;
    }
    const keeps = (message) => status === "offline" && outlives(message);
    seat.held.filter((message) => !keeps(message) && message.key !== undefined)
      .forEach(({ key }) => seat.postMessage({ what: "answer", key, error: lost }));
    seat.held = seat.held.filter(keeps);
  }
}
