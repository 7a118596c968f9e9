#!/usr/bin/env python3
"""Puts another file's hash into a catalogue in place of one, which its signature does not cover.

    forge_catalog.py CATALOG OLD NEW
"""
import hashlib
import pathlib
import sys

catalog, old, new = map(pathlib.Path, sys.argv[1:])
data = catalog.read_bytes()
before = hashlib.sha256(old.read_bytes()).digest()
if before not in data:
    sys.exit("%s does not name %s" % (catalog, old))
catalog.write_bytes(data.replace(before, hashlib.sha256(new.read_bytes()).digest()))
