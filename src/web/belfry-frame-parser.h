/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-client-frame.h"

G_BEGIN_DECLS

/* @token: (out): of a register, the token, which is not verified yet; NULL otherwise */
BelfryClientFrame *belfry_frame_parser_parse (const char *text, gsize length, char **token);
BelfryClientFrame *belfry_frame_parser_fault (const char *code, const char *text);

G_END_DECLS
