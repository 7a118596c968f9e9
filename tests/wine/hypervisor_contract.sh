# shellcheck shell=bash disable=SC2034,SC2154
# Hyper-V's port against its emulated provider: the contract of the hypervisor port, however methods finish.
. "$HERE/hyperv.sh"
WINE_LIMIT=240 # of a busy machine
CONTRACT=$BINARIES/tests/wine/hypervisor_contract.exe

wine_prefix host
need hyperv_install host

contract() { # SETTING...
    hyperv_seed host <<<'{"cpus": 16, "memory_mb": 32768}'
    hyperv_set host JobMs=5 StateLagMs=5 HeartbeatMs=5 ShutdownMs=20 "$@" && wine_run host "$CONTRACT"
}

check "the contract holds when methods finish at once" contract Jobs=0
check "the contract holds when every method starts a job, on an old Windows in another language" contract Jobs=1 Language=1 Build=19045
