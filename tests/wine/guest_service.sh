# shellcheck shell=bash disable=SC2034,SC2154
# The release gpupv-agent.exe, installed as a service in a guest as Easy-GPU-PV leaves it, with the profile and key that
# the host puts on the disk: nobody gives it a command. It brings everything into order with signed stand-ins for the
# installers; after restarts with new drift it does so again, or says what a person must do.
. "$HERE/signing.sh"
. "$HERE/installers.sh"
. "$HERE/network.sh"
. "$HERE/tasks.sh"
. "$HERE/guest.sh"
DRIVE=$WINE_WORK/guest/drive_c
DATA=$DRIVE/ProgramData/gpupv-agent
CONFIG=$DRIVE/ProgramData/Parsec/config.txt
ACCOUNT=$DRIVE/ProgramData/Parsec/user.bin
SCRIPT=$DRIVE/windows/system32/GroupPolicy/User/Scripts/Logon/Install.ps1
AGENT='C:\setup\gpupv-agent.exe'
VM=12345678-aaaa-bbbb-cccc-0123456789ab
ENUM='HKLM\System\CurrentControlSet\Enum'
WINE_LIMIT=200

agent() { wine_run guest "$AGENT" "$@"; }

# The report of the running agent becomes as wanted, within so many seconds: level=LEVEL, CHECK=STATUS or CHECK:REMEDY.
# Only looked at: it makes no pass.
report_becomes() { # SECONDS WANTED...
    local end=$((SECONDS + $1)) output want missing
    shift
    while :; do
        output=$(agent status --json 2>&1)
        missing=
        for want; do
            case $want in
            level=*) grep -qF "\"level\":\"${want#*=}\"" <<<"$output" ;;
            *=*) grep -qF "\"${want%%=*}\":{\"status\":\"${want#*=}\"" <<<"$output" ;;
            *:*) grep -qE "\"${want%%:*}\":\{[^}]*(\{[^}]*\}[^}]*)?\"remedy\":\"${want#*:}\"" <<<"$output" ;;
            esac || missing+=" $want"
        done
        [ -n "$missing" ] || return 0
        [ $SECONDS -lt $end ] || break
        sleep 2
    done
    printf '%s\nmissing:%s\n' "$output" "$missing"
    tail -40 "$DATA/agent.log"
    return 1
}

registry_value() { # KEY VALUE TYPE DATA
    wine_run guest reg add "$1" /v "$2" /t "$3" /d "$4" /f >/dev/null
}

task_is_enabled() { # TASK
    wine_run guest reg query "HKLM\\Software\\gpupv-emulator\\tasks\\$1" /v Enabled | tr -d '\r' | grep -q '0x1$'
}

no_task_is_enabled() {
    local task
    for task in "${GUEST_TASKS[@]}"; do
        ! task_is_enabled "$task" || { echo "$task"; return 1; }
    done
}

devices_are() { # NUMBER INSTANCE-PATTERN: so many, phantoms included
    local found
    found=$(pnp guest list | tr -d '\r' | grep -ciE "^$2 \|")
    [ "$found" = "$1" ] || { pnp guest list; return 1; }
}

has_lines() { # LINE...
    local line
    for line; do tr -d '\r' <"$CONFIG" | grep -qE "^$line\$" || { cat "$CONFIG"; return 1; }; done
}

installer_runs() { # PATTERN NUMBER
    [ "$(grep -c "$1" "$DRIVE/emulator/installers.log")" = "$2" ] || { cat "$DRIVE/emulator/installers.log"; return 1; }
}

absent() { ! "$@"; }

HEALED=(display.adapter=ok audio.cable=ok audio.service=ok audio.default=ok parsec.installed=ok parsec.service=ok
    parsec.config=ok parsec.network=ok legacy.tasks=ok legacy.scripts=ok gpu.present=ok gpu.status=ok gpu.driver=ok gpu.encode=ok
    session.desktop=ok session.enhanced=ok system.power=ok system.updates=ok)

command -v osslsigncode >/dev/null || { echo "no osslsigncode"; exit 77; }
need wine_prefix probe
wine_run probe "$BINARIES/guest/gpupv-agent.exe" check 2>&1 | grep -q 'only a simulated' && { echo "this build opens no real Windows"; exit 77; }
need network_start
need installers_make
need guest_make guest
need guest_inject guest $VM '{"display": {"ready_hold_s": 3}}'
need guest_payload guest parsec parsec-windows.exe 150-104.1.0 'Unity Technologies SF'
need guest_payload guest parsec-vdd parsec-vdd-0.45.0.0.exe 0.45.0.0 'Parsec Cloud, Inc.'
need guest_payload guest vb-cable VBCABLE_Driver_Pack45.zip 45 'BUREL VINCENT Entrepreneur individuel'
mkdir -p "$DRIVE/setup"
cp "$BINARIES/guest/gpupv-agent.exe" "$DRIVE/setup/"

# ---- the first start ----

check "the agent is installed as a service" agent install
check "it opened its source in the event log" wine_wait_for "$DRIVE/emulator/events.log" '^gpupv-agent 4 1 \|'
check "what was wrong is right, but for the account" report_becomes 90 level=needs_sign_in "${HEALED[@]}" \
    parsec.account=bad parsec.account:hint.sign_in
