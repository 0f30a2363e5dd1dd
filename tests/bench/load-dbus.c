/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "load-dbus.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load-call.h"
#include "load-message.h"

/* A bus is greeted with the first serial; each call has that of its first message behind it. */
#define HELLO_SERIAL 1
#define FIRST_SERIAL 2

struct _LoadDBus
{
  LoadRun *run;
  GIOStream *stream; /* owns the socket */
  int fd;
  GByteArray *input;
  GByteArray *output;
  gsize header_length; /* what all the run's calls begin with */
  guint n_unanswered;
};

/* The socket blocks, so all of it goes. */
static void
send_bytes (LoadDBus *self, gconstpointer data, gsize length)
{
  if (send (self->fd, data, length, MSG_NOSIGNAL) != (gssize) length)
    g_error ("send: %s", g_strerror (errno));
}

static void
receive (LoadDBus *self)
{
  guint8 buffer[16 * 1024];
  gssize n = recv (self->fd, buffer, sizeof buffer, 0);

  if (n <= 0)
    g_error ("the connection of the worker was closed");
  g_byte_array_append (self->input, buffer, (guint) n);
}

/* See "Authentication Protocol" in the D-Bus specification: the server asks the kernel who we are.
 * It says nothing behind its answer before we have begun. */
static void
authenticate (LoadDBus *self)
{
  static const char begin[] = "BEGIN\r\n";
  g_autofree char *uid = g_strdup_printf ("%u", (guint) geteuid ());
  g_autoptr (GString) hello = g_string_new_len ("\0AUTH EXTERNAL ", 15);

  for (const char *digit = uid; *digit != '\0'; digit++)
    g_string_append_printf (hello, "%02x", (guint) *digit);
  g_string_append (hello, "\r\n");
  send_bytes (self, hello->str, hello->len);
  do
    receive (self);
  while (memchr (self->input->data, '\n', self->input->len) == NULL);
  if (memcmp (self->input->data, "OK ", 3) != 0)
    g_error ("not authenticated: %.*s", (int) self->input->len, (const char *) self->input->data);
  g_byte_array_set_size (self->input, 0);
  send_bytes (self, begin, strlen (begin));
}

static void
on_reply (LoadDBus *self, const LoadReply *reply)
{
  if (reply->error_name != NULL)
    g_error ("%s: %s", reply->error_name, reply->error_text != NULL ? reply->error_text : "");
  self->n_unanswered--;
  if (reply->reply_serial != HELLO_SERIAL)
    load_run_end_call (self->run, reply->reply_serial - FIRST_SERIAL);
}

/* Waits for replies, and takes all that are there. Signals and calls to us are passed over. */
static void
take_replies (LoadDBus *self)
{
  gsize taken = 0;
  gsize length;
  LoadReply reply;

  receive (self);
  while ((length = load_message_parse (self->input->data + taken, self->input->len - taken, &reply))
         > 0)
    {
      if (reply.reply_serial != 0)
        on_reply (self, &reply);
      taken += length;
    }
  g_byte_array_remove_range (self->input, 0, (guint) taken);
}

static void
greet_bus (LoadDBus *self)
{
  g_autoptr (GByteArray) hello = load_message_new_call (
      "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", NULL);

  load_message_set_serial (hello, HELLO_SERIAL, hello->len);
  send_bytes (self, hello->data, hello->len);
  self->n_unanswered++;
  while (self->n_unanswered > 0)
    take_replies (self);
}

/* @is_bus: whether a bus is at @address, or Belfry itself */
LoadDBus *
load_dbus_open (LoadRun *run, const char *address, gboolean is_bus)
{
  g_autoptr (GError) error = NULL;
  LoadDBus *self = g_new0 (LoadDBus, 1);

  self->run = run;
  self->stream = g_dbus_address_get_stream_sync (address, NULL, NULL, &error);
  if (self->stream == NULL)
    g_error ("%s", error->message);
  self->fd = g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->stream)));
  g_unix_set_fd_nonblocking (self->fd, FALSE, NULL);
  self->input = g_byte_array_new ();
  authenticate (self);
  if (is_bus)
    greet_bus (self);
  self->output = load_call_new_header (run, is_bus ? "org.belfry.Belfry1" : NULL);
  self->header_length = self->output->len;
  return self;
}

void
load_dbus_close (LoadDBus *self)
{
  g_object_unref (self->stream);
  g_byte_array_unref (self->input);
  g_byte_array_unref (self->output);
  g_free (self);
}

static void
call (LoadDBus *self)
{
  guint first = load_run_begin_call (self->run);

  g_byte_array_set_size (self->output, (guint) self->header_length);
  load_call_append_body (self->run, first, self->output);
  load_message_set_serial (self->output, first + FIRST_SERIAL, self->header_length);
  self->n_unanswered++;
  send_bytes (self, self->output->data, self->output->len);
}

/* Makes calls until the run's end, and returns when all are answered. */
void
load_dbus_make_calls (LoadDBus *self)
{
  LoadRun *run = self->run;

  for (;;)
    {
      while (self->n_unanswered < run->in_flight && load_run_has_next (run))
        call (self);
      if (self->n_unanswered == 0)
        return;
      take_replies (self);
    }
}
