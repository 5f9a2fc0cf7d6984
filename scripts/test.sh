#!/usr/bin/env bash
# Installs what is missing, builds and runs every test. The last line is "N passed, N failed, N skipped".
#   scripts/test.sh [release|cpu|cuda|asan]    a preset of CMakePresets.json; release if none is given
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
preset=${1:-release}
install_dependencies
build "$preset"
run_tests "$preset"
