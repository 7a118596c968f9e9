#!/usr/bin/env python3
"""Copies a WIM and says in its XML that it is encrypted, as the ESD files of Windows Update do."""
import sys

data = bytearray(open(sys.argv[1], "rb").read())
position = int.from_bytes(data[80:88], "little")
size = int.from_bytes(data[72:79], "little")
text = data[position:position + size].decode("utf-16")
text = text.replace("<WIM>", "<WIM><ESD><ENCRYPTED><KEYS/></ENCRYPTED></ESD>", 1)
new = b"\xff\xfe" + text.encode("utf-16le")
data[position:position + size] = new
data[72:79] = len(new).to_bytes(7, "little")
data[88:96] = len(new).to_bytes(8, "little")
data[124:148] = bytes(24)  # the table of checksums is wrong now
open(sys.argv[2], "wb").write(data)
