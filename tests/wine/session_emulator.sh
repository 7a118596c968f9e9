# shellcheck shell=bash disable=SC2034,SC2154
# The rules of sessions, as the emulator keeps them.
PROGRAM=$BINARIES/tests/emulator/session/emulator_session_check.exe

services() { in_session guest 0 "$PROGRAM" services "$@"; }

need wine_prefix guest
need system_install guest emulator_session_check.exe
check "at first the console shows the logon screen" services nobody
need session guest user alice 700
check "somebody logs on" services user
check "a person is at the console, without the system's rights" wine_run guest "$PROGRAM" console
need session guest enhanced
check "an enhanced session takes the user from the console" services enhanced
need session guest switching
check "no session is at the console while it switches" services switching
need session guest nobody
check "and then the logon screen is back" services nobody
