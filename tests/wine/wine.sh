# shellcheck shell=bash disable=SC2034,SC2154
# Wine prefixes as machines, for the scripts that run.sh runs. prefix.sh makes and removes them; this file starts
# programs in them, imports registry text and installs emulator DLLs. Everything has a time limit, and only what was
# started here is ever ended.
#
# The caller sets WINE_WORK (a folder for this run) and calls wine_close at the end, also when it fails.

WINE_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
WINE64=${WINE64:-/usr/lib/wine/wine64}
WINE_DLLS=${WINE_DLLS:-/usr/lib/x86_64-linux-gnu/wine/x86_64-windows}
WINE_LIMIT=60      # seconds, for a program that is waited for
export WINEDEBUG=${WINEDEBUG:--all}
PATH=$PATH:/usr/lib/wine # wineserver
unset WINEPREFIX DISPLAY WAYLAND_DISPLAY

wine_prefixes=()   # folders of this run
wine_background=() # process ids of this run

# A machine of that name, booted and idle.
wine_prefix() { # NAME
    wine_prefixes+=("$WINE_WORK/$1")
    "$WINE_HERE/prefix.sh" up "$WINE_WORK/$1"
}

# A power cut and a new start.
wine_reboot() { # NAME
    WINEPREFIX=$WINE_WORK/$1 timeout -k 3 20 wineserver -k
    WINEPREFIX=$WINE_WORK/$1 timeout -k 3 20 wineserver -w
    "$WINE_HERE/prefix.sh" boot "$WINE_WORK/$1"
}

# Ends and removes everything of this run.
wine_close() {
    local pid prefix
    rm -rf "$WINE_WORK/imports" && mkdir -p "$WINE_WORK/imports"
    for pid in "${wine_background[@]}"; do kill -9 "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
    for prefix in "${wine_prefixes[@]}"; do
        # what programs have called, for imports.py
        [ ! -d "$prefix/drive_c/emulator/imports" ] || cp "$prefix/drive_c/emulator/imports/"* "$WINE_WORK/imports/" 2>/dev/null
        "$WINE_HERE/prefix.sh" down "$prefix"
    done
    wine_background=() wine_prefixes=()
}

# Runs a program and waits for it; its exit code, 124 after WINE_LIMIT seconds.
wine_run() { # NAME PROGRAM [ARGUMENT...]
    local prefix=$WINE_WORK/$1
    shift
    WINEPREFIX=$prefix timeout -k 3 "$WINE_LIMIT" "$WINE64" "$@" </dev/null
}

# Starts a program in the background: its id in wine_pid, its output in the log.
wine_start() { # NAME LOG PROGRAM [ARGUMENT...]
    local prefix=$WINE_WORK/$1 log=$2
    shift 2
    : >"$log" # now, not when the program starts: somebody may look for its first line already
    WINEPREFIX=$prefix "$WINE64" "$@" </dev/null >>"$log" 2>&1 &
    wine_pid=$!
    wine_background+=("$wine_pid")
}

# Waits until a program of wine_start has ended; its exit code, 124 when it had to be killed.
wine_finish() { # PID [SECONDS]
    local left=$((${2:-10} * 20)) pid kept=()
    while kill -0 "$1" 2>/dev/null && [ $((left--)) -gt 0 ]; do sleep 0.05; done
    for pid in "${wine_background[@]}"; do [ "$pid" = "$1" ] || kept+=("$pid"); done
    wine_background=("${kept[@]}")
    if kill -9 "$1" 2>/dev/null; then
        wait "$1" 2>/dev/null
        return 124
    fi
    wait "$1"
}

# Ends a program of wine_start the hard way.
wine_kill() { # PID
    wine_finish "$1" 0 2>/dev/null
    true
}

# Waits until the pattern stands in the file.
wine_wait_for() { # FILE PATTERN [SECONDS]
    local left=$((${3:-10} * 20))
    until grep -qE -- "$2" "$1" 2>/dev/null; do
        [ $((left--)) -gt 0 ] || { echo "not in $1: $2"; cat "$1"; return 1; }
        sleep 0.05
    done
}

# Imports registry text from stdin (REGEDIT4 without its first line).
wine_registry() { # NAME
    local file=$WINE_WORK/$1.reg
    { printf 'REGEDIT4\n\n'; cat; } >"$file"
    wine_run "$1" regedit /S "$file" >/dev/null 2>&1
}

# Puts an emulator DLL into a prefix and switches it on for the named programs only.
wine_emulator() { # NAME DLL PROGRAM...
    local name=$1 dll=$2 base program drive=$WINE_WORK/$1/drive_c
    base=$(basename "$dll" .dll)
    shift 2
    mkdir -p "$drive/emulator"
    cp "$WINE_DLLS/$base.dll" "$drive/emulator/" 2>/dev/null # the original, which a thunk DLL loads
    rm -f "$drive/windows/system32/$base.dll"                # a hard link to the template's
    cp "$dll" "$drive/windows/system32/" || return 1
    for program in "$@"; do
        printf '[HKEY_CURRENT_USER\\Software\\Wine\\AppDefaults\\%s\\DllOverrides]\n"%s"="native,builtin"\n' "$program" "$base"
    done | wine_registry "$name"
}
