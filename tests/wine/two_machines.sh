# shellcheck shell=bash disable=SC2034,SC2154
# The release executables on two machines: gpupv.exe on the host, gpupv-agent.exe in the guest, over Hyper-V sockets. The
# guest's Windows is the simulated one; its disk lies where both prefixes see it.
STATE=$WINE_WORK/state
GPUPV=$BINARIES/host/gpupv.exe
AGENT=$BINARIES/guest/gpupv-agent.exe
LOG=$WINE_WORK/agent-console.log
WINE_LIMIT=90

gpupv() { wine_run host "$GPUPV" --simulate="Z:$STATE" --yes "$@"; }

vm_id() { ls "$STATE/vms"; }

# Plays the guest's hardware: boots the agent, again after a restart that Windows was asked for (194), and starts it
# anew after a crash.
guest_runs() { # [--boot]
    wine_start guest "$LOG" "$AGENT" run --simulate "Z:$STATE/vms/$VM/disk" --listen hyperv "$@"
    agent_pid=$wine_pid
}

status_becomes() { # CODE SECONDS
    local left=$2 code
    while [ $((left--)) -gt 0 ]; do
        if ! kill -0 "$agent_pid" 2>/dev/null; then
            wait "$agent_pid"
            [ $? = 194 ] && guest_runs --boot || guest_runs
        fi
        gpupv status demo
        code=$?
        [ $code = "$1" ] && return
        sleep 1
    done
    echo "status: exit code $code, expected $1"
    tail -30 "$STATE/vms/$VM/disk/agent/agent.log"
    return 1
}

not_healthy() { ! gpupv status demo; }

# Another secret of the same generation, as a reinstalled host would have.
forge_key() {
    sed -i -E 's/"secret":"[0-9a-f]{8}/"secret":"00000000/' "$STATE/vms/$VM/disk/agent/key.json"
}

rm -rf "$STATE"
need wine_prefix host
need wine_prefix guest
for machine in host guest; do
    need wine_emulator $machine "$BINARIES/emulator/ws2_32.dll" gpupv.exe gpupv-agent.exe
done
need system_install guest gpupv-agent.exe # which writes down what it calls
check "the VM is made" gpupv create demo
VM=$(vm_id)
need hvsocket_machine host host "$VM"
need hvsocket_machine guest "$VM" "$VM"
check "its guest is a machine of its own" gpupv sim host hyperv=1
check "it starts" gpupv start demo --no-wait
check "nobody calls it healthy while the guest is off" not_healthy

check "its network works, and a partition is attached" gpupv sim break demo network=ok gpu.partition=attached
guest_runs --boot
check "the guest heals, and status says so over Hyper-V sockets" status_becomes 0 90
check "a profile goes to the guest and is kept there" gpupv config demo
kill -9 "$agent_pid"
wine_finish "$agent_pid" >/dev/null 2>&1
check "a dead agent is told" exits_with 3 gpupv status demo
guest_runs
check "the agent that was started again answers" status_becomes 0 60
check "drift that the host makes is healed" gpupv sim break demo audio.cable=missing
check "within moments" status_becomes 0 60
wine_kill "$agent_pid"
forge_key
guest_runs
sleep 2
check "a guest with another key is not believed" exits_with 3 gpupv status demo
wine_kill "$agent_pid"
check "the VM is stopped" gpupv stop demo --force
check "and removed" gpupv remove demo
