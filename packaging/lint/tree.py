#!/usr/bin/env python3
"""Rules of the tree that no compiler checks. Prints file:line: message for each breach; exit 1 if any.

headers   every header opens with a paragraph; every public prototype and every member of a table of
          functions has a comment
arrows    common includes nothing of host or guest, host and guest never include each other
platform  no platform conditional in portable files, windows.h only where the name says so
sources   every source is in its folder's CMake list, lists are alphabetical
marks     no unfinished work, no // comments, no typedef of a struct
top       nothing at the top of the tree but what belongs there: a test run by hand leaves files
"""
import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
AREAS = {"common": {"common"}, "host": {"common", "host"}, "guest": {"common", "guest"}}
TOP = {"CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", ".ci", ".clang-format", ".gitignore",
       "common", "guest", "host", "packaging", "tests"}
PLATFORM = re.compile(
    r"^\s*#\s*(?:el)?if.*\b(_WIN32|WIN32|_WIN64|__linux__|__unix__|__APPLE__|__MINGW\w+|_MSC_VER"
    r"|__GNUC__|__clang__)\b")
PLATFORM_HOME = "common/compiler.h"
WORLD = re.compile(r"(_win32|_posix)\.[ch]$|/windows/|^tests/emulator/")
SYSTEM_HEADER = re.compile(r'^\s*#\s*include\s*<(windows|winsock2|winternl|initguid)\.h>', re.I)
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")
breaches = []


def breach(path, line, message):
    breaches.append(f"{path}:{line}: {message}")


def blank_comments(text):
    """Comments become \\1 with \\2 for each of their line ends, strings lose their content."""
    def replace(match):
        token = match.group(0)
        if token.startswith("/"):
            return "\1" + "\2" * token.count("\n")
        return token[0] + token[-1]
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', replace, text,
                  flags=re.S)


def statements(text):
    """Yields (line, lead, body, depth) for each declaration ending in ; or opening a block.
    lead is what stands before it: blanks and comment marks."""
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*\n?", lambda match: "\2" * match.group(0).count("\n"),
                  text, flags=re.M)
    depth, start = 0, 0
    for at, char in enumerate(text):
        if char not in ";{}":
            continue
        piece = text[start:at]
        lead = re.match(r"[\s\1\2]*", piece).group(0)
        body = re.sub(r"[\1\2]", " ", piece[len(lead):]).strip()
        line = len(re.findall(r"[\n\2]", text[:start + len(lead)])) + 1
        yield line, lead.replace("\2", ""), body, depth, char
        start = at + 1
        depth += {"{": 1, "}": -1}.get(char, 0)


def declared_name(body, depth, in_table):
    """The name of a declaration that must be documented, or None."""
    if depth == 1 and in_table:
        member = re.search(r"\(\*\s*(\w+)\)\s*\(", body)
        return member and member.group(1)
    if depth == 0 and not re.match(r"typedef\b|_Static_assert|enum\b|extern \"", body):
        prototype = re.search(r"(\w+)\s*\(", body)
        return prototype and prototype.group(1)
    return None


def check_header(path, text):
    if not text.startswith("/*"):
        breach(path, 1, "the header does not open with a paragraph that says what it is")
    documented, in_table, pending = False, False, None
    for line, lead, body, depth, end in statements(blank_comments(text)):
        # A comment on the line where a declaration ends belongs to that one, any other to what
        # follows it without an empty line between.
        behind, _, before = lead.partition("\n")
        if pending and "\1" not in behind:
            breach(path, *pending)
        pending = None
        if end == "}":
            in_table = in_table and depth > 1
            continue
        blank = before.rsplit("\1", 1)[-1].count("\n") > ("\1" in before)
        documented = ("\1" in before or documented) and not blank
        if end == "{" and re.match(r"struct \w+_ops$", body):
            in_table, documented = True, False
            continue
        name = declared_name(body, depth, in_table)
        if name and not documented:
            pending = (line, f"{name} has no comment")
    if pending:
        breach(path, *pending)


def check_lines(path, text):
    area = path.split("/")[0]
    code = blank_comments(text).replace("\2", "\n").split("\n")
    for number, (line, bare) in enumerate(zip(text.split("\n"), code), 1):
        include = re.match(r'\s*#\s*include\s*"(?:\.\./)*([^"/]+)/', line)
        if include and area in AREAS and include.group(1) not in AREAS[area]:
            breach(path, number, f"{area} must not include {include.group(1)}")
        if not WORLD.search(path) and path != PLATFORM_HOME:
            if PLATFORM.match(bare) and not path.startswith("tests/"):
                breach(path, number, "platform conditional in a portable file")
            if SYSTEM_HEADER.match(line):
                breach(path, number, "Windows header in a portable file")
        if UNFINISHED.search(line):
            breach(path, number, "unfinished work")
        if re.match(r"\s*typedef\s+struct\b", bare):
            breach(path, number, "typedef of a struct")
    for match in re.finditer(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|(//)', text, flags=re.S):
        if match.group(1):
            breach(path, text.count("\n", 0, match.start()) + 1, "// comment")


def check_sources(files):
    listed = collections.Counter()
    for path in [f for f in files if f.endswith("CMakeLists.txt")]:
        folder = (ROOT / path).parent
        previous, number_of = None, 0
        for number, line in enumerate((ROOT / path).read_text().split("\n"), 1):
            name = re.fullmatch(r"\s+([\w./-]+\.c)", line)
            if not name:
                previous = None
                continue
            listed[str((folder / name.group(1)).resolve().relative_to(ROOT))] += 1
            if previous and previous > name.group(1):
                breach(path, number, f"{name.group(1)} belongs before {previous}")
            previous = name.group(1)
    for path in files:
        if path.endswith(".c") and path.split("/")[0] in AREAS and not listed[path]:
            if not path.endswith("/main.c"):
                breach(path, 1, "is in no CMake list")


def main():
    tracked = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                             cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    files = sorted(f for f in set(tracked) if f and (ROOT / f).is_file())
    lines = 0
    for top in sorted({path.split("/")[0] for path in files} - TOP):
        breach(top, 1, "does not belong at the top of the tree")
    for path in files:
        if not path.endswith((".c", ".h")):
            continue
        text = (ROOT / path).read_text(encoding="utf-8")
        lines += text.count("\n")
        check_lines(path, text)
        if path.endswith(".h") and path.split("/")[0] in AREAS:
            check_header(path, text)
    check_sources(files)
    print("\n".join(breaches + [f"tree: {lines} lines of C, {len(breaches)} breaches"]))
    return 1 if breaches else 0


sys.exit(main())
