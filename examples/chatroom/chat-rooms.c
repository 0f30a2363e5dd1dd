/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chat-rooms.h"

#include "chat-frames.h"

#define MAX_MEMBERS           200
#define MAX_ROOMS_PER_SESSION 16

/* A client renews its place every 30 s, where its browser lets it. */
#define LEASE (150 * G_USEC_PER_SEC)

/* Typing is told at most as often. */
#define TYPING_INTERVAL (2 * G_USEC_PER_SEC)

/* A place: one session in one room. */
typedef struct
{
  char *session_id;
  char *user_id;
  gint64 lease; /* monotonic, µs */
} Place;

typedef struct
{
  GHashTable *places;  /* session id → Place */
  GHashTable *members; /* user id → how many places */
  GHashTable *typing;  /* user id → since when it may be told again, gint64, monotonic, µs */
} Room;

struct _ChatRooms
{
  BelfrySessionRegistry *sessions;
  GHashTable *rooms; /* name → Room, while somebody is in it */
};

static void
place_free (gpointer data)
{
  Place *self = data;

  g_free (self->session_id);
  g_free (self->user_id);
  g_free (self);
}

static void
room_free (gpointer data)
{
  Room *self = data;

  g_hash_table_unref (self->places);
  g_hash_table_unref (self->members);
  g_hash_table_unref (self->typing);
  g_free (self);
}

static Room *
room_new (void)
{
  Room *self = g_new0 (Room, 1);

  self->places = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, place_free);
  self->members = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->typing = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

ChatRooms *
chat_rooms_new (BelfrySessionRegistry *sessions)
{
  ChatRooms *self = g_new0 (ChatRooms, 1);

  self->sessions = sessions;
  self->rooms = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, room_free);
  return self;
}

void
chat_rooms_free (ChatRooms *self)
{
  g_hash_table_unref (self->rooms);
  g_free (self);
}

static guint
count_places (ChatRooms *self, const char *session_id)
{
  GHashTableIter iter;
  gpointer room;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->rooms);
  while (g_hash_table_iter_next (&iter, NULL, &room))
    n += g_hash_table_contains (((Room *) room)->places, session_id);
  return n;
}

static void
tell_presence (ChatRooms *self, const char *room, const char *user_id, gboolean here)
{
  g_autofree char *data = chat_frame_presence (room, user_id, here);

  chat_rooms_tell (self, room, "chat.present", data);
}

/* Gives a session a place in a room, or renews it. The user's first is told to the others. */
gboolean
chat_rooms_join (ChatRooms *self,
                 const char *name,
                 const char *session_id,
                 const char *user_id,
                 GError **error)
{
  Room *room = g_hash_table_lookup (self->rooms, name);
  Place *place = room != NULL ? g_hash_table_lookup (room->places, session_id) : NULL;
  guint n;

  if (place == NULL)
    {
      if (room != NULL && g_hash_table_size (room->members) >= MAX_MEMBERS
          && !g_hash_table_contains (room->members, user_id))
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "room: has %u members, at most %d",
                       g_hash_table_size (room->members), MAX_MEMBERS);
          return FALSE;
        }
      if (count_places (self, session_id) >= MAX_ROOMS_PER_SESSION)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                       "room: a session is in at most %d rooms", MAX_ROOMS_PER_SESSION);
          return FALSE;
        }
      if (room == NULL)
        {
          room = room_new ();
          g_hash_table_insert (self->rooms, g_strdup (name), room);
        }
      place = g_new0 (Place, 1);
      place->session_id = g_strdup (session_id);
      place->user_id = g_strdup (user_id);
      g_hash_table_insert (room->places, place->session_id, place);
      n = GPOINTER_TO_UINT (g_hash_table_lookup (room->members, user_id));
      g_hash_table_insert (room->members, g_strdup (user_id), GUINT_TO_POINTER (n + 1));
      if (n == 0)
        tell_presence (self, name, user_id, TRUE);
    }
  place->lease = g_get_monotonic_time () + LEASE;
  return TRUE;
}

