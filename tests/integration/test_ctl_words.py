#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is said of belfryctl's commands: help, completion and man page tell the same."""

import os
import re
import subprocess
import unittest

import belfry_test
from belfry_test import PATIENCE
from ctl_test import run_ctl

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data")


class Words(unittest.TestCase):
    def options(self, command):
        result = run_ctl(None, "help", command)
        self.assertEqual(result.returncode, 0, result.stderr)
        return set(re.findall(r"^ .*--([a-z-]+)", result.stdout, re.MULTILINE))

    def commands(self):
        help = run_ctl(None, "--help").stdout
        commands = re.findall(r"^  ([a-z]+)  ", help.split("Commands:")[1], re.MULTILINE)
        self.assertGreater(len(commands), 10)
        return commands

    def complete(self, *words):
        """What bash offers for the last word."""
        script = ('source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _belfryctl; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        file = os.path.join(DATA, "completions", "belfryctl")
        result = subprocess.run(["bash", "-c", script, file, "belfryctl", *words],
                                capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return set(result.stdout.split())

    def test_help_of_a_command_is_the_same_in_both_ways(self):
        for command in self.commands():
            result = run_ctl(None, command, "--help")
            self.assertEqual(result.stdout, run_ctl(None, "help", command).stdout)
            self.assertIn(f"belfryctl [OPTION…] {command}", result.stdout)
        self.assertEqual(run_ctl(None, "help").stdout, run_ctl(None, "--help").stdout)
        self.assertEqual(run_ctl(None, "help", "nonsense").returncode, 2)

    def test_completion_offers_what_the_help_tells(self):
        self.assertEqual(self.complete(""), {*self.commands(), "help"})
        self.assertEqual(self.complete("help", ""), {*self.commands(), "help"})
        for command in self.commands():
            offered = self.complete(command, "--")
            self.assertEqual(offered, {"--" + option for option in self.options(command)}, command)
        self.assertEqual(self.complete("--bus", "session", "bac"), {"backup"})
        self.assertEqual(self.complete("--bus", "=", "session", "bac"), {"backup"})
        self.assertEqual(self.complete("--color", "=", "a"), {"auto", "always"})
        self.assertEqual(self.complete("--color", "="), {"auto", "always", "never"})
        self.assertEqual(self.complete("--bus", "s"), {"session", "system"})
        self.assertEqual(self.complete("list", "al"), set())
        self.assertEqual(self.complete("send", "alice", "--title", "--"), set())
        for words in ["import"], ["backup"], ["token", "--secret-file"]:
            self.assertEqual(self.complete(*words, __file__[:-1]), {__file__})

    def test_man_page_names_every_command_and_option(self):
        with open(os.path.join(DATA, "belfryctl.1"), encoding="utf-8") as file:
            page = file.read().replace("\\-", "-")
        for command in self.commands():
            section = re.search(rf"^\.TP\n\.BI? ?R? ?{command}\b.*?(?=^\.TP|^\.S[SH])", page,
                                re.MULTILINE | re.DOTALL)
            self.assertIsNotNone(section, command)
            own = self.options(command) - {"bus", "json", "color", "version", "help"}
            self.assertEqual(set(re.findall(r"--([a-z-]+)", section.group())) - {"new-epoch"},
                             own, command)


if __name__ == "__main__":
    belfry_test.main()
