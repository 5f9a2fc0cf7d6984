#!/usr/bin/env bash
# Makes the Python environment of the peers: bench/peers/setup.sh [FOLDER]
# FOLDER lies outside the source tree (default: ~/.cache/unmix/peers) and takes about 5 GB. Needs Python 3.11 or later
# with venv; museval also needs ffmpeg. Neither the program nor its tests need any of it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=$(realpath -m "${1:-${XDG_CACHE_HOME:-$HOME/.cache}/unmix/peers}")

case $folder/ in
    "$root"/*) echo "setup.sh: $folder is inside the source tree; name a folder outside of $root" >&2; exit 2 ;;
esac
if ! python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "setup.sh: needs python3 3.11 or later with venv (Debian: apt install python3-venv)" >&2
    exit 1
fi

python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --requirement "$here/requirements.txt"
command -v ffmpeg >/dev/null ||
    echo "setup.sh: no ffmpeg found; museval and musdb need it (Debian: apt install ffmpeg)" >&2
echo "ready: $folder/bin/python bench/peers/train_step.py --help"
