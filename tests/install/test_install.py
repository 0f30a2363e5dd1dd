#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Belfry as an operator and a developer get it: installed in a prefix, by a user who need not be
root."""

import atexit
import gettext
import glob
import json
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
import unittest

SOURCE_ROOT = os.environ["SOURCE_ROOT"]
TOP = tempfile.mkdtemp(prefix="belfry-install-")
atexit.register(shutil.rmtree, TOP)
BUILD = os.path.join(TOP, "build")
PREFIX = os.path.join(TOP, "prefix")
os.environ["BELFRY_SCHEMAS"] = os.path.join(SOURCE_ROOT, "introspection", "wire")
os.environ["BELFRYD"] = os.path.join(PREFIX, "bin", "belfryd")
os.environ["BELFRYCTL"] = os.path.join(PREFIX, "bin", "belfryctl")

import websockets  # noqa: E402

import belfry_test  # noqa: E402
from belfry_test import NAME, PATIENCE, BusClient, Gio, GLib, Tab, sign  # noqa: E402
from ctl_test import Terminal, width  # noqa: E402

LIBRARIES = {
    "belfry-1.0": "libbelfry-1.0.so",
    "belfry-server-1.0": "libbelfry-server-1.0.so",
}


def run(*arguments, **kwargs):
    """Runs a program to its end, and gives what it printed."""
    kwargs.setdefault("env", environment())
    result = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            **kwargs)
    if result.returncode != 0:
        raise AssertionError(f"{arguments} ended with {result.returncode}: {result.stdout}")
    return result.stdout


def environment(**more):
    """That of a developer who uses the prefix."""
    result = dict(
        os.environ,
        LC_ALL="C.UTF-8",
        LD_LIBRARY_PATH=in_prefix("lib"),
        GI_TYPELIB_PATH=in_prefix("lib/girepository-1.0"),
        PKG_CONFIG_PATH=in_prefix("lib/pkgconfig"),
        XDG_DATA_DIRS=in_prefix("share") + ":/usr/share")
    for name in ("LANGUAGE", "STATE_DIRECTORY", "DBUS_SESSION_BUS_ADDRESS"):
        result.pop(name, None)
    result.update(more)
    return result


def in_prefix(path):
    return os.path.join(PREFIX, path)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def setUpModule():
    os.environ["LC_ALL"] = "C.UTF-8"
    run("meson", "setup", BUILD, SOURCE_ROOT, "--prefix", PREFIX, "--libdir", "lib",
        "-Dintrospection=enabled", "-Dtests=false", "-Dinstalled_tests=true",
        "-Doptimization=0", "-Ddebug=false",
        env=dict(os.environ))
    run("meson", "install", "-C", BUILD, env=dict(os.environ))
    os.environ.update(environment())


class Bus:
    """A bus of our own that activates, with a home for what it starts."""

    def __init__(self, folder, config=None, **more):
        self.home = os.path.join(folder, "home")
        self.log = os.path.join(folder, "bus.log")
        os.makedirs(self.home, exist_ok=True)
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            more[name] = os.path.join(self.home, name)
        which = ["--config-file", config] if config else ["--session"]
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["dbus-daemon", *which, "--nofork", "--nopidfile", "--print-address"],
                stdout=subprocess.PIPE, stderr=log, text=True,
                env=environment(HOME=self.home, **more))
        self.address = self.process.stdout.readline().strip()
        assert self.address, read(self.log)

    def configure(self, text):
        """Writes the configuration of the user's Belfry."""
        folder = os.path.join(self.home, "XDG_CONFIG_HOME", "belfry")
        os.makedirs(folder)
        with open(os.path.join(folder, "belfryd.conf"), "w", encoding="utf-8") as file:
            file.write("[belfryd]\n" + text)

    def port(self):
        """Where the Belfry that was started last listens."""
        return int(re.findall(r"Listening on 127\.0\.0\.1:(\d+)", read(self.log))[-1])

    def stop_belfryd(self, client):
        """As systemd does; it has to end well."""
        pid = client.connection.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            "GetConnectionUnixProcessID", GLib.Variant("(s)", (NAME,)), None,
            Gio.DBusCallFlags.NONE, -1, None).unpack()[0]
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while os.path.exists(f"/proc/{pid}"):
            assert time.monotonic() < deadline, "belfryd does not end"
            time.sleep(0.02)

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class InstallTestCase(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=TOP)

    def start_bus(self, **kwargs):
        bus = Bus(self.folder, **kwargs)
        self.addCleanup(bus.close)
        return bus

    def connect(self, bus):
        client = BusClient(bus.address)
        self.addCleanup(client.close)
        return client

    def languages(self):
        """Those that Belfry speaks besides English."""
        names = sorted(path.split("/")[-3] for path in glob.glob(
            in_prefix("share/locale/*/LC_MESSAGES/belfry.mo")))
        self.assertLessEqual({"de", "es", "fr", "ja", "zh_CN"}, set(names))
        return names

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path


