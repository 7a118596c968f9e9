# shellcheck shell=bash disable=SC2034,SC2154
# gpupv.exe --simulate on one Windows: up from nothing, new drift healed after a reboot, nothing left running.
STATE=$WINE_WORK/state
GPUPV=$BINARIES/host/gpupv.exe
WINE_LIMIT=150

gpupv() { wine_run pc "$GPUPV" --simulate="Z:$STATE" --yes "$@"; }

# Asks until the exit code is the wanted one.
status_becomes() { # CODE SECONDS
    local left=$2 code
    while [ $((left--)) -gt 0 ]; do
        gpupv status demo
        code=$?
        [ $code = "$1" ] && return
        sleep 1
    done
    echo "status: exit code $code, expected $1"
    return 1
}

rm -rf "$STATE"
need wine_prefix pc
check "the version is told" prints '^gpupv ' gpupv version
check "a wrong command is refused" exits_with 64 gpupv upp demo
check "up makes a VM whose agent repairs it, hands off" gpupv up demo
check "status says so, once the console's picture has gone" status_becomes 0 30
check "new drift is put into the world" gpupv sim break demo display.adapter=missing audio.cable=missing parsec.config=stock
check "and a reboot" gpupv sim reboot demo
check "after which it heals by itself" status_becomes 0 90
check "the host gets another GPU driver" gpupv sim host-driver 32.0.16.1000
check "which the guest lacks" status_becomes 1 30
check "as drivers status says" prints 'another version' gpupv drivers status demo
check "it is brought over while the guest runs" prints 'is in place' gpupv drivers sync demo
check "and the guest is healthy again" status_becomes 0 60
check "nothing is sent twice" prints 'is up to date' gpupv drivers sync demo
check "status speaks Chinese" prints '健康' gpupv status demo --lang zh
check "status speaks JSON" prints '"schema": *"gpupv' gpupv status demo --json
check "remove takes everything with it" gpupv remove demo
check "and nothing is left of the VM" test -z "$(ls "$STATE/vms" 2>/dev/null)"
