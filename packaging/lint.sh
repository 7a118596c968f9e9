#!/bin/bash
# Checks that need no running program: format, the rules of the tree, shell scripts, clang's warnings
# for both systems, gcc's analyzer, clang-tidy and cppcheck. All of them run; exit 1 when any found something.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

status=0
# check NAME COMMAND...
check() {
    local name=$1 began=$SECONDS
    shift
    if "$@"; then
        echo "lint: $name ok ($((SECONDS - began)) s)"
    else
        echo "lint: $name FAILED"
        status=1
    fi
}

shell() { { git ls-files '*.sh'; echo .ci/run; } | xargs shellcheck -s bash -S warning -e SC1090,SC1091,SC2034; }
# messages.h is made by the build
configure() {
    cmake --preset native --log-level=ERROR >/dev/null && cmake --preset mingw --log-level=ERROR >/dev/null &&
        cmake --build --preset mingw --target gpupv_messages >/dev/null
}
handles() {
    git ls-files '*_win32.c' 'guest/machine/windows/*.c' |
        xargs -r cppcheck --quiet --platform=win64 --library=windows --std=c11 -I. -j"$(nproc)" \
            --enable=warning,portability \
            --suppressions-list=packaging/lint/cppcheck.suppress --error-exitcode=1
}

check format packaging/lint/format.sh clang-format-14
check tree packaging/lint/tree.py
check shell shell
if check configure configure; then
    check "clang native" packaging/lint/compile.py syntax build/native
    check "clang windows" packaging/lint/compile.py syntax build/mingw
    check "gcc analyzer" packaging/lint/compile.py analyze build/native
    check "tidy native" packaging/lint/compile.py tidy build/native
    check "tidy windows" packaging/lint/compile.py tidy build/mingw
fi
check handles handles
exit $status
