// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// One WebSocket as a transport. A transport tells its owner of `onFrame(frame)`, `onHeard()` for
// other signs of life, and `onClose(code)`, of which nothing comes after close().

/** The text of a frame whose data is JSON already. */
function write(type, id, text) {
  const middle = id === undefined ? "" : `,"id":${id}`;
  return `{"type":"${type}"${middle},"data":${text}}`;
}

export class WebSocketTransport {
  #socket;
  #first = null;

  constructor(url, { onFrame, onHeard, onClose }) {
    const address = new URL("ws", url);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    this.#socket = new WebSocket(address);
    this.#socket.onopen = () => this.#socket.send(this.#first);
    this.#socket.onclose = ({ code }) => onClose(code);
    this.#socket.onmessage = ({ data }) => {
      onHeard();
      try {
        onFrame(JSON.parse(data));
      } catch (error) {
        reportError(error);
      }
    };
  }

  /** The first one opens the session. Where it goes on is of no use to the later ones. */
  register(id, { jwtToken, ...resume }) {
    if (this.#first === null) {
      this.#first = write("register", id, JSON.stringify({ jwtToken, ...resume }));
    } else {
      this.send("register", id, JSON.stringify({ jwtToken }));
    }
  }

  send(type, id, text) {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(write(type, id, text));
    }
  }

  /** Asks for a sign of life. Says whether one can be had. */
  ping(id) {
    this.send("ping", id, "{}");
    return true;
  }

  close() {
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close(1000);
  }
}
