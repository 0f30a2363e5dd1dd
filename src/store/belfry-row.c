/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-row.h"

#include <string.h>

#include "belfry-notification-private.h"

/* The columns with which every statement that gives notifications begins. */
enum
{
  ID,
  DATA,
  CREATED_AT,
  READ,
  POSITION,
  CONTENT_POSITION,
  TAG,
  EXPIRES_AT,
};

/* Makes a notification of a row. */
BelfryStoreRow
belfry_row_read (BelfrySqlRows *rows, guint row, const char *user_id)
{
  const char *tag = belfry_sql_rows_get_text (rows, row, TAG);
  const BelfryNotificationFields fields = {
    .id = belfry_sql_rows_get_int (rows, row, ID),
    .user_id = user_id,
    .data = belfry_sql_rows_get_text (rows, row, DATA),
    .created_at = belfry_sql_rows_get_int (rows, row, CREATED_AT),
    .read = belfry_sql_rows_get_int (rows, row, READ) != 0,
    .position = belfry_sql_rows_get_int (rows, row, POSITION),
    .tag = *tag != '\0' ? tag : NULL,
    .expires_at = belfry_sql_rows_get_int (rows, row, EXPIRES_AT),
  };

  return (BelfryStoreRow){
    .id = fields.id,
    .position = fields.position,
    .content_position = belfry_sql_rows_get_int (rows, row, CONTENT_POSITION),
    .notification = belfry_notification_new (&fields),
  };
}

/* Makes a user of a row of the statement "inboxes". The id goes with @rows. */
BelfryUser
belfry_row_read_user (BelfrySqlRows *rows, guint row)
{
  gint64 settled = belfry_sql_rows_get_int (rows, row, 2);
  gint64 tail = belfry_sql_rows_get_int (rows, row, 6);
  gint64 newest = belfry_sql_rows_get_int (rows, row, 7);

  return (BelfryUser){
    .id = (char *) belfry_sql_rows_get_text (rows, row, 0),
    .key = belfry_sql_rows_get_int (rows, row, 1),
    .position = MAX (settled, newest),
    .horizon = belfry_sql_rows_get_int (rows, row, 3),
    .unread = belfry_sql_rows_get_int (rows, row, 4) + tail,
    .total = belfry_sql_rows_get_int (rows, row, 5) + tail,
    .tail = (guint) tail,
  };
}

/* How many bytes a row takes in a frame, nearly. */
gsize
belfry_row_get_size (BelfrySqlRows *rows, guint row)
{
  return strlen (belfry_sql_rows_get_text (rows, row, DATA)) + 256;
}
