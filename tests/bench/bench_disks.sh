#!/bin/bash
# Measures what a second VM of the same image waits for: a child of the golden parent, with everything in it, against
# applying the image once more, by gpupv and by `wimlib-imagex apply` into an NTFS volume. On Linux with real formats
# (tests/support/image_real.h); medians. Attaching a disk copies its volume here, also that of a child; Windows maps it.
#
#   tests/bench/bench_disks.sh [BUILD]     BUILD: folder of a release build, default build/native
#   FILES=N MB=N                           size of the Windows: files, and megabytes of noise
#
# Needs packaging/bootstrap.sh image.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(readlink -f "${1:-$root/build/native}")
pipeline=$build/tests/image/image_pipeline
runs=${RUNS:-3}
[ -x "$pipeline" ] || { echo "bench_disks.sh: build first: cmake --build --preset native" >&2; exit 1; }
. "$root/tests/image/windows.sh"
work=$(mktemp -d "${BENCH_FOLDER:-/tmp}/gpupv-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
export GPUPV_AGENT=$build/guest/gpupv-agent PIPELINE_PASSWORD=secret

more_windows() { # more files than the tests need, half of them small
    local i folder
    for i in $(seq "${FILES:-4000}"); do
        folder=tree/Windows/WinSxS/$((i % 100))
        [ -d "$folder" ] || mkdir -p "$folder"
        seq "$i" $((i + 600)) >"$folder/$i.manifest"
    done
    head -c $((${MB:-200} * 1000000)) /dev/urandom >tree/Windows/System32/large.bin
}
windows_iso "$build/tests/image_tool" windows.iso more_windows
iso_bytes=$(stat -c %s windows.iso)
7z e -y windows.iso sources/install.wim >/dev/null

median() { sort -n | awk '{ a[NR] = $1 } END { printf "%.2f", a[int((NR + 1) / 2)] / 1000000 }'; }
# seconds PREPARE COMMAND...: median of the runs of a command, before each of which PREPARE is run
seconds() {
    local prepare=$1 began
    shift
    for _ in $(seq "$runs"); do
        "$prepare"
        began=${EPOCHREALTIME/[.,]/}
        "$@" >out 2>&1 || { cat out >&2; exit 1; }
        echo $((${EPOCHREALTIME/[.,]/} - began))
    done | median
}
count=0
next() { count=$((count + 1)); rm -f vm*.vhdx; }
volume() { rm -f volume.img; truncate -s 3G volume.img; mkntfs -F -Q -q volume.img 2>/dev/null; }
make_vm() { "$pipeline" make state "vm-$RANDOM$RANDOM" windows.iso Professional "$PWD/vm-$RANDOM$RANDOM.vhdx" 4; }
nothing() { rm -rf state vm*.vhdx; }

all=$runs runs=1
first=$(seconds nothing make_vm)
runs=$all
second=$(seconds next make_vm)
parent=$(echo state/golden/*.vhdx)
child=$(seconds next "$pipeline" child "$PWD/vm-child.vhdx" "$parent")
peer=$(seconds volume wimlib-imagex apply install.wim 2 volume.img)
printf '%-54s %9s %18s %12s\n' "disk of a VM, ISO of $((iso_bytes / 1000000)) MB" "s" "to wimlib's apply" "to the first"
row() {
    printf '%-54s %9s %17sx %11sx\n' "$1" "$2" "$(ratio "$peer" "$2")" "$(ratio "$first" "$2")"
}
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.1f", a / b; else printf "-" }'; }
row "wimlib-imagex apply into a fresh NTFS, nothing else" "$peer"
row "gpupv, first VM: parent, child, all that goes in" "$first"
row "gpupv, second VM: child, all that goes in" "$second"
row "of which the child's file" "$child"
