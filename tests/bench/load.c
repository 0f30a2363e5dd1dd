/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The load of all benchmarks: it opens many WebSockets, one for each user, has messages made for
 * random users, waits until they have come, and prints what it measured as lines of JSON. */

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "load-dbus.h"
#include "load-http.h"
#include "load-sockets.h"
#include "load-token.h"

#define TIMEOUT (120 * (gint64) G_USEC_PER_SEC)

/* What one run asks for. */
typedef struct
{
  const char *call;
  int n_users;
  int first_user;
  int count;
  double seconds;
  int warm_up;
  int batch;
  int in_flight;
  int data_bytes;
  char *bus;
  char *worker_socket;
  char **pids;
} Options;

static Options options = { .call = "create",
                           .count = 1000,
                           .warm_up = 200,
                           .batch = 1,
                           .in_flight = 1,
                           .data_bytes = 85 };

static int port;
static int n_connections = 100;
static int opening = 256;
static const char *path = "/ws";
static char *secret_file;
static gboolean no_tokens;
static gboolean runs_of_stdin;

static GOptionEntry opening_entries[] = {
  { "port", 0, 0, G_OPTION_ARG_INT, &port, "Where the server listens", "PORT" },
  { "path", 0, 0, G_OPTION_ARG_STRING, &path, "Of the WebSocket; USER stands for the user",
    "PATH" },
  { "connections", 0, 0, G_OPTION_ARG_INT, &n_connections, "How many users are there", "N" },
  { "opening", 0, 0, G_OPTION_ARG_INT, &opening, "How many sockets are opened at once", "N" },
  { "secret-file", 0, 0, G_OPTION_ARG_FILENAME, &secret_file, "The secret of tokens", "FILE" },
  { "no-tokens", 0, 0, G_OPTION_ARG_NONE, &no_tokens, "The server knows none", NULL },
  { "runs-of-stdin", 0, 0, G_OPTION_ARG_NONE, &runs_of_stdin,
    "Make a run for each line of the standard input, which has options like the following", NULL },
  { NULL },
};

static GOptionEntry run_entries[] = {
  { "call", 0, 0, G_OPTION_ARG_STRING, &options.call, "create, send, broadcast, list or count",
    "CALL" },
  { "users", 0, 0, G_OPTION_ARG_INT, &options.n_users,
    "How many get messages; 0: those who are there", "N" },
  { "first-user", 0, 0, G_OPTION_ARG_INT, &options.first_user, "The first who gets messages",
    "USER" },
  { "count", 0, 0, G_OPTION_ARG_INT, &options.count, "How many messages are made", "N" },
  { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &options.seconds,
    "How long messages are made, if they are not all made before; 0: until they are made", "S" },
  { "warm-up", 0, 0, G_OPTION_ARG_INT, &options.warm_up, "How many are made before", "N" },
  { "batch", 0, 0, G_OPTION_ARG_INT, &options.batch,
    "How many are created, or users sent to, by one call", "N" },
  { "in-flight", 0, 0, G_OPTION_ARG_INT, &options.in_flight, "How many calls may be unanswered",
    "N" },
  { "data-bytes", 0, 0, G_OPTION_ARG_INT, &options.data_bytes, "How long the data of a message is",
    "N" },
  { "bus", 0, 0, G_OPTION_ARG_STRING, &options.bus, "The bus that Belfry is on", "ADDRESS" },
  { "worker-socket", 0, 0, G_OPTION_ARG_FILENAME, &options.worker_socket,
    "The socket that Belfry serves workers on; without both: HTTP", "PATH" },
  { "pid", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.pids, "A process of the server, to measure it",
    "PID" },
  { NULL },
};

/* How those who are there introduce themselves, made before anything is measured. */
static char **
make_hellos (void)
{
  char **hellos = g_new0 (char *, (gsize) n_connections + 1);
  g_autofree char *secret = NULL;

  if (secret_file != NULL && !no_tokens && !g_file_get_contents (secret_file, &secret, NULL, NULL))
    g_error ("no secret");
  for (int i = 0; i < n_connections; i++)
    {
      g_autofree char *token =
          secret != NULL ? load_token_make ((guint) i, g_strchomp (secret)) : NULL;

      hellos[i] = token != NULL
                      ? g_strdup_printf ("{\"type\":\"register\",\"jwtToken\":\"%s\"}", token)
                      : g_strdup_printf ("{\"user\":%d}", i);
    }
  return hellos;
}

