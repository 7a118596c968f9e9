#!/usr/bin/env python3
"""Appends files to a stand-in installer, before it is signed.

    pack.py PROGRAM OUT [NAME=FILE...]

Behind the last section follow "GPVPACK1", the number of files, and for each file the size of its name with a final
zero, its size, name and bytes; numbers have 32 bits, little-endian. NAME may hold a folder: driver\\mm.inf=build/mm.inf.
"""
import struct
import sys


def main():
    program, out, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    with open(program, "rb") as file:
        data = file.read()
    data += b"GPVPACK1" + struct.pack("<I", len(files))
    for item in files:
        name, _, path = item.partition("=")
        with open(path, "rb") as file:
            content = file.read()
        name = name.encode() + b"\0"
        data += struct.pack("<II", len(name), len(content)) + name + content
    with open(out, "wb") as file:
        file.write(data)


if __name__ == "__main__":
    main()
