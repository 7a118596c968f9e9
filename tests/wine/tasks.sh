# shellcheck shell=bash disable=SC2034,SC2154
# The Task Scheduler of tests/emulator/tasks, for all programs of a prefix. Sourced after system.sh.

tasks_install() { # NAME
    mkdir -p "$WINE_WORK/$1/drive_c/emulator" &&
        cp "$BINARIES/emulator/tasks.dll" "$WINE_WORK/$1/drive_c/emulator/" &&
        wine_registry "$1" <<'END'
[HKEY_LOCAL_MACHINE\Software\Classes\CLSID\{0F87369F-A4E5-4CFC-BD3E-73E6154572DD}\InprocServer32]
@="C:\\emulator\\tasks.dll"
"ThreadingModel"="Both"
END
}

# A task of the root folder, enabled or as values say (name=number).
task_seed() { # NAME TASK [VALUE...]
    system_set "$1" "tasks\\$2" "${@:3}" Enabled=1
}
