#!/usr/bin/env bash
# Everything that only a real GPU can show, in stages of under ten minutes each on a data centre's GPU:
#   scripts/gpu-check.sh [STAGE...]     all of them in order, or those named
#     build                 configures and builds the preset `cuda`; skip it to check a build made elsewhere
#     probe                 a training step of a narrow network beside one of full width, and cuDNN's standard LSTM beside
#                           its persistent one: do launches or the GPU's work take the time? A minute
#     starts                200 short training runs, eight at a time: none may fail
#     tests                 every test, on cuda too, in UNMIX_SHARDS processes (8)
#     memcheck racecheck initcheck synccheck    compute-sanitizer's tools on a short training run
#     bench                 the benchmarks on cuda, and their roofline as a picture
#     peer                  the same training step in PyTorch, taking turns (needs bench/peers/setup.sh's environment);
#                           five comparisons of a minute each
#     loop                  `unmix train` with its loader, on files: seconds per step
#     ncu                   where Nsight Compute is installed: the kernels of one training step by time, and what limits
#                           the ten heaviest, into gpu-check/ncu.txt of the build folder
#     summary               bench/results/DEVICE.json and .md from what has run so far
# Needs no network but for `build` on a machine without the dependencies. UNMIX_BUILD names the build folder
# (build/cuda), UNMIX_PEERS the Python of the peers.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

folder=${UNMIX_BUILD:-build/cuda}
peers=${UNMIX_PEERS:-$HOME/.cache/unmix/peers/bin/python}
results=bench/results
logs=$folder/gpu-check
all_stages=(build probe starts tests memcheck racecheck initcheck synccheck bench peer loop ncu summary)

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
  local work status=0
  work=$(mktemp -d)
  compute-sanitizer --tool "$1" --error-exitcode 9 "$folder/unmix" demo --tiny --device cuda --quiet \
    --output "$work/demo" || status=1
  rm -rf "$work"
  return "$status"
}

stage_build() { scripts/install-deps.sh --cuda && build cuda; }
# Seconds of a step with hidden size $1 and LSTM engine $2: the median of 21 turns of ten steps, after two to make plans and wake the GPU.
median_step() {
  printf '10\n%.0s' {1..23} |
    "$folder/unmix_train_step" --joint --hidden "$1" --lstm-engine "$2" --device cuda --precision tf32 |
    tail -n +3 | grep -o '[0-9.]\+' | sort -g | sed -n 11p
}
# The narrow network launches the same kernels. Of the GPU's work it keeps the transforms and the passes over the masks.
stage_probe() {
  local narrow wide persistent
  narrow=$(median_step 32 standard) && wide=$(median_step 512 standard) && persistent=$(median_step 512 persistent) ||
    return 1
  echo "A step takes $narrow s with hidden size 32 and $wide s with 512: if the first is nearly as long," \
    "launches bind it, otherwise the GPU's work. With the persistent LSTM it takes $persistent s."
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
stage_memcheck() { sanitize memcheck; }
stage_racecheck() { sanitize racecheck; }
stage_initcheck() { sanitize initcheck; }
stage_synccheck() { sanitize synccheck; }
stage_bench() {
  "$folder/unmix_bench" --benchmark_filter=/cuda/ --benchmark_out="$logs/bench.json" --benchmark_out_format=json &&
    "$folder/unmix_roofline" "$logs/bench.json" "$logs/roofline.svg" --device cuda
}
stage_peer() {
  local way status=0
  for way in "eager fp32" "eager tf32" "eager bf16" "graph bf16" "split bf16"; do
    "$peers" bench/peers/train_step.py --joint --hidden 512 --device cuda --peer "${way% *}" --precision "${way#* }" \
      --steps 30 --ours "$folder/unmix_train_step" || status=1
  done
  return "$status"
}
# Of a run's record: the mean over its epochs, without the first, which decodes the files and makes plans.
seconds_per_step() {
  awk '/"steps_per_epoch"/ { steps = $2 + 0 }
    /"train_time_history"/ { inside = 1; next }
    /]/ { inside = 0 }
    inside && epochs++ > 0 { sum += $1 }
    END { printf "%.4f", sum / (epochs - 1) / steps }' "$1"
}
# 200 steps an epoch, batch 16 x 6 s, hidden size 512. One run of the demo's study writes the songs.
stage_loop() {
  local work workers line status=0
  work=$(mktemp -d)
  line="seconds per step: $(median_step 512 auto) of the step alone" || status=1
  "$folder/unmix" experiments studies/demo.toml --only L2freq --device cuda --quiet --output "$work/study" >/dev/null ||
    status=1
  for workers in 1 8; do # 1 is the default
    "$folder/unmix" train --root "$work/study/songs" --is-wav --cache "$work/study/cache" --samples-per-track 320 \
      --nb-workers "$workers" --epochs 3 --device cuda --precision tf32 --quiet --output "$work/$workers" || status=1
    line+=", $(seconds_per_step "$work/$workers/joint.json") of unmix train --nb-workers $workers" || status=1
  done
  echo "$line"
  rm -rf "$work"
  return "$status"
}
# ncu on one training step, the first of a process; the arguments are ncu's.
profile_step() {
  # shellcheck disable=SC2016
  ncu --target-processes all --clock-control none "$@" bash -c 'echo 1 | "$0" "$@"' "$folder/unmix_train_step" --joint \
    --device cuda --precision tf32 </dev/null
}
stage_ncu() {
  local launch status=0
  if ! command -v ncu >/dev/null; then
    echo "ncu is not installed: no kernel was profiled"
    return
  fi
  profile_step --cache-control none --csv --print-units base --metrics gpu__time_duration.sum >"$logs/ncu.csv" ||
    status=1
  # Of each kernel: its longest launch, the time of all its launches, their share of the step's, their number, its name.
  awk -F '","' '/^"[0-9]+",/ {
      gsub(/[",]/, "", $NF)
      if ($NF + 0 > longest[$5] + 0) { longest[$5] = $NF; launch[$5] = substr($1, 2) }
      sum[$5] += $NF; count[$5]++; all += $NF
    }
    END {
      for (name in sum)
        printf "%d\t%.3f ms\t%.1f %%\t%d\t%s\n", launch[name], sum[name] / 1e6, 100 * sum[name] / all, count[name], name
    }' "$logs/ncu.csv" | sort -t $'\t' -k 2,2gr | head -n 10 >"$logs/ncu-heaviest.tsv"
  while IFS=$'\t' read -r launch _; do
    profile_step --launch-skip "$launch" --launch-count 1 --section SpeedOfLight --section MemoryWorkloadAnalysis \
      --section Occupancy --section LaunchStats || status=1
  done <"$logs/ncu-heaviest.tsv" >"$logs/ncu.txt"
  cut -f 2- "$logs/ncu-heaviest.tsv" | cut -c1-160
  echo "what limits these: $logs/ncu.txt"
  return "$status"
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
