# shellcheck shell=bash disable=SC2034,SC2154
# The rules of services, as the emulator keeps them, and a service that is told what happens and is restarted.
PROGRAM=$BINARIES/tests/emulator/service/emulator_service_check.exe
LOG=$WINE_WORK/guest/drive_c/emulator/check.log

# How often the service has started is that, within some seconds.
started() { # TIMES
    local left=100
    until [ "$(grep -c '^started' "$LOG" 2>/dev/null)" = "$1" ]; do
        [ $((left--)) -gt 0 ] || { cat "$LOG" "${LOG%/*}/supervisor.log"; return 1; }
        sleep 0.1
    done
}

need wine_prefix guest
check "Wine itself lacks most of it" exits_with 1 wine_run guest "$PROGRAM" secrets
need system_install guest emulator_service_check.exe
check "configurations keep their rules" wine_run guest "$PROGRAM" config
check "events keep their rules" wine_run guest "$PROGRAM" events
check "and stand in the log" grep -qx 'gpupv-check 2 7 unregistered | one | zwölf' "${LOG%/*}/events.log"
check "secrets keep their rules" wine_run guest "$PROGRAM" secrets

check "a service starts" wine_run guest "$PROGRAM" install
check "in session 0" wine_wait_for "$LOG" '^started in session 0'
need session guest user alice
check "it is told that somebody logged on" wine_wait_for "$LOG" '^control 14 event 5 session 1$'
need session guest lock
check "that the session was locked" wine_wait_for "$LOG" '^control 14 event 7 session 1$'
need session guest suspend
check "that the machine goes to sleep" wine_wait_for "$LOG" '^control 13 event 4 '
need session guest resume
check "and wakes up" wine_wait_for "$LOG" '^control 13 event 18 '

wine_start guest "$WINE_WORK/supervisor.log" 'C:\emulator\supervisor.exe' gpupv-check
check "it dies" wine_run guest "$PROGRAM" control 200
check "and is restarted" started 2
check "it stops with an error" wine_run guest "$PROGRAM" control 201
check "and is restarted" started 3
need session guest shutdown
check "it is told of a shutdown" wine_wait_for "$LOG" '^control 15 '
check "stops by itself" wine_wait_for "$LOG" '^stopped$'
sleep 1
check "and stays so" started 3
check "it is deleted" wine_run guest "$PROGRAM" remove
