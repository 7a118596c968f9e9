# shellcheck shell=bash disable=SC2034,SC2154
# The release gpupv.exe makes a VM from an ISO: payloads, machine, record and key, disk with the agent in it, which goes
# into the machine's drive at last. What fails on the way is taken back whole.
. "$HERE/disks.sh"
. "$HERE/hyperv.sh"
. "$HERE/signing.sh"
. "$HERE/installers.sh"
GPUPV=$BINARIES/host/gpupv.exe
WINE_LIMIT=120

command -v osslsigncode >/dev/null || { echo "no osslsigncode"; exit 77; }
need wine_prefix pc
need disks_install pc 26100 gpupv.exe
need hyperv_install pc
need installers_make
DRIVE=$WINE_WORK/pc/drive_c
DATA=$DRIVE/ProgramData/gpupv
DISKS="$DRIVE/users/Public/Documents/Hyper-V/Virtual Hard Disks"
[ -d "$DRIVE/users" ] || DISKS="$DRIVE/Users/Public/Documents/Hyper-V/Virtual Hard Disks"
rm -rf "$WINE_WORK/run" && mkdir -p "$WINE_WORK/run" && cd "$WINE_WORK/run" || exit 1

# A real ISO with a real WIM; what the emulator of wimgapi unpacks lies beside it.
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
create() { # NAME OPTION...
    gpupv create "$1" --iso windows.iso --disk-size 20 --memory 4G --cpus 2 --user player \
        --password-from env:GUEST_PASSWORD --yes "${@:2}"
}
resources() { hyperv_state pc "[(r['ResourceSubType'], r.get('HostResource'), r.get('VirtualQuantity')) for r in rows('$1') if 'Definition' not in r['InstanceID']]"; }
settings() { hyperv_state pc "settings('$1')"; }
# No VM, no disk, no record, no key.
nothing_left() {
    local left
    left=$(hyperv_state pc "[vm for vm in vms()]" | grep -v '^\[\]$'
        find "$DISKS" "$DATA/store/vms" -mindepth 1 2>/dev/null
        find "$DATA/store/journal" -mindepth 1 ! -name '*.lock' 2>/dev/null)
    [ -z "$left" ] || { echo "left: $left"; return 1; }
}

hyperv_seed pc <<<'{"cpus": 16, "memory_mb": 32768}'
need hyperv_set pc JobMs=10 StateLagMs=10 HeartbeatMs=10 Jobs=3
for i in parsec-windows.exe parsec-vdd-0.45.0.0.exe VBCABLE_Driver_Pack45.zip; do
    check "the payload $i is taken" exits_with 0 gpupv payload add "Z:$PAYLOADS/$i"
done

check "a VM is made" prints "created|made" create own --parent none
check "its disk is in its drive" prints "own.vhdx" resources Msvm_StorageAllocationSettingData
check "the disk is whole for qemu-img" qemu-img check -q "$DISKS/own.vhdx"
check "it has its memory and no more" prints "'4096'" resources Msvm_MemorySettingData
check "it starts safely" prints "'SecureBootEnabled': True" settings own
check "it makes no checkpoints" prints "'UserSnapshotType': 2" settings own
check "Windows is shut down with the host" prints "'AutomaticShutdownAction': 4" settings own
check "its notes keep the marker alone" prints "'Notes': \['gpupv-[0-9a-f]+'\]" settings own
check "it has a virtual TPM" prints "True" hyperv_state pc "[r['TpmEnabled'] for r in rows('Msvm_SecuritySettingData')]"
check "it is on the Default Switch" prints "C08CB7B8" resources Msvm_EthernetPortAllocationSettingData
check "it is managed, and off" prints "own.*off" gpupv status
check "the same again changes nothing" exits_with 2 create own --parent none
check "remove takes the VM and its disk" exits_with 0 gpupv remove own --yes
check "and nothing is left" nothing_left

# ---- what fails ----
need disks_fault pc WIMApplyImage 1392 1
check "a damaged image is said" prints 'SHA-256' create own --parent none
check "and nothing is left of it" nothing_left
for i in AddResourceSettings ModifySystemSettings ModifyResourceSettings SetKeyProtector; do
    need hyperv_set_below pc jobfault $i=32768 Times$i=1
    check "a VM that Hyper-V cannot furnish ($i) is an error" exits_with 2 create own --parent none
    check "and nothing is left after $i" nothing_left
done
check "a switch that is not there" exits_with 2 create own --parent none --switch Nowhere
check "leaves nothing" nothing_left
