// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// Calls between two users, by Belfry's signalling: docs/signalling.md has the messages.
//
//   const calls = new Calls(belfry);
//   calls.addEventListener("change", () => show(calls.invitations));
//   const call = await calls.invite("bob", { game: "pong" });     or
//   const call = await calls.accept(invitation);
//   call.listen((signal) => …); call.send({ description }); call.addEventListener("state", …)
//
// A call outlives the connection to Belfry, and Belfry itself: it is taken up again, by its key or by
// an invitation that says which call it goes on with.

/** In ms: how long a side is waited for when Belfry has forgotten the call. */
const PATIENCE = 60_000;

/**
 * One call. Its events: "state" (state, away), "resume" (signalling is back: what was signalled
 * meanwhile is lost).
 */
export class Call extends EventTarget {
  #belfry;
  #member;
  #origin;
  #state;
  #reason = null;
  #away = false;
  #early = [];
  #listener = null;

  constructor(belfry, member) {
    super();
    this.#belfry = belfry;
    this.#member = member;
    this.#origin = member.about.resumes ?? member.call;
    this.#state = member.state;
    this.#away = member.away ?? false;
  }

  get id() {
    return this.#member.call;
  }

  get key() {
    return this.#member.key;
  }

  /** The id that it began with. */
  get origin() {
    return this.#origin;
  }

  get about() {
    return this.#member.about;
  }

  /** The one who was called gives way. */
  get polite() {
    return this.#member.role === "callee";
  }

  /** The other's user id. */
  get peer() {
    return this.polite ? this.#member.from : this.#member.to;
  }

  /** "ringing", "open" or "ended". */
  get state() {
    return this.#state;
  }

  /** Why it ended. */
  get reason() {
    return this.#reason;
  }

  /** Whether signals do not reach the other side at the moment. */
  get away() {
    return this.#away;
  }

  /** Has signals come to a function, those first that came before. */
  listen(listener) {
    this.#listener = listener;
    this.#early.splice(0).forEach(listener);
  }

  /** Sends what RTCPeerConnection wants to be sent; what cannot be sent is made good by "resume". */
  async send(signal) {
    if (this.#state !== "open" || this.#away || this.#belfry.status !== "connected") {
      return false;
    }
    try {
      await this.#belfry.request("call.signal", { call: this.id, ...signal });
      return true;
    } catch {
      return false;
    }
  }

  /** What RTCPeerConnection takes: STUN and TURN servers with fresh credentials. */
  async servers() {
    const { iceServers } = await this.#belfry.request("call.servers", { call: this.id });
    return iceServers;
  }

  async end() {
    if (this.#state !== "ended") {
      this.finish("ended");
      await this.#belfry.request("call.end", { call: this.id }).catch(() => {});
    }
  }

  // What follows is for Calls.

  receive(signal) {
    this.#listener ? this.#listener(signal) : this.#early.push(signal);
  }

  /** It has another place at the server from now on. */
  move(member) {
    this.#member = { ...member, role: this.#member.role, about: this.#member.about };
  }

  open(away = false) {
    const isBack = this.#state === "open" && !away;
    this.#state = "open";
    this.#away = away;
    this.dispatchEvent(new Event("state"));
    if (isBack) {
      this.dispatchEvent(new Event("resume"));
    }
  }

  leave() {
    this.#away = true;
    this.dispatchEvent(new Event("state"));
  }

  finish(reason) {
    this.#state = "ended";
    this.#reason = reason;
    this.dispatchEvent(new Event("state"));
  }
}

/** All calls of a page. Its event: "change" (invitations). */
export class Calls extends EventTarget {
  #belfry;
  #calls = new Map();
  #invitations = new Map();
  #timers = new Map();

  constructor(belfry) {
    super();
    this.#belfry = belfry;
    const handlers = {
      "call.invited": (data) => this.#onInvited(data),
      "call.accepted": ({ call }) => this.#calls.get(call)?.open(),
      "call.taken": ({ call }) => this.#forget(call),
      "call.away": ({ call }) => this.#calls.get(call)?.leave(),
      "call.resumed": ({ call }) => this.#calls.get(call)?.open(),
      "call.signal": ({ call, ...signal }) => this.#calls.get(call)?.receive(signal),
      "call.ended": (data) => this.#onEnded(data),
    };
    for (const [type, handler] of Object.entries(handlers)) {
      belfry.on(type, handler);
    }
    let wasConnected = false;
    const onStatus = () => {
      const isConnected = belfry.status === "connected";
      if (isConnected && !wasConnected) {
        this.#connected();
      }
      wasConnected = isConnected;
    };
    belfry.addEventListener("status", onStatus);
    onStatus();
  }

