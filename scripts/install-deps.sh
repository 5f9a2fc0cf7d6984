#!/usr/bin/env bash
# Installs what the build needs from Debian's packages, or prints the command where it may not.
#   scripts/install-deps.sh          libraries, compiler, CMake
#   scripts/install-deps.sh --cuda   also a CUDA toolkit where there is none, from the vendor's Python wheels
#                                    (into ~/.cache/unmix/cuda, or $UNMIX_CUDA_HOME; 1.2 GB to download), and its
#                                    disassembler where that is not part of it, which scripts/sass.py uses
#   scripts/install-deps.sh --fuzz   also clang 16, which the fuzz targets are built with
#   scripts/install-deps.sh --format clang-format 14, which scripts/format.sh uses, and nothing else
#   scripts/install-deps.sh --tidy   also clang-tidy 16, which scripts/tidy.sh uses
#   scripts/install-deps.sh --cuda-headers   only the CUDA toolkit's headers, to the same place: what the build for the
#                                    simulated device needs (UNMIX_CUDA=SIM)
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
export DEBIAN_FRONTEND=noninteractive

packages=(
  g++ make cmake ninja-build ccache pkg-config git
  libdnnl-dev libfftw3-dev libsndfile1-dev libsoxr-dev
  libavformat-dev libavcodec-dev libavutil-dev libswresample-dev
  libfmt-dev nlohmann-json3-dev libcli11-dev libtoml11-dev libpng-dev librsvg2-dev zlib1g-dev
  libgtest-dev libgmock-dev libbenchmark-dev libboost-context-dev
)

fuzz_packages=(clang-16 libclang-rt-16-dev libomp-16-dev llvm-16)

install_packages() {
  local missing=() package
  if ! command -v dpkg-query >/dev/null; then
    echo "not a Debian system: install the equivalents of: $*" >&2
    return
  fi
  for package in "$@"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed* ]] || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then return; fi
  local as_root=()
  if ((EUID != 0)); then
    if ! sudo -n true 2>/dev/null; then
      echo "missing packages; install them with:" >&2
      echo "  sudo apt-get install --no-install-recommends ${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo -n)
  fi
  echo "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# The wheels unpack to nvidia/cu13 and nvidia/cudnn, without the names that linkers look for: make one toolkit of them.
install_toolkit() {
  local temporary=$cuda_home.$$ library
  rm -rf "$temporary"
  mkdir -p "$temporary"
  trap 'rm -rf "'"$temporary"'"' EXIT
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps \
    --target "$temporary/wheels" -r scripts/cuda-requirements.txt
  mv "$temporary/wheels/nvidia/cu13" "$temporary/toolkit"
  cp -r --link "$temporary/wheels/nvidia/cudnn/include" "$temporary/wheels/nvidia/cudnn/lib" "$temporary/toolkit/"
  for library in "$temporary"/toolkit/lib/*.so.*; do
    ln -sf "$(basename "$library")" "${library%%.so.*}.so"
  done
  ln -s lib "$temporary/toolkit/lib64"
  chmod +x "$temporary"/toolkit/bin/* "$temporary"/toolkit/nvvm/bin/*
  rm -rf "$cuda_home"
  mv "$temporary/toolkit" "$cuda_home"
  echo "CUDA toolkit in $cuda_home"
}

# Beside the toolkit: cuobjdump calls nvdisasm, and neither needs the rest.
install_disassembler() {
  local place
  for place in "$(dirname "$nvcc")" "$cuda_home-tools/nvidia/cu13/bin"; do
    if [[ -x $place/cuobjdump && -x $place/nvdisasm ]]; then return; fi
  done
  install_pip
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps \
    --target "$cuda_home-tools" $(sed -n '/^nvidia-cuda-\(cuobjdump\|nvdisasm\)==/p' scripts/cuda-requirements.txt)
  chmod +x "$cuda_home-tools"/nvidia/cu13/bin/*
}

install_pip() { python3 -m pip --version >/dev/null 2>&1 || install_packages python3 python3-pip; }

# The include folders of the wheels that have the headers of the runtime and of the three libraries.
install_headers() {
  local temporary=$cuda_home.$$
  rm -rf "$temporary"
  mkdir -p "$temporary"
  trap 'rm -rf "'"$temporary"'"' EXIT
  grep -E '^nvidia-(cuda-(runtime|crt|cccl)|cublas|cufft|cudnn-cu13)==' scripts/cuda-requirements.txt \
    >"$temporary/wanted"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --dest "$temporary/wheels" -r "$temporary/wanted"
  python3 - "$temporary" <<'END'
import pathlib, sys, zipfile
root = pathlib.Path(sys.argv[1])
for wheel in (root / "wheels").glob("*.whl"):
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            _, include, name = member.partition("/include/")
            if include and name and not name.endswith("/"):
                place = root / "include" / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(archive.read(member))
END
  rm -rf "$cuda_home"
  mkdir -p "$cuda_home"
  mv "$temporary/include" "$cuda_home/include"
  echo "CUDA headers in $cuda_home/include"
}

# The same places, in the same order, as cmake/UnmixCudaSim.cmake looks in.
find_headers() {
  local place
  for place in ${CUDA_HOME:+"$CUDA_HOME"} ${CUDA_PATH:+"$CUDA_PATH"} "$cuda_home" /usr/local/cuda; do
    if [[ -e $place/include/cuda_runtime.h && -e $place/include/cudnn.h ]]; then
      echo "$place/include"
      return
    fi
  done
  return 1
}

case ${1:-} in
  "") install_packages "${packages[@]}" ;;
  --format) command -v clang-format-14 >/dev/null || install_packages clang-format ;;
  --fuzz) install_packages "${packages[@]}" "${fuzz_packages[@]}" ;;
  --tidy) install_packages "${packages[@]}" clang-tidy-16 ;;
  --cuda)
    install_packages "${packages[@]}"
    if ! nvcc=$(find_nvcc); then
      install_pip
      install_toolkit
      nvcc=$(find_nvcc)
    else
      echo "CUDA toolkit: $nvcc"
    fi
    install_disassembler
    ;;
  --cuda-headers)
    install_packages "${packages[@]}"
    if ! headers=$(find_headers); then
      install_pip
      install_headers
    else
      echo "CUDA headers: $headers"
    fi
    ;;
  *)
    echo "usage: scripts/install-deps.sh [--cuda | --cuda-headers | --fuzz | --format | --tidy]" >&2
    exit 2
    ;;
esac
