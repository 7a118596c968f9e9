# shellcheck shell=bash disable=SC2034,SC2154
# Hyper-V's WMI provider of tests/emulator/hyperv, for all programs of a prefix: README.md there says what a test can seed
# and set. Sourced after system.sh.

hyperv_install() { # NAME
    local name=$1 class
    mkdir -p "$WINE_WORK/$name/drive_c/emulator/hyperv/"{heartbeat,kvp} &&
        cp "$BINARIES/emulator/hyperv.dll" "$WINE_WORK/$name/drive_c/emulator/" || return 1
    for class in 4590F811-1D3A-11D0-891F-00AA004B2E24 8D1C559D-84F0-4BB3-A7D5-56A7435A9BA6; do
        printf '[HKEY_LOCAL_MACHINE\\Software\\Classes\\CLSID\\{%s}\\InprocServer32]\n@="C:\\\\emulator\\\\hyperv.dll"\n"ThreadingModel"="Both"\n' $class
    done | wine_registry "$name"
}

# The machine from nothing, as JSON from stdin says; the numbers of calls begin anew.
hyperv_seed() { # NAME
    local folder=$WINE_WORK/$1/drive_c/emulator/hyperv
    rm -f "$folder"/state.* "$folder"/heartbeat/* "$folder"/kvp/* "$WINE_WORK/$1/drive_c/emulator/hyperv.log"
    cat >"$folder/seed.json"
    wine_run "$1" reg delete 'HKLM\Software\gpupv-emulator\hyperv' /f >/dev/null 2>&1
    true
}

# Settings, each as name=number or name:text; of a subject below ("jobs", "fault", ...) with its name.
hyperv_set() { # NAME VALUE...
    system_set "$1" hyperv "${@:2}"
}
hyperv_set_below() { # NAME SUBJECT VALUE...
    system_set "$1" "hyperv\\$2" "${@:3}"
}

# Prints a Python expression over the state: rows(class), vms() by name, settings(vm), resources(vm, class).
hyperv_state() { # NAME EXPRESSION
    python3 -B "$HERE/hyperv_state.py" "$WINE_WORK/$1/drive_c/emulator/hyperv/state.json" "$2"
}

hyperv_log() { # NAME
    cat "$WINE_WORK/$1/drive_c/emulator/hyperv.log"
}

# How many calls programs have made since the seed.
hyperv_calls() { # NAME
    grep -c '^[0-9]' "$WINE_WORK/$1/drive_c/emulator/hyperv.log"
}

# A script that boots and stops guests: `SCRIPT start|reset|stop|shutdown|reboot ID`, not waited for. It finds the machine's
# WINEPREFIX in its environment, and answers through the files of hyperv_guest.
hyperv_hook() { # NAME SCRIPT
    local path=Z:${2//\//\\\\}
    hyperv_set "$1" "StartHook:$path" "StopHook:$path"
}

# What a guest says of itself: ok, lost, off.
hyperv_guest() { # NAME ID WORD
    echo "$3" >"$WINE_WORK/$1/drive_c/emulator/hyperv/heartbeat/$2"
}
