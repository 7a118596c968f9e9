#!/bin/bash
# Makes the Windows images that tests read: small, but of the real formats, by other people's programs
# (wimlib-imagex, genisoimage). Nothing of Windows is in them.
#
#   make_iso.sh FOLDER     what is there already is kept; the folder is made anew when this script changed
#
# Makes in FOLDER: install.wim (LZX, four editions, localized and missing elements), install.esd (solid,
# as the media creation tool has it), split/install*.swm, boot.wim, arm64.wim, old.wim, and the ISOs
# wim.iso esd.iso swm.iso dual.iso arm64.iso boot-only.iso iso9660.iso.
set -euo pipefail
folder=$1
self=$(readlink -f "$0")
for tool in wimlib-imagex genisoimage; do
    command -v $tool >/dev/null || { echo "make_iso.sh: $tool is missing: packaging/bootstrap.sh image" >&2; exit 77; }
done
mkdir -p "$folder"
cd "$folder"
exec 9>.lock
flock 9
stamp=$(sha256sum <"$self")
[ "$(cat .stamp 2>/dev/null || true)" != "$stamp" ] || exit 0
find . -mindepth 1 -not -name .lock -delete

mkdir tree
mkdir -p tree/Windows/System32/config tree/Windows/Boot/EFI tree/Users
for i in $(seq 40); do seq $((i * 1000)) $((i * 1000 + 900)) >"tree/Windows/System32/file$i.txt"; done
head -c 700000 /dev/urandom >tree/Windows/System32/noise.bin
cp -l tree/Windows/System32/file1.txt tree/Windows/linked.txt
echo boot >tree/Windows/Boot/EFI/bootmgfw.efi

# image FILE NAME [PROPERTY=VALUE...]: captures or appends the tree
image() {
    local file=$1 name=$2 verb=append options=()
    shift 2
    [ -f "$file" ] || verb=capture
    for property in "$@"; do options+=("--image-property=$property"); done
    wimlib-imagex $verb "${first[@]}" tree "$file" "$name" "${options[@]}" >/dev/null
    first=()
}
# windows ARCH EDITION BUILD REVISION LANGUAGE...: sets system to the properties of a Windows
windows() {
    local arch=$1 edition=$2 build=$3 revision=$4 n=0 language
    shift 4
    system=("WINDOWS/ARCH=$arch" "WINDOWS/EDITIONID=$edition" "WINDOWS/INSTALLATIONTYPE=Client"
        "WINDOWS/PRODUCTTYPE=WinNT" "WINDOWS/VERSION/MAJOR=10" "WINDOWS/VERSION/MINOR=0"
        "WINDOWS/VERSION/BUILD=$build" "WINDOWS/VERSION/SPBUILD=$revision" "WINDOWS/SYSTEMROOT=WINDOWS"
        "WINDOWS/LANGUAGES/DEFAULT=$1")
    for language in "$@"; do system+=("WINDOWS/LANGUAGES/LANGUAGE[$((++n))]=$language"); done
}

first=(--compress=LZX --check)
windows 9 Core 26100 1742 en-US
image install.wim "Windows 10 Home" "${system[@]}" FLAGS=Core \
    "DISPLAYNAME=Windows 11 Home" "DISPLAYDESCRIPTION=Windows 11 Home" "DESCRIPTION=Windows 10 Home"
windows 9 Professional 26100 1742 zh-CN en-US
image install.wim "Windows 10 Pro" "${system[@]}" FLAGS=Professional \
    "DISPLAYNAME=Windows 11 专业版" "DESCRIPTION=Windows 10 Pro <&> \"x\""
windows 9 ProfessionalN 26100 1742 en-US
image install.wim "Windows 10 Pro N" "${system[@]}" FLAGS=ProfessionalN \
    "DISPLAYNAME=Windows 11 Pro N"
image install.wim "" WINDOWS/ARCH=9 # next to nothing is said

# A solid image is slow to make, so the tree is small. As the media creation tool orders it: the files of
# the medium, Windows PE, setup, then the editions.
first=(--compress=LZX)
image esd.wim "Windows Setup Media" "DESCRIPTION=Windows Setup Media"
for name in "Microsoft Windows PE (amd64)" "Microsoft Windows Setup (amd64)"; do
    windows 9 WindowsPE 26100 1742 de-DE
    image esd.wim "$name" "${system[@]}" WINDOWS/INSTALLATIONTYPE=WindowsPE
done
windows 9 Core 26100 1742 de-DE
image esd.wim "Windows 11 Home" "${system[@]}" "DISPLAYNAME=Windows 11 Home"
windows 9 Professional 26100 1742 de-DE
image esd.wim "Windows 11 Pro" "${system[@]}" "DISPLAYNAME=Windows 11 Pro"
wimlib-imagex export esd.wim all install.esd --solid --threads=1 >/dev/null
mkdir split
wimlib-imagex split install.wim split/install.swm 0.3 >/dev/null

first=(--compress=LZX --boot)
for name in "Microsoft Windows PE (amd64)" "Microsoft Windows Setup (amd64)"; do
    windows 9 WindowsPE 26100 1 en-US
    image boot.wim "$name" "${system[@]}" WINDOWS/INSTALLATIONTYPE=WindowsPE
done
first=(--compress=LZX)
windows 12 Professional 26100 1742 en-US
image arm64.wim "Windows 11 Pro" "${system[@]}" "DISPLAYNAME=Windows 11 Pro"
first=(--compress=LZX)
windows 9 Ultimate 7601 17514 en-US
image old.wim "Windows 7 Ultimate" "${system[@]}" WINDOWS/VERSION/MAJOR=6 \
    WINDOWS/VERSION/MINOR=1
rm -rf tree esd.wim

# iso NAME: an ISO of the folder medium, which it empties
iso() {
    mkdir -p medium/boot medium/efi/boot
    echo setup >medium/setup.exe
    echo boot >medium/efi/boot/bootx64.efi
    genisoimage -quiet -udf -allow-limited-size -iso-level 3 -V CCCOMA_X64FRE_EN-US_DV9 -o "$1" medium 2>/dev/null
    rm -rf medium
}
mkdir -p medium/sources
cp boot.wim install.wim medium/sources/
for i in $(seq 900); do echo "$i" >"medium/sources/resource-with-a-long-name-$i.dll"; done
iso wim.iso
mkdir -p medium/Sources
cp boot.wim medium/Sources/BOOT.WIM
cp install.esd medium/Sources/Install.ESD
iso esd.iso
mkdir -p medium/sources
cp boot.wim split/install*.swm medium/sources/
iso swm.iso
for arch in x64 x86; do
    mkdir -p medium/$arch/sources
    cp install.esd medium/$arch/sources/
done
iso dual.iso
mkdir -p medium/sources
cp arm64.wim medium/sources/install.wim
iso arm64.iso
mkdir -p medium/sources
cp boot.wim medium/sources/
iso boot-only.iso
mkdir -p medium/sources
cp install.wim medium/sources/
genisoimage -quiet -J -R -o iso9660.iso medium 2>/dev/null
rm -rf medium
echo "$stamp" >.stamp
