#!/bin/sh
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A worker in shell: worker.sh alice '{"title": "Your export is ready"}'
# gdbus wants a string in quotes of its own, so the data goes through a GVariant's rules: ' and \ in
# it need a \ before them.
set -eu

quote() {
  printf "'%s'" "$(printf '%s' "$1" | sed "s/[\\\\']/\\\\&/g")"
}

gdbus call --session --dest org.belfry.Belfry1 --object-path /org/belfry/Belfry1 \
  --method org.belfry.Belfry1.Notifications.Create \
  "$(quote "$1")" "$(quote "$2")" '{}'
