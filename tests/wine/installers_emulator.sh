# shellcheck shell=bash disable=SC2034,SC2154
# The stand-ins for installers leave behind what the real ones do, and fail as they do.
. "$HERE/signing.sh"
. "$HERE/installers.sh"
DRIVE=$WINE_WORK/guest/drive_c
DATA=$DRIVE/ProgramData/Parsec
PROGRAMS="$DRIVE/Program Files"
SILENT=(/silent /norun /allusers /nocleanuser)

parsec() { wine_run guest "Z:$PAYLOADS/parsec-windows.exe" "$@"; }
service_runs() { prints 'RUNNING' wine_run guest sc query "$1"; }
absent() { ! "$@"; }
gone() { # PATH, within some seconds
    local left=100
    while [ -e "$1" ]; do [ $((left--)) -gt 0 ] || return 1; sleep 0.1; done
}
# The program does not come to an end.
hangs() { exits_with 124 env WINEPREFIX="$WINE_WORK/guest" timeout -k 1 2 "$WINE64" "$@"; }

command -v osslsigncode >/dev/null || { echo "no osslsigncode"; exit 77; }
need wine_prefix guest
need system_tools guest
need installers_make
check "they are signed" osslsigncode verify -CAfile "$SIGNING/unity.pem" "$PAYLOADS/parsec-windows.exe"
check "Parsec installs silently" parsec "${SILENT[@]}"
check "its programs are there" test -f "$PROGRAMS/Parsec/parsecd.exe" -a -f "$PROGRAMS/Parsec/service/pservice.exe"
check "its service runs" service_runs Parsec
check "Windows lists it, in the 32-bit view" prints 150-104 wine_run guest reg query 'HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall\Parsec'
check "its daemon writes a log" wine_wait_for "$DATA/log.txt" '^\[D .*\] ===== Parsec: Started =====$'
check "and a configuration" wine_wait_for "$DATA/config.txt" '^app_host = 1'
check "the user's daemon waits for a user" absent grep -q 'user in session' "$DRIVE/emulator/parsecd.log"
need session guest user alice
check "and starts in his session" wine_wait_for "$DRIVE/emulator/parsecd.log" '^user in session 1'

printf 'account\n' >"$DATA/user.bin"
check "it notices that somebody signed in" wine_wait_for "$DATA/log.txt" 'STUN reply from'
need system_set guest parsec Plan:free
printf 'host_virtual_monitors = 1\nhost_privacy_mode = 1\nhost_name = vm\n' >>"$DATA/config.txt"
check "the service stops" wine_run guest net stop Parsec
check "and starts again" wine_run guest net start Parsec
check "the free plan takes its lines away" wine_wait_for "$DRIVE/emulator/parsecd.log" 'host in session 0'
config_is_clean() {
    local left=100
    while grep -q host_virtual_monitors "$DATA/config.txt"; do [ $((left--)) -gt 0 ] || return 1; sleep 0.1; done
    grep -q '^host_name = vm' "$DATA/config.txt"
}
check "and leaves the others" config_is_clean
need system_set guest parsec Client=1
check "a client connects" wine_wait_for "$DATA/log.txt" '^\[I .*\] player#1234567 connected\.$'
need system_set guest parsec Client=0
check "and leaves" wine_wait_for "$DATA/log.txt" 'player#1234567 disconnected'

check "installing over it keeps the account" parsec "${SILENT[@]}"
check "which is there" test -f "$DATA/user.bin"
check "uninstalling ends at once" wine_run guest "C:\\Program Files\\Parsec\\uninstall.exe" /silent
check "and goes on in the background" gone "$PROGRAMS/Parsec/uninstall.exe"
check "the service is gone" absent service_runs Parsec
check "the data stays" test -f "$DATA/user.bin"
check "without /nocleanuser the account goes" parsec /silent /norun /allusers
check "it is gone" absent test -f "$DATA/user.bin"
check "a person's own installation has no service" wine_run guest "C:\\Program Files\\Parsec\\uninstall.exe" /silent
need gone "$PROGRAMS/Parsec/uninstall.exe"
check "it installs for one person" parsec /silent /norun /currentuser
check "without a service" absent service_runs Parsec

need installer_mode guest parsec nothing 1
check "it can do nothing, and say that all is well" parsec "${SILENT[@]}"
check "then nothing is there" absent service_runs Parsec
need installer_mode guest parsec fail 1 Code=13
check "it can fail" exits_with 13 parsec "${SILENT[@]}"
need installer_mode guest parsec half 1
check "it can die in the middle" exits_with 5 parsec "${SILENT[@]}"
check "then files are there and no service" absent service_runs Parsec
need installer_mode guest parsec hang 1
check "it can hang" hangs "Z:$PAYLOADS/parsec-windows.exe" /silent /allusers
check "without /silent it waits for a person" hangs "Z:$PAYLOADS/parsec-windows.exe" /allusers
need installer_mode guest parsec reboot 1
check "it can ask for a restart" prints '3010' wine_run guest cmd /c "Z:${PAYLOADS//\//\\}\\parsec-windows.exe ${SILENT[*]} & call echo code %^errorlevel%"
check "and has done its work" service_runs Parsec
