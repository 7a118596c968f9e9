#!/bin/bash
# format.sh CLANG_FORMAT: fails and names the places when a source is not as clang-format would have it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

git ls-files -z --cached --others --exclude-standard '*.c' '*.h' |
    xargs -0 -r "$1" --dry-run -Werror --ferror-limit=3
