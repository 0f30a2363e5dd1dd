// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// The hub of all tabs of this origin, in a SharedWorker. A face says its options and its lock, is
// greeted, and speaks with the hub from then on.

import { Hub } from "./hub.js";
import { admit } from "./share.js";

let hub = null;
// As long as it runs: the faces see by it that the worker has gone.
const held = new Promise((resolve) => {
  navigator.locks.request(`${self.name} worker`, () => {
    resolve();
    return new Promise(() => {});
  });
});

self.onconnect = ({ ports: [port] }) => {
  port.onmessage = async ({ data: { options, lock } }) => {
    await held;
    hub ??= new Hub(options);
    port.postMessage({ what: "welcome" });
    admit(hub, port, lock);
  };
};
