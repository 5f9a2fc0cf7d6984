#!/usr/bin/env bash
# Runs clang-tidy over the sources, as .clang-tidy says; fails if it has a finding. Too slow for .ci/run: about 8 s
# of a core for a file of the libraries, 26 s for one of apps/.
#   scripts/tidy.sh              every source of the libraries and the program
#   scripts/tidy.sh FILE...      some
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
scripts/install-deps.sh --tidy
cmake --preset dev >/dev/null
if (($# == 0)); then
  mapfile -t files < <(git ls-files '*.cpp' | grep -vE '^(tests|bench)/')
  set -- "${files[@]}"
fi
printf '%s\0' "$@" | xargs -0 -P "$jobs" -n 1 clang-tidy-16 --quiet --warnings-as-errors='*' -p build/dev
