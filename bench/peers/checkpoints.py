"""Checks that torch.load and openunmix read what `unmix convert` writes, and that it gives the same audio.

    python bench/peers/checkpoints.py [--unmix build/release/unmix]

Makes directories of Open-Unmix models with random weights (sizes below), saved by torch.save in both of its formats,
converts each to .safetensors and back to .pth, and compares: the tensors read with weights_only=True, the network's
output, and the audio that openunmix separates with the converted model against its original and against
`unmix separate` (no Wiener filter). And a model that `unmix train` made of the demo's songs, converted to .pth: the audio of
openunmix against that of `unmix separate` on the model as it was trained, per song. Exits with 1 where tensors differ or
audio agrees to less than 60 dB.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import safetensors.torch
import soundfile
import torch
from openunmix import predict, utils
from openunmix.model import OpenUnmix

# name: nfft, nhop, rate, channels, hidden, max_bin, targets
MODELS = {
    "umx": (4096, 1024, 44100, 2, 512, 1487, ("vocals", "drums", "bass", "other")),
    "mono speech": (1024, 512, 16000, 1, 256, 513, ("speech", "noise")),
    "small": (2048, 512, 44100, 2, 64, 700, ("vocals",)),
}


def random_model(nfft, channels, hidden, max_bin):
    model = OpenUnmix(nb_bins=nfft // 2 + 1, nb_channels=channels, hidden_size=hidden, max_bin=max_bin)
    for name, value in model.state_dict().items():
        if name.endswith(("running_mean", "input_mean")):
            value.uniform_(-0.5, 0)
        elif name.endswith(("running_var", "input_scale", "output_scale")):
            value.uniform_(0.5, 1.5)
        elif name.endswith("num_batches_tracked"):
            value.fill_(4321)
    return model.eval()


def write_directory(folder, nfft, nhop, rate, channels, hidden, max_bin, targets, stream):
    folder.mkdir()
    separator = {"nfft": nfft, "nhop": nhop, "sample_rate": float(rate), "nb_channels": channels}
    (folder / "separator.json").write_text(json.dumps(separator))
    args = {"nfft": nfft, "nhop": nhop, "nb_channels": channels, "hidden_size": hidden}
    for target in targets:
        (folder / f"{target}.json").write_text(json.dumps({"args": args}))
        state = random_model(nfft, channels, hidden, max_bin).state_dict()
        torch.save(state, folder / f"{target}.pth", _use_new_zipfile_serialization=not stream)


def same_tensors(a, b):
    return list(a) == list(b) and all(a[k].dtype == b[k].dtype and torch.equal(a[k], b[k]) for k in a)


def loads_strictly(program, folder, name):
    """A model as unmix trains it counts no batches: whether the .pth made of it fits openunmix's network exactly."""
    nfft, _, _, channels, hidden, max_bin, targets = MODELS[name]
    tensors = safetensors.torch.load_file(folder / "ours" / f"{targets[0]}.safetensors")
    bare = {key: value for key, value in tensors.items() if not key.endswith("num_batches_tracked")}
    safetensors.torch.save_file(bare, folder / "bare.safetensors")
    command = [program, "convert", folder / "bare.safetensors", folder / "bare.pth"]
    subprocess.run(command, check=True, capture_output=True)
    model = random_model(nfft, channels, hidden, max_bin)
    model.load_state_dict(torch.load(folder / "bare.pth", weights_only=True), strict=True)
    return all(torch.equal(model.state_dict()[key], value) for key, value in bare.items())


def separate(folder, targets, audio, rate):
    separator = utils.load_separator(str(folder), list(targets), niter=0, residual=False)
    separator.freeze()
    with torch.no_grad():
        estimates = predict.separate(torch.from_numpy(audio.T.copy()), rate, separator=separator)
    return {target: estimate[0].T.numpy() for target, estimate in estimates.items()}


def separate_with_unmix(program, folder, song, out):
    command = [program, "separate", song, "--model", folder, "--outdir", out, "--subtype", "float", "--no-cuda"]
    if "--niter" in subprocess.run([program, "separate", "--help"], capture_output=True, text=True).stdout:
        command += ["--niter", "0"]
    subprocess.run(command, check=True, capture_output=True)
    return {path.stem: soundfile.read(path, always_2d=True)[0] for path in Path(out).rglob("*.wav")}


