# shellcheck shell=bash disable=SC2034,SC2154
# Links over Hyper-V sockets between a host and a guest: transfer, back-pressure, ends of all kinds, refusals.
VM=12345678-aaaa-bbbb-cccc-0123456789ab
PARENT=a42e7cda-d03f-480c-9cc2-a4de20abb878
LOOPBACK=e0e16197-dd56-4a10-9195-5ee7a155a838
PROGRAM=$BINARIES/tests/wine/link_hyperv_exercise.exe
LOG=$WINE_WORK/server.log

dial() { wine_run host "$PROGRAM" dial $VM "$@"; }

# Starts a server and waits until it listens.
server() { # MACHINE VM
    wine_start "$1" "$LOG" "$PROGRAM" serve "$2"
    server_pid=$wine_pid
    wine_wait_for "$LOG" '^listening'
}

# The server must end by itself, with nothing left over.
server_ends() {
    wine_finish "$server_pid"
    local code=$?
    cat "$LOG"
    return $code
}

need wine_prefix host
need wine_prefix guest
check "without Hyper-V sockets listening says so" prints '^unsupported: ' wine_run host "$PROGRAM" serve wildcard
for machine in host guest; do
    need wine_emulator $machine "$BINARIES/emulator/ws2_32.dll" link_hyperv_exercise.exe
done
need hvsocket_machine host host $VM
need hvsocket_machine guest $VM $VM

check "the self-test passes on the host" wine_run host "$PROGRAM" selftest
check "the self-test passes in a guest" wine_run guest "$PROGRAM" selftest

AGENT=$BINARIES/guest/gpupv-agent.exe
need wine_emulator guest "$BINARIES/emulator/ws2_32.dll" gpupv-agent.exe
agent_finds() { # PROBE OUTCOME
    prints "\"id\":\"$1\",\"question\":\"[^\"]*\",\"source\":\"[^\"]*\",\"outcome\":\"$2\"" cat "$WINE_WORK/probes.json"
}
wine_run guest "$AGENT" selftest --json --report="Z:$WINE_WORK/report.json" >"$WINE_WORK/probes.json"
check "the agent's self-test finds the loopback in a guest" agent_finds link.loopback confirmed
check "and that nobody can take its service id" agent_finds link.twice confirmed
check "and one who listens for all machines does not stand in its way" agent_finds link.everybody confirmed
check "it says what Wine does not have" agent_finds system.vm_id unknown
check "a report is written" grep -q '"link.loopback"' "$WINE_WORK/report.json"

check "dials end as they should: refused, unknown machine, nobody there, cancelled" dial refused unknown nobody:700 cancel:200 cancel:0
need hvsocket_fault host DialError 10050
check "a hypervisor that is down is unreachable" prints 'hypervisor is not running' dial unreachable
need hvsocket_fault host DialError 0
need hvsocket_fault host HangDial 1
check "a dial ends in time also when the system forgets it" dial nobody:400
need hvsocket_fault host HangDial 0

listener_comes_late() {
    wine_start host "$WINE_WORK/late.log" "$PROGRAM" dial $VM open:15000
    local dialler=$wine_pid
    sleep 0.7
    server guest parent || return 1
    wine_finish "$dialler" 20
    local code=$?
    cat "$WINE_WORK/late.log"
    return $code
}
check "a dial waits for a listener that comes late" listener_comes_late
check "bytes arrive both ways" dial sink:128 source:128 echo:32
check "round trips and many connections, and no handle is left" dial roundtrips:1000 cycles:100
check "a reader that stops stops the sender" dial stall:6
check "a second listener is told that the id is taken" prints '^exists: .*taken the service id' wine_run guest "$PROGRAM" serve parent
check "the server ends when it is told to" dial quit
check "the server has nothing left over" server_ends
check "the guest saw the host as its parent" grep -q "^peer $PARENT" "$LOG"

need hvsocket_fault guest ConflictAtListen 1
need server guest parent
check "an id that is taken is told also when only listen() finds out" prints '^exists: ' wine_run guest "$PROGRAM" serve parent
need hvsocket_fault guest ConflictAtListen 0
need hvsocket_fault host MaxSend 20000
check "short sends lose nothing" dial echo:8
need hvsocket_fault host MaxSend 0
check "a server that ends in the middle closes the link" dial die:4
wine_kill "$server_pid"

server_is_killed() {
    server guest parent || return 1
    wine_start host "$WINE_WORK/kill.log" "$PROGRAM" dial $VM die:0
    local dialler=$wine_pid
    wine_wait_for "$WINE_WORK/kill.log" '^sending' || return 1
    sleep 0.3
    wine_kill "$server_pid"
    wine_finish "$dialler" 20
    local code=$?
    cat "$WINE_WORK/kill.log"
    return $code
}
check "a server that is killed closes the link" server_is_killed

need server guest wildcard
check "a wildcard listener takes the host" dial echo:4
check "a wildcard listener takes its own machine" wine_run guest "$PROGRAM" dial loopback echo:4 quit
check "a wildcard listener says that it is one" grep -q '^listening, wildcard' "$LOG"
check "it ends" server_ends

need hvsocket_fault host RequireKey 1
check "a host listener without registration is denied" prints '^denied: ' wine_run host "$PROGRAM" serve wildcard
check "the service is registered" wine_run host "$PROGRAM" register
check "registering again changes nothing" wine_run host "$PROGRAM" register
need server host wildcard
check "then a guest reaches the host" wine_run guest "$PROGRAM" dial parent echo:4 quit
check "the host knows the machine" grep -q "^peer $VM" "$LOG"
check "the host's listener ends" server_ends
check "the registration is taken back" wine_run host "$PROGRAM" unregister
check "and is gone" prints '^denied: ' wine_run host "$PROGRAM" serve wildcard
need hvsocket_fault host RequireKey 0
need server host parent
check "a machine without a parent listens for all" grep -q '^listening, wildcard' "$LOG"
