# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""For python-dbusmock: the desktop portal's parts for notifications and for addresses."""

BUS_NAME = "org.freedesktop.portal.Desktop"
MAIN_OBJ = "/org/freedesktop/portal/desktop"
MAIN_IFACE = "org.freedesktop.portal.Notification"
SYSTEM_BUS = False


def load(mock, parameters):
    mock.AddMethods(MAIN_IFACE, [
        ("AddNotification", "sa{sv}", "", ""),
        ("RemoveNotification", "s", "", ""),
    ])
    mock.AddProperty(MAIN_IFACE, "version", 1)
    mock.AddMethod("org.freedesktop.portal.OpenURI", "OpenURI", "ssa{sv}", "o",
                   'ret = dbus.ObjectPath("/org/freedesktop/portal/desktop/request/1")')
