#!/bin/bash
# Builds for this machine and shows the main job.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packaging/bootstrap.sh build
cmake --preset native -DGPUPV_WERROR=OFF --log-level=WARNING
cmake --build --preset native --target gpupv gpupv-agent
build/native/host/gpupv version
