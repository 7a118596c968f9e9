#!/bin/bash
# A Wine prefix in a tenth of a second, copied from a template that is made once per Wine version.
#
#   prefix.sh make DIR   DIR becomes a fresh, idle prefix that reports itself as Windows 11 (22631)
#   prefix.sh boot DIR   starts it, so that the first program does not pay for it
#   prefix.sh up DIR     make, then boot
#   prefix.sh down DIR   ends everything that runs in it and removes it
#
# The template lies in the same cache as the libraries (packaging/deps/build.sh). DLLs are hard links
# into it: replace a file in DIR by removing it first, never by writing into it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:/usr/lib/wine
export WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
unset DISPLAY WAYLAND_DISPLAY
cache=${GPUPV_CACHE:-${XDG_CACHE_HOME:-${HOME:-$here/../../.cache}/.cache}/gpupv}

# quiet COMMAND...: with no handle of ours. Wine's servers outlive the command, and whoever reads our
# output to its end would wait for them.
quiet() { "$@" </dev/null >/dev/null 2>&1 9>&-; }

# stop DIR: ends everything in the prefix and removes its socket folder, whose name it knows.
stop() {
    local sockets
    sockets=$(cat "$1/wineserver" 2>/dev/null || true)
    WINEPREFIX=$1 quiet wineserver -k || true
    WINEPREFIX=$1 quiet wineserver -w || true
    case $sockets in
    wine-*/* | '') ;;
    wine-*) rm -rf "/tmp/$sockets" ;;
    esac
}

template() {
    local key dir work
    key=$( (wine64 --version; cat "$here/template.reg") | sha256sum | cut -c1-16)
    dir=$cache/wine-$key
    if [ ! -f "$dir/complete" ]; then
        mkdir -p "$cache"
        exec 9>"$cache/wine.lock"
        flock 9
        if [ ! -f "$dir/complete" ]; then
            echo "wine: making the template prefix $dir (about 15 s, once)" >&2
            work=$(mktemp -d "$cache/wine-work.XXXXXX")
            WINEPREFIX=$work quiet wine64 wineboot -i
            WINEPREFIX=$work quiet wine64 regedit /S "$here/template.reg"
            WINEPREFIX=$work quiet wineserver -w
            stop "$work"
            rm -f "$work/wineserver"
            touch "$work/complete"
            rm -rf "$dir"
            mv "$work" "$dir"
        fi
        exec 9>&-
    fi
    echo "$dir"
}

make() {
    local from file
    from=$(template)
    [ ! -d "$1" ] || stop "$1"
    rm -rf "$1"
    mkdir -p "$(dirname "$1")"
    cp -al "$from" "$1" 2>/dev/null || { rm -rf "$1"; cp -a "$from" "$1"; }
    # wineserver writes these in place, which would change the template
    for file in system.reg user.reg userdef.reg .update-timestamp drive_c/windows/win.ini; do
        [ ! -f "$1/$file" ] || cp --remove-destination "$from/$file" "$1/$file"
    done
}

boot() {
    WINEPREFIX=$1 quiet wineserver -p
    WINEPREFIX=$1 quiet wine64 wineboot
}

[ $# = 2 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 64; }
dir=$(realpath -m "$2")
case $1 in
make) make "$dir" ;;
boot) boot "$dir" ;;
up) make "$dir" && boot "$dir" ;;
down) stop "$dir" && rm -rf "$dir" ;;
*) exit 64 ;;
esac
