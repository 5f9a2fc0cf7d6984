"""Separates a file with the published openunmix package and prints the time that it took and its peak memory.

    python bench/peers/separate.py --model FOLDER song.wav [--niter 0] [--output FOLDER]

FOLDER holds a model in Open-Unmix's format: separator.json and TARGET.json, TARGET.pth for each target. The
time is that of the separation alone, the median of --repeat runs; the memory is the whole process's.
"""

import argparse
import json
import os
import resource
import statistics
import sys
import time
from pathlib import Path

import soundfile
import torch
from openunmix import predict, utils


def load(folder, niter, wiener_win_len):
    """-> the separator and its sample rate."""
    if not (folder / "separator.json").is_file():
        sys.exit(f"separate: {folder} has no separator.json")
    targets = sorted(path.stem for path in folder.glob("*.json") if path.stem != "separator")
    separator = utils.load_separator(str(folder), targets, niter=niter, wiener_win_len=wiener_win_len)
    separator.freeze()
    return separator, int(json.loads((folder / "separator.json").read_text())["sample_rate"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--niter", type=int, default=1, help="iterations of the Wiener filter")
    parser.add_argument("--wiener-win-len", type=int, default=300, help="frames that it takes at a time")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--output", type=Path, help="folder for TARGET.wav (default: nothing is written)")
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    separator, model_rate = load(args.model, args.niter, args.wiener_win_len)
    audio, rate = soundfile.read(args.input, dtype="float32", always_2d=True)
    if rate != model_rate:
        sys.exit(f"separate: {args.input} has {rate} Hz, the model {model_rate} Hz")
    audio, seconds = torch.from_numpy(audio.T.copy()), []
    for _ in range(args.repeat):
        begin = time.perf_counter()
        with torch.no_grad():
            estimates = predict.separate(audio, rate, separator=separator)
        seconds.append(time.perf_counter() - begin)
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    duration = audio.shape[1] / rate
    print(f"{args.input.name}: {duration:.1f} s of audio in {statistics.median(seconds):.3f} s "
          f"({duration / statistics.median(seconds):.1f} times real time), peak memory {peak / 1e9:.3f} GB")
    if args.output:
        args.output.mkdir(parents=True, exist_ok=True)
        for target, estimate in estimates.items():
            soundfile.write(args.output / f"{target}.wav", estimate[0].T.numpy(), rate, subtype="FLOAT")


if __name__ == "__main__":
    main()
