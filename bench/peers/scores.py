"""BSSEval of unmix beside museval's: how far apart, and how fast.

    python bench/peers/scores.py tables [--unmix build/release/unmix]
    python bench/peers/scores.py speed [--seconds 240] [--repeat 1]

tables: signals made from a seed, scored by both; for each case the largest difference of a window and of a median,
and what museval differs from itself between one BLAS thread and two. speed: a track of four stereo stems; the two
programs take turns, each as a process of its own from files on disk to a table, with wall and CPU time and peak
memory. museval takes minutes and gigabytes for a whole track.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import types
from pathlib import Path

import numpy as np
import scipy.signal
import soundfile
import threadpoolctl

# Scores need neither musdb nor the ffmpeg that it asks for.
sys.modules.setdefault("musdb", types.ModuleType("musdb"))
import museval  # noqa: E402

RATE = 44100
METRICS = ("SDR", "ISR", "SIR", "SAR")
# name: sources, channels, seconds, mode, special
CASES = {
    "4 stereo stems, v4": (4, 2, 10, "v4", ""),
    "4 stereo stems, v3": (4, 2, 3, "v3", ""),
    "2 stereo stems, v4": (2, 2, 10, "v4", ""),
    "2 stereo stems, v3": (2, 2, 5, "v3", ""),
    "5 mono signals, v4": (5, 1, 10, "v4", ""),
    "silent frames, v4": (2, 2, 10, "v4", "silent"),
    "silent frames, v3": (2, 2, 5, "v3", "silent"),
    "one mono stem (left = right), v4": (4, 2, 10, "v4", "mono stem"),
    "all mono stems, v4": (2, 2, 10, "v4", "mono stems"),
    "a silent channel, v4": (2, 2, 10, "v4", "silent channel"),
    "band-limited to 4 kHz, v4": (2, 2, 10, "v4", "band-limited"),
    "sources 60 dB from equal, v4": (2, 2, 10, "v4", "near-singular"),
}


def signals(sources, channels, seconds, special):
    """-> references and estimates (sources, frames, channels), of 24 bits: colored noise that comes and goes."""
    random = np.random.default_rng(0)
    frames = int(seconds * RATE)
    reference = np.empty((sources, frames, channels))
    for j in range(sources):
        b, a = scipy.signal.butter(2, [0.002 * (j + 1), 0.05 + 0.15 * j / sources], "band")
        swell = np.abs(np.sin(np.arange(frames) / RATE * (1 + j)))[:, None]
        common = scipy.signal.lfilter(b, a, random.standard_normal((frames, 1)), axis=0)
        own = scipy.signal.lfilter(b, a, random.standard_normal((frames, channels)), axis=0)
        reference[j] = (common * (0.5 + 0.3 * np.arange(channels)) + 0.3 * own) * swell
    reference *= 0.3 / np.abs(reference).max()
    if special == "silent":
        reference[1, RATE : 3 * RATE] = 0
    elif special == "mono stem":
        reference[1] = reference[1, :, :1]
    elif special == "mono stems":
        reference[:] = reference[:, :, :1]
    elif special == "silent channel":
        reference[1, :, 1] = 0
    elif special == "near-singular":
        reference[1] = reference[0] + reference[1] / 1000
    elif special == "band-limited":
        low = scipy.signal.butter(12, 4000 / (RATE / 2), output="sos")
        reference = scipy.signal.sosfilt(low, reference, axis=1)
    reference = np.round(reference * 2**15) / 2**15
    noise = 0.003 * random.standard_normal(reference.shape)
    estimate = 0.8 * reference + 0.2 * np.roll(reference, 1, axis=0) + noise
    return reference, np.round(estimate * 2**23) / 2**23


def write(folder, audio):
    folder.mkdir(parents=True)
    for j, signal in enumerate(audio):
        soundfile.write(folder / f"{j}.wav", signal, RATE, subtype="PCM_24")


def read(folder):
    return np.stack([soundfile.read(path, always_2d=True)[0] for path in sorted(folder.glob("*.wav"))])


def unmix_command(program, folder, mode):
    return [program, "evaluate", "--reference", folder / "true", "--estimate", folder / "mine", "--mode", mode] + [
        "--evaldir",
        folder / "scores",
        "--quiet",
    ]


def unmix_scores(program, folder, mode):
    subprocess.run(unmix_command(program, folder, mode), check=True, stdout=subprocess.DEVNULL)
    targets = json.loads((folder / "scores" / "true.json").read_text())["targets"]
    return np.array([[[frame["metrics"][m] for frame in t["frames"]] for t in targets] for m in METRICS])


def museval_scores(reference, estimate, mode, threads):
    with threadpoolctl.threadpool_limits(threads):
        sdr, isr, sir, sar = museval.evaluate(reference, estimate, win=RATE, hop=RATE, mode=mode)
    return np.array([sdr, isr, sir, sar])


def largest(difference):
    return 0.0 if np.isnan(difference).all() else np.nanmax(np.abs(difference))


def tables(program):
    print("| case | windows without scores | window | median | museval against itself, 1 and 2 threads |")
    print("|---|---|---|---|---|")
    for name, (sources, channels, seconds, mode, special) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            reference, estimate = signals(sources, channels, seconds, special)
            write(folder / "true", reference)
            write(folder / "mine", estimate)
            ours = unmix_scores(program, folder, mode)
        one, two = (museval_scores(reference, estimate, mode, threads) for threads in (1, 2))
        missing = np.isnan(one)
        same = "the same" if np.array_equal(missing, np.isnan(ours)) else "OTHERS"
        medians = [np.nanmedian(scores, axis=2) for scores in (ours, one)]
        print(
            f"| {name} | {same} ({missing[0, 0].sum()} of {missing.shape[2]}) | {largest(ours - one):.1e} dB "
            f"| {largest(medians[0] - medians[1]):.1e} dB | {largest(one - two):.1e} dB |",
            flush=True,
        )


def timed(command):
    """-> wall and CPU seconds, peak memory in GB."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"scores: {command[0]} failed")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20


