-- SPDX-FileCopyrightText: The Belfry developers
-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- Schema version 2: the options of a creation.

ALTER TABLE notification ADD COLUMN tag TEXT;
ALTER TABLE notification ADD COLUMN expires_at INT64;

-- A user has one notification with a tag: a newer one replaces it.
CREATE UNIQUE INDEX notification_tag ON notification (user, tag)
  WHERE tag IS NOT NULL AND removed_at IS NULL;

CREATE INDEX notification_expires ON notification (expires_at)
  WHERE expires_at IS NOT NULL AND removed_at IS NULL;

-- A key gives the same id for ever, whatever became of the notification: so it has a table of its
-- own, which retention never touches.
CREATE TABLE idempotency (
  user INT64 NOT NULL,
  key TEXT NOT NULL,
  id INT64 NOT NULL,
  PRIMARY KEY (user, key)
) WITHOUT ROWID;
