"""Checks that onnxruntime runs what `unmix convert MODEL model.onnx` writes, and that it computes what unmix computes.

    python bench/peers/onnx_export.py [--unmix build/release/unmix]

Makes models with random weights (sizes below), exports each, and compares per model, as the largest difference relative
to the largest value:
  network   onnxruntime's spectra against PyTorch's, for several extents of batch and frames (openunmix's own module, or
            that of bench/peers/models.py; one LSTM direction is PyTorch's own too)
  audio     a song separated with onnxruntime's magnitudes on the mixture's phase against `unmix separate` without the
            Wiener filter
Exits with 1 where one is above 1e-4, or where onnx's checker refuses a file.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import soundfile
import torch
from checkpoints import separate_with_unmix
from models import TARGETS, JointOpenUnmix
from openunmix.model import OpenUnmix

# name: joint, nfft, nhop, rate, channels, hidden, layers, max_bin, unidirectional, targets
MODELS = {
    "umx": (False, 4096, 1024, 44100, 2, 512, 3, 1487, False, ("vocals", "drums")),
    "umxse": (False, 1024, 512, 16000, 1, 256, 3, 513, False, ("speech", "noise")),
    "one direction": (False, 2048, 512, 44100, 2, 96, 2, 700, True, ("vocals",)),
    "one layer, mono": (False, 512, 128, 8000, 1, 32, 1, 257, True, ("bass",)),
    "joint": (True, 4096, 1024, 44100, 2, 256, 3, 1487, False, ("joint",)),
}
LIMIT = 1e-4


class Estimates(torch.nn.Module):
    """(batch, channels, bins, frames) -> one such tensor per source."""

    def __init__(self, joint, networks):
        super().__init__()
        self.joint, self.networks = joint, torch.nn.ModuleList(networks)

    def forward(self, x):
        if not self.joint:
            return [network(x) for network in self.networks]
        magnitudes = x.permute(3, 0, 1, 2)
        return [(mask * magnitudes).permute(1, 2, 3, 0) for mask in self.networks[0](magnitudes)]


def random_network(joint, nfft, channels, hidden, layers, max_bin, unidirectional):
    bins = nfft // 2 + 1
    if joint:
        model = JointOpenUnmix(bins, channels, hidden, layers, max_bin)
    else:
        model = OpenUnmix(bins, channels, hidden, nb_layers=layers, unidirectional=unidirectional, max_bin=max_bin)
    for name, value in model.state_dict().items():
        if name.endswith(("running_mean", "input_mean")):
            value.uniform_(-0.5, 0)
        elif name.endswith(("running_var", "input_scale", "output_scale")):
            value.uniform_(0.5, 1.5)
    return model.eval()


def write_directory(folder, networks, targets, nfft, nhop, rate, channels):
    folder.mkdir()
    separator = {"nfft": nfft, "nhop": nhop, "sample_rate": float(rate), "nb_channels": channels}
    (folder / "separator.json").write_text(json.dumps(separator))
    for target, network in zip(targets, networks):
        torch.save(network.state_dict(), folder / f"{target}.pth")


def relative(actual, expected):
    return float(np.max(np.abs(actual - expected)) / np.max(np.abs(expected)))


def compare_networks(session, names, reference, channels, bins):
    worst = 0.0
    for batch, frames in ((1, 1), (1, 40), (3, 17)):
        x = torch.rand(batch, channels, bins, frames) * 2
        with torch.no_grad():
            expected = reference(x)
        for actual, wanted in zip(session.run(names, {"mixture": x.numpy()}), expected):
            worst = max(worst, relative(actual, wanted.numpy()))
    return worst


def separate(session, names, audio, nfft, nhop):
    window = torch.hann_window(nfft)
    spectrum = torch.stft(torch.from_numpy(audio.T), nfft, nhop, window=window, return_complex=True)
    estimates = session.run(names, {"mixture": spectrum.abs()[None].numpy()})
    signals = {}
    for name, estimate in zip(names, estimates):
        with_phase = torch.from_numpy(estimate[0]) * torch.sgn(spectrum)
        signals[name] = torch.istft(with_phase, nfft, nhop, window=window, length=len(audio)).T.numpy()
    return signals


def check(program, folder, name):
    joint, nfft, nhop, rate, channels, hidden, layers, max_bin, unidirectional, targets = MODELS[name]
    networks = [random_network(joint, nfft, channels, hidden, layers, max_bin, unidirectional) for _ in targets]
    write_directory(folder / "model", networks, targets, nfft, nhop, rate, channels)
    file = folder / "model.onnx"
    subprocess.run([program, "convert", folder / "model", file], check=True, capture_output=True)
    onnx.checker.check_model(str(file), full_check=True)
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    names = list(TARGETS) if joint else list(targets)
    assert {output.name for output in session.get_outputs()} == set(names)
    assert session.get_modelmeta().custom_metadata_map["nfft"] == str(nfft)
    network = compare_networks(session, names, Estimates(joint, networks), channels, nfft // 2 + 1)
    audio = np.random.default_rng(1).uniform(-0.4, 0.4, (3 * rate, channels)).astype(np.float32)
    soundfile.write(folder / "song.wav", audio, rate, subtype="FLOAT")
    ours = separate_with_unmix(program, folder / "model", folder / "song.wav", folder / "out")
    theirs = separate(session, names, audio, nfft, nhop)
    sound = max(relative(theirs[name], ours[name]) for name in names)
    print(f"{name}: {file.stat().st_size / 1e6:.1f} MB; network {network:.1e}; audio {sound:.1e}")
    return network <= LIMIT and sound <= LIMIT


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unmix", type=Path, default=Path("build/release/unmix"))
    args = parser.parse_args()
    torch.manual_seed(1)
    good = True
    for name in MODELS:
        with tempfile.TemporaryDirectory() as folder:
            good = check(args.unmix.resolve(), Path(folder), name) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
