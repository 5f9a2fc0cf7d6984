#!/usr/bin/env bash
# Installs what is missing, builds the program and runs `unmix demo`; arguments go to it (--output DIR, --tiny, ...).
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
install_dependencies
build release unmix
exec build/release/unmix demo "$@"
