#!/usr/bin/env bash
# Installs what is missing, builds and runs every test. The last line is "N passed, N failed, N skipped".
#   scripts/test.sh [PRESET...]    of CMakePresets.json: release, dev, debug, cpu, cuda, asan, sim, sim-check
# Without an argument: release; and where there is no GPU also sim and sim-check, which run the CUDA half on the
# simulated device (docs/simulated-device.md).
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
if (($# == 0)); then
  set -- release
  if ! has_gpu; then set -- release sim sim-check; fi
fi
install_dependencies
passed=0 failed=0 skipped=0
for preset in "$@"; do
  echo "--- $preset"
  if [[ $preset == sim* ]]; then scripts/install-deps.sh --cuda-headers; fi
  if ! build "$preset"; then
    failed=$((failed + 1))
    continue
  fi
  run_tests "$preset" | tee "build/$preset/summary" || true
  read -r p _ f _ s _ < <(tail -n 1 "build/$preset/summary")
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
