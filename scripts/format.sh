#!/usr/bin/env bash
# Formats every C++ file of the tree with Debian 12's clang-format (14: others differ in details), as .clang-format says.
#   scripts/format.sh            changes the files
#   scripts/format.sh --check    only says which would change, and which lines are longer than 120 characters
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
scripts/install-deps.sh --format
formatter=$(command -v clang-format-14 || command -v clang-format)
mapfile -t files < <(git ls-files -c -o --exclude-standard '*.cpp' '*.h')

if [[ ${1:-} != --check ]]; then
  "$formatter" -i "${files[@]}"
  exit
fi
"$formatter" --dry-run --Werror "${files[@]}"
# It leaves comments alone.
if LC_ALL=C.UTF-8 grep -nE '^.{121,}' "${files[@]}"; then
  echo "lines of more than 120 characters" >&2
  exit 1
fi
