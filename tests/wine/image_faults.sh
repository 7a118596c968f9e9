# shellcheck shell=bash disable=SC2034,SC2154
# Every call of Windows that a build makes fails once: one error, no disk, nothing open.
. "$HERE/disks.sh"
PROGRAM=$BINARIES/tests/wine/image_exercise.exe
WINE_LIMIT=800

need wine_prefix pc
need disks_install pc 26100 image_exercise.exe
rm -rf "$WINE_WORK/run"
mkdir -p "$WINE_WORK/run/image.iso.tree/sources/image.wim.tree/1"
cd "$WINE_WORK/run" || exit 1
{ head -c 32769 /dev/zero; printf CD001; head -c 9999 /dev/zero; } >image.iso
{
    printf 'MSWIM\0\0\0\320\0\0\0\000\015\001\000\0\0\0\0\0\0\0\0gpupv-image-file\001\0\001\0\1\0\0\0'
    head -c 160 /dev/zero
} >image.iso.tree/sources/image.wim
need wine_run pc "$BINARIES/tests/image_tool.exe" windows image.iso.tree/sources/image.wim.tree/1
mkdir -p image.iso.tree/sources/image.wim.tree/1/Windows/Boot/EFI
echo program >program
echo loader >image.iso.tree/sources/image.wim.tree/1/Windows/Boot/EFI/bootmgfw.efi
echo template >image.iso.tree/sources/image.wim.tree/1/Windows/System32/config/BCD-Template

check "a build works" wine_run pc "$PROGRAM" build x.vhdx image.iso sources/image.wim 1
rm -f x.vhdx
calls=$(wine_run pc "$PROGRAM" calls | tr -d '\r')
check "it makes many calls" test "$calls" -gt 60
check "each may fail once" wine_run pc "$PROGRAM" faults x.vhdx image.iso sources/image.wim 1 "$calls"
# flushing may fail like all else, and is told; then changes are lost
check "and nothing is left" bash -c "! grep -E '^(LEAK|LETTER) ' '$WINE_WORK/pc/drive_c/emulator/image.log' | grep -v 'not written out'"
check "not even for a while" test -z "$(find work/run-* -mindepth 1 ! -name '*lock*' 2>/dev/null)"
