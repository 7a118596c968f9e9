#!/usr/bin/env python3
"""Runs a checker over what a build folder compiles, several files at a time.

    compile.py syntax BUILD    clang's warnings over every file (gcc's are seen in the build itself)
    compile.py tidy BUILD      clang-tidy with packaging/lint/clang-tidy.yaml, not over the tests
    compile.py analyze BUILD   gcc -fanalyzer, not over the tests

BUILD is build/native or build/mingw, configured; nothing needs to be compiled. For the Windows build
clang takes the mingw headers, and tidy looks at Windows sources only: the others are seen natively.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
mode, build = sys.argv[1], ROOT / sys.argv[2]
windows = build.name == "mingw"
target = ["--target=x86_64-w64-mingw32"] if windows else []
extra = target + ["-Wno-unknown-warning-option", "-Wno-missing-field-initializers",
                  "-Wno-string-concatenation", "-Werror"]


def wanted(entry):
    path = str(pathlib.Path(entry["file"]).relative_to(ROOT))
    if path.startswith("build/") or not path.endswith(".c"):
        return False  # generated, or a resource
    if mode == "syntax":
        return True
    if windows:
        return re.search(r"_win32\.c$|/windows/|^tests/emulator/", path)
    return not path.startswith("tests/")


def assume(entry):
    path = str(pathlib.Path(entry["file"]).relative_to(ROOT))
    if path.startswith("tests/") or path == "common/err.c":
        return []
    return ["-include", f"{ROOT}/packaging/lint/assume.h"]


def command(entry):
    if mode == "tidy":
        return ["clang-tidy", "--quiet", "-p", str(build), "--warnings-as-errors=*",
                f"--config-file={ROOT}/packaging/lint/clang-tidy.yaml",
                # cmocka's asserts do not tell the analyzer that they never return
                *(["--checks=-clang-analyzer-*"] if "/tests/" in entry["file"] else []),
                *[f"--extra-arg={arg}" for arg in extra + assume(entry)], entry["file"]]
    words = shlex.split(entry["command"])
    first = next(i for i, word in enumerate(words) if "gcc" in word or "clang" in word)
    compiler = words[first]
    words = words[first + 1:words.index("-o")]
    if mode == "analyze":
        return [compiler, *words, *assume(entry), "-Werror", "-Wno-unused-value", "-fanalyzer",
                # both wrong about embedded structs and about rows checked in another function
                "-Wno-analyzer-malloc-leak", "-Wno-analyzer-null-dereference", "-S", "-o", os.devnull,
                entry["file"]]
    return ["clang", *words, *extra, "-fsyntax-only", entry["file"]]


def findings(output):
    """The checker's findings, each with its notes, but those that rest on a result which a failed call
    left untouched: what failed cannot be seen to answer false when another file sets the error."""
    parts = re.split(r"^(?=/[^\n]*: (?:error|warning|fatal error): )", output, flags=re.M)
    untouched = re.compile(r"note: Returning without writing to '(\*ret_|ret_\w+->)")
    return [part for part in parts[1:] if not untouched.search(part)]


def run(entry):
    done = subprocess.run(command(entry), cwd=entry["directory"], capture_output=True, text=True)
    output = done.stdout + done.stderr
    if mode == "tidy" and done.returncode and findings(output) != []:
        return entry["file"], 1, "".join(findings(output))
    if mode == "tidy" and ": error: " in output:
        return entry["file"], 0, ""
    return entry["file"], done.returncode, output


entries = [e for e in json.loads((build / "compile_commands.json").read_text()) if wanted(e)]
bad = 0
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    for name, status, output in pool.map(run, entries):
        if status:
            bad += 1
            print(output.strip() or f"{name}: exit {status}")
print(f"{mode} {build.name}: {len(entries)} files, {bad} with findings")
sys.exit(1 if bad else 0)
