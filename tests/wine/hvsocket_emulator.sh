# shellcheck shell=bash disable=SC2034,SC2154
# The rules of Hyper-V sockets, as the emulator keeps them, on a host and in a guest.
VM=12345678-aaaa-bbbb-cccc-0123456789ab
PROGRAM=$BINARIES/tests/emulator/hvsocket/emulator_hvsocket_check.exe

need wine_prefix host
need wine_prefix guest
check "Wine itself does not know the family" wine_run host "$PROGRAM" absent
for machine in host guest; do
    need wine_emulator $machine "$BINARIES/emulator/ws2_32.dll" emulator_hvsocket_check.exe
done
check "a prefix that is no machine does not know the family" wine_run host "$PROGRAM" absent
need hvsocket_machine host host $VM
need hvsocket_machine guest $VM $VM
check "the family keeps its rules on the host" wine_run host "$PROGRAM" host $VM
check "the family keeps its rules in a guest" wine_run guest "$PROGRAM" guest