class Program(InstallTestCase):
    def test_belfryd_tells_its_version(self):
        self.assertEqual(run(in_prefix("bin/belfryd"), "--version"),
                         f"belfryd {os.environ['VERSION']}\n")

    def test_belfryctl_tells_its_version_and_helps_in_german(self):
        self.assertEqual(run(in_prefix("bin/belfryctl"), "--version"),
                         f"belfryctl {os.environ['VERSION']}\n")
        help = run(in_prefix("bin/belfryctl"), "--help", env=environment(LANGUAGE="de"))
        self.assertIn("Verwaltet ein Belfry", help)
        self.assertIn("Die Datenbank in eine Datei kopieren", help)

    def test_belfryd_helps_in_german(self):
        help = run(in_prefix("bin/belfryd"), "--help", env=environment(LANGUAGE="de"))
        self.assertIn("Bewahrt Benachrichtigungen auf", help)
        self.assertIn("Das Geheimnis der mit HS256 signierten Tokens", help)

    def test_what_stops_a_start_is_told_in_german(self):
        german = gettext.translation("belfry", in_prefix("share/locale"), ["de"]).gettext
        told = german("%s: there is no such option")
        self.assertNotIn("there is no such option", told)
        config = self.write("faulty.conf", "[belfryd]\nlisen=127.0.0.1:0\n")
        result = subprocess.run([in_prefix("bin/belfryd"), "--config", config],
                                capture_output=True, text=True, env=environment(LANGUAGE="de"))
        self.assertEqual(result.returncode, 2)
        self.assertIn(told % "lisen", result.stderr)

    def options(self, program="belfryd"):
        help = run(in_prefix("bin/" + program), "--help")
        options = set(re.findall(r"^ .*--([a-z-]+)", help, re.MULTILINE))
        self.assertIn("bus", options)
        return options

    def test_man_pages_know_every_option_and_no_other(self):
        programs = sorted(os.listdir(in_prefix("bin")))
        self.assertLessEqual({"belfryctl", "belfryd"}, set(programs))
        for program in programs:
            page = read(in_prefix(f"share/man/man1/{program}.1")).replace("\\-", "-")
            section = page.split(".SH OPTIONS")[1].split(".SH ")[0]
            named = set(re.findall(r"^\.B.*--([a-z-]+)=? ?[A-Za-z:]*$", section, re.MULTILINE))
            self.assertEqual(named, self.options(program), program)

        page = read(in_prefix("share/man/man5/belfryd.conf.5")).replace("\\-", "-")
        section = page.split(".SH KEYS")[1].split(".SH ")[0]
        keys = set(re.findall(r"^\.TP\n\.B ([a-z-]+)$", section, re.MULTILINE))
        self.assertEqual(keys, self.options() - {"config", "help", "verbose", "version"})

    def test_man_pages_are_without_faults(self):
        if shutil.which("man") is None:
            self.skipTest("there is no man")
        for page in glob.glob(in_prefix("share/man/*/*")):
            result = subprocess.run(["man", "--warnings", "-l", page], capture_output=True,
                                    text=True, env=environment())
            self.assertEqual((result.returncode, result.stderr), (0, ""), page)

    def test_default_configuration_names_every_option_rightly(self):
        text = read(in_prefix("etc/belfry/belfryd.conf"))
        keys = re.findall(r"^#([a-z-]+)=", text, re.MULTILINE)
        self.assertEqual(set(keys), self.options() - {
            "bus", "config", "help", "new-epoch", "verbose", "version", "worker-socket"})
        # With all that is commented in force, but what belongs to the machine.
        everything = re.sub(r"^#([a-z-]+=)", r"\1", text, flags=re.MULTILINE)
        everything = re.sub(r"^(jwt-jwks-file|handler-dir|turn-url|turn-secret-file)=.*\n", "",
                            everything, flags=re.MULTILINE)
        config = self.write("everything.conf", everything)
        bus = belfry_test.Bus()
        self.addCleanup(bus.close)
        daemon = belfry_test.Daemon(bus, self.folder, "--config", config)
        daemon.stop()

    def test_default_configuration_has_no_secret(self):
        result = subprocess.run(
            [in_prefix("bin/belfryd"), "--config", in_prefix("etc/belfry/belfryd.conf"),
             "--database", "sqlite:" + os.path.join(self.folder, "belfry.db")],
            capture_output=True, text=True, env=environment())
        self.assertEqual(result.returncode, 2)
        self.assertIn("jwt-secret-file or jwt-jwks-file", result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)


