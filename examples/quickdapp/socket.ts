// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What may take the place of QuickDapp's src/client/lib/socket.ts: the same methods, over Belfry's
// client, so that the tabs share one connection, and none misses what came while it was away.

import { Belfry } from "belfry";

import { WebSocketMessageType, type WebSocketMessage } from "./messages";

type Handler<T extends WebSocketMessageType> = (message: WebSocketMessage<T>) => void;

export class Socket {
  #url: string | undefined;
  #token: string | undefined;
  #belfry: Belfry | null = null;
  #handlers = new Map<WebSocketMessageType, Set<Handler<any>>>();

  /** url: of the server; the one that the page came from is the default. */
  constructor(url?: string) {
    this.#url = url ?? globalThis.location.origin;
  }

  get connected(): boolean {
    return this.#belfry?.status === "connected";
  }

  /** Unread, seen or not: what QuickDapp asks getMyUnreadNotificationsCount for. */
  get unreadCount(): number {
    return this.#belfry?.unreadCount ?? 0;
  }

  /** Who signs in or out; the same token again changes nothing. */
  setJwtToken(token?: string): void {
    if (token === this.#token) {
      return;
    }
    this.disconnect();
    this.#token = token;
    if (token !== undefined) {
      this.#belfry = new Belfry({ url: this.#url, getToken: () => token });
      this.#belfry.use((message) => this.#pass(message as WebSocketMessage));
    }
  }

  disconnect(): void {
    this.#belfry?.stop();
    this.#belfry = null;
    this.#token = undefined;
  }

  /** Gives what ends it. */
  subscribe<T extends WebSocketMessageType>(type: T, handler: Handler<T>): () => void {
    const handlers = this.#handlers.get(type) ?? new Set();
    this.#handlers.set(type, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  #pass(message: WebSocketMessage): void {
    this.#handlers.get(message.type)?.forEach((handler) => handler(message));
  }
}
