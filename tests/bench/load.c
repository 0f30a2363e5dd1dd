/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The load of all benchmarks: it opens many WebSockets, one for each user, has messages made for
 * random users, waits until they have come, and prints what it measured as one line of JSON. */

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "load-sockets.h"

#define WARM_UP 200
#define TIMEOUT (120 * (gint64) G_USEC_PER_SEC)

static int port;
static int n_connections = 100;
static int count = 1000;
static int batch = 1;
static int in_flight = 1;
static int opening = 256;
static int pid;
static char *bus;
static char *secret_file;

static GOptionEntry entries[] = {
  { "port", 0, 0, G_OPTION_ARG_INT, &port, "Where the server listens", "PORT" },
  { "connections", 0, 0, G_OPTION_ARG_INT, &n_connections, "How many users there are", "N" },
  { "count", 0, 0, G_OPTION_ARG_INT, &count, "How many messages are made", "N" },
  { "batch", 0, 0, G_OPTION_ARG_INT, &batch, "How many are made by one call", "N" },
  { "in-flight", 0, 0, G_OPTION_ARG_INT, &in_flight, "How many calls may be unanswered", "N" },
  { "opening", 0, 0, G_OPTION_ARG_INT, &opening, "How many sockets are opened at once", "N" },
  { "pid", 0, 0, G_OPTION_ARG_INT, &pid, "The server, to measure it", "PID" },
  { "bus", 0, 0, G_OPTION_ARG_STRING, &bus, "The bus that Belfry is on", "ADDRESS" },
  { "secret-file", 0, 0, G_OPTION_ARG_FILENAME, &secret_file, "The secret of tokens", "FILE" },
  { NULL },
};

/* One run of a benchmark. */
typedef struct
{
  LoadSockets *sockets;
  GDBusConnection *connection;
  GRand *rand;
  gint64 *starts; /* by sequence, monotonic, µs */
  guint next;     /* sequence */
  guint end;
  guint n_unanswered;
} Run;

static char *
base64url (gconstpointer data, gsize length)
{
  char *text = g_base64_encode (data, length);

  for (char *p = text; *p != '\0'; p++)
    switch (*p)
      {
      case '+':
        *p = '-';
        break;
      case '/':
        *p = '_';
        break;
      case '=':
        *p = '\0';
        return text;
      default:
        break;
      }
  return text;
}

/* A token signed with HS256. */
static char *
make_token (guint user)
{
  static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
  static char *secret = NULL; /* read once */
  static gsize secret_length;
  guint8 digest[32];
  gsize digest_length = sizeof digest;
  g_autoptr (GHmac) hmac = NULL;
  g_autofree char *claims = g_strdup_printf ("{\"sub\":\"%u\",\"exp\":%" G_GINT64_FORMAT "}", user,
                                             g_get_real_time () / G_USEC_PER_SEC + 3600);
  g_autofree char *first = base64url (header, strlen (header));
  g_autofree char *second = base64url (claims, strlen (claims));
  g_autofree char *input = g_strconcat (first, ".", second, NULL);
  g_autofree char *third = NULL;

  if (secret == NULL)
    {
      if (!g_file_get_contents (secret_file, &secret, &secret_length, NULL))
        g_error ("no secret");
      secret_length = strlen (g_strchomp (secret));
    }
  hmac = g_hmac_new (G_CHECKSUM_SHA256, (const guint8 *) secret, secret_length);
  g_hmac_update (hmac, (const guint8 *) input, -1);
  g_hmac_get_digest (hmac, digest, &digest_length);
  third = base64url (digest, digest_length);
  return g_strconcat (input, ".", third, NULL);
}

static char *
hello (guint i, gpointer user_data)
{
  g_autofree char *token = secret_file != NULL ? make_token (i) : NULL;

  return token != NULL ? g_strdup_printf ("{\"type\":\"register\",\"jwtToken\":\"%s\"}", token)
                       : g_strdup_printf ("{\"user\":%u}", i);
}

/* CPU time of all threads of a process, in µs. */
static gint64
get_cpu (int process)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task", process);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  gint64 sum = 0;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, "schedstat", NULL);
      g_autofree char *text = NULL;

      if (g_file_get_contents (file, &text, NULL, NULL))
        sum += g_ascii_strtoll (text, NULL, 10) / 1000;
    }
  return sum;
}

static gint64
get_rss (int process)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", process);
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents (path, &text, NULL, NULL) || (line = strstr (text, "VmRSS:")) == NULL)
    return 0;
  return g_ascii_strtoll (line + strlen ("VmRSS:"), NULL, 10);
}

static guint
random_user (Run *run)
{
  return (guint) g_rand_int_range (run->rand, 0, n_connections);
}

