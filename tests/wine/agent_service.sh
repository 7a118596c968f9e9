# shellcheck shell=bash disable=SC2034,SC2154
# The release gpupv-agent.exe as a Windows service on a simulated machine: installed, talked to, stopped, rebooted,
# upgraded, removed. What Wine's service manager lacks comes from the emulator.
DRIVE=$WINE_WORK/guest/drive_c
SETUP='C:\setup\gpupv-agent.exe'
INSTALLED='C:\Program Files\gpupv\gpupv-agent.exe'
DISK='C:\sim'
EVENTS='HKLM\System\CurrentControlSet\Services\EventLog\Application\gpupv-agent'
SERVICE='HKLM\System\CurrentControlSet\Services\gpupv-agent'

agent() { wine_run guest "$SETUP" "$@"; }

state_becomes() { # running|stopped [SECONDS]
    local left=$((${2:-20} * 5)) output
    while [ $((left--)) -gt 0 ]; do
        output=$(agent status --json 2>/dev/null)
        grep -q "\"state\":\"$1\"" <<<"$output" && return
        sleep 0.2
    done
    echo "$output"
    return 1
}

# The agent answers on its pipe.
answers() { # [SECONDS]
    local left=$((${1:-20} * 5)) output
    while [ $((left--)) -gt 0 ]; do
        output=$(agent status --json 2>&1)
        grep -q '"running":true' <<<"$output" && return
        sleep 0.2
    done
    echo "$output"
    tail -20 "$DRIVE/sim/agent/agent.log"
    return 1
}

registry_has() { # KEY VALUE PATTERN
    local output
    output=$(wine_run guest reg query "$1" /v "$2" 2>&1)
    grep -qE -- "$3" <<<"$output" || { printf '%s\n' "$output"; echo "expected: $3"; return 1; }
}

events_have() { # PATTERN
    wine_wait_for "$DRIVE/emulator/events.log" "$1"
}

nothing_left() {
    local left
    left=$(find "$DRIVE/Program Files/gpupv" "$DRIVE/sim/agent" 2>/dev/null)
    wine_run guest reg query "$SERVICE" >/dev/null 2>&1 && left+=" service"
    wine_run guest reg query "$EVENTS" >/dev/null 2>&1 && left+=" events"
    [ -z "$left" ] || { echo "left: $left"; return 1; }
}

need wine_prefix guest
need system_install guest gpupv-agent.exe
mkdir -p "$DRIVE/setup" "$DRIVE/open" "$DRIVE/new"
cp "$BINARIES/guest/gpupv-agent.exe" "$DRIVE/setup/"
cp "$BINARIES/guest/gpupv-agent.exe" "$DRIVE/open/"
cp "$BINARIES/guest/gpupv-agent.exe" "$DRIVE/new/"
printf 'newer' >>"$DRIVE/new/gpupv-agent.exe" # behind its end: another digest, the same program
chmod 777 "$DRIVE/open"
check "a simulated machine is made" agent sim "$DISK" init healthy
check "nothing is installed" prints '"state":"absent"' agent status --json
check "a folder that users may write is refused" \
    prints 'Others than administrators may change C:.open' wine_run guest 'C:\open\gpupv-agent.exe' install --simulate "$DISK"
check "data among other files is refused" prints 'cannot be the agent.s data folder' agent install --data 'C:\windows'
check "nothing came of it" nothing_left

check "it is installed" agent install --simulate "$DISK" --pair 0123-4567-89AB-CDE4
check "it runs" state_becomes running
check "it answers commands" answers
check "the code waits, in no argument and no log" test -f "$DRIVE/sim/agent/pair.json"
check "but its file alone" bash -c "! grep -rqi 'CDE4' '$DRIVE/sim/agent/agent.log' '$DRIVE/emulator/events.log'"
check "its path is quoted" registry_has "$SERVICE" ImagePath '"C:.Program Files.gpupv.gpupv-agent.exe" service --simulate C:.sim.?$'
check "it starts with Windows" registry_has "$SERVICE" Start '0x2'
check "as SYSTEM" registry_has "$SERVICE" ObjectName LocalSystem
check "with an identity of its own" registry_has "$SERVICE" ServiceSidType '0x1'
check "and fewer privileges than SYSTEM" registry_has "$SERVICE" RequiredPrivileges SeTcbPrivilege
check "it is restarted after 1 s, 5 s, then 60 s without end, counted for a day" registry_has "$SERVICE" FailureActions \
    '805101000000000000000000030000001400000001000000E803000001000000881300000100000060EA0000'
