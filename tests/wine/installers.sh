# shellcheck shell=bash disable=SC2034,SC2154
# Signed stand-ins for the installers that the agent runs; sourced after signing.sh, system.sh and pnp.sh. They are made
# once per run, below $SIGNING/payloads. How they behave is set per prefix, see emulator/installers/installer.h.

PAYLOADS=$SIGNING/payloads
PACK=$HERE/../emulator/installers/pack.py
MAKE_PACKAGE=$HERE/../emulator/pnp/make_package.py

# The driver packages, with the SHA-1 of who signed them in VDD_SIGNER and CABLE_SIGNER.
installers_drivers() {
    VDD_SIGNER=$(python3 -B "$MAKE_PACKAGE" "$SIGNING/vdd" --name mm --hardware-id 'Root\Parsec\VDA' --class Display \
        --version 0.45.0.0 --description 'Parsec Virtual Display Adapter' --service ParsecVDA --signer 'Parsec Cloud, Inc.') || return 1
    CABLE_SIGNER=$(python3 -B "$MAKE_PACKAGE" "$SIGNING/cable" --name vbMmeCable64_win10 --hardware-id VBAudioVACWDM \
        --class MEDIA --version 3.3.1.7 --date 10/07/2024 --description 'VB-Audio Virtual Cable' --service VBAudioVACMME \
        --signer 'Microsoft Windows Hardware Compatibility Publisher')
}

# Packs FILE... (NAME=PATH) into PROGRAM and signs it as the publisher.
installers_pack() { # PUBLISHER PROGRAM OUT FILE...
    python3 -B "$PACK" "$BINARIES/emulator/$2.exe" "$SIGNING/packed.exe" "${@:4}" &&
        signing_sign "$1" "$SIGNING/packed.exe" "$PAYLOADS/$3"
}

installers_make() {
    local driver=() cable=$SIGNING/cable-pack
    signing_publisher unity 'Unity Technologies SF' && signing_publisher parsec 'Parsec Cloud, Inc.' &&
        signing_publisher vb 'BUREL VINCENT Entrepreneur individuel' || return 1
    mkdir -p "$PAYLOADS" "$cable"
    if [ -x "$MAKE_PACKAGE" ]; then
        installers_drivers || return 1
        driver=("driver\\mm.inf=$SIGNING/vdd/mm.inf" "driver\\mm.cat=$SIGNING/vdd/mm.cat" "driver\\mm.dll=$SIGNING/vdd/mm.dll")
        cp "$SIGNING/cable/"vbMmeCable64_win10.{inf,cat,dll} "$cable" || return 1
    fi
    installers_pack unity standin_parsec parsec-windows.exe "${driver[@]}" &&
        installers_pack parsec standin_vdd parsec-vdd-0.45.0.0.exe "${driver[@]}" &&
        installers_pack vb standin_cable ../cable-pack/VBCABLE_Setup_x64.exe &&
        (cd "$cable" && rm -f "$PAYLOADS/VBCABLE_Driver_Pack45.zip" && python3 -m zipfile -c "$PAYLOADS/VBCABLE_Driver_Pack45.zip" ./*)
}

# How often the installer runs as it should not: a mode, a number of times or 0 for ever, then more values of it.
installer_mode() { # MACHINE NAME MODE [TIMES [VALUE...]]
    if [ "${4:-0}" = 0 ]; then
        printf '[%s\\installers\\%s]\n"Times"=-\n' "$SYSTEM_KEY" "$2" | wine_registry "$1"
    else
        system_set "$1" "installers\\$2" Times="$4"
    fi
    system_set "$1" "installers\\$2" Mode:"$3" "${@:5}"
}

# All runs so far, one a line.
installer_log() { # MACHINE
    cat "$WINE_WORK/$1/drive_c/emulator/installers.log" 2>/dev/null
}
