# shellcheck shell=bash disable=SC2034,SC2154
# The ports of devices and driver packages keep their contract on Windows, over the emulated PnP manager.
PROGRAM=$BINARIES/tests/wine/machine_contract.exe
MAKE_PACKAGE=$HERE/../emulator/pnp/make_package.py
DRIVE=$WINE_WORK/guest/drive_c
PNP='HKEY_LOCAL_MACHINE\Software\gpupv-emulator\pnp'
VDA='[HKEY_LOCAL_MACHINE\Software\gpupv-emulator\pnp\Hardware\ROOT#DISPLAY#0000]'
BEHAVIOUR='[HKEY_LOCAL_MACHINE\Software\gpupv-emulator\pnp\Behaviour\ROOT#DISPLAY#0000]'

# A registry file of the arrangements, its text from stdin.
seed() { # NAME
    { printf 'REGEDIT4\n\n'; cat; } >"$DRIVE/contract/$1"
}

make_seeds() {
    mkdir -p "$DRIVE/contract" && cp "$BINARIES/emulator/pnp.exe" "$DRIVE/contract/" || return 1
    {
        cat "$HERE/guest_fresh.reg"
        printf '\n[%s\\Signers\\%s]\n"Trust"="vendor"\n[%s\\Signers\\%s]\n"Trust"="vendor"\n' "$PNP" "$VENDOR" "$PNP" "$OTHER"
    } | seed fresh.reg
    cat <<'END' | seed store.reg
[HKEY_LOCAL_MACHINE\Software\gpupv-emulator\pnp\Drivers\oem7.inf]
"HardwareIds"="Root\\Parsec\\VDA"
"Class"="Display"
"ClassGuid"="{4d36e968-e325-11ce-bfc1-08002be10318}"
"Version"="0.45.0.0"
"Date"="05/20/2023"
"Provider"="Parsec Cloud, Inc."
"Manufacturer"="Parsec Cloud, Inc."
"Description"="Parsec Virtual Display Adapter"
"Service"="ParsecVDA"
"Original"="mm.inf"
END
    { sed 1,2d "$DRIVE/contract/store.reg"; printf '\n%s\n"HardwareIds"="Root\\\\Parsec\\\\VDA"\n' "$VDA"; } | seed adapter.reg
    printf '%s\n"Present"=dword:0\n' "$VDA" | seed phantom.reg
    printf '%s\n"Disabled"=dword:1\n' "$VDA" | seed disabled.reg
    printf '%s\n"StartProblem"=dword:1f\n"StartProblemStarts"=dword:1\n' "$BEHAVIOUR" | seed code31.reg
    printf '%s\n"VetoDisable"=dword:6\n' "$BEHAVIOUR" | seed veto.reg
    printf '%s\n"RebootToDisable"=dword:1\n' "$BEHAVIOUR" | seed reboots.reg
}

make_packages() {
    local packages=$DRIVE/packages
    VENDOR=$(python3 -B "$MAKE_PACKAGE" "$packages/vdd" --name mm --hardware-id 'Root\Parsec\VDA' --class Display \
        --version 0.45.0.0 --description 'Parsec Virtual Display Adapter' --service ParsecVDA --signer 'Parsec Cloud, Inc.') || return 1
    OTHER=$(python3 -B "$MAKE_PACKAGE" "$packages/other" --name mm --hardware-id 'Root\Parsec\VDA' --class Display \
        --version 0.45.1.0 --description 'Parsec Virtual Display Adapter' --service ParsecVDA --signer 'Somebody Else') || return 1
    python3 -B "$MAKE_PACKAGE" "$packages/unsigned" --name mm --hardware-id 'Root\Parsec\VDA' --class Display --version 0.45.0.0 \
        --description 'Parsec Virtual Display Adapter' --service ParsecVDA --signer 'Parsec Cloud, Inc.' --unsigned --key "$packages/vdd" >/dev/null || return 1
    mkdir -p "$packages/vdd/driver" && cp "$packages/vdd/"mm.* "$packages/vdd/driver/" &&
        cp -r "$packages/vdd" "$packages/tampered" && echo '; changed' >>"$packages/tampered/mm.inf"
}

port() { wine_run guest "$PROGRAM" "$1"; }

WINE_LIMIT=280
need wine_prefix guest
need pnp_install guest machine_contract.exe
need make_packages
need make_seeds
for name in drivers windows devices; do check "contract of $name" port $name; done