def snr(estimates, references):
    """The least over the targets, in dB."""
    def one(estimate, reference):
        noise = np.sum((estimate - reference) ** 2)
        return np.inf if noise == 0 else 10 * np.log10(np.sum(reference**2) / noise)

    return min(one(estimates[target][:, : ref.shape[1]], ref) for target, ref in references.items())


def check(program, folder, name, stream):
    nfft, nhop, rate, channels, hidden, max_bin, targets = MODELS[name]
    original, ours, back = folder / "original", folder / "ours", folder / "back"
    write_directory(original, *MODELS[name], stream=stream)
    for command in ((original, ours), (ours, back)):
        subprocess.run([program, "convert", *command], check=True, capture_output=True)
    equal = all(same_tensors(torch.load(original / f"{t}.pth", weights_only=True),
                             torch.load(back / f"{t}.pth", weights_only=True)) for t in targets)
    song, rng = folder / "song.wav", np.random.default_rng(1)
    audio = rng.uniform(-0.4, 0.4, (3 * rate, 2 if channels == 2 else 1)).astype(np.float32)
    soundfile.write(song, audio, rate, subtype="FLOAT")
    equal = equal and loads_strictly(program, folder, name)
    figures = {"tensors": "equal" if equal else "DIFFER"}
    if channels == 2:  # openunmix makes mono input stereo, whatever the model
        reference = separate(original, targets, audio, rate)
        figures["openunmix, converted, against original"] = snr(separate(back, targets, audio, rate), reference)
        for key, model in (("original", original), ("ours", ours)):
            estimates = separate_with_unmix(program, model, song, folder / f"audio of {key}")
            figures[f"unmix separate on {key}"] = snr(estimates, reference)
    else:
        spectrum = torch.rand(1, channels, nfft // 2 + 1, 40)
        with torch.no_grad():
            a, b = (utils.load_target_models(targets, str(f))[targets[0]].eval()(spectrum) for f in (original, back))
        figures["openunmix's network, converted, against original"] = snr({"": b[0, 0].numpy()}, {"": a[0, 0].numpy()})
    print(f"{name}, {'stream' if stream else 'zip'}: " + "; ".join(
        f"{key} {value}" if isinstance(value, str) else f"{key} {value:.1f} dB" for key, value in figures.items()))
    return equal and all(isinstance(value, str) or value >= 60 for value in figures.values())


def check_trained(program, folder):
    """Two epochs of a small network: what counts is that the weights are a training's, not how good they are."""
    run = [program, "demo", "--tiny", "--output", folder / "demo", "--quiet", "--no-cuda"]
    subprocess.run(run, check=True, capture_output=True)
    songs, model = folder / "demo" / "songs", folder / "model"
    for target in ("vocals", "bass"):
        subprocess.run([program, "train", "--root", songs, "--is-wav", "--cache", folder / "cache", "--target", target,
                        "--hidden-size", "64", "--seq-dur", "1", "--batch-size", "8", "--samples-per-track", "16",
                        "--epochs", "2", "--output", model, "--quiet", "--no-cuda"], check=True, capture_output=True)
    subprocess.run([program, "convert", model, folder / "pth"], check=True, capture_output=True)
    good = True
    for song in sorted(songs.glob("test/*/mixture.wav")):
        audio, rate = soundfile.read(song, dtype="float32", always_2d=True)
        reference = separate(folder / "pth", ("vocals", "bass"), audio, rate)
        agreement = snr(separate_with_unmix(program, model, song, folder / song.parent.name), reference)
        print(f"trained by unmix, song '{song.parent.name}': unmix separate against openunmix {agreement:.1f} dB")
        good = good and agreement >= 60
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unmix", type=Path, default=Path("build/release/unmix"))
    args = parser.parse_args()
    torch.manual_seed(1)
    good = True
    for name in MODELS:
        for stream in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                good = check(args.unmix.resolve(), Path(folder), name, stream) and good
    with tempfile.TemporaryDirectory() as folder:
        good = check_trained(args.unmix.resolve(), Path(folder)) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
