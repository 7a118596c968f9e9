#!/bin/bash
# Files in ISOs: what genisoimage writes and what the builder of the tests writes is read by us, by
# libudfread and by 7z, and all agree.
#
#   udf.sh IMAGE_TOOL IMAGE_ORACLE FIXTURES
set -euo pipefail
tool=$1 oracle=$2 fixtures=$(readlink -f "$3")
. "$(dirname "$0")/check.sh"
needs 7z

for iso in wim.iso:sources/install.wim:install.wim swm.iso:sources/install2.swm:split/install2.swm \
    esd.iso:Sources/Install.ESD:install.esd dual.iso:x64/sources/install.esd:install.esd; do
    IFS=: read -r image inside original <<<"$iso"
    same "we read $inside of $image" <("$tool" iso-cat "$fixtures/$image" "$inside") "$fixtures/$original"
    same "libudfread reads the same" <("$oracle" udf "$fixtures/$image" "/$inside") "$fixtures/$original"
    same "7z reads the same" <(7z e -so "$fixtures/$image" "$inside" 2>/dev/null) "$fixtures/$original"
done

# KIND EXTENT IN-ENTRY NEW: short and long descriptors, split into extents, in entries of UDF 2, and (7z
# lacks that) with the descriptors continued in tables. Extended descriptors neither of them reads.
head -c 1234567 /dev/urandom >content
shapes=("0 0 0 0" "1 0 0 0" "0 0 0 1" "0 8192 0 0" "1 16384 0 0" "0 4096 50 0" "0 65536 0 1")
for shape in "${shapes[@]}"; do
    "$tool" iso built.iso content $shape
    same "we read the shape $shape" <("$tool" iso-cat built.iso sources/install.wim) content
    same "libudfread reads it" <("$oracle" udf built.iso /sources/install.wim) content
    [[ $shape = "0 4096 50 0" ]] || same "7z reads it" <(7z e -so built.iso sources/install.wim 2>/dev/null) content
done
done_checking
