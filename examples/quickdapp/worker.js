// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// A job as QuickDapp's worker runs it, and a run of it: node worker.js USER ORDER

import { createNotification } from "./notify.js";

/** In QuickDapp's src/server/workers/jobs/. */
export const shipOrder = {
  async run({ serverApp, job }) {
    const { orderId } = job.data;
    await serverApp.createNotification(
      job.userId,
      { type: "order_shipped", message: `Order ${orderId} has been shipped`, orderId },
      // Not the job's id: QuickDapp tries a failed job again as another one.
      { key: `order-shipped-${orderId}` },
    );
  },
};

const [user, orderId] = process.argv.slice(2);
const job = { userId: Number(user), data: { orderId } };
await shipOrder.run({ serverApp: { createNotification }, job });
