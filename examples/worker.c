/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A worker in C.
 *
 *   cc worker.c -o worker $(pkg-config --cflags --libs belfry-1.0)
 *   ./worker alice '{"title": "Your export is ready"}' */

#include <belfry.h>

int
main (int argc, char **argv)
{
  g_autoptr (BelfryClient) client = NULL;
  g_autoptr (GError) error = NULL;
  gint64 id;

  if (argc != 3)
    {
      g_printerr ("usage: worker USER DATA\n");
      return 2;
    }
  client = belfry_client_new_sync ("session", NULL, &error);
  if (client == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  /* When it returns, the notification is stored. */
  id = belfry_client_create_sync (client, argv[1], argv[2], NULL, NULL, &error);
  if (id < 0)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  g_print ("%" G_GINT64_FORMAT "\n", id);
  return 0;
}
