# shellcheck shell=bash disable=SC2034,SC2154
# Which prefix is which Hyper-V machine; sourced after wine.sh. See emulator/hvsocket/machine.c for the settings.

HVSOCKET_KEY='HKEY_LOCAL_MACHINE\Software\gpupv-emulator\hvsocket'
# Another run at the same time has other addresses: 127.x.y.n, taken from this shell's process id.
HVSOCKET_NET=$((1 + $$ / 254 % 254)).$((1 + $$ % 254))

# Makes the prefix the named machine. The map is the same for all: "host", then the ids of the virtual machines.
hvsocket_machine() { # NAME SELF VM-ID...
    local name=$1 self=$2 number=1 id
    shift 2
    {
        printf '[%s]\n"Self"="%s"\n' "$HVSOCKET_KEY" "$self"
        printf '[-%s\\Machines]\n[%s\\Machines]\n' "$HVSOCKET_KEY" "$HVSOCKET_KEY"
        for id in host "$@"; do printf '"%s"="127.%s.%d"\n' "$id" "$HVSOCKET_NET" $((number++)); done
    } | wine_registry "$name"
}

# Sets or clears a fault for sockets made from now on: UnknownVmError DialError HangDial MaxSend ConflictAtListen RequireKey.
hvsocket_fault() { # NAME FAULT NUMBER
    printf '[%s]\n"%s"=dword:%08x\n' "$HVSOCKET_KEY" "$2" "$3" | wine_registry "$1"
}
