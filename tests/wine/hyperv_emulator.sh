# shellcheck shell=bash disable=SC2034,SC2154
# The rules of Hyper-V's WMI provider, as the emulator keeps them.
. "$HERE/hyperv.sh"
PROGRAM=$BINARIES/tests/emulator/hyperv/emulator_hyperv_check.exe

SEED='{}'

group() { # NAME
    hyperv_seed host <<<"$SEED" && wine_run host "$PROGRAM" "$1" || { hyperv_log host | tail -30; return 1; }
}

need wine_prefix host
need hyperv_install host
check "connecting, rights and the service" group connect
check "objects and their types" group object
SEED='{"vms": [{"name": "seeded", "id": "5B1F0000-0000-4000-8000-00000000000A", "memory_mb": 2048, "snapshots": 1, "state": 2}]}'
check "queries, paths, templates and events" group query
SEED=$(python3 -c 'import json; print(json.dumps({"vms": [{"name": f"vm{n}"} for n in range(64)]}))')
check "64 machines" group many
SEED='{}'
check "the published order makes a machine" group machine
check "what is wrong is refused" group resource
check "jobs and faults" group fault
DISK=$WINE_WORK/host/drive_c/guest.vhdx
: >"$DISK"
SEED='{"vms": [{"name": "guest", "id": "5B1F0000-0000-4000-8000-00000000000B", "disk": "C:\\guest.vhdx",
    "gpu": "\\\\?\\PCI#VEN_10DE&DEV_2786&SUBSYS_40EE10DE&REV_A1#4&2283F625&0&0008#{064092b3-625e-43bf-9eb5-dc845897dd59}\\GPUPARAV"}]}'
check "guests, summaries, checkpoints and disk files" group guest

hooked() {
    local hook=$WINE_WORK/hook.sh beat=$WINE_WORK/host/drive_c/emulator/hyperv/heartbeat
    printf '#!/bin/sh\necho "$@" >>"%s/hook.log"\ncase $1 in start) echo ok >"%s/$2" ;; shutdown) echo off >"%s/$2" ;; esac\n' \
        "$WINE_WORK" "$beat" "$beat" >"$hook"
    chmod +x "$hook"
    rm -f "$WINE_WORK/hook.log"
    hyperv_seed host <<<"$SEED" &&
        hyperv_hook host "$hook" &&
        wine_run host "$PROGRAM" hooked && [ "$(cut -d' ' -f1 "$WINE_WORK/hook.log" | tr '\n' ' ')" = "start shutdown stop " ] ||
        { cat "$WINE_WORK/hook.log"; hyperv_log host | tail -30; return 1; }
}
check "scripts play guests" hooked
state_is_told() {
    hyperv_seed host <<<"$SEED" && hyperv_set host Build=17763 && wine_run host "$PROGRAM" old &&
        prints "^C:\\\\guest.vhdx$" hyperv_state host "resources('guest', 'Virtual Hard Disk')[0]['HostResource'][0]" &&
        prints '^3$' hyperv_state host "vms()['guest']['EnabledState']" && hyperv_log host | grep -qi 'ConnectServer root.virtualization.v2: 00000000'
}
check "an older Windows has less; scripts can read the state" state_is_told
