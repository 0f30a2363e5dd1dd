// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// QuickDapp's four GraphQL resolvers for notifications, over Belfry's HTTP interface. The user's own
// token is handed on, so Belfry decides whose notifications these are.

const MOST = 100; // notifications that one request gives

/**
 * @param {string} url where Belfry is: "http://127.0.0.1:8080/"
 * @returns {{Query: object, Mutation: object}} to be merged with QuickDapp's own. Their context
 *   needs `authorization`, the header of the request.
 */
export function createNotificationResolvers(url) {
  async function ask({ authorization }, path, body) {
    const response = await fetch(new URL(`api/notifications${path}`, url), {
      method: body ? "POST" : "GET",
      headers: { Authorization: authorization, "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) {
      // QuickDapp's page signs out at this code.
      const code = response.status === 401 ? "UNAUTHORIZED" : "DATABASE_ERROR";
      throw Object.assign(new Error(answer.detail ?? answer.title), { extensions: { code } });
    }
    return answer;
  }

  /** Belfry goes on before an id and not at an index, so what is before a page is read, too. */
  async function readPage(context, { startIndex, perPage }) {
    const notifications = [];
    let page;
    do {
      const limit = Math.min(startIndex + perPage - notifications.length, MOST);
      const before = page ? `&before=${notifications.at(-1).id}` : "";
      page = await ask(context, `?limit=${limit}${before}`);
      notifications.push(...page.notifications);
    } while (page.more && notifications.length < startIndex + perPage);
    return { notifications: notifications.slice(startIndex), startIndex, total: page.total };
  }

  return {
    Query: {
      async getMyNotifications(_, { pageParam }, context) {
        const page = await readPage(context, pageParam);
        // An imported one has the time that it had in QuickDapp's table.
        const notifications = page.notifications.map((notification) => ({
          ...notification,
          createdAt: notification.data.originalCreatedAt ?? notification.createdAt,
        }));
        return { ...page, notifications };
      },
      async getMyUnreadNotificationsCount(_, args, context) {
        return (await ask(context, "/count")).unreadCount;
      },
    },
    Mutation: {
      async markNotificationAsRead(_, { id }, context) {
        await ask(context, "/read", { ids: [id] });
        return { success: true };
      },
      async markAllNotificationsAsRead(_, args, context) {
        const { notifications: [newest] } = await ask(context, "?limit=1");
        if (newest) {
          await ask(context, "/read", { upTo: newest.id });
        }
        return { success: true };
      },
    },
  };
}
