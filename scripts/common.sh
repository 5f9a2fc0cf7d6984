# shellcheck shell=bash
# Shared by the scripts of this folder; sourced, not run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cuda_home=${UNMIX_CUDA_HOME:-$HOME/.cache/unmix/cuda}
jobs=$(nproc)

has_gpu() {
  if command -v nvidia-smi >/dev/null; then nvidia-smi -L 2>/dev/null | grep -q '^GPU 0'; else [[ -e /dev/nvidia0 ]]; fi
}

# The same places, in the same order, as cmake/UnmixCuda.cmake looks in.
find_nvcc() {
  local place
  for place in ${CUDA_HOME:+"$CUDA_HOME/bin/nvcc"} ${CUDA_PATH:+"$CUDA_PATH/bin/nvcc"} "$(command -v nvcc || true)" \
    "$cuda_home/bin/nvcc" /usr/local/cuda/bin/nvcc; do
    if [[ -x $place ]]; then
      echo "$place"
      return
    fi
  done
  return 1
}

install_dependencies() {
  scripts/install-deps.sh
  if has_gpu && ! find_nvcc >/dev/null; then scripts/install-deps.sh --cuda; fi
}

# build PRESET [TARGET...]; with UNMIX_WARNINGS_AS_ERRORS=ON, as .ci/run sets it, a warning fails.
build() {
  local preset=$1 log=build/$1.configure.log
  shift
  mkdir -p build
  if ! cmake --preset "$preset" \
    ${UNMIX_WARNINGS_AS_ERRORS:+"-DCMAKE_COMPILE_WARNING_AS_ERROR=$UNMIX_WARNINGS_AS_ERRORS"} >"$log" 2>&1; then
    cat "$log" >&2
    return 1
  fi
  sed -n '/^-- unmix /,/^-- Configuring/{/Configuring/!p}' "$log"
  cmake --build --preset "$preset" -j "$jobs" ${1:+--target "$@"}
}

# Runs every test of a preset; the last line it prints is "N passed, N failed, N skipped".
run_tests() {
  local report=build/$1/tests.xml total passed skipped failed
  rm -f "$report"
  ctest --preset "$1" -j "$jobs" --output-junit "$PWD/$report" || true
  total=$(grep -c '<testcase ' "$report" || true)
  passed=$(grep -c '<testcase .*status="run"' "$report" || true)
  skipped=$(grep -cE '<skipped message="SKIP_|<testcase .*status="disabled"' "$report" || true)
  failed=$((total - passed - skipped))
  if ((total == 0)); then
    echo "no test was found"
    failed=1
  fi
  echo "$passed passed, $failed failed, $skipped skipped"
  ((failed == 0))
}
