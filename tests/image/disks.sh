#!/bin/bash
# Disks and partition tables that our code wrote or read, judged by other people's programs: qemu-img,
# sgdisk, 7z, vhdiinfo, and libvhdi for chains.
#
#   disks.sh IMAGE_TOOL IMAGE_ORACLE
set -euo pipefail
tool=$1 oracle=$2
. "$(dirname "$0")/check.sh"
needs qemu-img sgdisk 7z vhdiinfo

# A disk of 80 MiB with noise at odd places; the writer leaves out what is zero.
truncate -s 80M raw.img
head -c 3000000 /dev/urandom | dd of=raw.img bs=512 seek=70001 conv=notrunc status=none
head -c 700 /dev/urandom >noise
truncate -s 1024 noise

for block in 1 2 32; do
    rm -f a.vhdx
    "$tool" from-raw a.vhdx raw.img $block
    check "qemu-img finds no fault with blocks of $block MiB" qemu-img check -q a.vhdx
    check "the content is that of the raw disk, says qemu-img" qemu-img compare -q a.vhdx raw.img
    same "and say we" <("$tool" cat a.vhdx) raw.img
done
contains "vhdiinfo reads it" "Disk type[[:space:]]*: Dynamic" vhdiinfo a.vhdx

# What qemu-img writes, we read.
qemu-img convert -q -f raw -O vhdx raw.img qemu.vhdx
same "we read a disk of qemu-img" <("$tool" cat qemu.vhdx) raw.img
qemu-img convert -q -f raw -O vhdx -o subformat=fixed raw.img fixed.vhdx
same "a fixed one too" <("$tool" cat fixed.vhdx) raw.img

# A chain of three with changed sectors.
"$tool" child b.vhdx a.vhdx '.\a.vhdx'
"$tool" write b.vhdx $((70100 * 512)) noise
"$tool" write b.vhdx 0 raw.img
"$tool" child c.vhdx b.vhdx '.\b.vhdx'
"$tool" write c.vhdx $((512 * 4001)) noise
contains "vhdiinfo knows the child" "Disk type[[:space:]]*: Differential" vhdiinfo c.vhdx
cp raw.img wanted.img
dd if=noise of=wanted.img bs=512 seek=4001 conv=notrunc status=none
same "the chain has the content of all three" <("$tool" cat c.vhdx) wanted.img
same "libvhdi sees the same through it" <("$oracle" vhdi c.vhdx b.vhdx a.vhdx) wanted.img
parent=$(vhdiinfo a.vhdx | sed -n 's/.*Identifier.*: //p')
contains "the child names its parent by the identifier that vhdiinfo shows" \
    "Parent identifier[[:space:]]*: $parent" vhdiinfo b.vhdx

# Partition tables of both kinds of sector, raw and in a disk.
for sector in 512 4096; do
    rm -f table.img
    truncate -s 1G table.img
    "$tool" layout table.img $sector
    if [ $sector = 512 ]; then
        contains "sgdisk finds no fault in the table" "No problems found" sgdisk -v table.img
        contains "the first partition is an ESP" "1 .*EF00" sgdisk -p table.img
        contains "the second one is reserved" "2 .*0C01" sgdisk -p table.img
        contains "the third one is for Windows" "3 .*0700" sgdisk -p table.img
    fi
    [ "$("$tool" partitions table.img $sector | wc -l)" = 3 ] || fail "three partitions with $sector"
done
rm -f windows.vhdx
"$tool" create windows.vhdx 2048 2
"$tool" layout windows.vhdx
check "qemu-img finds no fault in the disk" qemu-img check -q windows.vhdx
contains "7z sees the partitions in it" "272629760 .*EFI system partition" 7z l windows.vhdx
qemu-img convert -q -f vhdx -O raw windows.vhdx windows.img
contains "sgdisk finds no fault in its table" "No problems found" sgdisk -v windows.img

# What sgdisk writes, we read; also from the copy at the end.
truncate -s 300M other.img
sgdisk -n 1:0:+100M -t 1:EF00 -c 1:ESP -n 2:0:+50M -n 3:0:0 -t 3:0700 -c 3:数据 other.img >/dev/null
contains "a table of sgdisk is read" "^3 .*ebd0a0a2-.* 数据" "$tool" partitions other.img
dd if=/dev/zero of=other.img bs=512 seek=1 count=1 conv=notrunc status=none
contains "its copy serves" "from the copy" "$tool" partitions other.img
sgdisk -b /dev/null other.img >/dev/null 2>&1 || true

"$tool" dirty windows.vhdx
refused "a disk with a log is refused" "not closed cleanly" "$tool" cat windows.vhdx
"$tool" write a.vhdx 0 noise
refused "a changed parent is refused" "was changed after" "$tool" cat c.vhdx
done_checking
