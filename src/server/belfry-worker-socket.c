/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-worker-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixconnection.h>
#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "belfry-error.h"

/* GDBus takes a thread of a small pool, which others need too, until the peer has said who it is:
 * silent ones may not have them all. The others wait where the kernel keeps them. */
#define MAX_AUTHENTICATING   4
#define AUTHENTICATION_TIME  5   /* s */
#define MAX_WORKERS          256 /* as many as a bus takes of one user */
#define BACKLOG              128
#define PAUSE_WITHOUT_ACCEPT 1 /* s */
#define TIME_FOR_ANOTHER_ONE 2 /* s, in which another daemon that starts makes its socket */
#define WAIT_FOR_ANOTHER_ONE (20 * 1000)

struct _BelfryWorkerSocket
{
  char *path;
  gboolean for_others; /* users beside our own */
  int fd;
  dev_t device;
  ino_t inode;
  char *guid;
  GDBusAuthObserver *observer;
  guint accept_id;
  guint pause_id;
  guint n_authenticating;
  GCancellable *stopped;
  GPtrArray *workers; /* of GDBusConnection */
  BelfryWorkerSocketAdmitFunc admits;
  BelfryWorkerSocketFunc come;
  BelfryWorkerSocketFunc gone;
  gpointer user_data;
};

/* One who is asked who it is. The socket may be freed meanwhile. */
typedef struct
{
  BelfryWorkerSocket *socket; /* NULL when that has stopped */
  GCancellable *cancellable;
  gulong stopped_id;
  guint timeout_id;
} Authentication;

static void watch (BelfryWorkerSocket *self);

static gboolean
set_fault (const char *path, const char *what, GError **error)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "worker-socket: %s: %s: %s", path,
               _ (what), g_strerror (errno));
  return FALSE;
}

/* Removes the socket of a daemon that has died. One that somebody listens at stays. */
static gboolean
remove_stale (const struct sockaddr_un *address, GError **error)
{
  const char *path = address->sun_path;
  struct stat status;
  int result;
  int fd;

  if (lstat (path, &status) != 0)
    return errno == ENOENT || set_fault (path, N_ ("it cannot be looked at"), error);
  if (!S_ISSOCK (status.st_mode))
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                   _ ("worker-socket: %s: there is a file that is no socket"), path);
      return FALSE;
    }
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return set_fault (path, N_ ("a socket cannot be made"), error);
  result = connect (fd, (const struct sockaddr *) address, sizeof *address) == 0 ? 0 : errno;
  g_close (fd, NULL);
  if (result != ECONNREFUSED && result != ENOENT)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_EXISTS,
                   _ ("worker-socket: %s: another Belfry listens there"), path);
      return FALSE;
    }
  if (unlink (path) != 0 && errno != ENOENT)
    return set_fault (path, N_ ("it cannot be replaced"), error);
  return TRUE;
}

/* The mode is set before anybody can connect, and without the process's umask, which is of all
 * threads. */
static gboolean
bind_and_listen (BelfryWorkerSocket *self, const struct sockaddr_un *address, GError **error)
{
  struct stat status;

  self->fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (self->fd < 0 || bind (self->fd, (const struct sockaddr *) address, sizeof *address) != 0)
    return set_fault (self->path, N_ ("it cannot be made"), error);
  if (stat (self->path, &status) != 0)
    return set_fault (self->path, N_ ("it cannot be looked at"), error);
  self->device = status.st_dev;
  self->inode = status.st_ino;
  if (chmod (self->path, self->for_others ? 0666 : 0600) != 0 || listen (self->fd, BACKLOG) != 0)
    return set_fault (self->path, N_ ("it cannot be opened"), error);
  return TRUE;
}

/* Two daemons that start at once would each find the other's socket stale before it listens: so
 * they do this one after the other. None takes so long as this waits. Whoever may read the folder
 * can lock it as well, and must not keep the daemon from starting. */