class BrowserPackage(InstallTestCase):
    def test_the_npm_package_is_whole(self):
        folder = in_prefix("share/belfry/browser")
        package = json.loads(read(os.path.join(folder, "package.json")))
        self.assertIn("belfryd " + package["version"], run(in_prefix("bin/belfryd"), "--version"))
        for entry in package["exports"].values():
            for path in [entry] if isinstance(entry, str) else entry.values():
                self.assertTrue(os.path.exists(os.path.join(folder, path)), path)
        self.assertIn("de", json.loads(read(os.path.join(folder, "texts.json"))))


class Desktop(InstallTestCase):
    def test_the_entry_is_without_faults_and_its_icon_is_there(self):
        if shutil.which("desktop-file-validate") is None:
            self.skipTest("there is no desktop-file-validate")
        entry = in_prefix("share/applications/org.belfry.DesktopBridge.desktop")
        self.assertEqual(run("desktop-file-validate", entry), "")
        icon = re.search("^Icon=(.*)$", read(entry), re.MULTILINE).group(1)
        self.assertTrue(os.path.exists(in_prefix(f"share/icons/hicolor/scalable/apps/{icon}.svg")))

    def test_a_click_starts_the_bridge_and_counts(self):
        bus = self.start_bus()
        bus.configure("listen=127.0.0.1:0\njwt-secret-file=" + self.write("key", "x" * 32))
        client = self.connect(bus)
        user = pwd.getpwuid(os.getuid()).pw_name
        id = client.create(user, {"title": "Hello"})
        # As the shell does it.
        client.connection.call_sync(
            "org.belfry.DesktopBridge", "/org/belfry/DesktopBridge", "org.freedesktop.Application",
            "ActivateAction", GLib.Variant("(sava{sv})", ("mark-read", [GLib.Variant("x", id)], {})),
            None, Gio.DBusCallFlags.NONE, -1, None)
        deadline = time.monotonic() + PATIENCE
        while client.call("Notifications.CountUnread", "(s)", user) > 0:
            assert time.monotonic() < deadline, "the click was lost: " + read(bus.log)
            time.sleep(0.02)
        bus.stop_belfryd(client)