/* CPU time of the server, in µs. */
static gint64
get_cpu (void)
{
  gint64 sum = 0;

  for (guint i = 0; options.pids != NULL && options.pids[i] != NULL; i++)
    {
      clockid_t clock;
      struct timespec time;

      if (clock_getcpuclockid ((pid_t) g_ascii_strtoll (options.pids[i], NULL, 10), &clock) != 0
          || clock_gettime (clock, &time) != 0)
        g_error ("no process %s", options.pids[i]);
      sum += (gint64) time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
    }
  return sum;
}

/* Resident memory of the server's first process, in KiB. */
static gint64
get_rss (void)
{
  g_autofree char *file = NULL;
  g_autofree char *text = NULL;
  const char *line;

  if (options.pids == NULL)
    return 0;
  file = g_strdup_printf ("/proc/%s/status", options.pids[0]);
  if (!g_file_get_contents (file, &text, NULL, NULL) || (line = strstr (text, "VmRSS:")) == NULL)
    g_error ("no process %s", options.pids[0]);
  return g_ascii_strtoll (line + strlen ("VmRSS:"), NULL, 10);
}

static LoadCall
parse_call (void)
{
  static const char *const names[] = { "create", "send", "broadcast", "list", "count" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (options.call, names[i]))
      return (LoadCall) i;
  g_error ("no such call: %s", options.call);
}

/* How many frames come of one message. */
static guint
get_fan_out (LoadCall kind)
{
  switch (kind)
    {
    case LOAD_CALL_CREATE:
      return n_connections > 0 ? 1 : 0;
    case LOAD_CALL_SEND:
      return (guint) options.batch;
    case LOAD_CALL_BROADCAST:
      return (guint) n_connections;
    case LOAD_CALL_LIST:
    case LOAD_CALL_COUNT:
    default:
      return 0;
    }
}

typedef struct
{
  LoadRun run;
  LoadSockets *sockets;
  LoadDBus *dbus;
  LoadHttp *http;
  guint fan_out;
} Load;

/* How many messages are made before it is waited for all of them to come. What is not stored is
 * answered before it has been sent, so that calls in flight would not bound what waits there. */
static guint
get_step (const LoadRun *run)
{
  switch (run->call)
    {
    case LOAD_CALL_SEND:
    case LOAD_CALL_BROADCAST:
      return run->in_flight;
    case LOAD_CALL_CREATE:
      return run->in_flight == 1 ? run->batch : G_MAXINT;
    case LOAD_CALL_LIST:
    case LOAD_CALL_COUNT:
    default:
      return G_MAXINT;
    }
}

/* Has messages made until there are @end in all, or it is time to stop, and waits until all is
 * answered and has come. */
static void
make_messages (Load *load, guint end)
{
  LoadRun *run = &load->run;

  for (run->end = end; load_run_has_next (run); run->end = end)
    {
      run->end = MIN (run->next + get_step (run), end);
      if (load->dbus != NULL)
        load_dbus_make_calls (load->dbus);
      else
        load_http_make_calls (load->http);
      load_sockets_wait (load->sockets, (guint64) run->end * load->fan_out, TIMEOUT);
    }
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const gint64 *one = a;
  const gint64 *other = b;

  return *one < *other ? -1 : *one > *other;
}

/* From the call until it was answered, or had come if anything comes, in µs. */
static GArray *
get_latencies (Load *load)
{
  GArray *latencies = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = (guint) options.warm_up; i < load->run.end; i++)
    {
      gint64 end =
          load->fan_out > 0 ? load_sockets_get_arrival (load->sockets, i) : load->run.answers[i];
      gint64 latency = end - load->run.starts[i];

      g_array_append_val (latencies, latency);
    }
  g_array_sort (latencies, compare);
  return latencies;
}

