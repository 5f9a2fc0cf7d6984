#!/usr/bin/env bash
# Everything that only a real GPU can show, in stages of under ten minutes each:
#   scripts/gpu-check.sh [STAGE...]     all of them in order, or those named
#     build                 configures and builds the preset `cuda`; skip it to check a build made elsewhere
#     tests                 every test, on cuda too, in UNMIX_SHARDS processes (8)
#     starts                200 short training runs, eight at a time: none may fail
#     memcheck racecheck initcheck synccheck    compute-sanitizer's tools on a short training run
#     bench                 the benchmarks on cuda
#     peer                  the same training step in PyTorch, interleaved (needs bench/peers/setup.sh's environment)
#     summary               bench/results/DEVICE.json and .md from what has run so far
# Needs no network but for `build` on a machine without the dependencies. UNMIX_BUILD names the build folder
# (build/cuda), UNMIX_PEERS the Python of the peers.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

folder=${UNMIX_BUILD:-build/cuda}
peers=${UNMIX_PEERS:-$HOME/.cache/unmix/peers/bin/python}
results=bench/results
logs=$folder/gpu-check
all_stages=(build tests starts memcheck racecheck initcheck synccheck bench peer summary)

device_name() { "$folder/unmix" info --json | sed -n 's/.*"cuda:0": "\([^"]*\)".*/\1/p'; }

need_device() {
  if [[ ! -x $folder/unmix ]]; then
    echo "gpu-check: $folder/unmix is not there: run the stage build first" >&2
    return 1
  fi
  if [[ -z $(device_name) ]]; then
    echo "gpu-check: no CUDA device was found; the stage $1 needs one. What could run without it has run." >&2
    return 1
  fi
  if [[ $(device_name) == *simulated* ]]; then
    echo "gpu-check: $folder is a build for the simulated device; build the preset cuda" >&2
    return 1
  fi
}

sanitize() {
  local work
  work=$(mktemp -d)
  compute-sanitizer --tool "$1" --error-exitcode 9 "$folder/unmix" demo --tiny --device cuda --quiet --output "$work/demo"
  rm -rf "$work"
}

stage_build() { scripts/install-deps.sh --cuda && build cuda; }
# A few processes with many tests each: ctest's process for each test would start CUDA some thousand times.
stage_tests() {
  local shards=${UNMIX_SHARDS:-8} shard status=0 running=()
  for ((shard = 0; shard < shards; ++shard)); do
    GTEST_TOTAL_SHARDS=$shards GTEST_SHARD_INDEX=$shard OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive \
      "$folder/unmix_tests" --gtest_brief=1 >"$logs/tests.$shard.log" 2>&1 &
    running+=($!)
  done
  for shard in "${running[@]}"; do wait "$shard" || status=1; done
  cat "$logs"/tests.*.log
  return "$status"
}
# What is made when a program begins can fail in one of a hundred, and only beside other programs.
stage_starts() {
  local work status=0
  work=$(mktemp -d)
  "$folder/unmix" demo --tiny --device cpu --quiet --output "$work/demo" >/dev/null
  seq 200 | OMP_NUM_THREADS=1 xargs -P 8 -I{} "$folder/unmix" train --root "$work/demo/songs" --is-wav --device cuda \
    --output "$work/{}" --cache "$work/demo/cache" --epochs 1 --samples-per-track 1 --seq-dur 0.5 --batch-size 2 \
    --hidden-size 8 --nb-layers 1 --nfft 512 --nhop 128 --quiet || status=1
  echo "$(ls "$work"/*/joint.json | wc -l) of 200 runs ended well"
  rm -rf "$work"
  return "$status"
}
stage_memcheck() { sanitize memcheck; }
stage_racecheck() { sanitize racecheck; }
stage_initcheck() { sanitize initcheck; }
stage_synccheck() { sanitize synccheck; }
stage_bench() {
  "$folder/unmix_bench" --benchmark_filter='/1/real_time$' --benchmark_out="$logs/bench.json" \
    --benchmark_out_format=json
}
stage_peer() {
  local precision
  for precision in fp32 tf32 bf16; do
    "$peers" bench/peers/train_step.py --joint --hidden 512 --device cuda --precision "$precision" --steps 30 \
      --ours "$folder/unmix_train_step"
  done
}

# stages.tsv holds a line per stage that has run: name, result, seconds, last line of its log.
stage_summary() {
  local name=${device//[^A-Za-z0-9.]/-} stage result seconds last separator=
  mkdir -p "$results"
  {
    printf '{"device": "%s", "commit": "%s", "date": "%s", "stages": [' "$device" "$(git rev-parse --short HEAD)" "$(date -u +%F)"
    while IFS=$'\t' read -r stage result seconds last; do
      printf '%s{"name": "%s", "result": "%s", "seconds": %s, "last_line": "%s"}' "$separator" "$stage" "$result" \
        "$seconds" "$(sed 's/[\\"]/\\&/g' <<<"$last")"
      separator=', '
    done <"$logs/stages.tsv"
    printf '], "benchmarks": %s}\n' "$([[ -s $logs/bench.json ]] && cat "$logs/bench.json" || echo null)"
  } >"$results/$name.json"
  {
    printf '# %s\n\n| stage | result | seconds | |\n|---|---|---:|---|\n' "$device"
    while IFS=$'\t' read -r stage result seconds last; do
      printf '| %s | %s | %s | %s |\n' "$stage" "$result" "$seconds" "${last//|/\\|}"
    done <"$logs/stages.tsv"
  } >"$results/$name.md"
  echo "written: $results/$name.json, $results/$name.md"
}

run_stage() {
  local stage=$1 begin=$SECONDS result=passed last
  [[ $stage == build ]] || need_device "$stage" || return 1
  mkdir -p "$logs"
  echo "=== $stage"
  [[ $stage == build ]] || device=$(device_name)
  "stage_$stage" </dev/null 2>&1 | tee "$logs/$stage.log" || result=failed
  [[ $stage == summary ]] && return
  last=$(grep -v '^[[:space:]]*$' "$logs/$stage.log" | tail -n 1 | tr '\t' ' ' | cut -c1-160)
  touch "$logs/stages.tsv"
  sed -i "/^$stage\t/d" "$logs/stages.tsv"
  printf '%s\t%s\t%d\t%s\n' "$stage" "$result" $((SECONDS - begin)) "$last" >>"$logs/stages.tsv"
  [[ $result == passed ]]
}

(($# > 0)) || set -- "${all_stages[@]}"
status=0
for stage in "$@"; do
  if ! declare -F "stage_$stage" >/dev/null; then
    echo "gpu-check: there is no stage $stage; there are: ${all_stages[*]}" >&2
    exit 2
  fi
  run_stage "$stage" || status=1
  if [[ $stage == build ]] && ((status == 0)) && ! need_device tests; then exit 1; fi
done
exit "$status"
