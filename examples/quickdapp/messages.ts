// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// QuickDapp's messages, as Belfry sends them with --numeric-user-ids. Names and fields are those of
// its src/shared/websocket/types.ts; what Belfry adds to a message is optional here, so that code
// written for QuickDapp still fits.

export enum WebSocketMessageType {
  Connected = "connected",
  Registered = "registered",
  NotificationReceived = "notification_received",
  Error = "error",
}

export interface NotificationData {
  type: string;
  message?: string;
  [more: string]: unknown;
}

export interface Notification {
  id: number;
  userId: number;
  data: NotificationData;
  createdAt: string;
  read: boolean;
}

/** What a message is about, by its type. */
export interface WebSocketData {
  [WebSocketMessageType.Connected]: { message: string; version?: number; heartbeat?: number };
  [WebSocketMessageType.Registered]: {
    userId: number;
    message: string;
    sessionId?: string;
    epoch?: string;
    position?: number;
    unreadCount?: number;
    recovered?: boolean;
  };
  [WebSocketMessageType.NotificationReceived]: Notification & {
    position?: number;
    unreadCount?: number;
  };
  [WebSocketMessageType.Error]: {
    /** QuickDapp has the two CONNECTION_LIMIT_…; docs/protocol.md lists Belfry's others. */
    code: string;
    message: string;
    fatal?: boolean;
    retryAfter?: number | null;
  };
}

export interface WebSocketMessage<T extends WebSocketMessageType = WebSocketMessageType> {
  type: T;
  data: WebSocketData[T];
}

/** What the client sends: without a token before its user has signed in. */
export interface RegisterMessage {
  type: "register";
  jwtToken?: string;
}
