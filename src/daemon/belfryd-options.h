/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-server-config.h"

G_BEGIN_DECLS

BelfryServerConfig *belfryd_options_read (int argc, char **argv, GError **error);

G_END_DECLS
