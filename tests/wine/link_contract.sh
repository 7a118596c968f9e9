# shellcheck shell=bash disable=SC2034,SC2154
# The contract of links over Hyper-V sockets, on the loopback of a host and of a guest.
VM=12345678-aaaa-bbbb-cccc-0123456789ab

for machine in host guest; do
    need wine_prefix $machine
    need wine_emulator $machine "$BINARIES/emulator/ws2_32.dll" test_link_contract.exe
done
need hvsocket_machine host host $VM
need hvsocket_machine guest $VM $VM
check "links keep their contract on the host" wine_run host "$BINARIES/tests/test_link_contract.exe" hyperv
check "links keep their contract in a guest" wine_run guest "$BINARIES/tests/test_link_contract.exe" hyperv
need hvsocket_fault host MaxSend 20000
check "links keep their contract when sends are short" wine_run host "$BINARIES/tests/test_link_contract.exe" hyperv