/* Takes a session's place away. The end of the user's last is told. */
void
chat_rooms_leave (ChatRooms *self, const char *name, const char *session_id)
{
  Room *room = g_hash_table_lookup (self->rooms, name);
  Place *place = room != NULL ? g_hash_table_lookup (room->places, session_id) : NULL;
  g_autofree char *user_id = NULL;
  guint n;

  if (place == NULL)
    return;
  user_id = g_strdup (place->user_id);
  g_hash_table_remove (room->places, session_id);
  n = GPOINTER_TO_UINT (g_hash_table_lookup (room->members, user_id)) - 1;
  if (n > 0)
    {
      g_hash_table_insert (room->members, g_strdup (user_id), GUINT_TO_POINTER (n));
      return;
    }
  g_hash_table_remove (room->members, user_id);
  g_hash_table_remove (room->typing, user_id);
  if (g_hash_table_size (room->places) == 0)
    g_hash_table_remove (self->rooms, name);
  else
    tell_presence (self, name, user_id, FALSE);
}

void
chat_rooms_end_session (ChatRooms *self, const char *session_id)
{
  g_autoptr (GList) names = g_hash_table_get_keys (self->rooms);

  /* A name that goes is the one that was just left. */
  for (GList *link = names; link != NULL; link = link->next)
    {
      g_autofree char *name = g_strdup (link->data);

      chat_rooms_leave (self, name, session_id);
    }
}

static void
sweep_room (ChatRooms *self, const char *name, Room *room, gint64 now)
{
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, room->places);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Place *) value)->lease < now)
      g_ptr_array_add (gone, g_strdup (((Place *) value)->session_id));
  for (guint i = 0; i < gone->len; i++)
    chat_rooms_leave (self, name, g_ptr_array_index (gone, i));
}

/* Forgets who has not renewed its place in time. */
void
chat_rooms_sweep (ChatRooms *self)
{
  g_autoptr (GList) names = g_hash_table_get_keys (self->rooms);
  gint64 now = g_get_monotonic_time ();

  for (GList *link = names; link != NULL; link = link->next)
    {
      g_autofree char *name = g_strdup (link->data);

      sweep_room (self, name, g_hash_table_lookup (self->rooms, name), now);
    }
}

/* Returns: (transfer full): the ids of the users */
char **
chat_rooms_list_members (ChatRooms *self, const char *name)
{
  Room *room = g_hash_table_lookup (self->rooms, name);
  g_autoptr (GPtrArray) members = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer user_id;

  if (room != NULL)
    {
      g_hash_table_iter_init (&iter, room->members);
      while (g_hash_table_iter_next (&iter, &user_id, NULL))
        g_ptr_array_add (members, g_strdup (user_id));
    }
  g_ptr_array_add (members, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&members), FALSE);
}

/* Sends it to all who are in the room. It is a hint: who does not read, does not get it. */
void
chat_rooms_tell (ChatRooms *self, const char *room, const char *type, const char *data)
{
  g_auto (GStrv) members = chat_rooms_list_members (self, room);
  g_autoptr (GError) error = NULL;

  if (belfry_session_registry_send_to_users (self->sessions, (const char *const *) members, type,
                                             data, &error)
      < 0)
    g_warning ("%s could not be told: %s", type, error->message);
}

/* Tells that somebody types, but not all the time, and only of those who are there. */
void
chat_rooms_tell_typing (ChatRooms *self, const char *name, const char *user_id)
{
  Room *room = g_hash_table_lookup (self->rooms, name);
  gint64 now = g_get_monotonic_time ();
  g_autofree char *data = NULL;
  gint64 *next;

  if (room == NULL || !g_hash_table_contains (room->members, user_id))
    return;
  next = g_hash_table_lookup (room->typing, user_id);
  if (next != NULL && now < *next)
    return;
  next = g_new (gint64, 1);
  *next = now + TYPING_INTERVAL;
  g_hash_table_insert (room->typing, g_strdup (user_id), next);
  data = chat_frame_typing (name, user_id);
  chat_rooms_tell (self, name, "chat.typing", data);
}

/* What was typed has been said: what is typed next is told at once. */
void
chat_rooms_stop_typing (ChatRooms *self, const char *name, const char *user_id)
{
  Room *room = g_hash_table_lookup (self->rooms, name);

  if (room != NULL)
    g_hash_table_remove (room->typing, user_id);
}
