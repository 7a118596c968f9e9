# shellcheck shell=bash disable=SC2034,SC2154
# The contracts of services, processes, tasks, files, registry, sessions, network and system over the real Windows calls.
. "$HERE/signing.sh"
. "$HERE/system.sh"
. "$HERE/tasks.sh"
EXE=machine_contract_system.exe
PROGRAM=$BINARIES/tests/wine/$EXE
STAND_IN=$BINARIES/tests/wine/contract_program.exe
DRIVE=$WINE_WORK/guest/drive_c

# As a service, or as a person at the console.
as_service() { in_session guest 0 "$PROGRAM" "$@"; }

command -v osslsigncode >/dev/null || { echo "no osslsigncode"; exit 77; }
need wine_prefix guest
need system_install guest $EXE
need tasks_install guest
need signing_publisher microsoft 'Microsoft Windows'
mkdir -p "$DRIVE/contract"
for name in pservice parsecd; do need cp "$STAND_IN" "$DRIVE/contract/$name.exe"; done
need signing_sign microsoft "$STAND_IN" "$DRIVE/contract/program.exe"
rm -f "$DRIVE/windows/system32/dism.exe"
need cp "$STAND_IN" "$DRIVE/windows/system32/dism.exe"
need wine_registry guest <<'END'
[HKEY_CURRENT_USER\Software\Wine\DllOverrides]
"dism.exe"="native"
END
WINE_LIMIT=120
CONTRACT_SHA256=$(sha256_of "$DRIVE/contract/program.exe")
CONTRACT_PUBLISHER='Nobody|Microsoft Windows'
export CONTRACT_SHA256 CONTRACT_PUBLISHER

mkdir -p "$DRIVE/Program Files/Parsec"
need cp "$STAND_IN" "$DRIVE/Program Files/Parsec/window.exe"
for port in sessions services processes tasks files registry network system; do
    check "$port keeps its contract" as_service $port
done
check "hostile paths lead nowhere" as_service hostile
