"""How closely `unmix separate` agrees with openunmix's Separator on models of real size.

    python bench/peers/agreement.py [--unmix build/release/unmix]

Makes directories of Open-Unmix models with random weights (checkpoints.py's sizes), separates 20 s of noise of changing
level with both for several options, and prints the least signal-to-noise ratio over the estimates. Exits with 1 where
one is below 60 dB.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch
from openunmix import utils

from checkpoints import MODELS, snr, write_directory

# The program's options, and the Separator's.
CASES = (
    (["--niter", "0"], {"niter": 0}),
    (["--niter", "0", "--residual", "residual"], {"niter": 0, "residual": True}),
    (["--niter", "0", "--softmask"], {"niter": 0, "softmask": True}),
    ([], {"niter": 1}),
    (["--niter", "2", "--wiener-win-len", "101"], {"niter": 2, "wiener_win_len": 101}),
    (["--softmask", "--wiener-win-len", "37"], {"niter": 1, "softmask": True, "wiener_win_len": 37}),
    (["--residual", "residual", "--wiener-win-len", "37"], {"niter": 1, "residual": True, "wiener_win_len": 37}),
)


def with_openunmix(folder, targets, audio, options):
    """-> {target: [samples, channels]}; the separator itself, since openunmix.predict makes mono audio stereo."""
    settings = {"residual": False, "wiener_win_len": 300, **options}
    softmask = settings.pop("softmask", False)
    separator = utils.load_separator(str(folder), list(targets), **settings).eval()
    separator.softmask = softmask
    with torch.no_grad():
        estimates = separator(torch.from_numpy(audio.T.copy())[None])
    return {name: estimate[0].T.numpy() for name, estimate in separator.to_dict(estimates).items()}


def with_unmix(program, folder, song, out, options):
    command = [program, "separate", song, "--model", folder, "--outdir", out, "--subtype", "float", "--no-cuda"]
    subprocess.run([*command, *options], check=True, capture_output=True)
    return {path.stem: soundfile.read(path, always_2d=True)[0] for path in Path(out).rglob("*.wav")}


def noise(rate, channels, seconds=20):
    """Channels with a common part, at a level that rises and falls."""
    rng, time = np.random.default_rng(1), np.arange(rate * seconds) / rate
    common, own = rng.uniform(-0.3, 0.3, (len(time), 1)), rng.uniform(-0.3, 0.3, (len(time), channels))
    return ((common + own) * np.abs(np.sin(time))[:, None]).astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unmix", type=Path, default=Path("build/release/unmix"))
    args = parser.parse_args()
    torch.manual_seed(1)
    good = True
    for name, (nfft, nhop, rate, channels, hidden, max_bin, targets) in MODELS.items():
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            model, song = folder / "model", folder / "song.wav"
            write_directory(model, nfft, nhop, rate, channels, hidden, max_bin, targets, stream=False)
            audio = noise(rate, channels)
            soundfile.write(song, audio, rate, subtype="FLOAT")
            for number, (options, settings) in enumerate(CASES):
                needs_two = settings.get("softmask") or (settings["niter"] > 0 and not settings.get("residual"))
                if needs_two and len(targets) == 1:
                    continue
                ours = with_unmix(args.unmix.resolve(), model, song, folder / str(number), options)
                figure = snr(ours, with_openunmix(model, targets, audio, settings))
                print(f"{name}, {' '.join(options) or '--niter 1'}: {figure:.1f} dB", flush=True)
                good = good and figure >= 60
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