check "it belongs to the host's machine" prints "$VM:1" agent status
check "the virtual display adapter works" guest_device_works guest 'ROOT.DISPLAY.0000'
check "the sound device works" guest_device_works guest 'ROOT.MEDIA.0000'
check "the display's installer ran once, without a window" installer_runs '^vdd /S |' 1
check "VB-Cable's ran once, in its own folder" installer_runs '^cable -i -h | .*unpacked |' 1
check "Parsec's configuration has the owner's lines" has_lines 'host_virtual_monitors *= *1' 'host_privacy_mode *= *1'
check "no task of Easy-GPU-PV is enabled" no_task_is_enabled
check "the logon script is gone" absent test -e "$SCRIPT"
check "somebody signs in" cp /dev/null "$ACCOUNT"
check "and all is well" report_becomes 60 level=healthy parsec.account=ok display.hyperv_video=ok
check "the console's picture is taken away until the next restart" prints 'VMBUS.*problem 22' pnp guest list Display
check "somebody stops a service" wine_run guest net stop Parsec
check "which is noticed" wine_wait_for "$DATA/agent.log" 'parsec.service: repair parsec.start' 60
check "and started again" report_becomes 60 level=healthy parsec.service=ok display.hyperv_video=ok
check "so it runs" prints RUNNING wine_run guest sc query Parsec

# ---- a restart, with drift that can be healed ----

drift_while_off() {
    # somebody has removed the display adapter, disabled the sound device and Parsec's service, and rewritten its configuration
    wine_run guest reg delete "$ENUM\\ROOT\\DISPLAY\\0000" /f >/dev/null &&
        registry_value "$ENUM\\ROOT\\MEDIA\\0000" ConfigFlags REG_DWORD 1 &&
        registry_value 'HKLM\System\CurrentControlSet\Services\Parsec' Start REG_DWORD 4 &&
        printf 'app_host = 1\r\nencoder_bitrate = 30\r\n' >"$CONFIG" && guest_leftovers guest
}

need guest_shutdown guest
check "it gave the picture back when Windows shut down" prints 'VMBUS.*started' pnp guest list Display
check "it has stopped" prints 'STOPPED' wine_run guest sc query gpupv-agent
need drift_while_off
need guest_start guest
check "after the restart it heals again" report_becomes 90 level=healthy "${HEALED[@]}" parsec.account=ok
check "there is one adapter, and it works" devices_are 1 'ROOT.DISPLAY.0000 . started'
check "the sound device works" devices_are 1 'ROOT.MEDIA.0000 . started'
check "Parsec starts with Windows" prints '0x2' wine_run guest reg query 'HKLM\System\CurrentControlSet\Services\Parsec' /v Start
check "its configuration has the lines, and what somebody wrote" has_lines 'host_virtual_monitors *= *1' 'host_privacy_mode *= *1' 'encoder_bitrate *= *30'
check "its account is still there" test -e "$ACCOUNT"
check "no task is enabled" no_task_is_enabled
check "no installer ran for it" installer_runs '^\(vdd\|cable\) ' 2

# ---- a restart, with devices that fail and a lost account ----

drift_of_drivers() {
    pnp_behave guest 'ROOT\DISPLAY\0000' StartProblem 31 && pnp_behave guest 'ROOT\DISPLAY\0000' StartProblemStarts 2 &&
        wine_registry guest <<'END' && rm "$ACCOUNT"
[HKEY_LOCAL_MACHINE\Software\gpupv-emulator\pnp\Hardware\ROOT#MEDIA#0007]
"HardwareIds"="VBAudioVACWDM"
"Present"=dword:00000000
[HKEY_LOCAL_MACHINE\Software\gpupv-emulator\pnp\Behaviour\ROOT#MEDIA#0000]
"StartProblem"=dword:0000002b
"StartProblemStarts"=dword:00000001
END
}

need guest_shutdown guest
need drift_of_drivers
need guest_start guest
check "codes 31 and 43 and a phantom are healed, and the account is missed" report_becomes 90 level=needs_sign_in "${HEALED[@]}" \
    parsec.account=bad parsec.account:hint.sign_in
check "one adapter works" devices_are 1 'ROOT.DISPLAY.0000 . started'
check "the phantom is gone" devices_are 1 'ROOT.MEDIA.*'
check "Parsec is signed in again" cp /dev/null "$ACCOUNT"
check "and all is well" report_becomes 60 level=healthy display.hyperv_video=ok

# ---- what a person must do ----

STAGED=$DRIVE/windows/system32/HostDriverStore/FileRepository/$GUEST_FOLDER/nvldumdx.dll

vdd_starts_with() { # PROBLEM
    wine_registry guest <<END
[HKEY_LOCAL_MACHINE\\Software\\gpupv-emulator\\pnp\\Behaviour\\ROOT#DISPLAY#0000]
"StartProblem"=dword:$(printf %08x "$1")
"StartProblemStarts"=-
END
}

drift_for_people() {
    vdd_starts_with 52 && rm "$STAGED"
}

need guest_shutdown guest
need drift_for_people
need guest_start guest
check "an unsigned driver is told, with what to do" report_becomes 60 display.adapter=bad display.adapter:hint.device.unsigned
check "nothing was tried on it" devices_are 1 'ROOT.DISPLAY.0000 . problem 52'
check "nobody is locked out" prints 'VMBUS.*started' pnp guest list Display
check "for a card without its files a restart is tried" wine_wait_for "$DATA/agent.log" 'gpu.status: repair reboot' 60
need guest_shutdown guest
need guest_start guest
check "then a person is told what to do" report_becomes 60 level=failed gpu.status=given_up gpu.status:hint.drivers.sync \
    display.adapter:hint.device.unsigned audio.cable=ok parsec.service=ok
need guest_shutdown guest
need vdd_starts_with 0
need cp "$BINARIES/emulator/standin_umd.dll" "$STAGED"
need guest_start guest
check "when that is done all is well" report_becomes 60 level=healthy "${HEALED[@]}" display.hyperv_video=ok
check "no repair ran without end" test "$(grep -c ': repair ' "$DATA/agent.log")" -lt 40
