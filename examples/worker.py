#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A worker in Python: worker.py alice "Your export is ready"

It creates a notification that replaces the one before with the same tag, and is gone after a day.
"""

import datetime
import sys

import gi

gi.require_version("Belfry", "1.0")
from gi.repository import Belfry, GLib  # noqa: E402

user, title = sys.argv[1:]
client = Belfry.Client()
try:
    print(client.create(user, {"title": title}, tag="export", expires=datetime.timedelta(days=1)))
except GLib.Error as error:
    if error.matches(Belfry.error_quark(), Belfry.Error.BUSY):
        sys.exit("Belfry has too much to do; try again later")
    sys.exit(error.message)
