# shellcheck shell=bash disable=SC2034,SC2154
# The released gpupv.exe makes a disk that starts Windows, with the agent in it: from an ISO, on a Windows that has
# neither Hyper-V nor a VM. Other people's programs judge the file, its registry and its answer file. Then it is
# interrupted, killed and made to fail.
. "$HERE/disks.sh"
GPUPV=$BINARIES/host/gpupv.exe
WINE_LIMIT=90

need wine_prefix pc
need disks_install pc 26100 gpupv.exe
rm -rf "$WINE_WORK/run" && mkdir -p "$WINE_WORK/run" && cd "$WINE_WORK/run" || exit 1
STATE=$WINE_WORK/pc/drive_c/ProgramData/gpupv
VOLUMES=$WINE_WORK/pc/drive_c/emulator/volumes
export WINEPATH=${WINEPATH:-}

# A real ISO with a real WIM; what the emulator of wimgapi unpacks lies beside it.
need wine_run pc "$BINARIES/tests/image_tool.exe" windows tree
mkdir -p tree/Windows/Boot/EFI
echo loader >tree/Windows/Boot/EFI/bootmgfw.efi
cp tree/Windows/System32/config/SYSTEM tree/Windows/System32/config/BCD-Template
for i in 1 2 3 4 5 6 7 8 9; do echo $i >tree/Windows/System32/$i.dll; done
cp "$IMAGE_FIXTURES/wim.iso" windows.iso
mkdir -p windows.iso.tree/sources/install.wim.tree
cp "$IMAGE_FIXTURES/install.wim" windows.iso.tree/sources/
cp -r tree windows.iso.tree/sources/install.wim.tree/1
cp -r tree windows.iso.tree/sources/install.wim.tree/2

gpupv() { GUEST_PASSWORD='Geheim <&> 1' GPUPV_AGENT="Z:$BINARIES/guest/gpupv-agent.exe" wine_run pc "$GPUPV" "$@"; }
build() { gpupv images build windows.iso --disk-size 20 "$@"; }
volume() { find "$VOLUMES" -path "*/$1" -printf '%p\n' | head -1; } # a file of the only Windows volume
value() { hivexget "$(volume Windows/System32/config/SYSTEM)" "\\ControlSet001\\Services\\gpupv-agent$1" "$2"; }
# The build fails with the text in its error or hint, with that exit code, and leaves nothing.
fails() { # CODE PATTERN OPTION...
    local code=$1 pattern=$2
    shift 2
    prints "$pattern" exits_with "$code" build --out x.vhdx "$@" && nothing_left
}
nothing_left() {
    local left
    left=$(ls x.vhdx* "$STATE"/store/journal/* 2>/dev/null; find "$STATE/work" -mindepth 1 ! -name '*.lock' 2>/dev/null)
    [ -z "$left" ] || { echo "left: $left"; return 1; }
    disks_clean pc
}

check "a disk is built, and shown as JSON" prints '"disk":"Z:.*own.vhdx".*"edition":"Professional".*"computer":"own"' \
    build --edition Professional --out own.vhdx --user player --password-from env:GUEST_PASSWORD --json
check "it is whole for qemu-img" qemu-img check -q own.vhdx
check "and for libvhdi" prints Dynamic vhdiinfo own.vhdx
check "its partition table is sound" bash -c 'qemu-img convert -O raw own.vhdx own.raw && sgdisk -v own.raw | grep "No problems found"; code=$?; rm -f own.raw; exit $code'
check "the boot files are there" test -s "$(volume EFI/Boot/bootx64.efi)"
check "the agent is in it" cmp "$(volume 'Program Files/gpupv/gpupv-agent.exe')" "$BINARIES/guest/gpupv-agent.exe"
check "its service starts with Windows" prints '^2$|00000002' value "" Start
check "from there" prints '^"%ProgramFiles%.gpupv.gpupv-agent.exe" service$' value "" ImagePath
answers=$(volume Windows/Panther/unattend.xml)
check "the answer file is well-formed" xmllint --noout "$answers"
check "and names the user" prints '^player$' xmllint --xpath 'string(//*[local-name()="LocalAccount"]/*[local-name()="Name"])' "$answers"
check "no password stands in it" bash -c "! grep -q Geheim '$answers'"
check "nothing is left open or over" nothing_left
check "there it is not made twice" exits_with 2 build --out own.vhdx
check "nor with another ending" exits_with 64 build --out own.vhd
rm -rf own.vhdx

# ---- stopped ----
need disks_set pc ApplySlowMs=dword:3e8
wine_start pc "$WINE_WORK/build.log" "$GPUPV" images build windows.iso --disk-size 20 --out x.vhdx
need wine_wait_for "$WINE_WORK/build.log" 'applying Windows' 60
check "a build that lives is left alone by 'images clean'" prints 'nothing to clean' gpupv images clean
check "it lives" test -e x.vhdx.build.vhdx
kill -INT "$wine_pid"
check "Ctrl+C cancels it" exits_with 2 wine_finish "$wine_pid" 40
check "says so" grep -q cancelled "$WINE_WORK/build.log"
check "and leaves nothing" nothing_left
wine_start pc "$WINE_WORK/build.log" "$GPUPV" images build windows.iso --disk-size 20 --out x.vhdx
need wine_wait_for "$WINE_WORK/build.log" 'applying Windows' 60
wine_kill "$wine_pid"
check "killed half-way it leaves a disk" test -e x.vhdx.build.vhdx
check "that nobody takes for one" test ! -e x.vhdx
disks_log_new pc
need disks_set pc ApplySlowMs=-
check "which 'images clean' removes" prints 'x.vhdx' gpupv images clean
check "all of it" nothing_left
check "then there is nothing more" prints 'nothing to clean' gpupv images clean
need disks_set pc ApplySlowMs=dword:300
wine_start pc "$WINE_WORK/build.log" "$GPUPV" images build windows.iso --disk-size 20 --out x.vhdx
need wine_wait_for "$WINE_WORK/build.log" 'making partitions' 60
wine_kill "$wine_pid"
disks_log_new pc
need disks_set pc ApplySlowMs=-
check "the next build of it takes away what the last one left" build --out x.vhdx
rm -f x.vhdx
check "with all else" nothing_left

# ---- what fails ----
need disks_fault pc WIMApplyImage 1392 1
check "a damaged image" fails 2 'SHA-256'
need disks_fault pc WIMApplyImage 112 1
check "a full drive" fails 2 'Make room'
need disks_fault pc CreateVirtualDisk 5 9
check "no right to make a disk" fails 77 'x.vhdx'
need disks_fault pc CreateVirtualDisk 0
need disks_set pc 'HostFileSystem="FAT32"'
check "a drive with FAT32" fails 69 'NTFS or ReFS'
need disks_set pc 'HostFileSystem=-' 'Bcdboot="empty"'
check "no boot files" fails 2 'did not write EFI'
need disks_set pc 'Bcdboot=-'
check "an edition that the image has not" fails 64 'Education' --edition Education
check "a password that is nowhere" fails 64 'NOWHERE' --user player --password-from env:NOWHERE
check "an image that is not there" prints 'there is no file' exits_with 2 gpupv images build none.iso --out x.vhdx
