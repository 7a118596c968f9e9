# shellcheck shell=bash disable=SC2034,SC2154
# The rules of the Parsec display driver's interface, as the emulator keeps them.
PROGRAM=$BINARIES/tests/emulator/parsec_vdd/emulator_parsec_vdd_check.exe
DISPLAYS=$BINARIES/tests/emulator/display/emulator_display_check.exe
DEVICE='\\?\ROOT#DISPLAY#0000#{00b41627-04c4-429e-a26e-0265cf50c8fa}'
LOG=$WINE_WORK/holder.log

# What is shown now has a monitor of the Parsec adapter, or has none.
shows_monitor() { prints '^[^ ]*ROOT#DISPLAY#0000' wine_run guest "$DISPLAYS" database; }
monitor_vanishes() { # within some seconds
    local left=60
    while shows_monitor; do
        [ $((left--)) -gt 0 ] || return 1
        sleep 0.2
    done
}

need wine_prefix guest
need system_install guest emulator_parsec_vdd_check.exe emulator_display_check.exe
check "without the device there is no interface" wine_run guest "$PROGRAM" absent "$DEVICE"
need system_devices guest
check "the driver keeps its rules" wine_run guest "$PROGRAM" device "$DEVICE"
need session guest user alice
need system_set guest vdd TimeoutMs=3000 # a busy machine takes its time, and pings come late
need wine_start guest "$LOG" "$PROGRAM" holder "$DEVICE"
check "a program holds a monitor" wine_wait_for "$LOG" '^holding'
sleep 3.5
check "it is still there after its time" shows_monitor
wine_kill "$wine_pid"
check "it vanishes when its holder is killed" monitor_vanishes
