# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Workers of other users than the one that the tests run as, which has to be root for that."""

import contextlib
import os
import pwd
import unittest

from belfry_test import Bus, BusClient

# A bus turns away those that the machine does not know.
USERS = [entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0][:7]

as_root = unittest.skipUnless(os.geteuid() == 0 and len(USERS) == 7,
                              "only root can be seven other users")

# A bus that lets everybody in, as the system bus does, and has no policy about Belfry. It starts the
# services that its folder has.
CONFIG = """<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{folder}</servicedir>
  <limit name="max_replies_per_connection">5000</limit>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
"""


class OpenBus(Bus):
    def __init__(self, folder):
        path = os.path.join(folder, "bus.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(folder=folder))
        super().__init__("--config-file", path)


@contextlib.contextmanager
def user(uid):
    """What connects in here is of this user."""
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


def connect_as(uid, address, flags=None):
    with user(uid):
        return BusClient(address, flags)