static char *
make_data (guint sequence)
{
  return g_strdup_printf ("{\"seq\":%u,\"title\":\"Your order has shipped\","
                          "\"body\":\"It will be there tomorrow\"}",
                          sequence);
}

static GVariant *
make_call (Run *run)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ssa{sv})"));
  gint64 now = g_get_monotonic_time ();
  GVariant *none;

  for (int i = 0; i < batch && run->next < run->end; i++)
    {
      g_autofree char *user = g_strdup_printf ("%u", random_user (run));
      g_autofree char *data = make_data (run->next);

      run->starts[run->next++] = now;
      none = g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
      if (batch == 1)
        return g_variant_new ("(ss@a{sv})", user, data, none);
      g_variant_builder_add (&builder, "(ss@a{sv})", user, data, none);
    }
  return g_variant_new ("(a(ssa{sv}))", &builder);
}

static void fill (Run *run);

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Run *run = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL)
    g_error ("%s", error->message);
  run->n_unanswered--;
  fill (run);
}

/* Calls as often as may be unanswered. */
static void
fill (Run *run)
{
  while (run->next < run->end && run->n_unanswered < (guint) in_flight)
    {
      run->n_unanswered++;
      g_dbus_connection_call (run->connection, "org.belfry.Belfry1", "/org/belfry/Belfry1",
                              "org.belfry.Belfry1.Notifications",
                              batch == 1 ? "Create" : "CreateMany", make_call (run), NULL,
                              G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_answer, run);
    }
}

/* Has @n messages made. Returns: when the last one came */
static gint64
make_messages (Run *run, guint n)
{
  guint64 waited = run->next;

  run->end = run->next + n;
  if (in_flight == 1)
    {
      while (run->next < run->end)
        {
          waited += MIN ((guint) batch, run->end - run->next);
          fill (run);
          while (run->n_unanswered > 0)
            g_main_context_iteration (NULL, TRUE);
          load_sockets_wait (run->sockets, waited, TIMEOUT);
        }
    }
  else
    {
      fill (run);
      while (run->n_unanswered > 0)
        g_main_context_iteration (NULL, TRUE);
    }
  return load_sockets_wait (run->sockets, run->end, TIMEOUT);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const gint64 *one = a;
  const gint64 *other = b;

  return *one < *other ? -1 : *one > *other;
}

static void
print_result (Run *run, guint first, double opened_in, gint64 begin, gint64 end, gint64 cpu)
{
  g_autoptr (GArray) latencies = g_array_new (FALSE, FALSE, sizeof (gint64));
  double seconds = (double) (end - begin) / G_USEC_PER_SEC;

  for (guint i = first; i < run->end; i++)
    {
      gint64 latency = load_sockets_get_arrival (run->sockets, i) - run->starts[i];

      g_array_append_val (latencies, latency);
    }
  g_array_sort (latencies, compare);
  printf ("{\"opened_in\":%.2f,\"count\":%d,\"seconds\":%.3f,\"per_second\":%.0f,\"p50_us\":"
          "%" G_GINT64_FORMAT ",\"p99_us\":%" G_GINT64_FORMAT
          ",\"cpu_us_each\":%.2f,\"rss_kib\":%" G_GINT64_FORMAT "}\n",
          opened_in, count, seconds, count / seconds,
          g_array_index (latencies, gint64, latencies->len / 2),
          g_array_index (latencies, gint64, latencies->len * 99 / 100), (double) cpu / count,
          get_rss (pid));
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  Run run = { 0 };
  LoadSocketsOptions options = { .path = "/ws", .hello = hello, .welcome = "\"registered\"" };
  struct rlimit limit;
  double opened_in;
  gint64 begin;
  gint64 end;
  gint64 cpu;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    g_error ("%s", error->message);
  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);

  options.port = (guint16) port;
  options.n = (guint) n_connections;
  options.opening = (guint) opening;
  run.rand = g_rand_new_with_seed (1);
  begin = g_get_monotonic_time ();
  run.sockets = load_sockets_open (&options);
  opened_in = (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC;
  run.connection =
      g_dbus_connection_new_for_address_sync (bus,
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                  | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);
  if (run.connection == NULL)
    g_error ("%s", error->message);
  run.starts = g_new0 (gint64, WARM_UP + count);
  load_sockets_reset (run.sockets, (guint) (WARM_UP + count));

  make_messages (&run, WARM_UP);
  cpu = get_cpu (pid);
  begin = g_get_monotonic_time ();
  end = make_messages (&run, (guint) count);
  print_result (&run, WARM_UP, opened_in, begin, end, get_cpu (pid) - cpu);

  g_clear_object (&run.connection);
  load_sockets_close (run.sockets);
  g_rand_free (run.rand);
  g_free (run.starts);
  return 0;
}
