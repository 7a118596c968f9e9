#!/bin/bash
# run.sh SCRIPT BINARIES WORK: runs one test script of this folder with the prefixes of wine.sh.
#
# A script consists of `check "what holds" COMMAND...` lines and whatever prepares them. It finds the built executables
# and emulator DLLs below $BINARIES. Output of a failed check is shown, of others only its title. Exit code 77 (skipped
# for CTest) when this machine has no Wine.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
SCRIPT=$(realpath "$1")
BINARIES=$(realpath "$2")
export BINARIES
mkdir -p "$3" || exit 1
WINE_WORK=$(realpath "$3")

. "$HERE/wine.sh"
. "$HERE/hvsocket.sh"
. "$HERE/pnp.sh"
. "$HERE/system.sh"
[ -x "$WINE64" ] || { echo "no Wine at $WINE64"; exit 77; }

failed=0 passed=0

check() { # TITLE COMMAND...
    local title=$1 output=$WINE_WORK/check.log started=${EPOCHREALTIME/[.,]/} code ms
    shift
    "$@" >"$output" 2>&1
    code=$?
    ms=$(((${EPOCHREALTIME/[.,]/} - started) / 1000))
    if [ $code = 0 ]; then
        passed=$((passed + 1))
        printf 'ok      %6d ms  %s\n' "$ms" "$title"
    else
        failed=$((failed + 1))
        printf 'FAILED  %6d ms  %s (exit code %d)\n' "$ms" "$title" "$code"
        sed 's/^/        /' "$output"
    fi
}

# Succeeds when the command ends with that exit code.
exits_with() { # CODE COMMAND...
    local want=$1 code
    shift
    "$@"
    code=$?
    [ $code = "$want" ] || { echo "exit code $code, expected $want"; return 1; }
}

# Succeeds when the command's output has the pattern, whatever its exit code.
prints() { # PATTERN COMMAND...
    local pattern=$1 output
    shift
    output=$("$@" 2>&1)
    printf '%s\n' "$output"
    grep -qE -- "$pattern" <<<"$output" || { echo "expected: $pattern"; return 1; }
}

# Ends the run when it cannot go on.
need() { # COMMAND...
    "$@" && return
    echo "FAILED  $*"
    exit 1
}

trap wine_close EXIT
trap 'exit 1' INT TERM
# shellcheck disable=SC1090
. "$SCRIPT"
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed != 0 ]
