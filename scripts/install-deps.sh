#!/usr/bin/env bash
# Installs what the build needs from Debian's packages, or prints the command where it may not.
#   scripts/install-deps.sh          libraries, compiler, CMake
#   scripts/install-deps.sh --cuda   also a CUDA toolkit where there is none, from the vendor's Python wheels
#                                    (into ~/.cache/unmix/cuda, or $UNMIX_CUDA_HOME; 1.2 GB to download)
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
export DEBIAN_FRONTEND=noninteractive

packages=(
  g++ make cmake ninja-build ccache pkg-config git
  libdnnl-dev libfftw3-dev libsndfile1-dev libsoxr-dev
  libavformat-dev libavcodec-dev libavutil-dev libswresample-dev
  libfmt-dev nlohmann-json3-dev libcli11-dev libpng-dev
  libgtest-dev libgmock-dev libbenchmark-dev
)

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

case ${1:-} in
  "") install_packages "${packages[@]}" ;;
  --cuda)
    install_packages "${packages[@]}"
    if ! nvcc=$(find_nvcc); then
      python3 -m pip --version >/dev/null 2>&1 || install_packages python3 python3-pip
      install_toolkit
    else
      echo "CUDA toolkit: $nvcc"
    fi
    ;;
  *)
    echo "usage: scripts/install-deps.sh [--cuda]" >&2
    exit 2
    ;;
esac
