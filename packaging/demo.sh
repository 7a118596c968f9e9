#!/bin/bash
# Builds for this machine and shows the main job on a simulated host: a VM from nothing to healthy,
# then broken, restarted and healed without anybody's help. State lies in a temporary folder that
# goes when the demo ends, however it ends.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packaging/bootstrap.sh build
cmake --preset native -DGPUPV_WERROR=OFF --log-level=WARNING
cmake --build --preset native --target gpupv gpupv-agent

state=$(mktemp -d "${TMPDIR:-/tmp}/gpupv-demo.XXXXXX")
gpupv=build/native/host/gpupv

finish()
{
    local code=$?
    "$gpupv" --simulate="$state" --yes sim reset >/dev/null 2>&1 || true
    rm -rf "$state"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

show()
{
    printf '\n$ gpupv --simulate %s\n' "$*"
    "$gpupv" --simulate="$state" "$@"
}

show version
show up demo
show status demo

printf '\nNow the guest loses its virtual display, its sound device and its Parsec settings, and restarts.\n'
show sim break demo display.adapter=missing audio.cable=missing parsec.config=stock
show sim reboot demo
sleep 0.7
show status || true
show up demo
show logs demo --lines 6

printf '\nHealthy again, and nobody touched it:\n'
show status
