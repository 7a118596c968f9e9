# shellcheck shell=bash disable=SC2034,SC2154
# The rules of displays, as the emulator keeps them.
PROGRAM=$BINARIES/tests/emulator/display/emulator_display_check.exe
DEVICE='\\?\ROOT#DISPLAY#0000#{00b41627-04c4-429e-a26e-0265cf50c8fa}'

need wine_prefix guest
need system_install guest emulator_display_check.exe
check "session 0 sees no displays" in_session guest 0 "$PROGRAM" blind
check "without an adapter the basic display is left" wine_run guest "$PROGRAM" basic
need system_devices guest
check "displays keep their rules" wine_run guest "$PROGRAM" console "$DEVICE"
need session guest user alice
need session guest enhanced
check "an enhanced session sees no displays" in_session guest 1 "$PROGRAM" blind
check "the logon screen does" in_session guest 2 "$PROGRAM" database