def make(folder, seconds):
    reference, estimate = signals(4, 2, seconds, "")
    write(folder / "true", reference)
    write(folder / "mine", estimate)


def speed(program, seconds, repeat):
    print(f"{seconds:g} s, 4 stereo stems, {len(os.sched_getaffinity(0))} CPUs")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        itself = [sys.executable, __file__, "--folder", folder, "--seconds", str(seconds)]
        # In a process of its own: a child's peak counts what its parent held when it was forked.
        subprocess.run([*itself, "make"], check=True)
        os.sync()
        peer = [*itself, "museval"]
        for _ in range(repeat):
            # Three of ours beside each of museval's, which takes so much longer: one alone shows more of the machine.
            ours, theirs = [timed(unmix_command(program, folder, "v4")) for _ in range(3)], timed(peer)
            for name, (wall, cpu, memory) in [("unmix", run) for run in ours] + [("museval", theirs)]:
                print(f"{name}: {wall:.2f} s, CPU {cpu:.2f} s, {memory:.2f} GB")
            walls = sorted(wall for wall, _, _ in ours)
            worst, median, best = (round(theirs[0] / wall) for wall in reversed(walls))
            print(f"ratio: {median} ({worst} to {best})", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("tables", "speed", "make", "museval"))
    parser.add_argument("--unmix", default="build/release/unmix", help="the program")
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="of make and museval, which `speed` calls")
    options = parser.parse_args()
    if options.what == "tables":
        tables(options.unmix)
    elif options.what == "speed":
        speed(options.unmix, options.seconds, options.repeat)
    elif options.what == "make":
        make(options.folder, options.seconds)
    else:
        museval.evaluate(read(options.folder / "true"), read(options.folder / "mine"), win=RATE, hop=RATE)


if __name__ == "__main__":
    main()
