# shellcheck shell=bash disable=SC2034,SC2154
# The rules of Hyper-V's WMI provider, as the emulator keeps them.
. "$HERE/hyperv.sh"
PROGRAM=$BINARIES/tests/emulator/hyperv/emulator_hyperv_check.exe

SEED='{}'

group() { # NAME
    hyperv_seed host <<<"$SEED" && wine_run host "$PROGRAM" "$1" || { hyperv_log host | tail -30; return 1; }
}

need wine_prefix host
need hyperv_install host
check "connecting, rights and the service" group connect
check "the published order makes a machine" group machine
