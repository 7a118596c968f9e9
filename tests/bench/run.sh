#!/bin/bash
# Measures link, status and the idle agent against qemu-ga and a bare echo server in one run, and prints the ratios.
#
#   tests/bench/run.sh [BUILD]      BUILD: folder of a release build, default build/native
#
# Needs qemu-ga (Debian: qemu-guest-agent) for the peer's numbers; every command of it that could
# harm this machine is blocked. Latency depends on placement: both ends on CPU 0, unless said.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$root/build/native}
bench=$build/tests/bench/bench_link
pings=${PINGS:-20000}
megabytes=${MEGABYTES:-256}
[ -x "$bench" ] || { echo "run.sh: build first: cmake --build --preset native" >&2; exit 1; }

work=$(mktemp -d "${BENCH_FOLDER:-/tmp}/gpupv-bench.XXXXXX")
pids=
trap 'kill $pids 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT

start() { # socket, command ...
    local socket=$1; shift
    "$@" >"$work/log.$(basename "$socket")" 2>&1 &
    pids="$pids $!"
    for _ in $(seq 100); do [ -S "$socket" ] && return; sleep 0.05; done
    echo "run.sh: did not start: $*" >&2; cat "$work"/log.* >&2; exit 1
}
on() { taskset -c "$1" "${@:2}"; }
median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

# Runs a client five times; prints the medians of its first two numbers.
five() {
    local out
    out=$(for _ in 1 2 3 4 5; do "$@"; done)
    echo "$(echo "$out" | cut -d' ' -f1 | median) $(echo "$out" | cut -d' ' -f2 | median)"
}
field() { echo "$1" | cut -d' ' -f"$2"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else printf "-" }'; }

start "$work/echo" taskset -c 0 "$bench" serve-echo "$work/echo"
mkdir "$work/stage"
start "$work/session" taskset -c 0 "$bench" serve-session "$work/session" "$work/stage"
peer=
if command -v qemu-ga >/dev/null; then
    mkdir "$work/qga"
    blocked=$(qemu-ga -b '?' | grep '^guest-' | grep -vxE 'guest-(ping|sync|sync-delimited|info|file-.*)' | paste -sd,)
    start "$work/qga.socket" taskset -c 0 qemu-ga -m unix-listen -p "$work/qga.socket" -t "$work/qga" \
        -l "$work/qga/log" -b "$blocked"
    peer=1
fi

printf '%-44s %10s %10s %12s\n' "" "p50 us" "p99 us" "to peer"
for cpu in 0 1; do
    [ $cpu = 0 ] || [ "$(nproc)" -gt 1 ] || break
    where=$([ $cpu = 0 ] && echo "same CPU" || echo "two CPUs")
    echo_times=$(five on $cpu "$bench" ping-echo "$work/echo" "$pings")
    printf '%-44s %10s %10s\n' "bare echo, $where" $echo_times
    qga_times="0 0"
    if [ -n "$peer" ]; then
        qga_times=$(five on $cpu "$bench" ping-qga "$work/qga.socket" "$pings")
        printf '%-44s %10s %10s\n' "qemu-ga guest-ping, plain, $where" $qga_times
    fi
    ours=$(five on $cpu "$bench" ping-session "$work/session" "$pings")
    printf '%-44s %10s %10s %12s\n' "gpupv ping, authenticated, encrypted, $where" $ours \
        "$(ratio "$(field "$qga_times" 1)" "$(field "$ours" 1)")x"
done

echo
printf '%-44s %10s %10s %12s\n' "" "MB/s" "client ms" "to peer"
qga_push="0 0"
if [ -n "$peer" ]; then
    qga_push=$(five on 1 "$bench" push-qga "$work/qga.socket" 32 "$work/qga.bin")
    printf '%-44s %10s %10s\n' "qemu-ga guest-file-write, 256 KiB" $qga_push
fi
ours=$(five on 1 "$bench" push-session "$work/session" "$megabytes")
printf '%-44s %10s %10s %12s\n' "gpupv push inside the session, 1 MiB" $ours \
    "$(ratio "$(field "$ours" 1)" "$(field "$qga_push" 1)")x"