check "also when it stops with an error" registry_has "$SERVICE" FailureActionsOnNonCrashFailures '0x1'
check "it has time at a shutdown" registry_has "$SERVICE" PreshutdownTimeout '0x15f90'
check "the host's call starts it" registry_has "$SERVICE\\TriggerInfo\\0" GUID 56505047CBFAE611BD5864006A7986D3
check "by an interface that comes" registry_has "$SERVICE\\TriggerInfo\\0" Type '0x1'
check "its events can be read" registry_has "$EVENTS" EventMessageFile 'gpupv-agent.exe'
check "and are written" events_have '^gpupv-agent 4 1 \| 0\.'
check "check is done by the running agent" exits_with 1 agent check
check "in Chinese too" prints '代理' agent status --lang zh
check "installing again changes nothing" prints 'nothing had to be changed' agent install --simulate "$DISK"
check "it still runs" answers

check "it stops when it is told to" wine_run guest sc stop gpupv-agent
check "within moments" state_becomes stopped
check "and says so" events_have '^gpupv-agent 4 2$'
check "a stopped one is told" exits_with 3 agent status
check "without it commands work alone" exits_with 1 agent check
check "it starts again" wine_run guest sc start gpupv-agent
check "and answers" answers

need wine_reboot guest
check "after a reboot it runs by itself" answers 40

wine_start guest "$WINE_WORK/supervisor.log" 'C:\emulator\supervisor.exe' gpupv-agent
supervisor_pid=$wine_pid
check "it crashes" wine_run guest taskkill /F /IM gpupv-agent.exe
check "and is restarted" answers 30

check "a newer one takes its place" prints 'is installed and runs' wine_run guest 'C:\new\gpupv-agent.exe' install --simulate "$DISK"
check "it is the newer one" cmp "$DRIVE/new/gpupv-agent.exe" "$DRIVE/Program Files/gpupv/gpupv-agent.exe"
check "and alone" test "$(ls "$DRIVE/Program Files/gpupv" | wc -l)" = 1
check "it answers" answers
check "one that cannot run is taken back" prints 'does not answer' agent install --simulate 'C:\nowhere' --data 'C:\nodata'
check "and the one before it runs on" answers
check "as it was" registry_has "$SERVICE" ImagePath 'service --simulate C:.sim.?$'
check "it is the newer one again" cmp "$DRIVE/new/gpupv-agent.exe" "$DRIVE/Program Files/gpupv/gpupv-agent.exe"
wine_kill "$supervisor_pid"

need session guest user alice
need session guest suspend
need session guest resume
check "it lives on when users and power come and go" answers
need session guest shutdown
check "it stops before Windows shuts down" state_becomes stopped
need wine_reboot guest
check "and comes back with it" answers 40

check "removing needs a word" prints 'not confirmed' agent uninstall
check "it is removed by its own program" prints 'next restart' wine_run guest "$INSTALLED" uninstall --yes
check "nothing is left" nothing_left
need wine_reboot guest
check "nor of its program after a reboot" test -z "$(find "$DRIVE/windows/temp" -name 'gpupv*')"
check "removing nothing is no error" agent uninstall --yes --json
check "it is installed again" agent install --simulate "$DISK"
check "and removed by another copy of it" prints 'The agent is removed.?$' agent uninstall --yes
check "at once" nothing_left

check "once more it is installed" agent install --simulate "$DISK"
check "and answers" answers
check "asked to release the machine, it says yes" wine_run guest "$BINARIES/tests/wine/install_exercise.exe" - "$DISK" release
released() {
    local left=150
    while [ $((left--)) -gt 0 ] && ! nothing_left >/dev/null; do sleep 0.2; done
    nothing_left
}
check "and the service takes itself away: data, program, events, service" released
check "which the event log tells" events_have '^gpupv-agent 4 6$'
