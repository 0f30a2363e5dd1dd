// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

/** What an error means to a reader. Its message is for whoever looks for the fault. */
export function explain({ code, message }, { _ }) {
  const reasons = {
    BUSY: _("Too much is asked at once"),
    CONNECTION_LIMIT_PER_USER_EXCEEDED: _("You have too many tabs open"),
    CONNECTION_LIMIT_TOTAL_EXCEEDED: _("Too many are connected"),
    CONNECTION_LOST: _("The connection is gone"),
    DISCONNECTED: _("closed by the server"),
    INVALID_TOKEN: _("the token is not valid"),
    NO_TOKEN: _("there is no token"),
    RATE_LIMITED: _("Too much is asked at once"),
    REGISTRATION_TIMEOUT: _("it took too long"),
    SERVER_SHUTDOWN: _("the server goes down"),
    SLOW_CONSUMER: _("it took too long"),
    STOPPED: _("not connected"),
    TOKEN_EXPIRED: _("the token has run out"),
  };
  return reasons[code] ?? message;
}
