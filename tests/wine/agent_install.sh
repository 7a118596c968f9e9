# shellcheck shell=bash disable=SC2034,SC2154
# Installing and removing the agent, dying at every step: see install_exercise_win32.c.
EXERCISE=$BINARIES/tests/wine/install_exercise.exe
SETUP='C:\setup\gpupv-agent.exe'
WINE_LIMIT=850

exercise() { wine_run guest "$EXERCISE" "$SETUP" 'C:\sim' "$@"; }

need wine_prefix guest
mkdir -p "$WINE_WORK/guest/drive_c/setup"
cp "$BINARIES/guest/gpupv-agent.exe" "$WINE_WORK/guest/drive_c/setup/"
check "who may change a program's path is judged right" exercise acl
need system_install guest gpupv-agent.exe install_exercise.exe
need wine_run guest "$SETUP" sim 'C:\sim' init healthy
check "whatever dies, the next install or uninstall finishes" exercise
