/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/**
 * BELFRY_API:
 *
 * Marks a function that the shared library exports. Everything else is hidden.
 */
#define BELFRY_API __attribute__ ((visibility ("default")))
