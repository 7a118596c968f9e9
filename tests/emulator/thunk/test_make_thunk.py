#!/usr/bin/env python3
"""Tests of make_thunk.py; the argument is the folder of Wine's DLLs."""
import os
import subprocess
import sys
import tempfile
import unittest

import make_thunk

WINE_DLLS = sys.argv.pop(1)
SCRIPT = make_thunk.__file__


def run(folder, *options):
    return subprocess.run(
        [sys.executable, "-B", SCRIPT, "--dll", os.path.join(WINE_DLLS, "ws2_32.dll"),
         "--load", r"C:\emulator\ws2_32.dll", "--out", folder, *options],
        capture_output=True, text=True)


class MakeThunk(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(dir=os.getcwd())
        self.addCleanup(self.folder.cleanup)

    def read(self, name):
        with open(os.path.join(self.folder.name, name), encoding="ascii") as file:
            return file.read()

    def test_refuses_a_replacement_that_is_not_exported(self):
        result = run(self.folder.name, "--replace", "bind=x,no_such_call=y")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("no_such_call", result.stderr)

    def test_refuses_a_file_that_is_no_dll(self):
        with self.assertRaises(ValueError):
            make_thunk.PortableExecutable(b"MZ" + b"\0" * 100)

    def test_keeps_names_and_ordinals(self):
        self.assertEqual(run(self.folder.name, "--replace", "bind=emu_bind").returncode, 0)
        lines = self.read("ws2_32.def").splitlines()
        self.assertIn("  bind = emu_bind @2", lines)
        self.assertTrue(any(l.startswith("  accept = thunk_") and l.endswith(" @1") for l in lines))

    def test_every_export_has_a_row(self):
        run(self.folder.name)
        with open(os.path.join(WINE_DLLS, "ws2_32.dll"), "rb") as file:
            exports = list(make_thunk.PortableExecutable(file.read()).exports())
        self.assertGreater(len(exports), 100)
        source = self.read("ws2_32_thunk.c")
        for ordinal, name in exports:
            self.assertIn('{%s, %d},' % ('"%s"' % name if name else "NULL", ordinal), source)

    def test_adds_what_the_original_lacks(self):
        run(self.folder.name, "--add", "NewCall=emu_new,bind=emu_bind")
        lines = self.read("ws2_32.def").splitlines()
        self.assertIn("  NewCall = emu_new", lines)
        self.assertIn("  bind = emu_bind @2", lines)

    def test_refuses_exports_by_pattern_but_not_those_that_are_replaced(self):
        run(self.folder.name, "--refuse", "getsockname=,get*=refuse", "--replace", "getpeername=emu_name")
        source = self.read("ws2_32_thunk.c")
        self.assertIn('jmp refuse\\nname_', source)
        self.assertIn('.asciz \\"getsockopt\\"', source)
        self.assertNotIn('.asciz \\"getsockname\\"', source)
        self.assertNotIn('.asciz \\"getpeername\\"', source)


if __name__ == "__main__":
    unittest.main()
