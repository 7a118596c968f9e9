#!/bin/bash
# imports.sh OBJDUMP PROGRAM.EXE: fails when the program needs a DLL that is not part of Windows itself.
# Such a program starts on the machine that built it and nowhere else.
set -euo pipefail

allowed=$(dirname "${BASH_SOURCE[0]}")/imports.allow
imports=$("$1" -p "$2" | sed -n 's/^\tDLL Name: //p' | tr '[:upper:]' '[:lower:]' | sort -u)
[ -n "$imports" ] || { echo "$2: no import table found"; exit 1; }
foreign=$(grep -vxFf <(grep -v '^#' "$allowed") <<<"$imports" || true)
if [ -n "$foreign" ]; then
    echo "$2 imports what Windows does not bring: ${foreign//$'\n'/ }"
    exit 1
fi
echo "$2 imports only: ${imports//$'\n'/ }"
