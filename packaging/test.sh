#!/bin/bash
# Builds for this machine and runs every test that runs on it. The last lines are the test runner's own.
# Warnings are errors only when GPUPV_WERROR=ON, so that a newer compiler does not stop anybody.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packaging/bootstrap.sh build image
cmake --preset native -DGPUPV_WERROR="${GPUPV_WERROR:-OFF}" --log-level=WARNING
cmake --build --preset native
ctest --preset native --parallel "$(nproc)" "$@"
