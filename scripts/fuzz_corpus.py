"""Writes tests/fuzz/corpus, what the fuzz targets start from, out of tests/golden and studies: `python scripts/fuzz_corpus.py`.

Needs Python alone. Of each format a few small files, so that a run starts behind the first checks.
"""

import json
import struct
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GOLDENS = ROOT / "tests" / "golden" / "checkpoints"
SEPARATOR = {"nfft": 4096, "nhop": 1024, "sample_rate": 44100.0, "nb_channels": 2}
TARGET = {"epochs_trained": 3, "args": {"hidden_size": 512, "nfft": 4096, "unidirectional": False, "target": "vocals"},
          "best_loss": 0.25, "train_loss_history": [1.5, float("nan")], "commit": None}
PROGRESS = {"args": {"hidden-size": 8, "loss": "L2freq"}, "epoch": 2, "batch": 0, "history": {"train_loss": [1.5, 0.25]}}
STUDY = """output = "results"
[train]
root = "musdb18"
hidden-size = 16
lr = 0.002
[score]
subset = "valid"
softmask = true
[[run]]
loss = "L2freq + 0.5*SISDRfreq"
[[run]]
name = "tuned"
model = "L2freq + 0.5*SISDRfreq"
source-augmentations = ["gain"]
"""


def safetensors(tensors, metadata=None):
    header, body = {"__metadata__": metadata} if metadata else {}, b""
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def files():
    for name in ("training.zip", "training.stream", "system.zip", "protocol4.zip"):
        yield f"pth/{name}.pth", (GOLDENS / f"{name}.pth").read_bytes()
    for name in ("types", "training", "protocol4", "system", "system4"):
        with zipfile.ZipFile(GOLDENS / f"{name}.zip.pth") as archive:
            yield f"pth_object/{name}.pkl", archive.read("archive/data.pkl")
    values = struct.pack("<4f", 1, 2, 3, 4)
    yield "safetensors/plain", safetensors({"a.weight": ("F32", [2, 2], values), "b": ("F32", [], values[:4])})
    yield "safetensors/types", safetensors(
        {"d": ("F64", [2], values), "n": ("I64", [], values[:8]), "none": ("F32", [0, 3], b"")}, {"format": "pt"})
    yield "model_json/separator", json.dumps(SEPARATOR).encode()
    yield "model_json/target", json.dumps(TARGET).encode()
    yield "checkpoint/small", safetensors(
        {"model.a": ("F32", [1], values[:4]), "optimizer.a": ("F32", [1], values[:4])},
        {"unmix_progress": json.dumps(PROGRESS)})
    yield "study/small", STUDY.encode()
    yield "study/demo", (ROOT / "studies" / "demo.toml").read_bytes()


def main():
    for name, content in files():
        path = ROOT / "tests" / "fuzz" / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
