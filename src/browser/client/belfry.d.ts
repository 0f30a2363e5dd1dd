// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// Written by hand, and held against introspection/wire by a test. docs/client.md says more.

/** A number only with belfryd's `--numeric-user-ids`. */
export type UserId = string | number;

/** `offline` comes back by itself, `stopped` stays away until `start()`. */
export type Status = "connecting" | "connected" | "offline" | "stopped";

export interface Notification {
  /** The position at which it was created: later ones have higher ids. */
  id: number;
  userId: UserId;
  /** What the worker gave. docs/inbox.md says what `<belfry-inbox>` shows of it. */
  data: Record<string, unknown>;
  /** `YYYY-MM-DDTHH:MM:SS.mmmZ` */
  createdAt: string;
  read: boolean;
}

export interface Counts {
  unreadCount: number;
  position: number;
  /** The position at which `unreadCount` was counted, where that is not `position`. */
  unreadAt?: number;
}

export type NotificationTold = Notification & Counts;

/** The data of Belfry's own frames, by type. */
export interface ServerFrames {
  connected: { message: string; version: 1; /** In ms. */ heartbeat: number };
  registered: {
    userId: UserId;
    message: string;
    sessionId: string;
    epoch: string;
    position: number;
    unreadCount: number;
    unreadAt?: number;
    recovered?: boolean;
  };
  notification_received: NotificationTold;
  notification_updated: NotificationTold;
  notifications_read: { ids: number[] } & Counts;
  notifications_removed: { ids: number[] } & Counts;
  caught_up: { position: number; unreadCount: number };
  error: {
    code: string;
    message: string;
    /** Whether the line is closed after it. */
    fatal: boolean;
    /** In ms. */
    retryAfter: number | null;
  };
}

/** What Belfry's own requests take, by type. */
export interface Requests {
  list: { before?: number; limit?: number; unread?: boolean };
  mark_read: { ids: number[] };
  mark_unread: { ids: number[] };
  remove: { ids: number[] };
  mark_all_read: { upTo?: number };
  unread_count: Record<string, never>;
  ping: Record<string, never>;
}

/** What they are answered with, by type. */
export interface Replies {
  list: {
    notifications: Notification[];
    total: number;
    more: boolean;
    unreadCount: number;
    unreadAt: number;
  };
  mark_read: { count: number };
  mark_unread: { count: number };
  remove: { count: number };
  mark_all_read: { count: number };
  unread_count: { unreadCount: number; unreadAt: number };
  ping: Record<string, never>;
}

/** A frame: Belfry's own, a handler's or a worker's. */
export interface Message<Data = Record<string, any>> {
  type: string;
  data: Data;
}

export class BelfryError extends Error {
  constructor(error: { code: string; message: string; retryAfter?: number | null });
  readonly name: "BelfryError";
  /** For programs: docs/client.md lists them. */
  readonly code: string;
  /** In ms, after which it is worth to try again. */
  readonly retryAfter: number | null;
}

export interface BelfryOptions {
  /** Of the server, http(s) or ws(s). Default: where the module was loaded from. */
  url?: string | URL;
  /** Asked at each connection, and before a token runs out. It may throw: it is asked again. */
  getToken: () => string | Promise<string>;
  /** Whether all tabs of this origin, this url and this user share one connection. Default: true. */
  share?: boolean;
  /** Whether the inbox is kept in IndexedDB, to be shown before there is a line. Default: false. */
  persist?: boolean;
  /** How many a list has, 1 to 100. Default: 20. */
  pageSize?: number;
  /** Default, `auto`: WebSocket, else Server-Sent Events. */
  transport?: "auto" | "websocket" | "events";
}

export interface BelfryEvents {
  /** `notifications`, `unreadCount`, `hasOlder` or `loaded` is another. At most once a turn. */
  change: Event;
  /** `status`, `userId` or `error` is another. At most once a turn. */
  status: Event;
  /** A new one that is unread. */
  new: CustomEvent<Notification>;
}

/** A user's inbox, and the messages between this page and the server. */
export class Belfry extends EventTarget {
  constructor(options: BelfryOptions);

  /** Deletes what `persist` has kept of a server: of one user, or of all. After `stop()`. */
  static forget(options?: { url?: string | URL; userId?: UserId }): Promise<void>;

  readonly status: Status;
  /** As the server names the user, or null before it has. */
  readonly userId: UserId | null;
  /** Why it is offline or stopped. */
  readonly error: BelfryError | null;
  /** Newest first; another array whenever something is another. */
  readonly notifications: readonly Notification[];
  readonly unreadCount: number;
  readonly hasOlder: boolean;
  /** Whether a list has been there yet, from the server or from what was kept. */
  readonly loaded: boolean;

  loadOlder(): Promise<void>;
  /** These give how many were changed; they wait for a connection. */
  markRead(...ids: number[]): Promise<number>;
  markUnread(...ids: number[]): Promise<number>;
  /** Up to the newest one that is shown. */
  markAllRead(): Promise<number>;
  remove(...ids: number[]): Promise<number>;

  /** Rejects with a `BelfryError`. */
  request<Type extends keyof Requests>(
    type: Type, data?: Requests[Type]): Promise<Replies[Type]>;
  request<Data extends object = Record<string, any>>(type: string, data?: object): Promise<Data>;
  /** Without an answer; what is sent while there is no connection is gone. */
  send(type: string, data?: object): void;

  /** Frames of one type. Gives how to stop. */
  on<Type extends keyof ServerFrames>(
    type: Type,
    listener: (data: ServerFrames[Type], message: Message<ServerFrames[Type]>) => void): () => void;
  on<Data = Record<string, any>>(
    type: string, listener: (data: Data, message: Message<Data>) => void): () => void;
  /** A link of the chain that is asked before `on()`, in order; `true`: it has taken the frame. */
  use(handler: (message: Message) => boolean | void): () => void;

  /** The constructor starts. */
  start(): void;
  /** Closes for good, until `start()`. */
  stop(): void;

  addEventListener<Name extends keyof BelfryEvents>(
    name: Name, listener: (this: Belfry, event: BelfryEvents[Name]) => void,
    options?: boolean | AddEventListenerOptions): void;
  addEventListener(
    name: string, listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions): void;
  removeEventListener<Name extends keyof BelfryEvents>(
    name: Name, listener: (this: Belfry, event: BelfryEvents[Name]) => void,
    options?: boolean | EventListenerOptions): void;
  removeEventListener(
    name: string, listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions): void;
}
