#!/bin/bash
# An ISO as large as those of Windows, made by genisoimage: an install.wim of more than 4 GiB in several
# extents, and files behind it.
#
#   large.sh GPUPV IMAGE_TOOL IMAGE_ORACLE FIXTURES
set -euo pipefail
gpupv=$1 tool=$2 oracle=$3 fixtures=$(readlink -f "$4")
. "$(dirname "$0")/check.sh"
needs genisoimage
trap 'rm -rf ../work' EXIT

# What follows the image in the WIM is not looked at, so it may be a hole.
mkdir -p medium/sources medium/zlast
cp "$fixtures/install.wim" medium/sources/
truncate -s 4300M medium/sources/install.wim
printf "tail\n" >end.txt
dd if=end.txt of=medium/sources/install.wim bs=1M seek=4300 conv=notrunc status=none
head -c 3000000 /dev/urandom >medium/zlast/behind.bin
genisoimage -quiet -udf -allow-limited-size -iso-level 3 -o large.iso medium 2>/dev/null
[ "$(stat -c %s large.iso)" -gt $((4300 << 20)) ] || fail "the ISO is large"

contains "its editions are listed" " 2 +Professional +Windows 11 专业版" "$gpupv" images large.iso
same "a file behind 4 GiB is read" <("$tool" iso-cat large.iso zlast/behind.bin) medium/zlast/behind.bin
same "libudfread reads the same" <("$oracle" udf large.iso /zlast/behind.bin) medium/zlast/behind.bin
same "the large file is read to its end" <("$tool" iso-cat large.iso sources/install.wim | tail -c 1000) \
    <(tail -c 1000 medium/sources/install.wim)
done_checking
