# shellcheck shell=bash disable=SC2034,SC2154
# One command from an ISO to a VM that is healthy: the release gpupv.exe on Hyper-V's emulated provider makes disk and VM,
# whose start boots another prefix with the release agent; they meet over Hyper-V sockets with the key from the disk. The
# guest's Windows is the simulated one.
. "$HERE/disks.sh"
. "$HERE/hyperv.sh"
. "$HERE/signing.sh"
. "$HERE/installers.sh"
GPUPV=$BINARIES/host/gpupv.exe
WINE_LIMIT=240

command -v osslsigncode >/dev/null || { echo "no osslsigncode"; exit 77; }
need wine_prefix pc
need wine_prefix guest
need disks_install pc 26100 gpupv.exe
need hyperv_install pc
need installers_make
for machine in pc guest; do
    need wine_emulator $machine "$BINARIES/emulator/ws2_32.dll" gpupv.exe gpupv-agent.exe
done
need system_install guest gpupv-agent.exe
rm -rf "$WINE_WORK/run" && mkdir -p "$WINE_WORK/run" && cd "$WINE_WORK/run" || exit 1

need wine_run pc "$BINARIES/tests/image_tool.exe" windows tree
mkdir -p tree/Windows/Boot/EFI
echo loader >tree/Windows/Boot/EFI/bootmgfw.efi
cp tree/Windows/System32/config/SYSTEM tree/Windows/System32/config/BCD-Template
cp "$IMAGE_FIXTURES/wim.iso" windows.iso
mkdir -p windows.iso.tree/sources/install.wim.tree
cp "$IMAGE_FIXTURES/install.wim" windows.iso.tree/sources/
cp -r tree windows.iso.tree/sources/install.wim.tree/1
cp -r tree windows.iso.tree/sources/install.wim.tree/2

gpupv() { GUEST_PASSWORD='Geheim <&> 1' GPUPV_AGENT="Z:$BINARIES/guest/gpupv-agent.exe" wine_run pc "$GPUPV" "$@"; }

# The hardware of the guest: what the emulated Hyper-V starts and stops.
cat >hook <<END
#!/bin/bash
exec >>'$WINE_WORK/run/hook.log' 2>&1 </dev/null
echo "\$@"
unset WINEDLLOVERRIDES WINELOADERNOEXEC WINESERVERSOCKET
agent() { WINEPREFIX='$WINE_WORK/guest' '$WINE64' '$BINARIES/guest/gpupv-agent.exe' "\$@"; }
beat() { echo "\$1" >'$WINE_WORK/pc/drive_c/emulator/hyperv/heartbeat/'"\$id"; }
id=\${2^^} disk='$WINE_WORK/run/disk' pid='$WINE_WORK/run/pid'
halt() { [ ! -e \$pid ] || { read -r old <\$pid; rm -f \$pid; kill -9 \$old; }; }
# The first start finds what gpupv put on the disk.
prepare() {
    [ ! -e \$disk/agent/key.json ] || return
    agent sim "Z:\$disk" init fresh
    from=\$(dirname "\$(find '$WINE_WORK/pc/drive_c/emulator/volumes' -name key.json | head -1)")
    mkdir -m 700 -p \$disk/agent && cp -r "\$from/." \$disk/agent/
    agent sim "Z:\$disk" break network=ok vm_id=\${2,,} session.user=player
}
run() {
    local boot=--boot
    while :; do
        agent run --simulate "Z:\$disk" --listen hyperv \$boot &
        echo \$! >\$pid
        beat ok
        wait \$!
        code=\$?
        echo "agent ended: \$code"
        [ -e \$pid ] || return
        boot=
        [ \$code != 194 ] || boot=--boot
        [ \$code != 195 ] || { rm -f \$pid; beat off; return; }
    done
}
case \$1 in
start | reset) halt; prepare "\$@"; run & ;;
stop) halt ;;
shutdown) halt; beat off ;;
reboot) halt; run & ;;
esac
END
chmod +x hook
hyperv_seed pc <<<'{"cpus": 16, "memory_mb": 32768}'
need hyperv_set pc JobMs=10 StateLagMs=10 HeartbeatMs=10 Jobs=3
need hyperv_hook pc "$WINE_WORK/run/hook"
for i in parsec-windows.exe parsec-vdd-0.45.0.0.exe VBCABLE_Driver_Pack45.zip; do
    need gpupv payload add "Z:$PAYLOADS/$i"
done
vm() { hyperv_state pc "vms()['own']['Name']"; }

check "a VM is made from an ISO" gpupv create own --iso windows.iso --disk-size 20 --memory 4G --cpus 2 --user player \
    --password-from env:GUEST_PASSWORD --parent none --gpu-attach never --yes
VM=$(vm | tr 'A-F' 'a-f')
need hvsocket_machine pc host "$VM"
need hvsocket_machine guest "$VM" "$VM"
check "up starts it, meets its agent and waits until it is at rest" gpupv up own --yes --timeout 200
check "Hyper-V had the machine started, and its guest is the one that the disk was made for" grep -qi "^start $VM" hook.log
check "status says that it is healthy" prints 'own: healthy' gpupv status own
check "and ends with 0" exits_with 0 gpupv status own --json
check "up of a healthy VM changes nothing" exits_with 0 gpupv up own --yes --timeout 200
check "it shuts down when it is asked" prints "off" gpupv stop own
check "and starts again" prints "started" gpupv start own
check "status knows it again" prints '"agent_up":true|healthy|needs_sign_in' gpupv status own --json
check "it is switched off and removed" eval 'gpupv stop own --force && gpupv remove own --yes'
