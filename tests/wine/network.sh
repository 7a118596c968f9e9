# shellcheck shell=bash disable=SC2034,SC2154
# Parsec's servers and a proxy on loopback, and machines that are told to ask them. Sourced by scripts; needs openssl.

NETWORK=$WINE_WORK/network

# Starts the servers; they end with the run.
network_start() {
    mkdir -p "$NETWORK" && rm -f "$NETWORK/ports" "$NETWORK/modes" &&
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=localhost' \
            -keyout "$NETWORK/server.key" -out "$NETWORK/server.pem" 2>/dev/null || return 1
    python3 -B "$HERE/../emulator/network/servers.py" "$NETWORK" </dev/null >"$NETWORK/log" 2>&1 &
    network_pid=$!
    wine_background+=("$network_pid")
    local left=100
    until [ -f "$NETWORK/ports" ]; do
        [ $((left--)) -gt 0 ] || { cat "$NETWORK/log"; return 1; }
        sleep 0.1
    done
}

network_port() { # NAME
    sed -n "s/^$1 //p" "$NETWORK/ports"
}

# How they behave from now on: see emulator/network/servers.py. No MODE: all is well.
network_modes() { # MODE...
    printf '%s\n' "$@" >"$NETWORK/modes"
}

# The machine asks these servers instead of Parsec's.
network_machine() { # NAME
    {
        printf '[HKEY_LOCAL_MACHINE\\SOFTWARE\\gpupv-agent\\settings\\network]\n'
        for name in Api Ws Stun; do
            printf '"%sHost"="127.0.0.1"\n"%sPort"=dword:%08x\n' $name $name "$(network_port "${name,,}")"
        done
    } | wine_registry "$1"
}
