-- SPDX-FileCopyrightText: The Belfry developers
-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- A database as the first version of the schema left it. It is never changed: test-schema.c opens it
-- and finds what it holds.
CREATE TABLE meta (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  epoch TEXT NOT NULL,
  position INT64 NOT NULL
);
CREATE TABLE user (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  settled INT64 NOT NULL,
  unread INT64 NOT NULL,
  total INT64 NOT NULL,
  horizon INT64 NOT NULL
);
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
CREATE INDEX notification_unread ON notification (user, id)
  WHERE removed_at IS NULL AND read_at IS NULL;
CREATE INDEX notification_read ON notification (user, id)
  WHERE removed_at IS NULL AND read_at IS NOT NULL;
CREATE INDEX notification_changed ON notification (user, position)
  WHERE position > id;
CREATE INDEX notification_removed ON notification (removed_at)
  WHERE removed_at IS NOT NULL;

INSERT INTO meta VALUES (1, '3c1d4f9e-0a8f-4f4e-9d6a-6a0a51a7f0d1', 12);
-- Zoë: 3 is read at 8, 5 is removed at 9, 2 was edited at 10; 11 is newer than her row.
INSERT INTO user VALUES (1, 'Zoë', 10, 1, 2, 1);
-- bob: his row counts nothing yet.
INSERT INTO user VALUES (2, 'bob', 0, 0, 0, 0);
INSERT INTO notification VALUES (2, 1, '{"edited":"🔔 \u00e9"}', 1700000000000002, NULL, NULL, 10, 10);
INSERT INTO notification VALUES (3, 1, '{"n":3.0}', 1700000000000003, 1700000000000008, NULL, 8, 3);
INSERT INTO notification VALUES (5, 1, '{}', 1700000000000005, NULL, 4000000000000000, 9, 5);
INSERT INTO notification VALUES (11, 1, '{"n":11}', 1700000000000011, NULL, NULL, 11, 11);
INSERT INTO notification VALUES (12, 2, '{"n":12}', 1700000000000012, NULL, NULL, 12, 12);
PRAGMA user_version = 1;
