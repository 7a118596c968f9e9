# shellcheck shell=bash disable=SC2154
# A prefix as a computer on which virtual disks can be made: emulators of virtdisk, wimgapi and fmifs, and stand-ins
# for the programs of Windows that work on disks. See tests/emulator/virtdisk/README.md.

# Puts them into a prefix, for the named programs. bcdboot is that of the build.
disks_install() { # NAME BUILD PROGRAM...
    local name=$1 build=$2 dll tool system=$WINE_WORK/$1/drive_c/windows/system32
    shift 2
    for dll in virtdisk wimgapi fmifs; do
        wine_emulator "$name" "$BINARIES/emulator/$dll.dll" "$@" || return 1
    done
    for tool in dism.exe format.com "$build/bcdboot.exe"; do
        rm -f "$system/$(basename "$tool")" # a hard link to the template's
        cp "$BINARIES/emulator/tools/$tool" "$system/" || return 1
    done
    # Wine has a dism.exe that does nothing and ends with 0
    printf '[HKEY_CURRENT_USER\\Software\\Wine\\DllOverrides]\n"dism.exe"="native,builtin"\n' | wine_registry "$name"
}

# Settings of the emulators, each NAME=dword:... or NAME="text"; a name with a minus behind is removed.
disks_set() { # NAME SETTING...
    local name=$1 setting
    shift
    {
        printf '[HKEY_LOCAL_MACHINE\\Software\\gpupv-emulator\\image]\n'
        for setting in "$@"; do printf '"%s"=%s\n' "${setting%%=*}" "${setting#*=}"; done
    } | wine_registry "$name"
}

# The function NAME fails with a code, so many times.
disks_fault() { # PREFIX FUNCTION CODE [TIMES]
    printf '[HKEY_LOCAL_MACHINE\\Software\\gpupv-emulator\\image\\fault]\n"%s"=dword:%x\n"Times%s"=dword:%x\n' \
        "$2" "$3" "$2" "${4:-4294967295}" | wine_registry "$1"
}

# What the emulators have written down, and a new page.
disks_log() { cat "$WINE_WORK/$1/drive_c/emulator/image.log" 2>/dev/null; } # NAME
disks_log_new() { rm -f "$WINE_WORK/$1/drive_c/emulator/image.log"; } # NAME

# Succeeds when no program left anything open, mounted or with a letter.
disks_clean() { # NAME
    local log=$WINE_WORK/$1/drive_c/emulator/image.log
    ! grep -E '^(LEAK|LETTER) ' "$log"
}
