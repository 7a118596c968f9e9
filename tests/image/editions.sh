#!/bin/bash
# `gpupv images` over the fixtures: what it lists is what wiminfo lists, and what cannot be listed gets
# one clear error with a hint.
#
#   editions.sh GPUPV FIXTURES
set -euo pipefail
gpupv=$1 fixtures=$(readlink -f "$2")
compare=$(readlink -f "$(dirname "$0")")/compare_editions.py
. "$(dirname "$0")/check.sh"
needs 7z wimlib-imagex python3
export LANG=C.UTF-8

# agrees FILE WIM: the list of FILE is that of WIM
agrees() {
    "$gpupv" images "$1" --json >ours.json || fail "images $1"
    wimlib-imagex info "$2" --extract-xml=theirs.xml >/dev/null
    check "the list of $1 is that of wiminfo" python3 -B "$compare" ours.json theirs.xml
}
agrees "$fixtures/install.wim" "$fixtures/install.wim"
agrees "$fixtures/install.esd" "$fixtures/install.esd"
agrees "$fixtures/split/install.swm" "$fixtures/split/install.swm"
agrees "$fixtures/wim.iso" "$fixtures/install.wim"
agrees "$fixtures/esd.iso" "$fixtures/install.esd"
agrees "$fixtures/swm.iso" "$fixtures/install.wim"
agrees "$fixtures/dual.iso" "$fixtures/install.esd"
ln -s "$fixtures/wim.iso" link.iso
agrees link.iso "$fixtures/install.wim"
7z x -oextracted "$fixtures/wim.iso" sources/install.wim >/dev/null
agrees extracted "$fixtures/install.wim"
ln -s extracted linked
agrees linked "$fixtures/install.wim"

contains "the table names what people know" " 2 +Professional +Windows 11 专业版 +x64 +26100.1742 +zh-CN,en-US" \
    "$gpupv" images "$fixtures/wim.iso"
contains "and says what is taken" "takes 2, Windows 11 专业版" "$gpupv" images "$fixtures/wim.iso"
contains "setup images are marked" "Microsoft Windows PE.*setup environment" "$gpupv" images "$fixtures/esd.iso"
contains "in Chinese too" "^编号 .*版本 .*名称" "$gpupv" images "$fixtures/wim.iso" --lang zh

# one FILE PATTERN: the error is one line and a hint, in both forms
one() {
    refused "$1" "$2" "$gpupv" images "$1"
    [ "$(wc -l <check.out)" = 2 ] || { fail "$1: an error of one line and a hint"; cat check.out >&2; }
    contains "$1 as JSON" '^\{"schema":"gpupv.error".*"hint":"[^"]' "$gpupv" images "$1" --json
}
one "$fixtures/boot.wim" "only the setup environment"
one "$fixtures/boot-only.iso" "no Windows to install"
one "$fixtures/arm64.wim" "for arm64 only"
one "$fixtures/arm64.iso" "for arm64 only"
one "$fixtures/old.wim" "Windows 7 Ultimate, which is older"
one "$fixtures/iso9660.iso" "without the file system UDF"
one "$fixtures/split/install2.swm" "not the first part"
mkdir -p lonely/sources
cp "$fixtures/split/install.swm" lonely/sources/
one lonely/sources/install.swm "install2.swm is missing"
one lonely "install2.swm is missing"
size=$(stat -c %s "$fixtures/wim.iso")
for part in 20 50; do
    head -c $((size * part / 100)) "$fixtures/wim.iso" >cut.iso
    one cut.iso "ends too early|is damaged"
done
head -c 400000 "$fixtures/install.wim" >cut.wim
one cut.wim "ends too early"
python3 -B "$(dirname "$compare")/encrypt.py" "$fixtures/install.wim" encrypted.wim
contains "wiminfo takes it for encrypted too" "is encrypted" wimlib-imagex info encrypted.wim
one encrypted.wim "is encrypted"
echo text >file.txt
refused "a file that is none" "neither an ISO" "$gpupv" images file.txt
one missing.iso "there is no file"
refused "without a file" "needs more" "$gpupv" images
done_checking
