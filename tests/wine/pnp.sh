# shellcheck shell=bash disable=SC2034,SC2154
# The devices of a prefix; sourced after wine.sh. See emulator/pnp/README.md for the registry layout and the commands.

PNP_KEY='HKEY_LOCAL_MACHINE\Software\gpupv-emulator\pnp'
PNP_TOOL=$BINARIES/emulator/pnp.exe

# Puts the PnP manager into a prefix, switched on for the named programs.
pnp_install() { # NAME PROGRAM...
    local name=$1 dll
    shift
    for dll in cfgmgr32 setupapi newdev; do wine_emulator "$name" "$BINARIES/emulator/$dll.dll" "$@" || return 1; done
}

# One of the machine's own commands: list, scan, plug, unplug, fail, restart, boot.
pnp() { # NAME COMMAND [ARGUMENT...]
    local name=$1
    shift
    wine_run "$name" "$PNP_TOOL" "$@"
}

# Forgets all devices and makes the machine anew from a seed file, then boots it.
pnp_seed() { # NAME FILE
    pnp "$1" reset && pnp_add "$1" "$2" && pnp "$1" boot
}

# Adds more of the same: seen at the next boot, scan or start.
pnp_add() { # NAME FILE
    wine_registry "$1" <"$2"
}

# The name of a key below Hardware, Behaviour or Signers.
pnp_key() { # FOLDER ID
    printf '%s\\%s\\%s' "$PNP_KEY" "$1" "${2//\\/#}"
}

# Gives a device or a hardware id a behaviour: a number, or a text.
pnp_behave() { # NAME ID VALUE NUMBER|TEXT
    local data
    if [[ $4 =~ ^[0-9]+$ ]]; then
        data=$(printf 'dword:%08x' "$4")
    else
        data="\"${4//\\/\\\\}\""
    fi
    printf '[%s]\n"%s"=%s\n' "$(pnp_key Behaviour "$2")" "$3" "$data" | wine_registry "$1"
}

# The device has that problem from now on, whenever it starts; 0 ends it.
pnp_set() { # NAME INSTANCE PROBLEM
    pnp_behave "$1" "$2" StartProblem "$3" && pnp "$1" restart "$2"
}

# The n-th call of a function from now on fails with that code; 0: every call does; no code: none does.
pnp_fault() { # NAME FUNCTION N [CODE]
    local data='-'
    [ -z "${4:-}" ] || data="\"$([ "$3" = 0 ] && echo '*' || echo "$3"):$4\""
    printf '[%s\\Faults]\n"%s"=%s\n' "$PNP_KEY" "$2" "$data" | wine_registry "$1"
}

# A value of Settings.
pnp_setting() { # NAME VALUE NUMBER|TEXT
    local data="\"$3\""
    [[ $3 =~ ^[0-9]+$ ]] && data=$(printf 'dword:%08x' "$3")
    printf '[%s\\Settings]\n"%s"=%s\n' "$PNP_KEY" "$2" "$data" | wine_registry "$1"
}

# What Windows makes of signatures by that certificate (SHA-1): microsoft, vendor, untrusted, expired, revoked.
pnp_signer() { # NAME SHA1 TRUST
    printf '[%s]\n"Trust"="%s"\n' "$(pnp_key Signers "$2")" "$3" | wine_registry "$1"
}

# All calls since the log was last cleared.
pnp_log() { # NAME
    cat "$WINE_WORK/$1/drive_c/emulator/pnp.log" 2>/dev/null
}

pnp_log_clear() { # NAME
    rm -f "$WINE_WORK/$1/drive_c/emulator/pnp.log"
}
