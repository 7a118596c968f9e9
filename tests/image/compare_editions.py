#!/usr/bin/env python3
"""Compares the document of `gpupv images --json` with the XML that wiminfo takes out of an image file."""
import json
import sys
import xml.etree.ElementTree as tree

ARCHITECTURES = {"0": "x86", "5": "arm", "6": "ia64", "9": "x64", "12": "arm64"}

ours = json.load(open(sys.argv[1], encoding="ascii"))["editions"]
images = tree.parse(sys.argv[2]).getroot().findall("IMAGE")
wrong = []


def text(image, path):
    found = image.find(path)
    return (found.text or "").strip() if found is not None else ""


def expected(image):
    version = [text(image, "WINDOWS/VERSION/" + part) for part in ("MAJOR", "MINOR", "BUILD", "SPBUILD")]
    name = text(image, "NAME")
    return {
        "index": int(image.get("INDEX")),
        "edition": text(image, "WINDOWS/EDITIONID") or text(image, "FLAGS"),
        "name": text(image, "DISPLAYNAME") or name,
        "image_name": name,
        "description": text(image, "DESCRIPTION"),
        "architecture": ARCHITECTURES.get(text(image, "WINDOWS/ARCH"), ""),
        "version": ".".join(version) if version[2] else "",
        "build": int(version[2] or 0),
        "languages": [item.text for item in image.findall("WINDOWS/LANGUAGES/LANGUAGE")],
        "default_language": text(image, "WINDOWS/LANGUAGES/DEFAULT"),
        "size_bytes": int(text(image, "TOTALBYTES") or 0),
        "installation": text(image, "WINDOWS/INSTALLATIONTYPE"),
    }


if len(ours) != len(images):
    wrong.append(f"{len(ours)} editions, not {len(images)}")
for row, image in zip(ours, images):
    for key, value in expected(image).items():
        if row[key] != value:
            wrong.append(f"edition {row['index']}: {key} is {row[key]!r}, not {value!r}")
print("\n".join(wrong) or f"{len(ours)} editions agree")
sys.exit(bool(wrong) or not ours)
