# shellcheck shell=bash disable=SC2034,SC2154
# Disks built by the port of Windows: from a WIM and an ISO, in every way that Windows may fail or be different. Other
# people's programs judge the files.
. "$HERE/disks.sh"
PROGRAM=$BINARIES/tests/wine/image_exercise.exe
WINE_LIMIT=60

need wine_prefix pc
need disks_install pc 26100 image_exercise.exe
rm -rf "$WINE_WORK/run"
mkdir -p "$WINE_WORK/run"
cd "$WINE_WORK/run" || exit 1

exercise() { wine_run pc "$PROGRAM" "$@"; }
# Settings for one command, and none after it.
with() { # SETTING... -- COMMAND...
    local settings=() undo=() code
    while [ "$1" != -- ]; do settings+=("$1") undo+=("${1%%=*}=-"); shift; done
    shift
    disks_set pc "${settings[@]}"
    "$@"
    code=$?
    disks_set pc "${undo[@]}"
    return $code
}
# The build fails with the text in its error and hint, and leaves nothing.
fails() { # PATTERN
    prints "$1" exercise build x.vhdx image.wim - 1 && test ! -e x.vhdx && disks_clean pc
}
succeeds() { exercise build x.vhdx image.wim - 1 && rm -f x.vhdx && disks_clean pc; }

# A Windows image: the header of a real file, and its content beside it (tests/emulator/wimgapi/images.h).
image() { # FILE VERSION PART PARTS
    {
        printf 'MSWIM\0\0\0\320\0\0\0'"$2"'\0\0\0\0\0\0\0\0'
        printf "gpupv-image-file\\$3\0\\$4\0\2\0\0\0"
        head -c 160 /dev/zero
    } >"$1"
}
WINDOWS='\000\015\001\000' SOLID='\000\016\000\000'
image image.wim "$WINDOWS" 1 1
need wine_run pc "$BINARIES/tests/image_tool.exe" windows image.wim.tree/1
mkdir -p image.wim.tree/1/Windows/Boot/EFI image.wim.tree/2
echo program >program
echo loader >image.wim.tree/1/Windows/Boot/EFI/bootmgfw.efi
echo template >image.wim.tree/1/Windows/System32/config/BCD-Template
for i in 1 2 3 4 5 6 7 8; do echo $i >image.wim.tree/1/Windows/System32/$i.dll; done
image image.esd "$SOLID" 1 1
cp -r image.wim.tree image.esd.tree
image image.swm "$WINDOWS" 1 2
image image2.swm "$WINDOWS" 2 2
cp -r image.wim.tree image.swm.tree
{ head -c 32769 /dev/zero; printf CD001; head -c 9999 /dev/zero; } >image.iso
mkdir -p image.iso.tree/sources
cp -r image.wim image.wim.tree image.iso.tree/sources/

check "a disk is built from a WIM" exercise build a.vhdx image.wim - 1
check "it is whole for qemu-img" qemu-img check a.vhdx
check "and for libvhdi" prints 'Dynamic' vhdiinfo a.vhdx
check "its partition table is sound" bash -c 'qemu-img convert -O raw a.vhdx a.raw && sgdisk -v a.raw | grep "No problems found"; code=$?; rm -f a.raw; exit $code'
check "its Windows is there when it is attached again" prints 'Windows is there' exercise attach a.vhdx read
check "it is built where something is already only when that is gone" prints 'exists: .*already' exercise build a.vhdx image.wim - 1
check "a child is made" exercise child b.vhdx a.vhdx
check "libvhdi finds its parent" prints 'Differential|Differencing' vhdiinfo b.vhdx
check "it has its parent's Windows" prints 'Windows is there' exercise attach b.vhdx write
check "a child cannot be copied at once" prints 'unsupported: ' exercise copy c.vhdx b.vhdx instant
check "a copy of it stands alone" exercise copy c.vhdx b.vhdx
check "for qemu-img too" qemu-img check c.vhdx
check "where blocks can be shared a disk is copied at once" with BlockClone=dword:1 -- exercise copy d.vhdx a.vhdx instant
check "with the same content" cmp a.vhdx d.vhdx
check "from the WIM in an ISO" exercise build f.vhdx image.iso sources/image.wim 1
check "from a solid ESD" exercise build g.vhdx image.esd - 1
check "from a split image" exercise build h.vhdx image.swm - 1
check "nothing was left open" disks_clean pc
rm -f [b-h].vhdx

# ---- which loader ----
loader() { cat "$(find "$WINE_WORK/pc/drive_c/emulator/volumes" -path '*/EFI/Boot/bootx64.efi' -printf '%C@ %p\n' | sort -n | tail -1 | cut -d' ' -f2-)"; }
check "an image without the loader of 2023 gets the one it has, also when that is wanted" exercise build e.vhdx image.wim - 1 0 ex
check "which it is" prints '^loader$' loader
mkdir -p image.wim.tree/1/Windows/Boot/EFI_EX
echo "loader of 2023" >image.wim.tree/1/Windows/Boot/EFI_EX/bootmgfw_EX.efi
rm -f e.vhdx
check "an image with it gets it when it is wanted" exercise build e.vhdx image.wim - 1 0 ex
check "indeed" prints '^loader of 2023$' loader
rm -f e.vhdx
check "and the other one when it is not" exercise build e.vhdx image.wim - 1
check "indeed so" prints '^loader$' loader
rm -rf e.vhdx image.wim.tree/1/Windows/Boot/EFI_EX
need cp "$BINARIES/emulator/tools/22621/bcdboot.exe" "$WINE_WORK/pc/drive_c/windows/system32/bcdboot.exe"
check "a bcdboot that knows neither switch is not asked" exercise build e.vhdx image.wim - 1 0 ex
need cp "$BINARIES/emulator/tools/26100/bcdboot.exe" "$WINE_WORK/pc/drive_c/windows/system32/bcdboot.exe"
rm -f e.vhdx

