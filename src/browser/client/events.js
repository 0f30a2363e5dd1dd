// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// Server-Sent Events as a transport, where no WebSocket can be had: what the server sends comes in
// one long answer, and each request is a request of HTTP. See websocket.js for what a transport is.

const CLOSE_CODES = { INVALID_TOKEN: 4500, TOKEN_EXPIRED: 4501, DISCONNECTED: 4502 };
const NOT_TOLD = 1006;

/** Cuts a stream of bytes into events: { type, data }, or null for what only shows life. */
export async function* readEvents(stream) {
  let rest = "";
  let event = {};
  for await (const text of readText(stream)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    yield null;
    for (const line of lines) {
      const [, field, value] = /^([^:]*):? ?([^\r]*)/.exec(line);
      if (field === "data") {
        event.data = event.data === undefined ? value : `${event.data}\n${value}`;
      } else if (field === "event") {
        event.type = value;
      } else if (line === "" || line === "\r") {
        if (event.data !== undefined) {
          yield event;
        }
        event = {};
      }
    }
  }
}

/** Not all browsers can iterate over a stream, or pipe it through a decoder. */
async function* readText(stream) {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    yield decoder.decode(value, { stream: true });
  }
}

export class EventsTransport {
  #url;
  #tell;
  #token = null;
  #sessionId = null;
  /** Ends the stream, and what was asked. */
  #stream = null;
  #requests = new AbortController();
  /** The last request of each line of requests, whose order has to be kept. */
  #last = new Map();

  constructor(url, callbacks) {
    this.#url = url;
    this.#tell = callbacks;
  }

  /** A new token needs a new stream, which goes on where the old one was. */
  register(id, { jwtToken, since, epoch }) {
    this.#stream?.abort();
    this.#stream = new AbortController();
    this.#token = jwtToken;
    this.#read(id, since === undefined ? {} : { "Last-Event-ID": `${epoch}/${since}` },
      this.#stream.signal);
  }

  async #read(id, headers, signal) {
    let code = NOT_TOLD;
    try {
      const answer = await this.#fetch("GET", "events", { headers, signal });
      if (!answer.ok) {
        const data = { ...await readProblem(answer), fatal: true };
        code = CLOSE_CODES[data.code] ?? NOT_TOLD;
        this.#tell.onFrame({ type: "error", data });
      } else {
        for await (const event of readEvents(answer.body)) {
          if (signal.aborted) {
            return;
          }
          code = this.#receive(id, event) ?? code;
        }
      }
    } catch (error) {
      if (!(error instanceof TypeError) && !signal.aborted) {
        reportError(error);
      }
    }
    if (!signal.aborted) {
      this.#tell.onClose(code);
    }
  }

  /** Gives the close code, if the event says one. */
  #receive(id, event) {
    if (event === null) {
      this.#tell.onHeard();
      return null;
    }
    try {
      const frame = { type: event.type, data: JSON.parse(event.data) };
      if (frame.type === "registered") {
        frame.id = id;
        this.#sessionId = frame.data.sessionId;
      }
      this.#tell.onFrame(frame);
      return frame.type === "error" && frame.data.fatal ? CLOSE_CODES[frame.data.code] : null;
    } catch (error) {
      reportError(error);
      return null;
    }
  }

  #fetch(method, path, { headers, body, signal = this.#requests.signal }) {
    return fetch(new URL(path, this.#url), {
      method, body, signal, cache: "no-store",
      headers: {
        Authorization: `Bearer ${this.#token}`, ...headers,
        ...(body && { "Content-Type": "application/json" }),
      },
    });
  }

  /** Requests of the inbox wait for each other, and so do those of one other type. */
  send(type, id, text) {
    const queue = OWN[type] ? "" : type;
    const turn = (this.#last.get(queue) ?? Promise.resolve()).then(() => this.#ask(type, id, text));
    this.#last.set(queue, turn);
  }

  async #ask(type, id, text) {
    if (this.#requests.signal.aborted) {
      return;
    }
    try {
      const ask = OWN[type] ?? askHandler;
      const data = await ask((...request) => this.#exchange(...request), {
        type, text, sessionId: this.#sessionId,
      });
      if (id !== undefined) {
        this.#tell.onFrame({ type: "reply", id, data });
      }
    } catch (error) {
      if (error.status === undefined || CLOSE_CODES[error.code]) {
        // The request's fate is not known, as if a line had broken.
        this.#tell.onClose(CLOSE_CODES[error.code] ?? NOT_TOLD);
      } else {
        this.#tell.onFrame({ type: "error", id, data: { ...error, fatal: false } });
      }
    }
  }

  async #exchange(method, path, body) {
    const answer = await this.#fetch(method, path, { body });
    if (answer.status === 204) {
      return {};
    }
    if (!answer.ok) {
      throw await readProblem(answer);
    }
    return answer.json();
  }

  /** A stream cannot be asked. The server sends a comment when it has said nothing for a while. */
  ping() {
    return false;
  }

  close() {
    this.#stream?.abort();
    this.#requests.abort();
  }
}

async function readProblem(answer) {
  const problem = await answer.json().catch(() => ({}));
  const retryAfter = Number(answer.headers.get("Retry-After"));
  return {
    status: answer.status,
    code: problem.code ?? "CONNECTION_LOST",
    message: problem.detail ?? problem.title ?? `The server answered ${answer.status}`,
    retryAfter: retryAfter > 0 ? retryAfter * 1000 : null,
  };
}

/** For the requests that have routes of their own. */
const OWN = {
  list: (exchange, { text }) =>
    exchange("GET", `api/notifications?${new URLSearchParams(JSON.parse(text))}`),
  unread_count: (exchange) => exchange("GET", "api/notifications/count"),
  mark_read: (exchange, { text }) => exchange("POST", "api/notifications/read", text),
  mark_all_read: (exchange, { text }) => exchange("POST", "api/notifications/read", text),
  mark_unread: (exchange, { text }) => exchange("POST", "api/notifications/unread", text),
  async remove(exchange, { text }) {
    let count = 0;
    for (const id of JSON.parse(text).ids) {
      try {
        await exchange("DELETE", `api/notifications/${id}`);
        count++;
      } catch (error) {
        // Not there any more: then it is as it should be.
        if (error.status !== 404) {
          throw error;
        }
      }
    }
    return { count };
  },
};

function askHandler(exchange, { type, text, sessionId }) {
  const names = JSON.stringify({ sessionId, type });
  return exchange("POST", "api/messages", `${names.slice(0, -1)},"data":${text}}`);
}
