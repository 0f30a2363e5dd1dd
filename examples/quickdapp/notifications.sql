-- SPDX-FileCopyrightText: The Belfry developers
-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- QuickDapp's table as lines for belfryctl import. jsonb writes each on one line, whatever white
-- space the row has. Belfry gives ids and times of its own: the key makes that a row is imported
-- once, and the time is kept in the data. drizzle stores times in UTC, without saying so.
SELECT jsonb_build_object(
  'key', 'quickdapp-' || id,
  'userId', user_id::text,
  'read', read,
  'data', jsonb_strip_nulls(jsonb_build_object(
      'title', data->>'message',
      'originalCreatedAt', to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))
    || data::jsonb)
FROM notifications
ORDER BY id;
