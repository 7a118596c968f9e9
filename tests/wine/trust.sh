# shellcheck shell=bash disable=SC2034,SC2154
# Trust in installers: a newer one by the same publisher is taken, anything else is refused, and what was checked is what
# starts.
. "$HERE/signing.sh"
PROGRAM=$BINARIES/tests/wine/trust_exercise.exe
OLD=$BINARIES/tests/wine/stand_in_1.exe
NEW=$BINARIES/tests/wine/stand_in_2.exe
ALLOWED='Unity Technologies SF|parsec cloud, inc.'

trust() { wine_run guest "$PROGRAM" "$@"; }
at() { echo "Z:$SIGNING/$1"; }

command -v osslsigncode >/dev/null || { echo "no osslsigncode"; exit 77; }
need wine_prefix guest
need signing_publisher parsec 'Parsec Cloud, Inc.'
need signing_publisher other 'Somebody Else Ltd.'
need signing_publisher longer 'Parsec Cloud, Inc. of Elsewhere'
need signing_sign parsec "$OLD" "$SIGNING/old.exe"
need signing_sign parsec "$NEW" "$SIGNING/new.exe"
need signing_sign other "$NEW" "$SIGNING/other.exe"
need signing_sign longer "$NEW" "$SIGNING/longer.exe"
cp "$NEW" "$SIGNING/unsigned.exe"
cp "$SIGNING/new.exe" "$SIGNING/tampered.exe"
printf 'x' | dd of="$SIGNING/tampered.exe" bs=1 seek=2048 conv=notrunc 2>/dev/null
mkdir -p "$SIGNING/folder"
cp "$SIGNING/new.exe" "$SIGNING/linked.exe" && ln "$SIGNING/linked.exe" "$SIGNING/second_name.exe"
HASH=$(sha256_of "$SIGNING/new.exe")

check "a program of the publisher is trusted" prints "^trusted, signed by 'Parsec Cloud, Inc.'" trust check "$(at old.exe)" - "$ALLOWED"
check "a newer one by the same publisher too" prints '^trusted' trust check "$(at new.exe)" "$HASH" "$ALLOWED"
check "one signed by somebody else is not" prints '^unsafe: .*signed by Somebody Else' trust check "$(at other.exe)" - "$ALLOWED"
check "nor one whose name only begins alike" prints '^unsafe: .*of Elsewhere' trust check "$(at longer.exe)" - "$ALLOWED"
check "nor one without a signature" prints '^unsafe: .*does not carry' trust check "$(at unsigned.exe)" - "$ALLOWED"
check "nor one that was changed after signing" prints '^unsafe: .*was changed after' trust check "$(at tampered.exe)" - "$ALLOWED"
check "nor another file than the recorded one" prints '^unsafe: .*SHA-256 differs' trust check "$(at old.exe)" "$HASH" "$ALLOWED"
check "the hash counts also without a publisher" prints '^unsafe: .*SHA-256 differs' trust check "$(at unsigned.exe)" "$HASH" -
check "no publisher is no publisher" prints '^unsafe' trust check "$(at new.exe)" - '|'
check "a file with a second name is refused" prints '^unsafe' trust check "$(at linked.exe)" - "$ALLOWED"
check "a folder is refused" exits_with 1 trust check "$(at folder)" - "$ALLOWED"
check "a missing file is not found" prints '^not_found' trust check "$(at nothing.exe)" - "$ALLOWED"
check "a file that somebody writes is busy" prints '^busy' trust held-by-writer "$(at new.exe)"
check "what is held cannot be swapped, and starts" prints '^not-written not-deleted not-renamed not-overwritten; started: 2' trust hold "$(at new.exe)"
check "the file is as it was" test "$HASH" = "$(sha256_of "$SIGNING/new.exe")"

# The host takes installers by the same judgement; VB-Cable's program lies in an archive.
GPUPV=$BINARIES/host/gpupv.exe
need signing_publisher cable 'Vincent Burel'
mkdir -p "$SIGNING/foreign" "$SIGNING/bare"
need signing_sign cable "$NEW" "$SIGNING/VBCABLE_Setup_x64.exe"
cp "$SIGNING/new.exe" "$SIGNING/parsec-windows.exe"
cp "$SIGNING/other.exe" "$SIGNING/foreign/parsec-windows.exe"
need python3 -c 'import sys, zipfile
zipfile.ZipFile(sys.argv[1], "w").write(sys.argv[2], "VBCABLE_Setup_x64.exe")
zipfile.ZipFile(sys.argv[3], "w").writestr("readme.txt", "nothing")' "$SIGNING/VBCABLE_Driver_Pack45.zip" \
    "$SIGNING/VBCABLE_Setup_x64.exe" "$SIGNING/bare/VBCABLE_Driver_Pack45.zip"
payload() { wine_run guest "$GPUPV" payload "$@"; }

check "the host takes an installer of the publisher" prints "\"sha256\":\"$HASH\"" payload add --json "$(at parsec-windows.exe)"
check "and knows who signed it" prints '"publisher":"Parsec Cloud, Inc."' payload list --json
check "one by somebody else is refused" exits_with 2 payload add "$(at foreign/parsec-windows.exe)"
check "what it had stays" prints "\"sha256\":\"$HASH\"" payload list --json
check "an archive is judged by its program" prints '"version":"45","publisher":"Vincent Burel"' payload add --json "$(at VBCABLE_Driver_Pack45.zip)"
check "an archive without it is refused" exits_with 2 payload add "$(at bare/VBCABLE_Driver_Pack45.zip)"
