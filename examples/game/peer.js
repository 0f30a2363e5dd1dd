// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// A WebRTC connection that looks after itself: perfect negotiation (either side may offer at any
// time; if both do, the polite one gives way), candidates as they are found, and a restart of ICE when
// the network has changed. It knows neither Belfry nor a page.
//
//   const peer = new Peer({ polite, send: (signal) => …, servers: async () => […] });
//   peer.connection.createDataChannel(…);
//   peer.receive(signal)      what the other side's send() was given
//   peer.resync()             signals may have been lost: begin anew what was not agreed
//   peer.addEventListener("state", () => peer.state)

/** How long a connection may stutter before ICE starts anew, in ms. */
const STUTTER = 1500;

/** The polite one leaves it to the other to start anew, and does it only if nothing has come of that. */
const POLITENESS = 4000;

/** After so long without a connection, in ms, what was begun is begun anew. */
const PATIENCE = 8000;

export class Peer extends EventTarget {
  #connection;
  #polite;
  #send;
  #servers;
  #policy;
  #makingOffer = false;
  #ignoringOffer = false;
  #settingAnswer = false;
  #stutter = null;
  #watch = null;
  #restarts = 0;

  /**
   * servers: asked for each start of ICE, so that credentials may be short-lived; iceServers: those of
   * the first. policy: iceTransportPolicy, "all" or "relay".
   */
  constructor({ polite, send, servers, iceServers = [], policy = "all" }) {
    super();
    this.#polite = polite;
    this.#send = send;
    this.#servers = servers;
    this.#policy = policy;
    const connection = new RTCPeerConnection({ iceServers, iceTransportPolicy: policy });
    this.#connection = connection;
    connection.addEventListener("negotiationneeded", () => this.#offer());
    connection.addEventListener("icecandidate", ({ candidate }) => this.#send({ candidate }));
    connection.addEventListener("iceconnectionstatechange", () => this.#onIce());
    connection.addEventListener("connectionstatechange", () => this.#onState());
    this.#onState();
  }

  get connection() {
    return this.#connection;
  }

  /** "new", "connecting", "connected", "disconnected", "failed" or "closed". */
  get state() {
    return this.#connection.connectionState;
  }

  /** How many times ICE was started anew from here. */
  get restarts() {
    return this.#restarts;
  }

  async #offer() {
    // The first offer is the impolite one's. Both may offer, but an offer that has to be taken back
    // while candidates are gathered for it leaves Chromium without any, now and then.
    if (this.#polite && !this.#connection.remoteDescription) {
      return;
    }
    try {
      this.#makingOffer = true;
      await this.#connection.setLocalDescription();
      this.#send({ description: this.#connection.localDescription });
    } catch (error) {
      this.#report(error);
    } finally {
      this.#makingOffer = false;
    }
  }

  async receive({ description, candidate }) {
    try {
      if (description) {
        await this.#take(description);
      } else if (candidate !== undefined) {
        await this.#connection.addIceCandidate(candidate ?? undefined);
      }
    } catch (error) {
      if (!this.#ignoringOffer) {
        this.#report(error);
      }
    }
  }

  async #take(description) {
    const connection = this.#connection;
    const isReady = !this.#makingOffer
      && (connection.signalingState === "stable" || this.#settingAnswer);
    this.#ignoringOffer = description.type === "offer" && !isReady && !this.#polite;
    if (this.#ignoringOffer) {
      return;
    }
    this.#settingAnswer = description.type === "answer";
    try {
      await connection.setRemoteDescription(description);
    } finally {
      this.#settingAnswer = false;
    }
    if (description.type === "offer") {
      await connection.setLocalDescription();
      this.#send({ description: connection.localDescription });
    }
  }

  /** Faults of single signals are passed over: an offer that is superseded, a candidate of it. */
  #report(error) {
    if (this.state !== "closed") {
      console.debug("Peer:", error.message);
    }
  }

  #onIce() {
    const { iceConnectionState } = this.#connection;
    clearTimeout(this.#stutter);
    if (iceConnectionState === "failed" || iceConnectionState === "disconnected") {
      const delay = (iceConnectionState === "failed" ? 0 : STUTTER) + (this.#polite ? POLITENESS : 0);
      this.#stutter = setTimeout(() => this.restart(), delay);
    }
  }

  #onState() {
    clearTimeout(this.#watch);
    if (!this.#polite && this.state !== "connected" && this.state !== "closed") {
      this.#watch = setTimeout(() => {
        this.resync();
        this.#onState();
      }, PATIENCE);
    }
    this.dispatchEvent(new Event("state"));
  }

  /** Looks anew for a way to the other side; what runs goes on until there is one. */
  async restart() {
    try {
      const iceServers = await this.#servers();
      this.#connection.setConfiguration({ iceServers, iceTransportPolicy: this.#policy });
    } catch (error) {
      // With the old ones, then.
      this.#report(error);
    }
    if (this.state !== "closed") {
      this.#restarts++;
      this.#connection.restartIce();
    }
  }

  /** After signals may have been lost. */
  async resync() {
    const isHalfway = this.#connection.signalingState === "have-local-offer";
    if (isHalfway) {
      await this.#connection.setLocalDescription({ type: "rollback" }).catch((error) =>
        this.#report(error));
    }
    if (isHalfway || this.state !== "connected") {
      await this.restart();
    }
  }

  /** "direct", "relayed" (by a TURN server), or null while there is no way. */
  async findRoute() {
    const stats = await this.#connection.getStats();
    const values = [...stats.values()];
    const { selectedCandidatePairId } = values.find(({ type }) => type === "transport") ?? {};
    const pair = stats.get(selectedCandidatePairId);
    if (!pair) {
      return null;
    }
    const ends = [stats.get(pair.localCandidateId), stats.get(pair.remoteCandidateId)];
    return ends.some((end) => end?.candidateType === "relay") ? "relayed" : "direct";
  }

  close() {
    clearTimeout(this.#stutter);
    this.#connection.close();
    this.#onState();
  }
}
