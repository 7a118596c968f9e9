# shellcheck shell=bash disable=SC2034,SC2154
# The ports of devices, driver packages, displays, graphics and sound keep their contract on Windows, over the emulated PnP
# manager and what hangs on its devices.
EXE=machine_contract.exe
PROGRAM=$BINARIES/tests/wine/$EXE
MAKE_PACKAGE=$HERE/../emulator/pnp/make_package.py
DRIVE=$WINE_WORK/guest/drive_c
. "$HERE/guest.sh"
PNP='HKEY_LOCAL_MACHINE\Software\gpupv-emulator\pnp'
VDA='[HKEY_LOCAL_MACHINE\Software\gpupv-emulator\pnp\Hardware\ROOT#DISPLAY#0000]'
BEHAVIOUR='[HKEY_LOCAL_MACHINE\Software\gpupv-emulator\pnp\Behaviour\ROOT#DISPLAY#0000]'

# A registry file of the arrangements, its text from stdin.
seed() { # NAME
    { printf 'REGEDIT4\n\n'; cat; } >"$DRIVE/contract/$1"
}

make_seeds() {
    mkdir -p "$DRIVE/contract" && guest_driver guest &&
        cp "$BINARIES/emulator/pnp.exe" "$DRIVE/contract/" && cp "$BINARIES/emulator/standin_umd.dll" "$DRIVE/contract/umd.dll" || return 1
    {
        # what earlier tests left of it
        printf '[-%s\\%s]\n' "$SYSTEM_KEY" audio "$SYSTEM_KEY" display "$SYSTEM_KEY" gpu "$SYSTEM_KEY" 'vdd\State'
        cat "$HERE/guest_fresh.reg"
        for id in 'ROOT#BasicDisplay' 'VMBUS#{da0a7802-e377-4aac-8e77-0558eb1073f8}'; do
            printf '\n[%s\\Behaviour\\%s]\n"Interfaces"="%s"\n' "$PNP" "$id" '{5b45201d-f2f2-4f3b-85bb-30ff1f953599}'
        done
        printf '\n[%s\\Behaviour\\Root#Parsec#VDA]\n"Interfaces"="%s"\n' "$PNP" \
            '{00b41627-04c4-429e-a26e-0265cf50c8fa};{5b45201d-f2f2-4f3b-85bb-30ff1f953599}'
        printf '\n[%s\\Signers\\%s]\n"Trust"="vendor"\n[%s\\Signers\\%s]\n"Trust"="vendor"\n' "$PNP" "$VENDOR" "$PNP" "$OTHER"
        guest_card
    } | seed fresh.reg
    seed cable.reg <"$HERE/guest_cable.reg"
    printf '[%s\\Hardware\\ROOT#MEDIA#0000]\n"Disabled"=dword:1\n' "$PNP" | seed nocable.reg
    printf '[%s\\Hardware\\%s]\n"Present"=dword:0\n' "$PNP" "${GUEST_GPU//\\/#}" | seed nogpu.reg
    printf '[%s\\gpu]\n"Folder"="nv_dispi.inf_amd64_fedcba0987654321"\n' "$SYSTEM_KEY" | seed stale.reg
    printf '[%s\\audio]\n"Extra"="Remote Audio"\n' "$SYSTEM_KEY" | seed other.reg
    printf '%s\n"StartProblem"=dword:2b\n' "$BEHAVIOUR" | seed code43.reg
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

# As a service, while somebody sits at the console.
port() { in_session guest 0 "$PROGRAM" "$1"; }

WINE_LIMIT=280
need wine_prefix guest
need pnp_install guest $EXE
need system_install guest $EXE
need audio_install guest
need encoder_install guest
need session guest user alice 700
need make_packages
need make_seeds
for name in drivers devices vdd gpu system windows; do check "contract of $name" port $name; done
# what it says of displays holds for monitors that somebody keeps, however slow this computer is
need system_set guest vdd TimeoutMs=60000
check "contract of displays" port displays
