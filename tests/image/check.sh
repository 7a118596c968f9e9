# Sourced by the scripts beside it: checks that go on after a failure and say what they looked for.
# They work in an empty folder below the one they are started in.
rm -rf work && mkdir work && cd work || exit 1
failures=0
checks=0

fail() { echo "FAILED: $1" >&2; failures=$((failures + 1)); }

# needs PROGRAM...: leaves the test out where one is missing.
needs() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || { echo "$program is missing: packaging/bootstrap.sh image"; exit 77; }
    done
}

# check WHAT COMMAND...: it succeeds.
check() {
    local what=$1
    shift
    checks=$((checks + 1))
    "$@" >check.out 2>&1 || { fail "$what: $*"; cat check.out >&2; }
}

# absent WHAT COMMAND...: it fails, and need not say why.
absent() {
    local what=$1
    shift
    checks=$((checks + 1))
    ! "$@" >check.out 2>&1 || { fail "$what: $* succeeded"; cat check.out >&2; }
}

# same WHAT FILE FILE: they have the same bytes, and some.
same() {
    checks=$((checks + 1))
    cmp "$2" "$3" >&2 || fail "$1"
}

# contains WHAT PATTERN COMMAND...: the output has a line with the pattern.
contains() {
    local what=$1 pattern=$2
    shift 2
    checks=$((checks + 1))
    "$@" >check.out 2>&1 || true
    grep -Eq -- "$pattern" check.out || { fail "$what: $* does not print $pattern"; cat check.out >&2; }
}

# refused WHAT PATTERN COMMAND...: it fails and says so.
refused() {
    local what=$1 pattern=$2
    shift 2
    checks=$((checks + 1))
    if "$@" >/dev/null 2>check.out; then
        fail "$what: $* succeeded"
    else
        grep -Eq -- "$pattern" check.out || { fail "$what: $* does not say $pattern"; cat check.out >&2; }
    fi
}

done_checking() {
    echo "$checks checks, $failures failed"
    [ "$failures" = 0 ]
}
