# shellcheck shell=bash disable=SC2034,SC2154
# The release gpupv.exe against Hyper-V's emulated provider: what commands say, change, and end with. The record of the VM
# that it manages comes from the simulation, whose store is the same.
. "$HERE/hyperv.sh"
GPUPV=$BINARIES/host/gpupv.exe
DATA=$WINE_WORK/host/drive_c/ProgramData/gpupv
FIRST='PCI\VEN_10DE&DEV_2786&SUBSYS_40EE10DE&REV_A1\4&2283F625&0&0008'
SECOND='PCI\VEN_10DE&DEV_2786&SUBSYS_40EE10DE&REV_A1\4&2283F625&0&0009'
VM=5b1f2e70-0000-4000-8000-00000000000a

gpupv() { # ARGUMENT...
    wine_run host "$GPUPV" "$@"
}

# A host with two cards of one name, a neural processor, and a VM that somebody made.
seed() { # [MAX_MMIO_MB]
    local i comma=
    hyperv_seed host <<END
{"cpus": 16, "memory_mb": 32768, "max_mmio_mb": ${1:-262144},
 "gpus": [$(for i in "$FIRST" "$SECOND" 'PCI\VEN_8086&DEV_7D1D\3&11583659&0&58'; do
        printf '%s{"Name": "\\\\\\\\?\\\\%s#{064092b3-625e-43bf-9eb5-dc845897dd59}\\\\GPUPARAV"}' "$comma" "${i//\\/#}"; comma=,
    done)],
 "cimv2": {"Win32_VideoController": [
   {"DeviceID": "VideoController1", "Name": "NVIDIA GeForce RTX 4070", "PNPDeviceID": "${FIRST//\\/\\\\}", "DriverVersion": "32.0.15.6094"},
   {"DeviceID": "VideoController2", "Name": "NVIDIA GeForce RTX 4070", "PNPDeviceID": "${SECOND//\\/\\\\}", "DriverVersion": "32.0.15.6094"}],
  "Win32_PnPEntity": [
   {"DeviceID": "PCI\\\\VEN_8086&DEV_7D1D\\\\3&11583659&0&58", "Name": "Intel(R) AI Boost", "ClassGuid": "{f01a9d53-3ff6-48d2-9f97-c8a7004be10c}"}]},
 "vms": [{"name": "lab", "id": "${VM^^}", "memory_mb": 4096, "disk": "C:\\\\disks\\\\lab.vhdx"}]}
END
    hyperv_set host JobMs=10 StateLagMs=10 HeartbeatMs=10 Jobs=3
}

