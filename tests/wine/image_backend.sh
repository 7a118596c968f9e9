# shellcheck shell=bash disable=SC2034,SC2154
# The disks of Windows: the contract of the image port against virtdisk, wimgapi, FormatEx and bcdboot as their emulators
# keep the rules.
. "$HERE/disks.sh"
WINE_LIMIT=150

need wine_prefix pc
need disks_install pc 26100 test_image.exe
mkdir -p "$WINE_WORK/run"
cd "$WINE_WORK/run" || exit 1
check "the port keeps its contract" wine_run pc "$BINARIES/tests/test_image.exe" system
check "nothing was left open" disks_clean pc