# Bulk uses threads on both sides, so its server is free to run on every CPU.
mkdir "$work/bulk" "$work/source"
start "$work/bulk.socket" "$bench" serve-session "$work/bulk.socket" "$work/bulk"
for i in $(seq 8); do head -c 64000000 /dev/urandom >"$work/source/$i.bin"; done
bulk_run() { rm -rf "$work/bulk"/*; "$bench" push-bulk "$work/bulk.socket" "$work/source"; }
ours=$(five bulk_run)
printf '%-44s %10s %10s %12s\n' "gpupv bulk, 8 files of 64 MB, XXH3 checked" $ours \
    "$(ratio "$(field "$ours" 1)" "$(field "$qga_push" 1)")x"

# `status` over guests that one process plays: all at once against one after the other.
ulimit -n "$(ulimit -Hn)"
echo
printf '%-44s %10s %10s %12s\n' "status, ms" "cold" "standing" "to one by one"
for count in ${GUESTS:-1 64 1000}; do
    mkdir "$work/guests.$count"
    "$build/tests/bench/bench_status" serve "$work/guests.$count" "$count" >"$work/guests.$count.log" 2>&1 &
    pids="$pids $!"
    for _ in $(seq 200); do grep -q ready "$work/guests.$count.log" && break; sleep 0.05; done
    ours=$("$build/tests/bench/bench_status" ask "$work/guests.$count" "$count")
    printf '%-44s %10s %10s %12s\n' "gpupv status of $count guests" "$(field "$ours" 1)" "$(field "$ours" 2)" \
        "$(ratio "$(field "$ours" 3)" "$(field "$ours" 1)")x"
done

# The agent of a healthy guest with nothing to do, and qemu-ga. In the simulated guest a minute passes
# each second, so that the agent's slowest timers come round while this looks: its wake-ups are told
# for a second of the guest's time, those of qemu-ga, which has no timer, for a second of ours.
idle_s=${IDLE_S:-20}
scale=60
memory_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
# All voluntary switches of all threads: what woke up.
wakes() { awk '/^voluntary/ { sum += $2 } END { print sum }' /proc/"$1"/task/*/status; }
idle() { # PID, seconds of its time that pass in one of ours: prints memory in MB and wake-ups a second
    local before
    before=$(wakes "$1")
    sleep "$idle_s"
    awk -v kb="$(memory_kb "$1")" -v n="$(($(wakes "$1") - before))" -v s="$((idle_s * $2))" \
        'BEGIN { printf "%.1f %.2f\n", kb / 1024, n / s }'
}
agent=$build/guest/gpupv-agent
"$agent" sim "$work/disk" init healthy >/dev/null
"$agent" sim "$work/disk" break "clock.scale=$scale" >/dev/null
mkdir -m 700 "$work/disk/agent"
echo '{}' >"$work/disk/agent/profile.json"
"$agent" run --data "$work/disk/agent" --simulate "$work/disk" --listen "uv:$work/agent" --boot >"$work/log.agent" 2>&1 &
agent_pid=$!
pids="$pids $agent_pid"
for _ in $(seq 200); do [ -S "$work/agent" ] && break; sleep 0.05; done
sleep "${SETTLE_S:-30}" # half an hour there: first passes, then slower ones
grep -q '"level":"healthy"' "$work/disk/kvp.txt" ||
    { echo "run.sh: the guest is not healthy: $(cat "$work/disk/kvp.txt")" >&2; exit 1; }
echo
printf '%-44s %10s %10s %12s\n' "idle for $idle_s s" "MB" "wakes/s" "memory to peer"
qga_idle="0 0"
if [ -n "$peer" ]; then
    qga_pid=$(pgrep -n -f "qemu-ga .*$work/qga.socket")
    qga_idle=$(idle "$qga_pid" 1)
    printf '%-44s %10s %10s\n' "qemu-ga" $qga_idle
fi
ours=$(idle "$agent_pid" "$scale")
printf '%-44s %10s %10s %12s\n' "gpupv-agent, healthy guest" $ours "$(ratio "$(field "$qga_idle" 1)" "$(field "$ours" 1)")x"

if command -v wimlib-imagex >/dev/null && command -v genisoimage >/dev/null && command -v 7z >/dev/null; then
    echo
    "$root/tests/bench/bench_images.sh" "$build"
fi
if [ -x "$build/tests/image/image_pipeline" ]; then
    echo
    "$root/tests/bench/bench_disks.sh" "$build"
fi
