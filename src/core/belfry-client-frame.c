/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-client-frame.h"

void
belfry_client_frame_free (BelfryClientFrame *self)
{
  g_free (self->id_json);
  g_free (self->user_id);
  g_free (self->epoch);
  g_free (self->type);
  g_free (self->data);
  g_free (self->text);
  g_free (self);
}
