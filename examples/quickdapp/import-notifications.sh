#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# DATABASE_URL=postgresql://… ./import-notifications.sh: imports QuickDapp's notifications into
# Belfry. It can be run again, after an interruption or for the rows that came since.
set -euo pipefail
cd "$(dirname "$0")"

# FETCH_COUNT: a table of any size is read piece by piece.
psql "$DATABASE_URL" --no-psqlrc --quiet --tuples-only --no-align \
  --set ON_ERROR_STOP=1 --set FETCH_COUNT=1000 --file notifications.sql |
  "${BELFRYCTL:-belfryctl}" import -