static gboolean
lock_directory (const char *path, int *fd, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  gint64 until = g_get_monotonic_time () + TIME_FOR_ANOTHER_ONE * G_USEC_PER_SEC;

  if (g_mkdir_with_parents (directory, 0755) != 0)
    return set_fault (path, N_ ("its folder cannot be made"), error);
  *fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (*fd < 0)
    return set_fault (path, N_ ("its folder cannot be opened"), error);
  while (flock (*fd, LOCK_EX | LOCK_NB) != 0)
    {
      if (g_get_monotonic_time () > until)
        {
          g_warning ("The folder of the worker socket %s is locked, and not by a Belfry", path);
          return TRUE;
        }
      g_usleep (WAIT_FOR_ANOTHER_ONE);
    }
  return TRUE;
}

static gboolean
make_socket (BelfryWorkerSocket *self, GError **error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int directory = -1;
  gboolean ok;

  if (g_strlcpy (address.sun_path, self->path, sizeof address.sun_path) >= sizeof address.sun_path)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                   _ ("worker-socket: “%s”: expected a path of less than %u bytes"), self->path,
                   (guint) sizeof address.sun_path);
      return FALSE;
    }
  ok = lock_directory (self->path, &directory, error) && remove_stale (&address, error)
       && bind_and_listen (self, &address, error);
  if (directory >= 0)
    g_close (directory, NULL);
  return ok;
}

static gboolean
on_allow_mechanism (GDBusAuthObserver *observer, const char *mechanism, gpointer user_data)
{
  return g_str_equal (mechanism, "EXTERNAL");
}

/* Makes the socket; workers that connect wait until it is started. It blocks.
 *
 * @for_others: whether its mode lets in other users than root and the one of this process */
BelfryWorkerSocket *
belfry_worker_socket_new (const char *path, gboolean for_others, GError **error)
{
  BelfryWorkerSocket *self = g_new0 (BelfryWorkerSocket, 1);

  self->path = g_strdup (path);
  self->fd = -1;
  self->for_others = for_others;
  self->guid = g_dbus_generate_guid ();
  self->observer = g_dbus_auth_observer_new ();
  g_signal_connect (self->observer, "allow-mechanism", G_CALLBACK (on_allow_mechanism), NULL);
  self->stopped = g_cancellable_new ();
  self->workers = g_ptr_array_new_with_free_func (g_object_unref);
  if (!make_socket (self, error))
    g_clear_pointer (&self, belfry_worker_socket_free);
  return self;
}

/* Parts with all workers. */
void
belfry_worker_socket_free (BelfryWorkerSocket *self)
{
  belfry_worker_socket_stop (self);
  for (guint i = 0; i < self->workers->len; i++)
    {
      GDBusConnection *worker = g_ptr_array_index (self->workers, i);

      g_signal_handlers_disconnect_by_data (worker, self);
      g_dbus_connection_close (worker, NULL, NULL, NULL);
    }
  g_ptr_array_unref (self->workers);
  g_object_unref (self->stopped);
  g_object_unref (self->observer);
  g_free (self->guid);
  g_free (self->path);
  g_free (self);
}

static gboolean
is_allowed (BelfryWorkerSocket *self, int fd)
{
  struct ucred peer;
  socklen_t size = sizeof peer;

  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return FALSE;
  if (self->admits (peer.uid, peer.pid, self->user_data))
    return TRUE;
  g_info ("User %u is no worker here: see the option allow-worker", (guint) peer.uid);
  return FALSE;
}

static void
on_closed (GDBusConnection *connection,
           gboolean remote_peer_vanished,
           GError *error,
           gpointer user_data)
{
  BelfryWorkerSocket *self = user_data;

  g_signal_handlers_disconnect_by_data (connection, self);
  self->gone (connection, self->user_data);
  g_ptr_array_remove_fast (self->workers, connection);
}

static void
on_socket_stopped (GCancellable *stopped, gpointer user_data)
{
  Authentication *authentication = user_data;

  authentication->socket = NULL;
  g_cancellable_cancel (authentication->cancellable);
}

static gboolean
on_timeout (gpointer user_data)
{
  Authentication *authentication = user_data;

  authentication->timeout_id = 0;
  g_cancellable_cancel (authentication->cancellable);
  return G_SOURCE_REMOVE;
}