static void
measure (Load *load)
{
  g_autoptr (GArray) latencies = NULL;
  guint end = (guint) (options.warm_up + options.count);
  gint64 cpu;
  gint64 begin;
  double seconds;
  double count;
  double frames;

  load_sockets_reset (load->sockets, end);
  make_messages (load, (guint) options.warm_up);
  cpu = get_cpu ();
  begin = g_get_monotonic_time ();
  if (options.seconds > 0)
    load->run.deadline = begin + (gint64) (options.seconds * G_USEC_PER_SEC);
  make_messages (load, end);
  seconds = (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC;
  cpu = get_cpu () - cpu;
  count = load->run.end - (guint) options.warm_up;
  frames = count * load->fan_out;
  latencies = get_latencies (load);
  printf ("\"count\":%.0f,\"seconds\":%.3f,\"per_second\":%.0f,\"p50_us\":%" G_GINT64_FORMAT
          ",\"p99_us\":%" G_GINT64_FORMAT ",\"cpu_us_each\":%.2f",
          count, seconds, count / seconds, g_array_index (latencies, gint64, latencies->len / 2),
          g_array_index (latencies, gint64, latencies->len * 99 / 100), (double) cpu / count);
  if (load->fan_out > 0)
    printf (",\"frames_per_second\":%.0f,\"cpu_us_frame\":%.3f,\"frame_bytes\":%.0f",
            frames / seconds, (double) cpu / frames, load_sockets_get_frame_bytes (load->sockets));
}

static void
open_all (Load *load)
{
  g_auto (GStrv) hellos = make_hellos ();
  LoadSocketsOptions sockets = {
    .port = (guint16) port,
    .path = path,
    .n = (guint) n_connections,
    .opening = (guint) opening,
    .hellos = strstr (path, "USER") == NULL ? hellos : NULL,
    .welcome = "\"registered\"",
  };
  gint64 cpu = get_cpu ();
  gint64 begin = g_get_monotonic_time ();
  double n = MAX (n_connections, 1);
  double seconds;

  load->sockets = load_sockets_open (&sockets);
  seconds = (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC;
  printf ("\"opened_per_second\":%.0f,\"cpu_us_opened\":%.1f,\"rss_kib\":%" G_GINT64_FORMAT,
          n_connections / seconds, (double) (get_cpu () - cpu) / n, get_rss ());
}

/* One run, as the options say. */
static void
run (Load *load)
{
  g_autofree char *direct = g_strconcat ("unix:path=", options.worker_socket, NULL);

  load->run = (LoadRun){
    .call = parse_call (),
    .first_user = (guint) options.first_user,
    .n_users = (guint) (options.n_users > 0 ? options.n_users : n_connections),
    .batch = (guint) options.batch,
    .in_flight = (guint) options.in_flight,
    .data_bytes = (guint) options.data_bytes,
  };
  load->fan_out = get_fan_out (load->run.call);
  load_run_init (&load->run, (guint) (options.warm_up + options.count));
  if (options.worker_socket != NULL)
    load->dbus = load_dbus_open (&load->run, direct, FALSE);
  else if (options.bus != NULL)
    load->dbus = load_dbus_open (&load->run, options.bus, TRUE);
  else
    load->http = load_http_open (&load->run, (guint16) port);
  measure (load);
  g_clear_pointer (&load->dbus, load_dbus_close);
  g_clear_pointer (&load->http, load_http_close);
  load_run_clear (&load->run);
}

/* @line: options of one run, behind a name */
static void
parse_line (const char *line)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) arguments = NULL;

  g_option_context_add_main_entries (context, run_entries, NULL);
  if (!g_shell_parse_argv (line, NULL, &arguments, &error)
      || !g_option_context_parse_strv (context, &arguments, &error))
    g_error ("%s", error->message);
}

/* A run for each line, while the sockets stay open. */
static void
make_runs (Load *load)
{
  const Options defaults = options;
  char line[4096];

  while (fgets (line, sizeof line, stdin) != NULL)
    {
      g_autofree char *command = g_strconcat ("run ", line, NULL);

      options = defaults;
      parse_line (command);
      printf ("{");
      run (load);
      printf ("}\n");
      fflush (stdout);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  Load load = { 0 };
  struct rlimit limit;

  g_option_context_add_main_entries (context, opening_entries, NULL);
  g_option_context_add_main_entries (context, run_entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    g_error ("%s", error->message);
  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);

  printf ("{");
  open_all (&load);
  if (!runs_of_stdin && options.count > 0)
    {
      printf (",");
      run (&load);
    }
  printf ("}\n");
  fflush (stdout);
  if (runs_of_stdin)
    make_runs (&load);
  load_sockets_close (load.sockets);
  return 0;
}
