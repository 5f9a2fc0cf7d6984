#!/usr/bin/env bash
# Writes docs/gpu.md: what the kernels move on the simulated device beside their formulas, and, where nvcc is at hand,
# the registers, spills and shared memory that it reports for each kernel file.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
architectures=(80 90 100)
scripts/install-deps.sh --cuda-headers
cmake --preset sim-check -DUNMIX_BENCH=ON >/dev/null
cmake --build --preset sim-check -j "$jobs" --target unmix_gpu_page

# resources FILE: for each architecture "kernels, most registers, bytes spilled, most bytes of static shared memory".
resources() {
  local architecture
  for architecture in "${architectures[@]}"; do
    "$nvcc" -std=c++20 -x cu --extended-lambda --expt-relaxed-constexpr -DUNMIX_CUDA=1 -DFMT_USE_CONSTEXPR=1 -O3 -I. \
      -gencode "arch=compute_$architecture,code=sm_$architecture" -Xptxas -v -cubin -o /dev/null "$1" 2>&1 |
      awk '/Compiling entry function/ {kernels++}
           /bytes spill stores/ {for (i = 1; i < NF; i++) if ($(i + 1) == "bytes" && $(i + 2) == "spill") spilled += $i}
           /Used [0-9]+ registers/ {for (i = 1; i < NF; i++) if ($i == "Used" && $(i + 1) > most) most = $(i + 1)
                                    if (match($0, /[0-9]+ bytes smem/) && substr($0, RSTART) + 0 > shared) shared = substr($0, RSTART) + 0}
           END {printf " %d, %d, %d, %d |", kernels, most, spilled, shared}'
  done
}

page=$(mktemp)
trap 'rm -f "$page"' EXIT
{
  cat <<'END'
# The CUDA kernels, counted

Written by `scripts/gpu-page.sh`. Nothing here was measured on a GPU. "Asked for" and "sectors" were counted while the
kernels ran on the [simulated device](simulated-device.md); the last column is a **projection**: the sectors scaled to the
size named and divided by 3.0 TB/s, or the operations by 67 TFLOP/s where that takes longer (an H100 SXM's reachable
memory rate and its float32 rate). Launches include fills and copies. Values that many threads share (per column, per
bin) are counted at every read; a GPU's caches serve most of those, so such rows are upper bounds. So is dropout: its
threads take four neighbours one after the other.

END
  build/sim-check/unmix_gpu_page
  if nvcc=$(find_nvcc); then
    echo
    echo "## What nvcc reports"
    echo
    "$nvcc" --version | sed -n 's/.*release \([0-9.]*\),.*/Reported by nvcc \1, per file: kernels, most registers of one, bytes spilled, most bytes of static shared memory./p'
    echo
    printf '| file |'; printf ' sm_%s |' "${architectures[@]}"; echo
    printf '|---|'; printf -- '---|%.0s' "${architectures[@]}"; echo
    grep -vE '^(tests|bench|apps)/' build/sim-check/kernel_files.txt | sort | while read -r file; do
      echo "| $file |$(resources "$file")"
    done
  fi
} >"$page"
cp "$page" docs/gpu.md
