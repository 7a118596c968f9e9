# shellcheck shell=bash disable=SC2034,SC2154
# gpupv.exe images over the fixtures of tests/support/make_iso.sh (IMAGE_FIXTURES): what it lists is what wiminfo
# takes out of the same files here, and what cannot be listed is refused as it is natively.
GPUPV=$BINARIES/host/gpupv.exe
COMPARE=$(realpath "$HERE/../image/compare_editions.py")

gpupv() { wine_run pc "$GPUPV" "$@"; }

# The list of FILE is that of the image file WIM.
agrees() { # FILE WIM
    gpupv images "Z:$1" --json >"$WINE_WORK/ours.json" || return 1
    wimlib-imagex info "$2" --extract-xml="$WINE_WORK/theirs.xml" >/dev/null || return 1
    python3 -B "$COMPARE" "$WINE_WORK/ours.json" "$WINE_WORK/theirs.xml"
}

# Refused with exit code 2, with the message and a hint.
refused() { # PATTERN FILE
    prints "$1" gpupv images "Z:$2" && exits_with 2 gpupv images "Z:$2" --json
}

need wine_prefix pc
for pair in install.wim:install.wim wim.iso:install.wim esd.iso:install.esd swm.iso:install.wim \
    split/install.swm:split/install.swm dual.iso:install.esd; do
    check "the list of ${pair%:*} is that of wiminfo" agrees "$IMAGE_FIXTURES/${pair%:*}" "$IMAGE_FIXTURES/${pair#*:}"
done
check "the table is shown in Chinese" prints '2 +Professional +Windows 11 专业版 +x64' \
    gpupv images "Z:$IMAGE_FIXTURES/wim.iso" --lang zh
check "an ISO that was mounted, as a folder" bash -c "rm -rf '$WINE_WORK/mounted' && mkdir -p '$WINE_WORK/mounted/sources' &&
    cp '$IMAGE_FIXTURES/install.wim' '$WINE_WORK/mounted/sources/'"
check "is listed too" agrees "$WINE_WORK/mounted" "$IMAGE_FIXTURES/install.wim"
check "boot.wim is no Windows" refused "only the setup environment" "$IMAGE_FIXTURES/boot.wim"
check "ARM64 is refused" refused "for arm64 only" "$IMAGE_FIXTURES/arm64.iso"
check "an ISO without UDF is refused" refused "without the file system UDF" "$IMAGE_FIXTURES/iso9660.iso"
check "a file that is not there" refused "there is no file" "$WINE_WORK/missing.iso"
