/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "belfry-reactor-private.h"
#include "belfry-socket-private.h"

/* Chunks that are sent by one system call. */
#define GATHER 64

struct _BelfryChunk
{
  BelfryChunk *next;
  GBytes *bytes;
  guint credit; /* what the owner gets back when it is sent */
};

/* Takes the first chunk off the queue. Returns: its credit */
static guint
drop_chunk (BelfrySocket *self)
{
  BelfryChunk *chunk = self->first;
  guint credit = chunk->credit;

  self->first = chunk->next;
  if (self->first == NULL)
    self->last = NULL;
  g_bytes_unref (chunk->bytes);
  g_free (chunk);
  return credit;
}

/* Sends @bytes behind all that was written before. @credit is given back by
 * belfry_socket_take_credit() when the kernel has taken them. Nothing is sent on a socket that was
 * closed or has failed. */
void
belfry_socket_send (BelfrySocket *self, GBytes *bytes, guint credit)
{
  BelfryChunk *chunk;

  if (self->state != BELFRY_SOCKET_OPEN || self->broken != 0 || g_bytes_get_size (bytes) == 0)
    return;
  chunk = g_new (BelfryChunk, 1);
  *chunk = (BelfryChunk){ NULL, g_bytes_ref (bytes), credit };
  if (self->last == NULL)
    {
      self->first = chunk;
      self->last_sent = belfry_reactor_get_now (self->reactor);
    }
  else
    self->last->next = chunk;
  self->last = chunk;
  self->queued += g_bytes_get_size (bytes);
  belfry_reactor_serve (self->reactor, self);
}

/* The kernel took @n bytes. */
static void
dequeue (BelfrySocket *self, gsize n)
{
  self->queued -= n;
  self->last_sent = belfry_reactor_get_now (self->reactor);
  n += self->head_offset;
  while (n > 0)
    {
      gsize size = g_bytes_get_size (self->first->bytes);

      if (n < size)
        break;
      n -= size;
      self->credit += drop_chunk (self);
    }
  self->head_offset = n;
}

static gssize
send_some (BelfrySocket *self)
{
  struct iovec vectors[GATHER];
  struct msghdr message = { .msg_iov = vectors };
  gssize n;

  for (BelfryChunk *chunk = self->first; chunk != NULL && message.msg_iovlen < GATHER;
       chunk = chunk->next)
    {
      gsize skip = message.msg_iovlen == 0 ? self->head_offset : 0;
      gsize size;
      gconstpointer data = g_bytes_get_data (chunk->bytes, &size);

      vectors[message.msg_iovlen++] =
          (struct iovec){ (char *) (gpointer) data + skip, size - skip };
    }
  do
    n = sendmsg (self->fd, &message, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n;
}

/* Sends as much as the kernel takes. */
void
belfry_socket_flush (BelfrySocket *self)
{
  while (self->queued > 0 && self->writable && self->broken == 0)
    {
      gssize n = send_some (self);

      if (n >= 0)
        dequeue (self, (gsize) n);
      else if (errno == EAGAIN)
        self->writable = FALSE;
      else
        belfry_socket_break (self, errno);
    }
}

void
belfry_socket_clear_output (BelfrySocket *self)
{
  while (self->first != NULL)
    drop_chunk (self);
  self->queued = self->head_offset = 0;
}

/* How much of the credit given to belfry_socket_send() came back since this was last asked. */
guint
belfry_socket_take_credit (BelfrySocket *self)
{
  guint credit = self->credit;

  self->credit = 0;
  return credit;
}

/* Bytes that the kernel has not taken yet. */
gsize
belfry_socket_get_queued (BelfrySocket *self)
{
  return self->queued;
}

/* When the kernel last took something or, if that is later, when the queue began to fill. */
gint64
belfry_socket_get_last_sent (BelfrySocket *self)
{
  return self->last_sent;
}