class Activation(InstallTestCase):
    async def receive_missed(self, bus, port, secret):
        claims = {"sub": "alice", "exp": int(time.time()) + 60}
        token = sign({"alg": "HS256"}, claims, secret)
        async with websockets.connect(f"ws://127.0.0.1:{port}/ws") as connection:
            tab = Tab(connection)
            await tab.receive("connected")
            await tab.send(type="register", jwtToken=token, data={"since": 0})
            await tab.receive("registered")
            return (await tab.receive("notification_received"))["data"]

    async def test_a_call_on_the_session_bus_starts_belfryd_as_its_user_configured_it(self):
        bus = self.start_bus()
        secret = b"x" * 32
        bus.configure("listen=127.0.0.1:0\njwt-secret-file=" + self.write("key", secret.decode()))
        client = self.connect(bus)
        id = client.create("alice", {"title": "Hello"})
        missed = await self.receive_missed(bus, bus.port(), secret)
        self.assertEqual((missed["id"], missed["data"]), (id, {"title": "Hello"}))
        bus.stop_belfryd(client)

    async def test_without_configuration_its_user_gets_a_secret_that_nobody_else_has(self):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", 8080))
            except OSError:
                self.skipTest("port 8080, the default, is in use")
        bus = self.start_bus()
        client = self.connect(bus)
        path = os.path.join(bus.home, "XDG_DATA_HOME", "belfry", "jwt-secret")
        secrets = set()
        for _ in range(2):  # the second start keeps the secret
            client.create("alice", {"title": "Hello"})
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
            secrets.add(read(path))
            await self.receive_missed(bus, 8080, read(path).encode())
            bus.stop_belfryd(client)
        self.assertEqual(len(secrets), 1)
        self.assertRegex(secrets.pop(), "^[0-9a-f]{64}$")
        self.assertEqual(sorted(os.listdir(os.path.dirname(path)))[-1], "jwt-secret")

    def watch(self, bus, language):
        """What belfryctl prints of a notification that comes, is read, and goes."""
        client = self.connect(bus)
        watch = subprocess.Popen(
            [in_prefix("bin/belfryctl"), "--bus", bus.address, "watch", "alice"], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(LANGUAGE=language))
        self.addCleanup(watch.communicate)
        self.addCleanup(watch.kill)
        watch.stderr.readline()  # it watches now
        id = client.create("alice", {"title": "Hello"})
        client.call("Notifications.MarkRead", "(sat)", "alice", [id])
        client.call("Notifications.Remove", "(sat)", "alice", [id])
        return id, [watch.stdout.readline() for _ in range(3)]

    def test_what_belfryctl_watches_stands_in_columns_in_every_language(self):
        bus = self.start_bus()
        bus.configure("listen=127.0.0.1:0\njwt-secret-file=" + self.write("key", "x" * 32))
        labels = set()
        for language in "C", *self.languages():
            id, lines = self.watch(bus, language)
            before = [line.partition(f"  {id}")[0] for line in lines]
            self.assertEqual(len({width(text) for text in before}), 1, lines)
            labels.add(before[1].split()[1])
        self.assertIn("read", labels)
        self.assertIn("lue", labels)
        self.assertIn("既読", labels)
        bus.stop_belfryd(self.connect(bus))

    def test_belfryctl_is_answered_in_every_language(self):
        bus = self.start_bus()
        bus.configure("listen=127.0.0.1:0\njwt-secret-file=" + self.write("key", "x" * 32))
        client = self.connect(bus)
        for language in self.languages():
            words = gettext.translation("belfry", in_prefix("share/locale"), [language])
            yes = words.gettext("yes"), words.pgettext("answer", "y")
            for answer in *yes, yes[1].upper():
                client.create("alice")
                terminal = Terminal(in_prefix("bin/belfryctl"), "--bus", bus.address, "remove",
                                    "alice", "--all", LANGUAGE=language)
                terminal.wait_for(f"[{yes[1]}/N]")
                terminal.type(answer + "\n")
                text, status = terminal.end()
                self.assertEqual(status, 0, text)
        bus.stop_belfryd(client)

    def test_a_faulty_configuration_fails_the_call_and_tells_why(self):
        bus = self.start_bus()
        bus.configure("lisen=127.0.0.1:0\n")
        with self.assertRaises(GLib.Error):
            self.connect(bus).create("alice")
        self.assertIn("lisen: there is no such option", read(bus.log))


