/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-inbox-window-private.h"

/* What notifications are compared by: an object never changes, a later state of it is another. The
 * time tells it from one of the same id in a database that was restored. */
typedef struct
{
  gint64 id;
  gint64 position;
  gint64 created_at;
} Key;

static Key
get_key (BelfryNotification *notification)
{
  return (Key){
    belfry_notification_get_id (notification),
    belfry_notification_get_position (notification),
    belfry_notification_get_created_at (notification),
  };
}

static gboolean
is_same (const Key *a, const Key *b)
{
  return a->id == b->id && a->position == b->position && a->created_at == b->created_at;
}

static Key
item_key (GListStore *items, guint i)
{
  g_autoptr (BelfryNotification) item = g_list_model_get_item (G_LIST_MODEL (items), i);

  return get_key (item);
}

/* @position: (out): where it is, or where it would have to go
 *
 * Returns: whether it is there */
gboolean
belfry_inbox_window_find (GListStore *items, gint64 id, guint *position)
{
  guint first = 0;
  guint end = g_list_model_get_n_items (G_LIST_MODEL (items));

  while (first < end)
    {
      guint middle = first + (end - first) / 2;
      gint64 there = item_key (items, middle).id;

      if (there == id)
        {
          *position = middle;
          return TRUE;
        }
      if (there > id)
        first = middle + 1;
      else
        end = middle;
    }
  *position = first;
  return FALSE;
}

/* The items and the page side by side, both from the highest id down. */
typedef struct
{
  GListStore *items;
  gint64 from;
  GPtrArray *page;
  guint i; /* the next of the items */
  guint n; /* the next of the page */
} Merge;

static gboolean
has_item (const Merge *merge, Key *key)
{
  if (merge->i >= g_list_model_get_n_items (G_LIST_MODEL (merge->items)))
    return FALSE;
  *key = item_key (merge->items, merge->i);
  return key->id >= merge->from;
}

static gboolean
has_page (const Merge *merge, Key *key)
{
  if (merge->n >= merge->page->len)
    return FALSE;
  *key = get_key (g_ptr_array_index (merge->page, merge->n));
  return TRUE;
}

/* Returns: whether there is anything left */
static gboolean
skip_equal (Merge *merge)
{
  for (;;)
    {
      Key item;
      Key page;
      gboolean item_left = has_item (merge, &item);
      gboolean page_left = has_page (merge, &page);

      if (!item_left || !page_left)
        return item_left || page_left;
      if (!is_same (&item, &page))
        return TRUE;
      merge->i++;
      merge->n++;
    }
}

/* Replaces from here on all that differs, in one go. */
static void
replace_different (Merge *merge)
{
  const guint position = merge->i;
  const guint first = merge->n;
  guint n_removed;

  for (;;)
    {
      Key item;
      Key page;
      gboolean item_left = has_item (merge, &item);
      gboolean page_left = has_page (merge, &page);

      if (!item_left && !page_left)
        break;
      if (item_left && page_left && item.id == page.id)
        {
          if (is_same (&item, &page))
            break;
          merge->i++;
          merge->n++;
        }
      else if (!page_left || (item_left && item.id > page.id))
        merge->i++;
      else
        merge->n++;
    }
  n_removed = merge->i - position;
  g_list_store_splice (merge->items, position, n_removed, merge->page->pdata + first,
                       merge->n - first);
  merge->i = position + merge->n - first;
}

/* From now on, the items whose ids are at least @from and below @before are those of @page, which
 * is sorted as they are. */
void
belfry_inbox_window_merge (GListStore *items, gint64 from, gint64 before, GPtrArray *page)
{
  Merge merge = { .items = items, .from = from, .page = page };

  /* The first whose id is below. */
  belfry_inbox_window_find (items, before - 1, &merge.i);
  while (skip_equal (&merge))
    replace_different (&merge);
}
