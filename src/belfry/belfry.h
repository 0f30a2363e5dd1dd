/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-client.h"
#include "belfry-data.h"
#include "belfry-error.h"
#include "belfry-inbox-model.h"
#include "belfry-message.h"
#include "belfry-notification.h"
