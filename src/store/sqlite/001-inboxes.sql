-- SPDX-FileCopyrightText: The Belfry developers
-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- Schema version 1: users, their notifications, and the number line that all changes share.
-- docs/storage.md explains the choices.

-- The one row that every transaction takes its positions from.
CREATE TABLE meta (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  epoch TEXT NOT NULL,
  position INT64 NOT NULL
);

-- A user, by a number that is shorter than the id in every row and index. The counts are those of
-- the position `settled`. Only notifications that were created since are missing in them, and
-- nothing else has happened to those: every other change settles its user.
CREATE TABLE user (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  settled INT64 NOT NULL,
  unread INT64 NOT NULL,
  total INT64 NOT NULL,
  horizon INT64 NOT NULL
);

-- A notification of the user with that key; its id is the position at which it was created. A removed one stays as a
-- tombstone, without its data. Times are microseconds since 1970.
CREATE TABLE notification (
  id INTEGER PRIMARY KEY,
  user INT64 NOT NULL,
  data TEXT NOT NULL,
  created_at INT64 NOT NULL,
  read_at INT64,
  removed_at INT64,
  position INT64 NOT NULL,
  content_position INT64 NOT NULL
);

-- Two halves of one index: a new row costs an entry in the first only, and neither a list of the
-- unread nor a long history of read or removed ones is ever searched through.
CREATE INDEX notification_unread ON notification (user, id)
  WHERE removed_at IS NULL AND read_at IS NULL;
CREATE INDEX notification_read ON notification (user, id)
  WHERE removed_at IS NULL AND read_at IS NOT NULL;

-- What has changed since it was created, for sessions that catch up.
CREATE INDEX notification_changed ON notification (user, position)
  WHERE position > id;

-- Tombstones by age.
CREATE INDEX notification_removed ON notification (removed_at)
  WHERE removed_at IS NOT NULL;
