#!/usr/bin/env bash
# Writes docs/gpu.md: what the kernels and a training step move on the simulated device, and what nvcc made of them.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
scripts/install-deps.sh --cuda-headers
cmake --preset sim-check -DUNMIX_BENCH=ON >/dev/null
cmake --build --preset sim-check -j "$jobs" --target unmix_gpu_page
if nvcc=$(find_nvcc); then
  scripts/install-deps.sh --cuda
  cmake --preset cuda >/dev/null
  cmake --build --preset cuda -j "$jobs"
fi

page=$(mktemp)
trap 'rm -f "$page"' EXIT
{
  cat <<'END'
# The CUDA kernels, counted

Written by `scripts/gpu-page.sh`. Nothing here was measured on a GPU. What moves was counted while the kernels ran on
the [simulated device](simulated-device.md): "moved" counts each 32-byte sector once in a launch when it is first read
and once when it is first written, as a perfect cache would have it; "sectors of all requests" counts them for every
warp's instruction. The last column is a **projection**: what moved, scaled to the size named, divided by 3.0 TB/s, or
the operations by 67 TFLOP/s where that takes longer (an H100 SXM's reachable memory rate and its float32 rate).
Launches include fills and copies.

END
  build/sim-check/unmix_gpu_page
  if [[ -n $nvcc ]]; then
    echo
    echo "## What nvcc made of them"
    echo
    "$nvcc" --version | sed -n 's/.*release \([0-9.]*\),.*/nvcc \1, for each source file: kernels, most registers of one, most instructions of one, global loads of 8 or 16 bytes among all. `scripts\/sass.py` fails where a kernel spills registers, divides integers, or multiplies in tensor cores though it is written in float32./p'
    echo
    scripts/sass.py build/cuda --table
  fi
} >"$page"
cp "$page" docs/gpu.md
