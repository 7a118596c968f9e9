# shellcheck shell=bash disable=SC2034,SC2154
# The rules of the display kernel interface, as the emulator keeps them.
PROGRAM=$BINARIES/tests/emulator/gpu/emulator_gpu_check.exe

need wine_prefix guest
need system_install guest emulator_gpu_check.exe
check "without a partition there is no paravirtualised adapter" wine_run guest "$PROGRAM" none
need system_devices guest
need encoder_install guest
check "adapters keep their rules" in_session guest 0 "$PROGRAM" guest