  /** Those that ring, the newest last: { call, from, about }. */
  get invitations() {
    return [...this.#invitations.values()];
  }

  async invite(to, about = {}) {
    return this.#enter(await this.#belfry.request("call.invite", { to, about }));
  }

  async accept({ call }) {
    try {
      return this.#enter(await this.#belfry.request("call.accept", { call }));
    } finally {
      this.#forget(call);
    }
  }

  async decline({ call }) {
    this.#forget(call);
    await this.#belfry.request("call.end", { call });
  }

  #enter(member) {
    const call = new Call(this.#belfry, member);
    this.#keep(call);
    this.#forget(call.id);
    return call;
  }

  #keep(call) {
    this.#calls.set(call.id, call);
    call.addEventListener("state", () => {
      if (call.state === "ended") {
        this.#calls.delete(call.id);
        clearTimeout(this.#timers.get(call));
        this.#timers.delete(call);
      }
    });
  }

  #move(call, member) {
    this.#calls.delete(call.id);
    call.move(member);
    this.#calls.set(call.id, call);
  }

  #forget(id) {
    if (this.#invitations.delete(id)) {
      this.dispatchEvent(new Event("change"));
    }
  }

  async #onInvited(invitation) {
    const { about, from } = invitation;
    if (about.resumes) {
      const call = [...this.#calls.values()].find((known) =>
        known.polite && known.origin === about.resumes && known.peer === from);
      if (call) {
        await this.#goOn(call, () =>
          this.#belfry.request("call.accept", { call: invitation.call }));
      }
      return;
    }
    this.#invitations.set(invitation.call, invitation);
    this.dispatchEvent(new Event("change"));
  }

  #onEnded({ call, reason }) {
    this.#forget(call);
    const known = this.#calls.get(call);
    if (known?.state === "open" && reason === "unanswered") {
      // The other side has not come back to Belfry yet.
      this.#inviteAgain(known);
    } else {
      known?.finish(reason);
    }
  }

  /** Takes a place at the server for a call that has one already here. */
  async #goOn(call, ask) {
    try {
      const member = await ask();
      clearTimeout(this.#timers.get(call));
      this.#move(call, member);
      member.state === "open" ? call.open(member.away) : call.leave();
    } catch (error) {
      if (error.code === "NOT_FOUND" || error.code === "EXISTS") {
        return error.code;
      }
    }
    return null;
  }

  /** Connected, maybe again, maybe to another server than before: what was open goes on. */
  async #connected() {
    this.#invitations.clear();
    for (const call of [...this.#calls.values()]) {
      const { id, key } = call;
      const fault = await this.#goOn(call, () =>
        this.#belfry.request("call.resume", { call: id, key }));
      // Meanwhile the other side may have taken it up again.
      if (fault === "NOT_FOUND" && call.id === id) {
        await this.#beginAgain(call);
      }
    }
    const { calls } = await this.#belfry.request("call.list").catch(() => ({ calls: [] }));
    const rings = ({ call, state, to }) =>
      state === "ringing" && to === this.#belfry.userId && !this.#calls.has(call);
    for (const invitation of calls.filter(rings)) {
      await this.#onInvited(invitation);
    }
    this.dispatchEvent(new Event("change"));
  }

  /** The server has forgotten it, because it was restarted or we were away for long. */
  async #beginAgain(call) {
    if (call.state === "ringing") {
      call.finish("unanswered");
      return;
    }
    call.leave();
    clearTimeout(this.#timers.get(call));
    this.#timers.set(call, setTimeout(() => call.away && call.finish("gone"), PATIENCE));
    if (!call.polite) {
      await this.#inviteAgain(call);
    }
  }

  #inviteAgain(call) {
    return this.#goOn(call, () => this.#belfry.request("call.invite", {
      to: call.peer, about: { ...call.about, resumes: call.origin },
    }));
  }
}
