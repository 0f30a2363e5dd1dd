/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-client.h"

G_BEGIN_DECLS

/* One call of the program: what the options say that every command has. */
typedef struct
{
  char *bus; /* session, system, an address or a socket's path */
  gboolean json;
  gboolean colour;
} Belfryctl;

typedef struct
{
  const char *name;
  const char *arguments; /* as the help shows them, or NULL */
  const char *summary;
  const GOptionEntry *options; /* those of this command alone, or NULL */
  guint min_arguments;
  guint max_arguments;
  gboolean (*run) (Belfryctl *ctl, char **arguments, GError **error);
} BelfryctlCommand;

#define BELFRYCTL_ANY_NUMBER G_MAXUINT

/* Whether a command waits for a Belfry that is away, or fails at once. */
typedef enum
{
  BELFRYCTL_AT_ONCE,
  BELFRYCTL_WAITING,
} BelfryctlPatience;

BelfryClient *belfryctl_connect (Belfryctl *ctl, BelfryctlPatience patience, GError **error);

gboolean belfryctl_usage_error (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* belfryctl-administration.c */
extern const GOptionEntry belfryctl_backup_options[];
extern const GOptionEntry belfryctl_erase_options[];
gboolean belfryctl_backup (Belfryctl *ctl, char **arguments, GError **error);
gboolean belfryctl_export (Belfryctl *ctl, char **arguments, GError **error);
gboolean belfryctl_erase (Belfryctl *ctl, char **arguments, GError **error);
gboolean belfryctl_status (Belfryctl *ctl, char **arguments, GError **error);

/* belfryctl-import.c */
extern const GOptionEntry belfryctl_import_options[];
gboolean belfryctl_import (Belfryctl *ctl, char **arguments, GError **error);

/* belfryctl-inbox.c */
extern const GOptionEntry belfryctl_send_options[];
extern const GOptionEntry belfryctl_list_options[];
extern const GOptionEntry belfryctl_read_options[];
extern const GOptionEntry belfryctl_remove_options[];
gboolean belfryctl_send (Belfryctl *ctl, char **arguments, GError **error);
gboolean belfryctl_list (Belfryctl *ctl, char **arguments, GError **error);
gboolean belfryctl_read (Belfryctl *ctl, char **arguments, GError **error);
gboolean belfryctl_unread (Belfryctl *ctl, char **arguments, GError **error);
gboolean belfryctl_remove (Belfryctl *ctl, char **arguments, GError **error);

/* belfryctl-sessions.c */
extern const GOptionEntry belfryctl_sessions_options[];
extern const GOptionEntry belfryctl_disconnect_options[];
gboolean belfryctl_message (Belfryctl *ctl, char **arguments, GError **error);
gboolean belfryctl_broadcast (Belfryctl *ctl, char **arguments, GError **error);
gboolean belfryctl_sessions (Belfryctl *ctl, char **arguments, GError **error);
gboolean belfryctl_disconnect (Belfryctl *ctl, char **arguments, GError **error);

/* belfryctl-token.c */
extern const GOptionEntry belfryctl_token_options[];
gboolean belfryctl_token (Belfryctl *ctl, char **arguments, GError **error);

/* belfryctl-watch.c */
gboolean belfryctl_watch (Belfryctl *ctl, char **arguments, GError **error);

G_END_DECLS
