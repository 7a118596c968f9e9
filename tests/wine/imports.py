#!/usr/bin/env python3
"""Checks that every Windows function that our code in a release program calls is called by a test, or that the reason why
not is told.

    imports.py check  DATA BUILD OBJDUMP NM    fails with a list of what is wrong
    imports.py update DATA BUILD OBJDUMP NM    writes DATA anew from what the tests have recorded

What is listed: functions that BUILD/guest/gpupv-agent.exe imports and that objects of ours ask for, and those that our
sources name to GetProcAddress (their DLL is written "-"). What only the libraries linked in ask for (libuv, mbedtls, the
C runtime and its start-up) is theirs, and their own tests have it. DATA (imports.txt) has one line for each function:
DLL, function, then the tests that call it, or "--" and why no test can.

Below BUILD/tests/run each test of tests/wine has a folder, in which imports/ holds what the emulator recorded
(tests/emulator/common/record.h): programs with the functions they called. Recordings count of programs that are made of
the same objects. A test that was not run yet proves and disproves nothing; of those named for a function that were run,
one must have called it.
"""
import pathlib
import re
import subprocess
import sys

HEADER = """# Windows functions of our code in gpupv-agent.exe and the tests of tests/wine that call them. Written by
# `imports.py update` from recordings of these tests; lines with a reason ("--") are written by people and kept.
"""
PROGRAM = "guest/gpupv-agent.exe"
OBJECTS = ("common/libgpupv_common.a", "guest/libgpupv_guest.a", "guest/CMakeFiles/gpupv-agent.dir/main.c.obj")
SOURCES = ("common", "guest")
RECORDED = ("gpupv-agent.exe", "machine_contract.exe", "machine_contract_system.exe", "repair_faults.exe")
TESTS_NAMED = 3  # enough to find one that runs
LOADED = "-"


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def imports_of(objdump, program):
    """Yields (dll, function) of a program."""
    dll = None
    for line in output_of(objdump, "-p", program).splitlines():
        if match := re.match(r"\s*DLL Name: (\S+)", line):
            dll = match[1].lower().removesuffix(".dll")
        elif dll and (match := re.match(r"\s+[0-9a-f]+\s+\d+\s+(\S+)$", line)):
            yield dll, match[1]


def asked_for(nm, objects):
    """Names that objects of ours leave undefined."""
    names = set()
    for path in objects:
        for line in output_of(nm, "-u", path).splitlines():
            if match := re.match(r"\s+U (\S+)$", line):
                names.add(match[1].removeprefix("__imp_"))
    return names


def loaded_by(root):
    """Functions that our sources give to GetProcAddress, in the call or in an array of names."""
    names = set()
    for folder in SOURCES:
        for path in (root / folder).rglob("*.c"):
            text = path.read_text(encoding="utf-8")
            if "GetProcAddress" not in text and "call_find" not in text:
                continue
            names.update(re.findall(r'(?:GetProcAddress|call_find|\bfind)\([^;"]*"(\w+)"\)', text))
            for array in re.findall(r"_names\[\] = \{([^}]*)\}", text):
                names.update(re.findall(r'"([A-Z]\w+)"', array))
    return names


def read_data(path):
    """{(dll, function): (tests, reason)}"""
    rows = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split()
        if len(words) < 3:
            sys.exit("%s:%d: a line has DLL, function and tests or a reason" % (path, number))
        key, rest = tuple(words[:2]), words[2:]
        if key in rows:
            sys.exit("%s:%d: %s stands there twice" % (path, number, " ".join(key)))
        rows[key] = ([], " ".join(rest[1:])) if rest[0] == "--" else (rest, "")
    return rows


def read_recordings(runs):
    """{test: {(dll, function)}} of the tests that were run."""
    recordings = {}
    for folder in sorted(runs.glob("wine_*/imports")):
        called = recordings.setdefault(folder.parent.name.removeprefix("wine_"), set())
        for program in RECORDED:
            names, marks = folder / (program + ".names"), folder / (program + ".called")
            if names.exists() and marks.exists():
                for name, mark in zip(names.read_text(encoding="ascii").split(), marks.read_bytes()):
                    dll, _, function = name.partition("!")
                    if mark:
                        called.add((dll.lower().removesuffix(".dll"), function))
            loaded = folder / (program + ".loaded")
            if loaded.exists():
                called.update((LOADED, name.partition("!")[2]) for name in loaded.read_text(encoding="ascii").split())
    return {test: called for test, called in recordings.items() if called}


def check(rows, wanted, recordings, known):
    wrong = []
    for key in wanted:
        tests, reason = rows.get(key, ([], ""))
        name = "!".join(key)
        if not tests and not reason:
            wrong.append("%s: no test is named, no reason is told" % name)
        wrong += ["%s: there is no test %s" % (name, test) for test in tests if test not in known]
        ran = [test for test in tests if test in recordings]
        if ran and not any(key in recordings[test] for test in ran):
            wrong.append("%s: %s did not call it" % (name, ", ".join(ran)))
        if reason and any(key in called for called in recordings.values()):
            wrong.append("%s: a test calls it, so no reason is needed" % name)
    wrong += ["%s: not called any more" % "!".join(key) for key in sorted(set(rows) - set(wanted))]
    return wrong


def update(path, rows, wanted, recordings):
    lines = []
    for key in wanted:
        tests, reason = rows.get(key, ([], ""))
        found = sorted((test for test, called in recordings.items() if key in called),
                       key=lambda test: (test not in tests, test))[:TESTS_NAMED]
        # what a test of an earlier run did stays, until that test is run again
        found += [test for test in tests if test not in recordings][:TESTS_NAMED - len(found)]
        lines.append(" ".join(key + (tuple(sorted(found)) if found else ("--", reason))).rstrip())
    path.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")


def main():
    if len(sys.argv) != 6 or sys.argv[1] not in ("check", "update"):
        sys.exit(__doc__)
    data, build, objdump, nm = pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4], sys.argv[5]
    here = pathlib.Path(__file__).resolve().parent
    rows = read_data(data) if data.exists() else {}
    ours = asked_for(nm, [build / path for path in OBJECTS])
    wanted = sorted({key for key in imports_of(objdump, build / PROGRAM) if key[1] in ours} |
                    {(LOADED, name) for name in loaded_by(here.parents[1])})
    recordings = read_recordings(build / "tests" / "run")
    if sys.argv[1] == "update":
        update(data, rows, wanted, recordings)
        return
    wrong = check(rows, wanted, recordings, {path.stem for path in here.glob("*.sh")})
    if wrong:
        sys.exit("\n".join(wrong) + "\nimports: %d wrong" % len(wrong))
    print("imports: %d functions, recordings of %d tests" % (len(wanted), len(recordings)))


if __name__ == "__main__":
    main()