# ---- another Windows ----
check "names of devices will do" with WimNames=dword:6 -- succeeds
check "folders will do" with WimNames=dword:4 -- succeeds
check "a wimgapi that does not know solid files" with OldWim=dword:1 -- succeeds
check "volumes without names of NT" with NoDeviceNames=dword:1 -- succeeds
check "a server keeps new disks offline" with ServerSan=dword:1 -- succeeds
check "volumes that come late" with VolumeDelayMs=dword:200 -- succeeds
check "volumes that never come are an error" with VolumeDelayMs=dword:ffffff -- fails 'did not appear in time'
check "bcdboot without /offline" with BcdbootNoOffline=dword:1 -- succeeds
check "bcdboot that does not take the locale" with BcdbootNoLocale=dword:1 -- succeeds
check "a computer that trusts the authority of 2023" with HostTrusts2023=dword:1 -- succeeds

# ---- what fails, and what is done about it ----
check "bcdboot that wrote nothing is not believed" with 'Bcdboot="empty"' -- fails 'did not write EFI'
check "bcdboot that hangs is ended" with 'Bcdboot="hang"' -- fails 'timeout: '
need disks_fault pc FormatEx 5
check "FormatEx that fails leaves it to format.com" succeeds
check "and format.com's failure is told" with 'Format="fail"' -- fails 'format.com failed with exit code 4'
need disks_fault pc FormatEx 0
need disks_fault pc WIMCreateFile 1243
check "a Windows stripped of wimgapi uses dism" succeeds
check "dism's damage is told" with 'Dism="1392"' -- fails 'damaged.*1392'
check "dism that stands still is ended" with 'Dism="silent"' -- fails 'stands still'
need disks_fault pc WIMCreateFile 0
check "wimgapi that stands still is left behind" prints 'stands still' with WimSilent=dword:1 -- exercise build x.vhdx image.wim - 1
rm -f x.vhdx
disks_log_new pc
need disks_fault pc WIMApplyImage 1392 1
check "a damaged image has its hint" fails 'SHA-256'
need disks_fault pc WIMApplyImage 112 1
check "a full drive has its hint" fails 'Make room'
need disks_fault pc AttachVirtualDisk 32 2
check "a virus scanner that holds the new disk is waited for" succeeds
need disks_fault pc FSCTL_LOCK_VOLUME 5 3
check "an indexer on the volume is waited for" succeeds
need disks_fault pc DetachVirtualDisk 32 2
check "and one on the disk" succeeds
check "who is no administrator is told so" with NotAdministrator=dword:1 -- fails 'Run as administrator'
check "a compressed folder is refused" with FolderAttributes=dword:800 -- fails 'compressed or encrypted'
check "FAT32 is refused" with 'HostFileSystem="FAT32"' -- fails 'NTFS or ReFS'
check "a packed file is explained" with Packed=dword:1 -- fails 'neither compressed, encrypted nor sparse'
need wine_registry pc <<'REG'
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Policies\Microsoft\FVE]
"FDVDenyWriteAccess"=dword:1
REG
check "the policy about BitLocker is passed" succeeds
check "where it cannot be it is explained" with OldAttach=dword:1 -- fails 'policy of this computer'
need wine_registry pc <<'REG'
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Policies\Microsoft\FVE]
"FDVDenyWriteAccess"=-
REG
check "an index that is not there" prints 'not_found: ' exercise build x.vhdx image.wim - 9
check "a file that is no image" prints 'bad_input: .*damaged' exercise build x.vhdx a.vhdx - 1
check "cancelling leaves nothing" prints 'cancelled: ' exercise build x.vhdx image.wim - 1 1
check "nothing at all was left" test ! -e x.vhdx
check "nothing was left open" disks_clean pc

# ---- others ----
wine_start pc "$WINE_WORK/hold.log" "$PROGRAM" hold image.iso 30
holder=$wine_pid
need wine_wait_for "$WINE_WORK/hold.log" held 120
check "an ISO that somebody attached is used" exercise build x.vhdx image.iso sources/image.wim 1
rm -f x.vhdx
wine_kill "$holder"
wine_start pc "$WINE_WORK/hold.log" "$PROGRAM" hold a.vhdx 60
holder=$wine_pid
need wine_wait_for "$WINE_WORK/hold.log" held 120
check "a disk that somebody has is busy" prints 'busy: ' exercise attach a.vhdx write
wine_kill "$holder"
disks_log_new pc
check "and free when he died" exercise attach a.vhdx write
