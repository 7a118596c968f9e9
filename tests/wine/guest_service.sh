# shellcheck shell=bash disable=SC2034,SC2154
# The release gpupv-agent.exe, installed as a service in a guest as Easy-GPU-PV leaves it, brings the virtual display, the
# sound device and Parsec's configuration into order with signed stand-ins for the installers.
. "$HERE/signing.sh"
. "$HERE/installers.sh"
. "$HERE/network.sh"
. "$HERE/guest.sh"
DRIVE=$WINE_WORK/guest/drive_c
AGENT='C:\setup\gpupv-agent.exe'
WINE_LIMIT=200

agent() { wine_run guest "$AGENT" "$@"; }

# The checks of the agent are as wanted, within so many seconds.
checks_become() { # SECONDS CHECK=STATUS...
    local end=$((SECONDS + $1)) output want missing
    shift
    while :; do
        output=$(agent check --json 2>&1)
        missing=
        for want; do
            grep -qF "\"${want%%=*}\":{\"status\":\"${want#*=}\"" <<<"$output" || missing+=" $want"
        done
        [ -n "$missing" ] || return 0
        [ $SECONDS -lt $end ] || break
        sleep 2
    done
    printf '%s\nmissing:%s\n' "$output" "$missing"
    tail -30 "$DRIVE/ProgramData/gpupv-agent/agent.log"
    return 1
}

command -v osslsigncode >/dev/null || { echo "no osslsigncode"; exit 77; }
need wine_prefix probe
wine_run probe "$BINARIES/guest/gpupv-agent.exe" check 2>&1 | grep -q 'only a simulated' && { echo "this build opens no real Windows"; exit 77; }
need network_start
need installers_make
need guest_make guest
mkdir -p "$DRIVE/setup"
cp "$BINARIES/guest/gpupv-agent.exe" "$DRIVE/setup/"
check "the agent is installed as a service" agent install
check "which runs" prints 'Service +running' agent status
check "it opened its source in the event log" wine_wait_for "$DRIVE/emulator/events.log" '^gpupv-agent 4 1 \|'
need guest_payload guest parsec parsec-windows.exe 150-104.1.0 'Unity Technologies SF'
need guest_payload guest parsec-vdd parsec-vdd-0.45.0.0.exe 0.45.0.0 'Parsec Cloud, Inc.'
need guest_payload guest vb-cable VBCABLE_Driver_Pack45.zip 45 'BUREL VINCENT Entrepreneur individuel'
agent repair --now >"$WINE_WORK/repair.log" 2>&1
check "what was wrong is right" checks_become 60 display.adapter=ok audio.cable=ok audio.service=ok audio.default=ok \
    parsec.installed=ok parsec.service=ok parsec.config=ok legacy.scripts=ok gpu.status=ok gpu.driver=ok gpu.encode=ok
check "the virtual display adapter works" guest_device_works guest 'ROOT.DISPLAY.0000'
check "the sound device works" guest_device_works guest 'ROOT.MEDIA.0000'
check "the display's installer ran once, without a window" test "$(grep -c '^vdd /S |' "$DRIVE/emulator/installers.log")" = 1
check "VB-Cable's ran once, in its own folder" test "$(grep -c '^cable -i -h | .*unpacked |' "$DRIVE/emulator/installers.log")" = 1
check "Parsec's configuration has the owner's lines" grep -q '^host_virtual_monitors *= *1' "$DRIVE/ProgramData/Parsec/config.txt"
check "the logon script is gone" test ! -e "$DRIVE/windows/system32/GroupPolicy/User/Scripts/Logon/Install.ps1"