static void
on_authenticated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Authentication *authentication = user_data;
  BelfryWorkerSocket *self = authentication->socket;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection = g_dbus_connection_new_finish (result, &error);

  g_clear_handle_id (&authentication->timeout_id, g_source_remove);
  if (self != NULL)
    g_signal_handler_disconnect (self->stopped, authentication->stopped_id);
  g_object_unref (authentication->cancellable);
  g_free (authentication);
  if (self == NULL)
    return;

  self->n_authenticating--;
  if (connection == NULL)
    g_debug ("A worker has not said who it is: %s", error->message);
  /* One that is closed already may have told so before anybody listened. */
  else if (!g_dbus_connection_is_closed (connection))
    {
      g_ptr_array_add (self->workers, g_object_ref (connection));
      g_signal_connect (connection, "closed", G_CALLBACK (on_closed), self);
      self->come (connection, self->user_data);
    }
  watch (self);
}

static void
authenticate (BelfryWorkerSocket *self, GSocket *socket)
{
  g_autoptr (GSocketConnection) stream = g_socket_connection_factory_create_connection (socket);
  Authentication *authentication = g_new0 (Authentication, 1);

  authentication->socket = self;
  authentication->cancellable = g_cancellable_new ();
  authentication->stopped_id =
      g_signal_connect (self->stopped, "cancelled", G_CALLBACK (on_socket_stopped), authentication);
  authentication->timeout_id =
      g_timeout_add_seconds (AUTHENTICATION_TIME, on_timeout, authentication);
  self->n_authenticating++;
  g_dbus_connection_new (G_IO_STREAM (stream), self->guid,
                         G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER
                             | G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                         self->observer, authentication->cancellable, on_authenticated,
                         authentication);
}

static gboolean
on_pause_over (gpointer user_data)
{
  BelfryWorkerSocket *self = user_data;

  self->pause_id = 0;
  watch (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_connection (int listener, GIOCondition condition, gpointer user_data)
{
  BelfryWorkerSocket *self = user_data;
  g_autoptr (GSocket) socket = NULL;
  int fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

  if (fd < 0)
    {
      if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
        return G_SOURCE_CONTINUE;
      /* No descriptors, mostly. The worker waits in the queue. */
      g_warning ("A worker cannot be let in: %s", g_strerror (errno));
      self->accept_id = 0;
      self->pause_id = g_timeout_add_seconds (PAUSE_WITHOUT_ACCEPT, on_pause_over, self);
      return G_SOURCE_REMOVE;
    }
  if (self->n_authenticating + self->workers->len >= MAX_WORKERS)
    g_info ("There are %d workers: another one is turned away", MAX_WORKERS);
  else if (is_allowed (self, fd))
    socket = g_socket_new_from_fd (fd, NULL);
  if (socket == NULL)
    {
      g_close (fd, NULL);
      return G_SOURCE_CONTINUE;
    }
  self->accept_id = 0;
  authenticate (self, socket);
  watch (self);
  return G_SOURCE_REMOVE;
}

/* Takes workers from the queue as long as there is room for them. */
static void
watch (BelfryWorkerSocket *self)
{
  if (self->fd < 0 || self->accept_id != 0 || self->pause_id != 0
      || self->n_authenticating >= MAX_AUTHENTICATING)
    return;
  self->accept_id = g_unix_fd_add (self->fd, G_IO_IN, on_connection, self);
}

/* Takes workers that @admits lets in from now on. The functions are called in the default main
 * context. */
void
belfry_worker_socket_start (BelfryWorkerSocket *self,
                            BelfryWorkerSocketAdmitFunc admits,
                            BelfryWorkerSocketFunc come,
                            BelfryWorkerSocketFunc gone,
                            gpointer user_data)
{
  self->admits = admits;
  self->come = come;
  self->gone = gone;
  self->user_data = user_data;
  watch (self);
}

/* Takes no more workers, and removes the socket, if it is still ours. Those that have come stay. */
void
belfry_worker_socket_stop (BelfryWorkerSocket *self)
{
  struct stat status;

  g_clear_handle_id (&self->accept_id, g_source_remove);
  g_clear_handle_id (&self->pause_id, g_source_remove);
  g_cancellable_cancel (self->stopped);
  if (self->fd < 0)
    return;
  if (self->inode != 0 && lstat (self->path, &status) == 0 && status.st_dev == self->device
      && status.st_ino == self->inode)
    unlink (self->path);
  g_close (self->fd, NULL);
  self->fd = -1;
}
