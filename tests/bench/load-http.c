/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "load-http.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct
{
  int fd;
  guint first; /* message of the call */
  GString *input;
} Connection;

struct _LoadHttp
{
  LoadRun *run;
  int epoll_fd;
  Connection *connections;
  guint n_busy;
};

static void
open_connection (LoadHttp *self, guint i, guint16 port)
{
  const struct sockaddr_in name = {
    .sin_family = AF_INET,
    .sin_port = g_htons (port),
    .sin_addr.s_addr = g_htonl (INADDR_LOOPBACK),
  };
  Connection *connection = &self->connections[i];
  struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };
  const int one = 1;

  connection->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect (connection->fd, (const struct sockaddr *) &name, sizeof name) != 0)
    g_error ("connect: %s", g_strerror (errno));
  setsockopt (connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  connection->input = g_string_new (NULL);
  epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event);
}

LoadHttp *
load_http_open (LoadRun *run, guint16 port)
{
  LoadHttp *self = g_new0 (LoadHttp, 1);

  self->run = run;
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->connections = g_new0 (Connection, run->in_flight);
  for (guint i = 0; i < run->in_flight; i++)
    open_connection (self, i, port);
  return self;
}

void
load_http_close (LoadHttp *self)
{
  for (guint i = 0; i < self->run->in_flight; i++)
    {
      close (self->connections[i].fd);
      g_string_free (self->connections[i].input, TRUE);
    }
  close (self->epoll_fd);
  g_free (self->connections);
  g_free (self);
}

static char *
make_send_body (LoadRun *run, const char *data)
{
  g_autofree guint *users = load_run_pick_users (run);
  GString *body = g_string_new ("{\"users\":[");

  for (guint i = 0; i < run->batch; i++)
    g_string_append_printf (body, i == 0 ? "\"%u\"" : ",\"%u\"", users[i]);
  g_string_append_printf (body, "],\"data\":%s}", data);
  return g_string_free (body, FALSE);
}

static char *
make_request (LoadRun *run, guint message)
{
  g_autofree char *data = load_run_make_data (run, message);
  g_autofree char *path = NULL;
  g_autofree char *body = NULL;

  switch (run->call)
    {
    case LOAD_CALL_CREATE:
      g_assert (run->batch == 1);
      path = g_strdup_printf ("/create/%u", load_run_pick_user (run));
      body = g_steal_pointer (&data);
      break;
    case LOAD_CALL_SEND:
      path = g_strdup ("/send");
      body = make_send_body (run, data);
      break;
    case LOAD_CALL_BROADCAST:
      path = g_strdup ("/broadcast");
      body = g_steal_pointer (&data);
      break;
    case LOAD_CALL_LIST:
    case LOAD_CALL_COUNT:
    default:
      g_error ("peers are not asked this");
    }
  return g_strdup_printf ("POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                          "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                          path, strlen (body), body);
}

static void
post (LoadHttp *self, Connection *connection)
{
  g_autofree char *request = NULL;
  gsize length;

  connection->first = load_run_begin_call (self->run);
  request = make_request (self->run, connection->first);
  length = strlen (request);
  self->n_busy++;
  /* The socket blocks, so all of it goes. */
  if (send (connection->fd, request, length, MSG_NOSIGNAL) != (gssize) length)
    g_error ("send: %s", g_strerror (errno));
}

/* Whether one answer is there as a whole. */
static gboolean
is_complete (const GString *input)
{
  static const char field[] = "\r\ncontent-length:";
  const char *end = strstr (input->str, "\r\n\r\n");
  const char *length;

  if (end == NULL)
    return FALSE;
  if (strncmp (input->str, "HTTP/1.1 2", 10) != 0)
    g_error ("not posted: %s", input->str);
  length = strcasestr (input->str, field);
  if (length == NULL || length > end)
    g_error ("an answer without a length: %s", input->str);
  return input->len
         >= (gsize) (end + 4 - input->str) + g_ascii_strtoull (length + strlen (field), NULL, 10);
}

static void
on_input (LoadHttp *self, Connection *connection)
{
  char buffer[4096];
  gssize n = recv (connection->fd, buffer, sizeof buffer, 0);

  if (n <= 0)
    g_error ("a connection of the worker was closed");
  g_string_append_len (connection->input, buffer, n);
  if (!is_complete (connection->input))
    return;
  g_string_truncate (connection->input, 0);
  self->n_busy--;
  load_run_end_call (self->run, connection->first);
  if (load_run_has_next (self->run))
    post (self, connection);
}

/* Makes calls until the run's end, and returns when all are answered. */
void
load_http_make_calls (LoadHttp *self)
{
  for (guint i = 0; i < self->run->in_flight && load_run_has_next (self->run); i++)
    post (self, &self->connections[i]);
  while (self->n_busy > 0)
    {
      struct epoll_event events[64];
      int n = epoll_wait (self->epoll_fd, events, G_N_ELEMENTS (events), -1);

      for (int i = 0; i < n; i++)
        on_input (self, &self->connections[events[i].data.u32]);
    }
}
