#!/bin/bash
# Measures `gpupv images` against `7z l` and `wiminfo` on the same files in one run: whole processes, medians.
#
#   tests/bench/bench_images.sh [BUILD]     BUILD: folder of a release build, default build/native
#   ISO=FILE                                measures a real ISO too
#
# The files are those of tests/support/make_iso.sh: packaging/bootstrap.sh image.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$root/build/native}
gpupv=$build/host/gpupv
runs=${RUNS:-31}
[ -x "$gpupv" ] || { echo "bench_images.sh: build first: cmake --build --preset native" >&2; exit 1; }
fixtures=$build/tests/images
"$root/tests/support/make_iso.sh" "$fixtures"

# median_ms COMMAND...: of `runs` runs, after one that warms the cache
median_ms() {
    local began
    "$@" >/dev/null 2>&1 || { echo "bench_images.sh: failed: $*" >&2; exit 1; }
    for _ in $(seq "$runs"); do
        began=${EPOCHREALTIME/[.,]/}
        "$@" >/dev/null 2>&1
        echo $((${EPOCHREALTIME/[.,]/} - began))
    done | sort -n | awk '{ a[NR] = $1 } END { printf "%.1f", a[int((NR + 1) / 2)] / 1000 }'
}
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.1fx", a / b; else printf "-" }'; }

printf '%-34s %12s %12s %12s %14s\n' "list editions, ms a process" "gpupv images" "7z l" "wiminfo" "ahead of them"
# row TITLE FILE WIM: WIM is what wiminfo can read of it, "" for nothing
row() {
    local ours theirs info=- behind
    ours=$(median_ms "$gpupv" images "$2" --json)
    theirs=$(median_ms 7z l "$2")
    behind=$(ratio "$theirs" "$ours")
    if [ -n "$3" ]; then
        info=$(median_ms wimlib-imagex info "$3")
        behind="$behind $(ratio "$info" "$ours")"
    fi
    printf '%-34s %12s %12s %12s %14s\n' "$1" "$ours" "$theirs" "$info" "$behind"
}
row "WIM, 4 editions" "$fixtures/install.wim" "$fixtures/install.wim"
row "ESD, 5 images" "$fixtures/install.esd" "$fixtures/install.esd"
row "ISO with WIM, 900 files beside it" "$fixtures/wim.iso" ""
row "ISO with SWM" "$fixtures/swm.iso" ""
[ -z "${ISO:-}" ] || row "$(basename "$ISO")" "$ISO" ""
