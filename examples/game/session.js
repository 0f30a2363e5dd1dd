// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// A game between two browsers: a call, the connection that it led to, and the match.
//
// The one who called plays the match for both. Positions go over a channel that neither orders nor
// repeats, since a late one is of no use; points go over one that loses nothing.

import { GOAL, Match, WIDTH } from "./match.js";
import { Peer } from "./peer.js";
import { Pulse } from "./pulse.js";

/** In ms: who is silent for so long is waited for. */
const SILENCE = 1200;

const mirror = ({ x, vx, ...rest }) => ({ x: WIDTH - x, vx: -vx, ...rest });

/** Its event: "change" (state, call, score, route). */
export class Session extends EventTarget {
  #call;
  #peer = null;
  #moves = null;
  #events = null;
  #match = null;
  #other = 0.5;
  #mine = 0.5;
  #frame = 0;
  #heardAt = 0;
  #ball = null;
  #ballAt = 0;
  #seen = 0;
  #hits = 0;
  /** Mine first. */
  score = [0, 0];
  route = null;

  constructor(call, { policy = "all" } = {}) {
    super();
    this.#call = call;
    this.isHost = !call.polite;
    this.#match = this.isHost ? new Match() : null;
    this.relayPulse = new Pulse((ping) => call.send({ message: { ping } }));
    this.directPulse = new Pulse((ping) => this.#tell(this.#moves, { ping }));
    call.addEventListener("resume", () => this.#peer?.resync());
    call.addEventListener("state", () => this.#onCall());
    this.started = this.#start(policy);
  }

  get call() {
    return this.#call;
  }

  get peer() {
    return this.#peer;
  }

  get isOpen() {
    return this.#moves?.readyState === "open" && this.#events?.readyState === "open";
  }

  /** Whether the other side plays: a page in the background does not. */
  get isHeard() {
    return this.isOpen && performance.now() - this.#heardAt < SILENCE;
  }

  get isOver() {
    return this.#call.state === "ended" || this.#peer?.state === "closed";
  }

  /** "me", "other" or null. */
  get winner() {
    const side = this.score.findIndex((points) => points >= GOAL);
    return ["me", "other"][side] ?? null;
  }

  async #start(policy) {
    const servers = () => this.#call.servers();
    const iceServers = await servers();
    this.#peer = new Peer({
      polite: this.#call.polite, send: (signal) => this.#call.send(signal), servers, iceServers, policy,
    });
    const { connection } = this.#peer;
    // Both make them, under the same numbers: so neither has to wait for the other's.
    this.#moves = connection.createDataChannel("moves", {
      negotiated: true, id: 0, ordered: false, maxRetransmits: 0,
    });
    this.#events = connection.createDataChannel("events", { negotiated: true, id: 1 });
    for (const channel of [this.#moves, this.#events]) {
      channel.addEventListener("message", ({ data }) => this.#receive(JSON.parse(data)));
      channel.addEventListener("open", () => this.#changed());
      channel.addEventListener("close", () => this.#changed());
    }
    this.#events.addEventListener("open", () => this.#tellScore());
    this.#peer.addEventListener("state", () => this.#onPeer());
    this.#call.listen((signal) => this.#onSignal(signal));
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  #onCall() {
    if (this.#call.state === "ended") {
      this.close();
    }
    this.#changed();
  }

  async #onPeer() {
    if (this.#peer.state === "connected") {
      this.route = await this.#peer.findRoute();
    }
    this.#changed();
  }

  #onSignal({ message, ...signal }) {
    if (message?.ping !== undefined) {
      this.#call.send({ message: { pong: message.ping } });
    } else if (message?.pong !== undefined) {
      this.relayPulse.answered(message.pong);
    } else {
      this.#peer.receive(signal);
    }
  }

  #tell(channel, data) {
    if (channel?.readyState === "open") {
      channel.send(JSON.stringify(data));
    }
  }

  #receive({ ping, pong, frame, ball, y, hits, score, again }) {
    if (ping !== undefined) {
      this.#tell(this.#moves, { pong: ping });
    } else if (pong !== undefined) {
      this.directPulse.answered(pong);
    } else if (score && !this.isHost) {
      this.score = [score[1], score[0]];
      this.#changed();
    } else if (again) {
      this.#restart();
    } else if (frame > this.#seen) {
      this.#seen = frame;
      this.#heardAt = performance.now();
      this.#other = y;
      if (ball && !this.isHost) {
        this.#ball = mirror(ball);
        this.#ballAt = this.#heardAt;
        this.#hits = hits;
      }
    }
  }

  /** Plays on for so many seconds; target: where my paddle should be. Gives what there is to see. */
  advance(seconds, target) {
    this.#mine = target;
    if (this.isHost) {
      if (this.isHeard) {
        this.#match.advance(seconds, [target, this.#other]);
      }
      this.#noteScore();
      const { ball, hits, paddles } = this.#match;
      this.#tell(this.#moves, { frame: ++this.#frame, ball, hits, y: paddles[0] });
      return { ball, hits, mine: paddles[0], other: paddles[1] };
    }
    this.#tell(this.#moves, { frame: ++this.#frame, y: target });
    return { ball: this.#guessBall(), hits: this.#hits, mine: this.#mine, other: this.#other };
  }

  /** Where it is by now, if nothing has hit it since the host's last word. */
  #guessBall() {
    if (!this.#ball) {
      return null;
    }
    const seconds = Math.min(performance.now() - this.#ballAt, 100) / 1000;
    const { x, y, vx, vy } = this.#ball;
    return { x: x + vx * seconds, y: Math.abs(y + vy * seconds) };
  }

  #noteScore() {
    if (String(this.#match.score) !== String(this.score)) {
      this.score = [...this.#match.score];
      this.#tellScore();
      this.#changed();
    }
  }

  #tellScore() {
    if (this.isHost) {
      this.#tell(this.#events, { score: this.score });
    }
  }

  /** Another match. */
  again() {
    this.isHost ? this.#restart() : this.#tell(this.#events, { again: true });
  }

  #restart() {
    if (this.isHost && this.#match.winner !== null) {
      this.#match.restart();
    }
  }

  /** Hangs up. */
  async leave() {
    this.close();
    await this.#call.end();
  }

  close() {
    this.relayPulse.stop();
    this.directPulse.stop();
    this.#peer?.close();
  }
}
