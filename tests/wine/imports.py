#!/usr/bin/env python3
"""Checks that every Windows function that a release program imports is called by a test, or that the reason why not is told.

    imports.py check  DATA OBJDUMP RUNS PROGRAM...     fails with a list of what is wrong
    imports.py update DATA OBJDUMP RUNS PROGRAM...     writes DATA anew from what the tests have recorded

DATA (imports.txt) has one line for each function: program, DLL, function, then the tests that call it, or "--" and why no
test can. A line whose function is "*" speaks for a whole DLL. Below RUNS each test of tests/wine has a folder, in which
imports/ holds what the emulator recorded (tests/emulator/common/record.h): programs with the functions they called. A test
that was not run yet proves and disproves nothing; one that was run must have called what DATA says of it.
"""
import pathlib
import re
import subprocess
import sys

HEADER = """# Imported functions of the release programs and the tests of tests/wine that call them. Written by `imports.py update`
# from recordings of these tests; lines with a reason are written by people and kept.
"""
TESTS_NAMED = 3  # enough to find one that runs


def imports_of(objdump, program):
    """Yields (dll, function) of a program."""
    text = subprocess.run([objdump, "-p", program], capture_output=True, text=True, check=True).stdout
    dll = None
    for line in text.splitlines():
        if match := re.match(r"\s*DLL Name: (\S+)", line):
            dll = match[1].lower().removesuffix(".dll")
        elif dll and (match := re.match(r"\s+[0-9a-f]+\s+\d+\s+(\S+)$", line)):
            yield dll, match[1]


def read_data(path):
    """{(program, dll, function): (tests, reason)}"""
    rows = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split()
        if len(words) < 4:
            sys.exit("%s:%d: a line has program, DLL, function and tests or a reason" % (path, number))
        key, rest = tuple(words[:3]), words[3:]
        if key in rows:
            sys.exit("%s:%d: %s stands there twice" % (path, number, " ".join(key)))
        rows[key] = ([], " ".join(rest[1:])) if rest[0] == "--" else (rest, "")
    return rows


def read_recordings(runs):
    """{test: {program: {(dll, function)}}} of the tests that were run."""
    recordings = {}
    for folder in sorted(runs.glob("wine_*/imports")):
        programs = recordings.setdefault(folder.parent.name.removeprefix("wine_"), {})
        for names in folder.glob("*.names"):
            called = names.with_suffix(".called").read_bytes()
            functions = programs.setdefault(names.stem, set())
            for name, mark in zip(names.read_text(encoding="ascii").split(), called):
                dll, _, function = name.partition("!")
                if mark:
                    functions.add((dll.lower().removesuffix(".dll"), function))
    return recordings


def tests_known(here):
    return {path.stem for path in here.glob("*.sh")}


def callers(recordings, program, dll, function):
    return [test for test, programs in recordings.items() if (dll, function) in programs.get(program, ())]


def check(rows, wanted, recordings, here):
    wrong = []
    known = tests_known(here)
    for program, dll, function in wanted:
        tests, reason = rows.get((program, dll, function), rows.get((program, dll, "*"), ([], "")))
        if not tests and not reason:
            wrong.append("%s calls %s!%s: no test is named, no reason is told" % (program, dll, function))
        for test in tests:
            if test not in known:
                wrong.append("%s!%s: there is no test %s" % (dll, function, test))
            elif test in recordings and (dll, function) not in recordings[test].get(program, ()):
                wrong.append("%s %s!%s: %s was run and did not call it" % (program, dll, function, test))
        if reason and (program, dll, function) in rows and callers(recordings, program, dll, function):
            wrong.append("%s %s!%s: a test calls it, so no reason is needed" % (program, dll, function))
    stale = {key for key in rows if key[2] != "*"} - set(wanted)
    wrong += ["%s does not import %s!%s any more" % key for key in sorted(stale)]
    return wrong


def update(path, rows, wanted, recordings):
    lines = []
    for key in wanted:
        tests, reason = rows.get(key, ([], ""))
        if rows.get((key[0], key[1], "*")):
            continue
        found = sorted(callers(recordings, *key), key=lambda test: (test not in tests, test))[:TESTS_NAMED]
        # what a test of an earlier run did stays, until that test is run again
        found += [test for test in tests if test not in recordings][:TESTS_NAMED - len(found)]
        lines.append(" ".join(key + (tuple(sorted(found)) if found else ("--", reason))).rstrip())
    lines += [" ".join(key + ("--", rows[key][1])) for key in rows if key[2] == "*"]
    path.write_text(HEADER + "\n".join(sorted(lines)) + "\n", encoding="utf-8")


def main():
    if len(sys.argv) < 6 or sys.argv[1] not in ("check", "update"):
        sys.exit(__doc__)
    data, objdump, runs = pathlib.Path(sys.argv[2]), sys.argv[3], pathlib.Path(sys.argv[4])
    rows = read_data(data) if data.exists() else {}
    wanted = sorted({(pathlib.Path(program).name, dll, function)
                     for program in sys.argv[5:] for dll, function in imports_of(objdump, program)})
    recordings = read_recordings(runs)
    if sys.argv[1] == "update":
        update(data, rows, wanted, recordings)
        return
    wrong = check(rows, wanted, recordings, pathlib.Path(__file__).parent)
    if wrong:
        sys.exit("\n".join(wrong) + "\nimports: %d wrong" % len(wrong))
    print("imports: %d functions, recordings of %d tests" % (len(wanted), len(recordings)))


if __name__ == "__main__":
    main()
