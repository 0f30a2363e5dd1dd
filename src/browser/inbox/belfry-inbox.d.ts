// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

import { Belfry, BelfryError, type Notification } from "../client/belfry.js";

export { Belfry, BelfryError };

/** A button or link of a notification, as its data has it. */
export interface Action {
  label: string;
  url?: string;
  id?: string;
}

/** The members of a notification's data that the inbox shows. */
export interface NotificationData {
  title?: string;
  body?: string;
  url?: string;
  icon?: string;
  actions?: Action[];
  [other: string]: unknown;
}

/** `<belfry-inbox>`. Attributes: inline, lang, token-url, url. */
export class BelfryInbox extends HTMLElement {
  /** The client whose inbox is shown. Whoever sets it starts and stops it. */
  belfry: Belfry | null;
  /** Gives a token; then the inbox makes a client of its own. */
  getToken: (() => string | Promise<string>) | null;
}

declare global {
  interface HTMLElementTagNameMap {
    "belfry-inbox": BelfryInbox;
  }

  interface GlobalEventHandlersEventMap {
    /** Cancelable: then its url is not followed. */
    "belfry-open": CustomEvent<{ notification: Notification }>;
    /** Cancelable: then the action's url is not followed. */
    "belfry-action": CustomEvent<{ notification: Notification; action: Action }>;
  }
}
