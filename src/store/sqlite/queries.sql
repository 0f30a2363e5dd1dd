-- SPDX-FileCopyrightText: The Belfry developers
-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- The statements of the store on SQLite. A line with an @ begins one: its name, and the types of its
-- columns, i for an integer and s for a text. A batch is one JSON array, bound as text and unpacked
-- by the database. Statements that give rows have to start with SELECT, and `##name::type` is
-- followed by a space.

-- @schema_version i
SELECT user_version FROM pragma_user_version

-- @count_tables i
SELECT count (*) FROM sqlite_master

-- @init
INSERT INTO meta (one, epoch, position) VALUES (1, ##epoch::string , 0)

-- @epoch s
SELECT epoch FROM meta

-- @set_epoch
UPDATE meta SET epoch = ##epoch::string

-- @position i
-- Transactions that only create leave the row as it is: their positions are ids.
SELECT max (position, (SELECT ifnull (max (id), 0) FROM notification)) FROM meta

-- @set_position
UPDATE meta SET position = ##position::int64

-- @next_user_key i
SELECT ifnull (max (key), 0) + 1 FROM user

-- @next_expiry i
SELECT ifnull (min (expires_at), 0) FROM notification
WHERE expires_at IS NOT NULL AND removed_at IS NULL

-- @inboxes siiiiiii
-- The users with these ids: their rows, how many notifications are not counted there, and the
-- newest of those.
SELECT id, key, settled, horizon, unread, total,
(SELECT count (*) FROM notification AS n WHERE n.user = user.key AND n.id > settled
AND n.removed_at IS NULL AND n.read_at IS NULL),
(SELECT ifnull (max (n.id), 0) FROM notification AS n WHERE n.user = user.key AND n.id > settled
AND n.removed_at IS NULL AND n.read_at IS NULL)
FROM user WHERE id IN (SELECT value FROM json_each (##ids::string ))

-- @ids_of_users s
SELECT id FROM user WHERE key IN (SELECT value FROM json_each (##keys::string ))

-- @add_users
-- users: [[key, id, horizon], …]
INSERT INTO user (key, id, settled, unread, total, horizon)
SELECT value ->> 0, value ->> 1, 0, 0, 0, value ->> 2 FROM json_each (##users::string )

-- @settle_users
-- users: [[key, position, unread, total, horizon], …]
UPDATE user
SET settled = b.value ->> 1, unread = b.value ->> 2, total = b.value ->> 3, horizon = b.value ->> 4
FROM json_each (##users::string ) AS b WHERE user.key = b.value ->> 0

-- @resolve iiii
-- drafts: [[user, idempotency key, tag], …] → index, id under the key, id under the tag, whether
-- that one is unread; only those for which there is something
SELECT b.key, ifnull (k.id, 0), ifnull (t.id, 0), t.id IS NOT NULL AND t.read_at IS NULL
FROM json_each (##drafts::string ) AS b
LEFT JOIN idempotency AS k ON k.user = b.value ->> 0 AND k.key = b.value ->> 1
LEFT JOIN notification AS t
ON t.user = b.value ->> 0 AND t.tag = b.value ->> 2 AND t.tag IS NOT NULL AND t.removed_at IS NULL
WHERE k.id IS NOT NULL OR t.id IS NOT NULL

-- @create
-- rows: [[id, user, data, created_at, tag, expires_at], …]
-- json_each writes the text of a row anew for each use of its value, so it is used once.
INSERT INTO notification
(id, user, data, created_at, position, content_position, tag, expires_at)
WITH rows AS MATERIALIZED (SELECT value AS row FROM json_each (##rows::string ))
SELECT row ->> 0, row ->> 1, row ->> 2, row ->> 3, row ->> 0, row ->> 0, row ->> 4, row ->> 5
FROM rows

-- @add_keys
-- keys: [[user, key, id], …]
INSERT INTO idempotency (user, key, id)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each (##keys::string )

-- @pick ii
-- id, whether it is unread. The + keeps SQLite from walking the whole inbox.
SELECT id, read_at IS NULL FROM notification
WHERE id IN (SELECT value FROM json_each (##ids::string ))
AND +user = ##user::int64 AND removed_at IS NULL ORDER BY id

-- @pick_all ii
SELECT id, 1 FROM notification
WHERE user = ##user::int64 AND id <= ##up_to::int64 AND removed_at IS NULL AND read_at IS NULL
UNION ALL
SELECT id, 0 FROM notification
WHERE user = ##user::int64 AND id <= ##up_to::int64 AND removed_at IS NULL AND read_at IS NOT NULL
ORDER BY id LIMIT ##limit::int64

-- @pick_all_unread ii
SELECT id, 1 FROM notification
WHERE user = ##user::int64 AND id <= ##up_to::int64 AND removed_at IS NULL AND read_at IS NULL
ORDER BY id LIMIT ##limit::int64

-- @pick_expired iii
-- id, whether it is unread, its user
SELECT id, read_at IS NULL, user FROM notification
WHERE expires_at <= ##now::int64 AND expires_at IS NOT NULL AND removed_at IS NULL
ORDER BY expires_at LIMIT ##limit::int64

-- @created_from ii
-- The first notification from this id on, and when it was created.
SELECT id, created_at FROM notification WHERE id >= ##id::int64 ORDER BY id LIMIT 1

-- @pick_old iii
-- Of the users with keys behind `after`, up to `last`: id, whether it is unread, its user. The id
-- narrows it down, the time decides.
SELECT n.id, 0, n.user FROM user AS u CROSS JOIN notification AS n
WHERE u.key > ##after::int64 AND u.key <= ##last::int64 AND n.user = u.key
AND n.id <= ##old::int64 AND n.created_at < ##before::int64
AND n.removed_at IS NULL AND n.read_at IS NOT NULL
UNION ALL
SELECT n.id, 1, n.user FROM user AS u CROSS JOIN notification AS n
WHERE ##unread::int64 = 1
AND u.key > ##after::int64 AND u.key <= ##last::int64 AND n.user = u.key
AND n.id <= ##old::int64 AND n.created_at < ##before::int64
AND n.removed_at IS NULL AND n.read_at IS NULL
LIMIT ##limit::int64

-- @pick_surplus iii
-- The same of what a user has beside the newest `count`. The total leaves out the tail, and only
-- serves to pass over those who have fewer.
SELECT n.id, 0, n.user FROM user AS u CROSS JOIN notification AS n
WHERE u.key > ##after::int64 AND u.key <= ##last::int64 AND n.user = u.key
AND u.total + ##tail::int64 > ##count::int64
AND n.id <= (SELECT m.id FROM notification AS m
WHERE m.user = u.key AND m.removed_at IS NULL AND m.read_at IS NULL
UNION ALL
SELECT m.id FROM notification AS m
WHERE m.user = u.key AND m.removed_at IS NULL AND m.read_at IS NOT NULL
ORDER BY id DESC LIMIT 1 OFFSET ##count::int64 )
AND n.removed_at IS NULL AND n.read_at IS NOT NULL
UNION ALL
SELECT n.id, 1, n.user FROM user AS u CROSS JOIN notification AS n
WHERE ##unread::int64 = 1
AND u.key > ##after::int64 AND u.key <= ##last::int64 AND n.user = u.key
AND u.total + ##tail::int64 > ##count::int64
AND n.id <= (SELECT m.id FROM notification AS m
WHERE m.user = u.key AND m.removed_at IS NULL AND m.read_at IS NULL
UNION ALL
SELECT m.id FROM notification AS m
WHERE m.user = u.key AND m.removed_at IS NULL AND m.read_at IS NOT NULL
ORDER BY id DESC LIMIT 1 OFFSET ##count::int64 )
AND n.removed_at IS NULL AND n.read_at IS NULL
LIMIT ##limit::int64

-- @pick_tombstones iii
-- id, position, user
SELECT id, position, user FROM notification
WHERE removed_at < ##before::int64 AND removed_at IS NOT NULL
ORDER BY removed_at LIMIT ##limit::int64

-- @mark_read
-- The ids are in the order of their new positions, from base on.
UPDATE notification SET read_at = ##now::int64 , position = ##base::int64 + b.key
FROM json_each (##ids::string ) AS b WHERE notification.id = b.value

-- @mark_unread
UPDATE notification SET read_at = NULL, position = ##base::int64 + b.key
FROM json_each (##ids::string ) AS b WHERE notification.id = b.value

-- @remove
UPDATE notification
SET removed_at = ##now::int64 , data = '{}', position = ##base::int64 + b.key
FROM json_each (##ids::string ) AS b WHERE notification.id = b.value

-- @update
UPDATE notification
SET data = ##data::string , position = ##position::int64 , content_position = ##position::int64
WHERE id = ##id::int64 AND user = ##user::int64 AND removed_at IS NULL

-- @drop_rows
DELETE FROM notification WHERE id IN (SELECT value FROM json_each (##ids::string ))

-- @pick_changed i
-- Tombstones: rows that are there no more are all changed.
SELECT id FROM notification
WHERE user = ##user::int64 AND position > id AND removed_at IS NOT NULL LIMIT ##limit::int64

-- @drop_keys
DELETE FROM idempotency WHERE user = ##user::int64 AND key IN
(SELECT i.key FROM idempotency AS i WHERE i.user = ##user::int64 LIMIT ##limit::int64 )

-- @drop_user
DELETE FROM user WHERE key = ##user::int64

-- @truncate_log i
-- 0 if it could be done.
PRAGMA wal_checkpoint (TRUNCATE)

-- @vacuum_into
VACUUM INTO ##path::string

-- @keys si
SELECT key, id FROM idempotency
WHERE user = (SELECT key FROM user WHERE user.id = ##user::string )
AND idempotency.key > ##after::string ORDER BY idempotency.key LIMIT ##limit::int64

-- @rows isiiiisi
-- id, data, created_at, whether it is read, position, content_position, tag, expires_at
SELECT id, data, created_at, read_at IS NOT NULL, position, content_position, ifnull (tag, ''),
ifnull (expires_at, 0)
FROM notification
WHERE id IN (SELECT value FROM json_each (##ids::string ))
AND +user = ##user::int64 AND removed_at IS NULL ORDER BY id

-- @row isiiiisi
SELECT id, data, created_at, read_at IS NOT NULL, position, content_position, ifnull (tag, ''),
ifnull (expires_at, 0)
FROM notification
WHERE id = ##id::int64 AND removed_at IS NULL
AND user = (SELECT key FROM user WHERE user.id = ##user::string )

-- @list isiiiisi
SELECT id, data, created_at, 0, position, content_position, ifnull (tag, ''),
ifnull (expires_at, 0)
FROM notification
WHERE user = (SELECT key FROM user WHERE user.id = ##user::string ) AND id < ##before::int64
AND removed_at IS NULL AND read_at IS NULL
UNION ALL
SELECT id, data, created_at, 1, position, content_position, ifnull (tag, ''),
ifnull (expires_at, 0)
FROM notification
WHERE user = (SELECT key FROM user WHERE user.id = ##user::string ) AND id < ##before::int64
AND removed_at IS NULL AND read_at IS NOT NULL
ORDER BY id DESC LIMIT ##limit::int64

-- @list_unread isiiiisi
SELECT id, data, created_at, 0, position, content_position, ifnull (tag, ''),
ifnull (expires_at, 0)
FROM notification
WHERE user = (SELECT key FROM user WHERE user.id = ##user::string ) AND id < ##before::int64
AND removed_at IS NULL AND read_at IS NULL
ORDER BY id DESC LIMIT ##limit::int64

-- @list_tag isiiiisi
SELECT id, data, created_at, read_at IS NOT NULL, position, content_position, ifnull (tag, ''),
ifnull (expires_at, 0)
FROM notification
WHERE user = (SELECT key FROM user WHERE user.id = ##user::string ) AND tag = ##tag::string
AND tag IS NOT NULL AND removed_at IS NULL

-- @page_changed isiiiisii
-- What changed of the rows up to the cursor, and whether it is removed.
SELECT id, data, created_at, read_at IS NOT NULL, position, content_position, ifnull (tag, ''),
ifnull (expires_at, 0), removed_at IS NOT NULL
FROM notification
WHERE user = (SELECT key FROM user WHERE user.id = ##user::string )
AND position > ##told::int64 AND position > id AND id <= ##sent::int64
ORDER BY position LIMIT ##limit::int64

-- @page_new isiiiisi
-- The rows behind the cursor; removed ones have nothing to tell.
SELECT id, data, created_at, 0, position, content_position, ifnull (tag, ''),
ifnull (expires_at, 0)
FROM notification
WHERE user = (SELECT key FROM user WHERE user.id = ##user::string ) AND id > ##sent::int64
AND removed_at IS NULL AND read_at IS NULL
UNION ALL
SELECT id, data, created_at, 1, position, content_position, ifnull (tag, ''),
ifnull (expires_at, 0)
FROM notification
WHERE user = (SELECT key FROM user WHERE user.id = ##user::string ) AND id > ##sent::int64
AND removed_at IS NULL AND read_at IS NOT NULL
ORDER BY id LIMIT ##limit::int64
