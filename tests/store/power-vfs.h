/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

void power_vfs_install (void);
void power_vfs_cut (const char *path, const char *to, GRand *rand);
