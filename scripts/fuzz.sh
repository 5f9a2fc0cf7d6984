#!/usr/bin/env bash
# Builds the fuzz targets with clang and runs them one after another; fails at the first finding, which is kept in
# build/fuzz/findings. What a run learns is kept in build/fuzz/corpus.
#   scripts/fuzz.sh [SECONDS [TARGET...]]    600 seconds for each of: pth pth_object safetensors model_json checkpoint study audio
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
seconds=${1:-600}
shift $(($# > 0))
if (($# == 0)); then set -- pth pth_object safetensors model_json checkpoint study audio; fi

scripts/install-deps.sh --fuzz
mkdir -p build
if ! cmake --preset fuzz >build/fuzz.configure.log 2>&1; then
  cat build/fuzz.configure.log >&2
  exit 1
fi
cmake --build --preset fuzz -j "$jobs"
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 OMP_NUM_THREADS=1
for target in "$@"; do
  mkdir -p "build/fuzz/corpus/$target" build/fuzz/findings
  echo "--- $target"
  # 16 KiB of input justify no 64 MiB. libav, though, allocates a table as long as a header states, before it reads one.
  limit=64
  if [[ $target == audio ]]; then limit=2048; fi
  build/fuzz/fuzz_"$target" -max_total_time="$seconds" -max_len=16384 -timeout=10 -malloc_limit_mb="$limit" \
    -print_final_stats=1 -verbosity=0 -artifact_prefix="build/fuzz/findings/$target-" "build/fuzz/corpus/$target" "tests/fuzz/corpus/$target"
done
echo "no findings"