class System(InstallTestCase):
    def test_units_are_without_faults(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("there is no systemd-analyze")
        for unit, which in (("system/belfry", "--system"), ("user/belfry", "--user"),
                            ("user/app-org.belfry.DesktopBridge", "--user")):
            result = subprocess.run(
                ["systemd-analyze", which, "--man=no", "--recursive-errors=no", "verify",
                 in_prefix(f"lib/systemd/{unit}.service")],
                capture_output=True, text=True,
                env=environment(XDG_RUNTIME_DIR=self.folder))
            self.assertEqual((result.returncode, result.stderr), (0, ""), unit)

    def test_units_leave_little_exposed(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("there is no systemd-analyze")
        # In tenths. A user's manager can take no capabilities away, and is rated as if it were root.
        for unit, which, threshold in (("system", "--system", 20), ("user", "--user", 63)):
            run("systemd-analyze", which, "--no-pager", "security", "--offline=true",
                f"--threshold={threshold}", in_prefix(f"lib/systemd/{unit}/belfry.service"),
                env=environment(XDG_RUNTIME_DIR=self.folder))

    def test_system_unit_leaves_what_tells_workers_apart(self):
        unit = read(in_prefix("lib/systemd/system/belfry.service"))
        settings = dict(re.findall(r"^(\w+)=(.*)$", unit, re.MULTILINE))
        # The users at the other end of a socket, and the units of processes of other users.
        self.assertNotIn("PrivateUsers", settings)
        self.assertNotIn("ProtectProc", settings)
        self.assertEqual(settings["ProcSubset"], "pid")

    def test_socket_units_listen_where_belfryd_does_without_them(self):
        page = read(in_prefix("share/man/man1/belfryd.1"))
        for which in "system", "user":
            unit = read(in_prefix(f"lib/systemd/{which}/belfry.socket"))
            address = re.search(r"^ListenStream=(.*)$", unit, re.MULTILINE).group(1)
            self.assertIn(address, page)
        self.assertIn("\nRequires=belfry.socket\n",
                      read(in_prefix("lib/systemd/system/belfry.service")))

    def test_belfryd_needs_no_memory_that_is_writable_and_executable(self):
        # PR_SET_MDWE and PR_MDWE_REFUSE_EXEC_GAIN, the kernel's own MemoryDenyWriteExecute=.
        script = ("import ctypes, os, sys; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) == 0 or "
                  "os._exit(77); os.execvp(sys.argv[1], sys.argv[1:])")
        denied = ["/usr/bin/python3", "-c", script]
        if subprocess.run([*denied, "true"]).returncode == 77:
            self.skipTest("this kernel cannot deny it")
        bus = belfry_test.Bus()
        self.addCleanup(bus.close)
        daemon = belfry_test.Daemon(bus, self.folder, start=False)
        arguments = [*denied, *daemon.arguments()]
        daemon.arguments = lambda: arguments
        daemon.start()
        client = self.connect(bus)
        self.assertGreater(client.create("alice", {"title": "Hello"}), 0)
        self.assertEqual(client.list("alice")[1], 1)
        daemon.stop()

    def test_tmpfiles_makes_the_folders_of_the_unit(self):
        if shutil.which("systemd-tmpfiles") is None:
            self.skipTest("there is no systemd-tmpfiles")
        if os.getuid() != 0:
            self.skipTest("only root can give folders away")
        text = read(in_prefix("lib/tmpfiles.d/belfry.conf"))
        self.assertIn(f"d {in_prefix('etc/belfry')} 0750 root belfry", text)
        os.makedirs(os.path.join(self.folder, "etc"))
        run("systemd-sysusers", "--root", self.folder, in_prefix("lib/sysusers.d/belfry.conf"))
        rules = self.write("belfry.conf", text.replace(PREFIX, ""))
        run("systemd-tmpfiles", "--root", self.folder, "--create", rules)
        user = read(os.path.join(self.folder, "etc/passwd")).split(":")
        for path, mode, uid, gid in (("etc/belfry", 0o750, 0, int(user[3])),
                                     ("var/lib/belfry", 0o700, int(user[2]), int(user[3]))):
            status = os.stat(os.path.join(self.folder, path))
            self.assertEqual((stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid),
                             (mode, uid, gid), path)

    def test_metainfo_is_valid(self):
        if shutil.which("appstreamcli") is None:
            self.skipTest("there is no appstreamcli")
        path = in_prefix("share/metainfo/org.belfry.Belfry1.metainfo.xml")
        # It hints at the capital letter of the bus name, which is no fault.
        run("appstreamcli", "validate", "--no-net", "--pedantic", path)
        for binary in re.findall("<binary>(.*?)</binary>", read(path)):
            self.assertTrue(os.access(in_prefix("bin/" + binary), os.X_OK), binary)
        self.assertIn(f'version="{os.environ["VERSION"]}"', read(path))

    def test_software_centres_are_told_in_every_language(self):
        metainfo = read(in_prefix("share/metainfo/org.belfry.Belfry1.metainfo.xml"))
        for element in "summary", "p":
            told = re.findall(f'<{element} xml:lang="(.*?)">', metainfo)
            self.assertEqual(sorted(told), self.languages(), element)

    def test_sysusers_makes_the_users_of_unit_and_policy(self):
        if shutil.which("systemd-sysusers") is None:
            self.skipTest("there is no systemd-sysusers")
        os.makedirs(os.path.join(self.folder, "etc"))
        run("systemd-sysusers", "--root", self.folder, in_prefix("lib/sysusers.d/belfry.conf"))
        passwd = read(os.path.join(self.folder, "etc/passwd"))
        groups = re.findall(r"^(.*?):", read(os.path.join(self.folder, "etc/group")), re.MULTILINE)
        self.assertRegex(passwd, r"^belfry:[^:]*:\d+:\d+:[^:]*:/var/lib/belfry:/usr/sbin/nologin\n$")
        unit = read(in_prefix("lib/systemd/system/belfry.service"))
        policy = read(in_prefix("share/dbus-1/system.d/org.belfry.Belfry1.conf"))
        self.assertIn("\nUser=belfry\nGroup=belfry\n", unit)
        self.assertLessEqual({"belfry", *re.findall('group="(.*?)"', policy)}, set(groups))

    def start_system_bus(self):
        """A bus with the policy of a system bus and ours, with the users that this machine has."""
        policy = read(in_prefix("share/dbus-1/system.d/org.belfry.Belfry1.conf"))
        policy = policy.replace('user="belfry"', 'user="daemon"')
        policy = policy.replace('group="belfry-workers"', 'group="users"')
        rules = re.search(r"<busconfig>(.*)</busconfig>", policy, re.DOTALL).group(1)
        for folder in TOP, self.folder:
            os.chmod(folder, 0o755)
        config = self.write("system.conf", f"""
            <busconfig>
              <type>system</type>
              <listen>unix:path={self.folder}/bus</listen>
              <auth>EXTERNAL</auth>
              <policy context="default">
                <allow user="*"/>
                <deny own="*"/>
                <deny send_type="method_call"/>
                <allow send_type="signal"/>
                <allow send_requested_reply="true" send_type="method_return"/>
                <allow send_requested_reply="true" send_type="error"/>
                <allow receive_type="method_call"/>
                <allow receive_type="method_return"/>
                <allow receive_type="error"/>
                <allow receive_type="signal"/>
                <allow send_destination="org.freedesktop.DBus"/>
              </policy>
              {rules}
            </busconfig>""")
        return self.start_bus(config=config)

    def call_as(self, user, group, bus, destination, method, *arguments):
        return subprocess.run(
            ["setpriv", "--reuid", user, "--regid", group, "--clear-groups", "gdbus", "call",
             "--address", bus.address, "--dest", destination,
             "--object-path", "/" + destination.replace(".", "/"), "--method", method, *arguments],
            capture_output=True, text=True, env=environment())

    def test_on_the_system_bus_only_root_and_workers_may_call(self):
        if os.getuid() != 0:
            self.skipTest("only root can play the other users")
        bus = self.start_system_bus()
        secret = self.write("secret", "x" * 32)
        for name in "state", "secret":
            os.makedirs(os.path.join(self.folder, "state"), exist_ok=True)
            os.chown(os.path.join(self.folder, name), *pwd.getpwnam("daemon")[2:4])
        log = self.write("belfryd.log", "")
        with open(log, "w", encoding="utf-8") as file:
            daemon = subprocess.Popen(
                ["setpriv", "--reuid", "daemon", "--regid", "daemon", "--clear-groups",
                 in_prefix("bin/belfryd"), "--bus", bus.address, "--listen", "127.0.0.1:0",
                 "--database", f"sqlite:{self.folder}/state/belfry.db",
                 "--jwt-secret-file", secret],
                stdout=file, stderr=file, env=environment(XDG_DATA_HOME=self.folder + "/state"))
        try:
            deadline = time.monotonic() + PATIENCE
            while "Listening" not in read(log):
                self.assertIsNone(daemon.poll(), read(log))
                self.assertLess(time.monotonic(), deadline, read(log))
                time.sleep(0.02)
            create = (bus, NAME, NAME + ".Notifications.Create", "alice", "{}", "{}")
            for user, group in (("root", "root"), ("nobody", "users")):
                result = self.call_as(user, group, *create)
                self.assertRegex(result.stdout, r"^\(uint64 \d+,\)$", (user, result.stderr))
            result = self.call_as("nobody", "nogroup", *create)
            self.assertIn("org.freedesktop.DBus.Error.AccessDenied", result.stderr)
            # Only root may administer, not even workers.
            erase = (bus, NAME, NAME + ".Administration.EraseUser", "alice")
            result = self.call_as("nobody", "users", *erase)
            self.assertIn("org.freedesktop.DBus.Error.AccessDenied", result.stderr)
            self.assertEqual(self.call_as("root", "root", *erase).stdout, "(uint32 2,)\n")
            backup = os.path.join(self.folder, "backup")
            run(in_prefix("bin/belfryctl"), "--bus", bus.address, "backup", backup)
            self.assertTrue(read_bytes(backup).startswith(b"SQLite format 3"))
        finally:
            daemon.terminate()
            daemon.wait()
        self.assertEqual(daemon.returncode, 0, read(log))
        # Nor may anybody else, root included, pass for Belfry.
        request = (bus, "org.freedesktop.DBus", "org.freedesktop.DBus.RequestName", NAME, "4")
        for user in "nobody", "root":
            result = self.call_as(user, "users", *request)
            self.assertIn("org.freedesktop.DBus.Error.AccessDenied", result.stderr)
        self.assertEqual(self.call_as("daemon", "daemon", *request).stdout, "(uint32 1,)\n")


class InstalledTests(InstallTestCase):
    def test_each_has_its_program_and_names_what_is_installed(self):
        tests = glob.glob(in_prefix("share/installed-tests/belfry/*.test"))
        self.assertGreater(len(tests), 10)
        for test in tests:
            for path in re.findall(re.escape(PREFIX) + r"/[^ \n]*", read(test)):
                self.assertTrue(os.path.exists(path), f"{test}: {path}")

    def test_they_run_against_what_is_installed(self):
        runner = shutil.which("gnome-desktop-testing-runner")
        if runner is None:
            self.skipTest("there is no gnome-desktop-testing-runner")
        env = environment(TMPDIR=self.folder)
        for name in ("BELFRYD", "BELFRY_SCHEMAS", "PYTHONPATH"):
            env.pop(name, None)
        output = run(runner, "--dir", in_prefix("share"), "belfry/ctl_inbox", "belfry/http.test",
                     "belfry/sessions", env=env)
        self.assertIn("SUMMARY: total=3; passed=3; skipped=0; failed=0", output)


class Development(InstallTestCase):
    def start_belfryd(self):
        bus = self.start_bus()
        bus.configure("listen=127.0.0.1:0\njwt-secret-file=" + self.write("key", "x" * 32))
        client = self.connect(bus)
        client.create("bob")
        self.addCleanup(lambda: bus.stop_belfryd(client))
        return client, environment(DBUS_SESSION_BUS_ADDRESS=bus.address)

    def assert_rung(self, client, id, data):
        notifications, total = client.list("alice")
        self.assertEqual(total, 1)
        self.assertEqual(notifications[0]["id"], int(id))
        self.assertEqual(json.loads(notifications[0]["data"]), data)

    def flags(self, package):
        return run("pkg-config", "--cflags", "--libs", package).split()

    def test_a_worker_in_c_builds_with_pkg_config_and_rings(self):
        program = os.path.join(self.folder, "worker")
        run("cc", "-Wall", "-Wextra", "-Werror", os.path.join(SOURCE_ROOT, "examples/worker.c"),
            "-o", program, *self.flags("belfry-1.0"))
        client, env = self.start_belfryd()
        self.assert_rung(client, run(program, "alice", '{"a": 1}', env=env), {"a": 1})

    def test_a_worker_in_python_rings_with_the_installed_typelib_and_overrides(self):
        folder, = [folder for folder, _, files in os.walk(in_prefix("lib"))
                   if "Belfry.py" in files and folder.endswith("gi/overrides")]
        client, env = self.start_belfryd()
        env["PYTHONPATH"] = os.path.dirname(os.path.dirname(folder))
        id = run("/usr/bin/python3", os.path.join(SOURCE_ROOT, "examples/worker.py"), "alice",
                 "Hello", env=env)
        self.assert_rung(client, id, {"title": "Hello"})

    def test_a_worker_in_vala_builds_with_the_installed_vapi_and_rings(self):
        if shutil.which("valac") is None:
            self.skipTest("there is no valac")
        program = os.path.join(self.folder, "worker")
        run("valac", "--vapidir", in_prefix("share/vala/vapi"), "--pkg", "belfry-1.0",
            os.path.join(SOURCE_ROOT, "examples/worker.vala"), "-o", program)
        client, env = self.start_belfryd()
        self.assert_rung(client, run(program, '{"a": 1}', "alice", env=env), {"a": 1})

    def test_a_server_of_ones_own_builds_in_c_and_vala(self):
        source = self.write("server.c", """
            #include <belfry-server.h>
            int
            main (void)
            {
              g_autoptr (BelfryServerConfig) config = belfry_server_config_new ();
              g_autoptr (BelfryServer) server = belfry_server_new (config);
              return belfry_server_get_handlers (server) == NULL;
            }""")
        program = os.path.join(self.folder, "server")
        run("cc", "-Wall", "-Wextra", "-Werror", source, "-o", program,
            *self.flags("belfry-server-1.0"))
        run(program)
        if shutil.which("valac") is None:
            return
        source = self.write("handler.vala", """
            class Echo : Object, Belfry.MessageHandler {
              public Belfry.HandlerResult handle_message (Belfry.Session session,
                                                          Belfry.Message message) {
                return Belfry.HandlerResult.NOT_MINE;
              }
            }
            void main () {
              var server = new Belfry.Server (new Belfry.ServerConfig ());
              server.get_handlers ().add (new Echo ());
            }""")
        program = os.path.join(self.folder, "handler")
        run("valac", "--vapidir", in_prefix("share/vala/vapi"), "--pkg", "belfry-server-1.0",
            source, "-o", program)
        run(program)

    def headers(self, package):
        return sorted(glob.glob(in_prefix(f"include/{package}/*.h")))

    def declared(self, headers):
        """The functions that these headers declare."""
        text = "".join(read(header) for header in headers)
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        return (set(re.findall(r"\b(belfry_\w+) \([^)]*\)(?=;| G_)", text))
                | {name + "_get_type" for name in re.findall(
                    r"\bG_DECLARE_\w+ \(\w+,\s*(belfry_\w+)", text)})

    def test_libraries_export_what_their_headers_offer_and_nothing_else(self):
        # What the one library lends to the other and to belfryctl, and to nobody else.
        lent = self.declared(glob.glob(os.path.join(SOURCE_ROOT, "src/belfry/*-private.h")))
        for package, library in LIBRARIES.items():
            offered = self.declared(self.headers(package))
            lines = run("nm", "-D", "--defined-only", in_prefix(f"lib/{library}")).splitlines()
            exported = {line.split()[-1] for line in lines}
            self.assertGreater(len(exported), 10)
            if package == "belfry-1.0":
                exported -= lent
            self.assertEqual(exported - offered, set(), library)
            self.assertEqual(offered - exported, set(), library)

    def test_each_header_compiles_alone_in_c_and_cplusplus(self):
        for package in LIBRARIES:
            flags = run("pkg-config", "--cflags", package).split()
            for header in self.headers(package):
                for compiler in ("cc", "-x", "c"), ("c++", "-x", "c++"):
                    if shutil.which(compiler[0]) is None:
                        continue
                    source = self.write("alone", f'#include <{os.path.basename(header)}>\n')
                    run(*compiler, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *flags, source)

    def test_reference_of_both_libraries_builds_without_warnings(self):
        if shutil.which("gi-docgen") is None:
            self.skipTest("there is no gi-docgen")
        run("meson", "configure", BUILD, "-Ddocs=enabled")
        run("meson", "install", "-C", BUILD)
        for namespace, page in (("Belfry", "class.Client"), ("Belfry", "dbus"),
                                ("BelfryServer", "class.Server"), ("BelfryServer", "architecture")):
            folder = in_prefix(f"share/doc/{namespace}-1.0")
            self.assertIn("The Belfry developers", read(os.path.join(folder, "index.html")))
            self.assertTrue(os.path.exists(os.path.join(folder, page + ".html")))
            # The pages that go with it, and what they link to.
            for path in glob.glob(os.path.join(folder, "*.html")):
                if "." in os.path.basename(path).removesuffix(".html"):
                    continue
                for link in re.findall(r'href="([a-z/.A-Z0-9-]+\.html)', read(path)):
                    target = os.path.join(folder, link)
                    self.assertTrue(os.path.exists(target), f"{path}: {link}")


if __name__ == "__main__":
    belfry_test.main()