# The store's record of the VM, as adopt makes it.
manage() {
    local state="$WINE_WORK/host/drive_c/sim" id
    gpupv --simulate='C:\sim' sim new lab && gpupv --simulate='C:\sim' adopt lab --accept-licenses || return 1
    id=$(basename "$state"/store/vms/*)
    mkdir -p "$DATA" && cp -r "$state/store" "$DATA/" && mv "$DATA/store/vms/$id" "$DATA/store/vms/$VM" &&
        sed -i "s/$id/$VM/g; s/\"gpu\":[[:space:]]*\"[^\"]*\"/\"gpu\":\"\"/" "$DATA/store/vms/$VM/"*.json
}

partitions() { hyperv_state host "[r['HostResource'][0] for r in rows('Msvm_GpuPartitionSettingData') if r['InstanceID'].upper().startswith('MICROSOFT:${VM^^}')]"; }
settings() { hyperv_state host "settings('lab')"; }

# How many calls `status` takes on a host with so many VMs.
calls_of_status() { # VMS
    local i comma=
    {
        printf '{"vms": ['
        for ((i = 0; i < $1; i++)); do printf '%s{"name": "vm%d"}' "$comma" "$i"; comma=,; done
        printf ']}'
    } | hyperv_seed host
    gpupv status --json >/dev/null # ends with 2: lab is gone
    hyperv_log host | grep -c '^[0-9]'
}

as_many_calls() { # VMS VMS
    local few many
    few=$(calls_of_status "$1") && many=$(calls_of_status "$2") && echo "$1 VMs: $few calls, $2 VMs: $many" &&
        [ "$few" -gt 5 ] && [ "$many" = "$few" ]
}

wine_prefix host
need hyperv_install host
mkdir -p "$WINE_WORK/host/drive_c/disks" && touch "$WINE_WORK/host/drive_c/disks/lab.vhdx"
need seed

check "gpus tells twins apart and marks what is no GPU" prints "AI Boost.*NPU" gpupv gpus
check "gpus as JSON is whole" prints '"kind":"npu","usable":false' gpupv gpus --json
check "a VM of somebody else is listed" prints "not managed" gpupv status lab
check "a VM that is off has no picture" exits_with 2 gpupv screenshot lab 'C:\off.png'

need manage
check "a choice among twins is not guessed" exits_with 64 gpupv gpu attach lab
check "a neural processor is refused" exits_with 69 gpupv gpu attach lab --gpu boost
check "the second card is attached with a share" prints "has a partition.*40 %" gpupv gpu attach lab --gpu "$SECOND" --share 40
check "its partition is pinned to that card" prints "2283F625&0&0009" partitions
check "the room for it is set before" prints "'HighMmioGapSize': '(32768|65536)'" settings
check "cache types are the guest's" prints "'GuestControlledCacheTypes': True" settings
check "it starts" prints "started" gpupv start lab --no-wait
check "while it runs nothing is attached" exits_with 2 gpupv gpu detach lab
check "while it runs nothing is set" exits_with 2 gpupv set lab memory=6G
check "its console has a picture" prints "1024x768" gpupv screenshot lab 'C:\on.png'
check "the picture is a PNG file" grep -qa PNG "$WINE_WORK/host/drive_c/on.png"
check "it is switched off" prints "off" gpupv stop lab --force
check "memory and processors change" prints "memory 4096 -> 6144, cpus [0-9]+ -> 3" gpupv set lab memory=6G cpus=3
check "more processors than there are are refused" exits_with 64 gpupv set lab cpus=17
check "a switch that is not there is named with those that are" prints "Default Switch" gpupv set lab switch=Nowhere
check "the GPU is taken away" prints "no GPU now" gpupv gpu detach lab
check "no partition is left" prints "^\[\]$" partitions
check "the start without the GPU works" prints "started" gpupv start lab --no-gpu --no-wait
check "and it is switched off again" exits_with 0 gpupv stop lab --force
check "without VMConnect the console says what to do" prints "screenshot" gpupv console lab

need seed 20000
check "a host whose addresses end early starts it with less room for the GPU" eval \
    'gpupv gpu attach lab --gpu "$FIRST" && gpupv start lab --no-wait && settings | grep -q "HighMmioGapSize.: .8192"'
check "switched off for what follows" exits_with 0 gpupv stop lab --force
need hyperv_set host BrokenStart=32768
check "a start that fails otherwise says what it can be, and what goes on" prints "no-gpu" gpupv start lab --no-wait
need seed
sed -i 's/0008"/0010"/' "$DATA/store/vms/$VM/vm.json"
check "a card that is gone from its place is not replaced by one of two" prints "not at its old place" gpupv gpu attach lab
need hyperv_set host RestartCall=4 RestartMs=700
check "a service that restarts is waited for" prints "off unexpectedly" gpupv status
check "64 VMs are as many questions as 2" as_many_calls 2 64

need hyperv_set host Vmms=0
check "a stopped service is said" prints "vmms" gpupv gpus
check "and ends with 69" exits_with 69 gpupv status
need hyperv_set host Vmms=1 Rights=0
check "missing rights are said, though nothing is refused" prints "Hyper-V Administrators" gpupv gpus
check "and end with 77" exits_with 77 gpupv status
need hyperv_set host ConnectDenied=1
check "a refused connection ends with 77, too" exits_with 77 gpupv status
need hyperv_set host ConnectDenied=0 Rights=2 Installed=0
check "a missing feature ends with 69" exits_with 69 gpupv gpus
