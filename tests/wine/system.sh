# shellcheck shell=bash disable=SC2034,SC2154
# The Windows around the agent: sessions, displays, the Parsec display driver, graphics adapters. Sourced after wine.sh.
# What each emulator does and which registry values steer it stands in its header below tests/emulator.

SYSTEM_KEY='HKEY_LOCAL_MACHINE\Software\gpupv-emulator'

# What plays the world around the programs, in C:\emulator.
system_tools() { # NAME
    mkdir -p "$WINE_WORK/$1/drive_c/emulator/imports" &&
        cp "$BINARIES/emulator/"{session,standin,supervisor}.exe "$BINARIES/emulator/audio.dll" "$WINE_WORK/$1/drive_c/emulator/"
}

# Puts the emulators into a prefix, for the named programs.
system_install() { # NAME PROGRAM...
    wine_emulator "$1" "$BINARIES/emulator/advapi32.dll" "${@:2}" && system_tools "$1"
}

# The library of the card's encoder.
encoder_install() { # NAME
    cp "$BINARIES/emulator/nvEncodeAPI64.dll" "$WINE_WORK/$1/drive_c/windows/system32/"
}

# Services of Windows that Wine lacks, running and started at every boot.
system_services() { # NAME SERVICE...
    local service
    for service in "${@:2}"; do wine_run "$1" 'C:\emulator\standin.exe' install "$service" || return 1; done
}

# Sound: endpoints that follow from devices. Both services of audio come with it.
audio_install() { # NAME
    local name=$1 class
    system_tools "$name" || return 1
    for class in BCDE0395-E52F-467C-8E3D-C4579291692E 870AF99C-171D-4F9E-AF0D-E63DF40C2BC9; do
        printf '[HKEY_LOCAL_MACHINE\\Software\\Classes\\CLSID\\{%s}\\InprocServer32]\n@="C:\\\\emulator\\\\audio.dll"\n"ThreadingModel"="Both"\n' $class
    done | wine_registry "$name" || return 1
    system_services "$name" AudioEndpointBuilder Audiosrv
}

# Sets values of an emulator, each as name=number or name:text.
system_set() { # NAME SUBJECT VALUE...
    local name=$1 subject=$2 value
    shift 2
    {
        printf '[%s\\%s]\n' "$SYSTEM_KEY" "$subject"
        for value; do
            case $value in
            *=*) printf '"%s"=dword:%08x\n' "${value%%=*}" "${value#*=}" ;;
            *) printf '"%s"="%s"\n' "${value%%:*}" "${value#*:}" ;;
            esac
        done
    } | wine_registry "$name"
}

# Who sits where: see emulator/session/tool.c.
session() { # NAME COMMAND...
    wine_run "$1" 'C:\emulator\session.exe' "${@:2}"
}

# Runs a program in a session: 0 is where services are.
in_session() { # NAME ID PROGRAM...
    wine_run "$1" 'C:\emulator\session.exe' run "${@:2}"
}

# A guest with the Parsec adapter, Hyper-V Video and a paravirtualised GPU, for checks that need no more than that.
system_devices() { # NAME
    pnp "$1" reset >/dev/null && pnp_add "$1" "$HERE/guest_fresh.reg" && pnp_add "$1" "$HERE/guest_vdd.reg" && pnp "$1" boot >/dev/null || return 1
    wine_registry "$1" <<'END'
[HKEY_LOCAL_MACHINE\Software\gpupv-emulator\gpu]
"Description"="NVIDIA GeForce RTX 4070"
"Folder"="nv_dispi.inf_amd64_1234567890abcdef"
"UserModeDrivers"=hex(7):6e,76,6c,64,75,6d,64,78,2e,64,6c,6c,00,6e,76,6c,64,75,6d,64,78,2e,64,6c,6c,00,6e,76,6c,64,75,6d,64,78,2e,64,6c,6c,00,00
"UserModeVersion"="32.0.15.6094"
"KernelModeVersion"="32.0.15.6094"
END
}
