# shellcheck shell=bash disable=SC2034,SC2154
# Every repair of the agent's table fails safely once on Windows' ports, and mends what is wrong when its failure has gone.
. "$HERE/signing.sh"
. "$HERE/installers.sh"
. "$HERE/network.sh"
. "$HERE/tasks.sh"
. "$HERE/guest.sh"
DRIVE=$WINE_WORK/guest/drive_c
EXE=repair_faults.exe
WINE_LIMIT=500
GUEST_AGENTS+=("$EXE")

command -v osslsigncode >/dev/null || { echo "no osslsigncode"; exit 77; }
need network_start
need installers_make
need guest_make guest
need guest_inject guest 12345678-aaaa-bbbb-cccc-0123456789ab
need guest_payload guest parsec parsec-windows.exe 150-104.1.0 'Unity Technologies SF'
need guest_payload guest parsec-vdd parsec-vdd-0.45.0.0.exe 0.45.0.0 'Parsec Cloud, Inc.'
need guest_payload guest vb-cable VBCABLE_Driver_Pack45.zip 45 'BUREL VINCENT Entrepreneur individuel'
need cp /dev/null "$DRIVE/ProgramData/Parsec/user.bin"
mkdir -p "$DRIVE/faults"
need cp "$BINARIES/emulator/pnp.exe" "$DRIVE/faults/"
rm -f "$DRIVE/windows/system32/dism.exe"
need cp "$BINARIES/tests/wine/contract_program.exe" "$DRIVE/windows/system32/dism.exe"
need wine_registry guest <<'END'
[HKEY_CURRENT_USER\Software\Wine\DllOverrides]
"dism.exe"="native"
END
check "repairs fail safely" in_session guest 0 "$BINARIES/tests/wine/$EXE"
