-- SPDX-FileCopyrightText: The Belfry developers
-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- What both servers keep. Each statement ends with a semicolon at the end of a line.

-- A room's messages are numbered from 1, without gaps. The key is the client's own: a message that
-- is said again with it is the same message.
CREATE TABLE IF NOT EXISTS chat_message (
  room TEXT NOT NULL,
  seq INTEGER NOT NULL,
  author TEXT NOT NULL,
  key TEXT NOT NULL,
  text TEXT NOT NULL,
  at INTEGER NOT NULL, -- ms since 1970
  PRIMARY KEY (room, seq)
) WITHOUT ROWID;

CREATE UNIQUE INDEX IF NOT EXISTS chat_message_key ON chat_message (room, author, key);
