#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Everything that a worker can do on the bus, it can do at the socket: the same tests again."""

import belfry_test
import test_notifications
import test_overload
import test_sessions
from belfry_test import BelfryTestCase, OverSocket

# A bus daemon tells these of what it does.
ON_A_BUS_ONLY = ("test_a_subscription_is_forgotten_with_its_caller",)


def again(cases):
    """The same cases, with workers at the socket."""
    for name, case in cases.items():
        if isinstance(case, type) and issubclass(case, BelfryTestCase) and case is not BelfryTestCase:
            left_out = {test: None for test in ON_A_BUS_ONLY if hasattr(case, test)}
            yield name, type(name, (OverSocket, case), left_out)


for module in test_notifications, test_overload, test_sessions:
    globals().update(again(dict(vars(module))))

if __name__ == "__main__":
    belfry_test.main()
