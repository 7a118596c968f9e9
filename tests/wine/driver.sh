# shellcheck shell=bash disable=SC2034,SC2154
# The host's driver package on Windows: from a GPU's interface path to its class key, its INF and the folder of the driver
# store, and what goes beside it. The machine is the emulated PnP manager's.
. "$HERE/pnp.sh"
PROGRAM=$BINARIES/tests/wine/driver_exercise.exe
GPU='PCI\VEN_10DE&DEV_2786&SUBSYS_889D1043&REV_A1\4&17f2a5f1&0&0008'
GPUPARAV='\\?\PCI#VEN_10DE&DEV_2786&SUBSYS_889D1043&REV_A1#4&17f2a5f1&0&0008#{064092b3-625e-43bf-9eb5-dc845897dd59}\GPUPARAV'
DISPLAY_CLASS='{4d36e968-e325-11ce-bfc1-08002be10318}'
VERSION=32.0.15.6094

driver_of() { wine_run host "$PROGRAM" "$1" 'C:\cache'; }
driver() { driver_of "$GPUPARAV"; }

# A card with the driver of its maker.
seed() {
    cat <<END
[HKEY_LOCAL_MACHINE\\Software\\gpupv-emulator\\pnp\\Drivers\\oem12.inf]
"HardwareIds"="PCI\\\\VEN_10DE&DEV_2786&SUBSYS_889D1043&REV_A1;PCI\\\\VEN_10DE&DEV_2786"
"Class"="Display"
"ClassGuid"="$DISPLAY_CLASS"
"Version"="$VERSION"
"Date"="05/14/2025"
"Provider"="NVIDIA"
"Manufacturer"="NVIDIA"
"Description"="NVIDIA GeForce RTX 4070"
"Service"="nvlddmkm"
"Original"="nv_dispi.inf"
[HKEY_LOCAL_MACHINE\\Software\\gpupv-emulator\\pnp\\Hardware\\${GPU//\\/#}]
"HardwareIds"="PCI\\\\VEN_10DE&DEV_2786&SUBSYS_889D1043&REV_A1;PCI\\\\VEN_10DE&DEV_2786"
"Description"="Video Controller"
END
}

store() { echo "$WINE_WORK"/host/drive_c/windows/system32/DriverStore/FileRepository/nv_dispi.inf_amd64_*; }

# The files of the package, and an INF that copies one of them to System32.
fill_store() {
    local folder name
    folder=$(store)
    [ -d "$folder" ] || { echo "no package in the store"; return 1; }
    for name in nvwgf2umx.dll nvlddmkm.sys nvcuda_loader64.dll nvcuda_loader32.dll nvml_loader.dll nvextra.dll vulkan-1-x64.dll; do
        echo "$name" >"$folder/$name"
    done
    printf '\r\n[DestinationDirs]\r\ngpu_copy=11\r\n[gpu.NT]\r\nCopyFiles=gpu_copy\r\n[gpu_copy]\r\nnvrenamed.dll,nvextra.dll\r\n' |
        iconv -f ascii -t utf-16le >>"$folder/nv_dispi.inf"
}

add_rules() { # CLASS-KEY
    cat <<END | wine_registry host
[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\Class\\$1\\CopyToVmOverwrite]
"0"=hex(7):6e,76,6d,6c,5f,6c,6f,61,64,65,72,2e,64,6c,6c,00,6e,76,6d,6c,32,2e,64,6c,6c,00,00
[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\nvlddmkm]
"Type"=dword:00000001
"Start"=dword:00000003
"ErrorControl"=dword:00000000
"Group"="Video"
END
}

need wine_prefix host
need pnp_install host driver_exercise.exe pnp.exe
seed >"$WINE_WORK/seed.reg"
need pnp_seed host "$WINE_WORK/seed.reg"
need fill_store
check "the package behind the card is read" prints "adapter NVIDIA GeForce RTX 4070 .* oem12.inf .* $VERSION" driver
CLASS_KEY=$(driver | sed -n 's/^adapter [^|]*| \([^|]*\) |.*/\1/p' | tr -d '\r')
check "its class key is that of a display adapter" test "${CLASS_KEY%\\*}" = "$DISPLAY_CLASS"
need add_rules "$CLASS_KEY"
check "the class key's rules count" prints 'loose system32/nvml2.dll <- .*nvml_loader.dll' driver
check "what the INF copies is copied" prints 'loose system32/nvrenamed.dll <- .*nvextra.dll' driver
check "the vendor's loaders get their names" prints 'loose syswow64/nvcuda.dll <- .*nvcuda_loader32.dll' driver
check "the service gets its values" prints 'value Start = 3' driver
check "and the path of the driver in the guest" prints 'value ImagePath = .*HostDriverStore.*nvlddmkm.sys' driver
check "the link of the package is asked for" prints 'link nv_dispi.inf_amd64_' driver
check "nothing is read again while nothing changes" prints ' 0 read' driver
check "the instance is as good as the interface" prints "^package nv_dispi" driver_of "$GPU"
check "a card that is not there is not found" prints '^not_found: .*no display adapter' driver_of 'PCI\VEN_10DE&DEV_0000\1'
rm -rf "$(store)"
check "a package that left the store is said" prints '^not_found: .*is not in the driver store' driver
