#!/bin/bash
# Measures the way of a GPU driver package into a running guest against rsync (its daemon and local), scp and qemu-ga:
# the same files in the same run. Times in ms. Of ours "read" is the host's look at its package, "send" comparing and
# sending, "commit" checking, flushing and putting it in place; the peers flush nothing.
#
#   tests/bench/drivers.sh [BUILD]       BUILD: folder of a release build, default build/native
#
# FILES and FILE_KB (1000 of 2048 KB), LARGE_MB (2048), SMALL (20000 of 4 KB) make it small or large. BENCH_FOLDER: where.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$root/build/native}
bench=$build/tests/bench/bench_driver
[ -x "$bench" ] || { echo "drivers.sh: build first: cmake --build --preset native" >&2; exit 1; }
files=${FILES:-1000} file_kb=${FILE_KB:-2048} large_mb=${LARGE_MB:-2048} small=${SMALL:-20000}
work=$(mktemp -d "${BENCH_FOLDER:-/tmp}/gpupv-drivers.XXXXXX")
pids=
trap 'kill $pids 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT
store=files/Windows/System32/DriverStore/FileRepository

now() { date +%s%3N; }
timed() { local begun; begun=$(now); "$@" >/dev/null 2>&1 || { echo failed; return; }; echo $(($(now) - begun)); }
show() { # NAME: the numbers on standard input as a line
    local -a numbers
    read -ra numbers || return 1
    line "$1" "${numbers[@]}"
}
line() { printf '%-34s %9s %9s %9s %9s\n' "$@"; }

agent_start() {
    rm -rf "$work/disk" && "$build/guest/gpupv-agent" sim "$work/disk" init healthy >/dev/null
    "$bench" key "$work/disk/agent"
    "$build/guest/gpupv-agent" run --data "$work/disk/agent" --simulate "$work/disk" --listen "uv:$work/agent" --boot \
        >"$work/agent.log" 2>&1 &
    agent_pid=$!
    pids="$pids $agent_pid"
    for _ in $(seq 200); do [ -S "$work/agent" ] && return; sleep 0.05; done
    echo "drivers.sh: the agent did not start" >&2; exit 1
}
agent_stop() { kill "$agent_pid" 2>/dev/null || true; wait "$agent_pid" 2>/dev/null || true; rm -f "$work/agent"; }
ours() { "$bench" sync "$work/agent" "$work/disk/agent" "$work/host" "$work/cache" "$@"; }

daemon_start() {
    port=$((20000 + RANDOM % 20000))
    printf 'pid file = %s/rsyncd.pid\nport = %s\naddress = 127.0.0.1\nuse chroot = no\n[to]\npath = %s/daemon\nread only = no\nuid = %s\ngid = %s\n' \
        "$work" "$port" "$work" "$(id -u)" "$(id -g)" >"$work/rsyncd.conf"
    mkdir -p "$work/daemon"
    rsync --daemon --no-detach --config="$work/rsyncd.conf" >/dev/null 2>&1 &
    pids="$pids $!"
    sleep 0.5
}
peers() { # name of the case
    command -v rsync >/dev/null || return 0
    line "  rsync -a, local" "" "$(timed rsync -a "$work/host/$store/" "$work/local/")" "" ""
    line "  rsync -a, daemon on loopback" "" "$(timed rsync -a "$work/host/$store/" "rsync://127.0.0.1:$port/to/")" "" ""
    if [ "$1" = unchanged ]; then
        line "  rsync -ac (reads everything)" "" "$(timed rsync -ac "$work/host/$store/" "$work/local/")" "" ""
    fi
}
first_of_peers() { # what only makes sense for a first push
    if command -v sshd >/dev/null && command -v scp >/dev/null && ssh -o BatchMode=yes 127.0.0.1 true 2>/dev/null; then
        line "  scp -r over loopback" "" "$(timed scp -qr "$work/host/$store" "127.0.0.1:$work/scp")" "" ""
    else
        line "  scp" "" "no sshd" "" ""
    fi
    command -v qemu-ga >/dev/null || line "  qemu-ga" "" "not here" "" ""
}
run() { # CASE: a first push of what stands in host/
    rm -rf "$work/local" "$work/daemon"/* "$work/scp" "$work/cache"
    mkdir -p "$work/local"
    agent_start
    line "$1" "" "" "" ""
    ours | show "  gpupv"
    first_of_peers
    peers first
}

daemon_start
line "" read send commit files
"$bench" make "$work/host" "$files" "$((file_kb * 1024))" 0
run "first push, $files files, $((files * file_kb / 1024)) MB"
line "unchanged" "" "" "" ""
ours | show "  gpupv"
ours full | show "  gpupv, everything read"
peers unchanged
changed=$(find "$work/host/$store" -name 'nvgpu00001.dl_')
printf changed | dd of="$changed" conv=notrunc status=none
line "one file of $files changed" "" "" "" ""
ours | show "  gpupv"
peers changed
agent_stop
rm -rf "$work/host"
"$bench" make "$work/host" 0 0 "$((large_mb << 20))"
run "one file of $large_mb MB"
agent_stop
rm -rf "$work/host"
"$bench" make "$work/host" "$small" 4096 0
run "$small files of 4 KB"
line "unchanged" "" "" "" ""
ours | show "  gpupv"
peers unchanged
agent_stop
