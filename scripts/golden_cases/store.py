"""The .safetensors file that a golden is kept in, and the list of them."""

import importlib.metadata
import inspect
import json
import platform
import struct

import numpy as np
import safetensors
import torch

PACKAGES = (
    "torch",
    "openunmix",
    "norbert",
    "auraloss",
    "museval",
    "torch-log-wmse",
    "torchvggish",
    "scikit-learn",
    "scipy",
    "numpy",
)


class Golden:
    """Tensors and parameters by name; tensors become float32 except those added with keep_double."""

    def __init__(self):
        self.tensors, self.metadata, self.files = {}, {}, {}

    def add(self, name, value, keep_double=False):
        array = torch.as_tensor(value).detach().numpy()
        assert name not in self.tensors, name
        self.tensors[name] = np.ascontiguousarray(array, dtype="<f8" if keep_double else "<f4")

    def add_state(self, prefix, module):
        """Parameters and buffers by their state-dict names, without the batch counters."""
        for name, value in module.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                self.add(f"{prefix}.{name}", value)

    def add_gradients(self, prefix, module):
        for name, parameter in module.named_parameters():
            self.add(f"{prefix}.{name}", parameter.grad)

    def attach(self, name, content):
        """A file of another format, in the folder of the golden's name."""
        self.files[name] = content

    def describe(self, case, **parameters):
        self.metadata[case] = json.dumps(parameters, sort_keys=True)

    def save(self, path):
        """Names in order (the safetensors package's own writer orders metadata by chance); -> a line about the file."""
        header, body = {"__metadata__": dict(sorted(self.metadata.items()))}, b""
        # float64 first, so that every tensor lies aligned
        for name, array in sorted(self.tensors.items(), key=lambda item: (-item[1].itemsize, item[0])):
            header[name] = {
                "dtype": "F64" if array.itemsize == 8 else "F32",
                "shape": list(array.shape),
                "data_offsets": [len(body), len(body) + array.nbytes],
            }
            body += array.tobytes()
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        path.write_bytes(struct.pack("<Q", len(text)) + text + body)
        self._check(path)
        for file, content in self.files.items():
            path.with_suffix("").mkdir(exist_ok=True)
            path.with_suffix("").joinpath(file).write_bytes(content)
        return f"{path.name}: {len(self.tensors)} tensors, {path.stat().st_size} bytes"

    def _check(self, path):
        with safetensors.safe_open(path, "numpy") as file:
            assert file.metadata() == self.metadata or not self.metadata
            for name, array in self.tensors.items():
                assert np.array_equal(file.get_tensor(name), array, equal_nan=True), name


def describe(files):
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    lines = [
        "# Goldens",
        "",
        f"Written by `python scripts/goldens.py` with Python {platform.python_version()}, {versions} "
        "(environment: bench/peers/setup.sh). Results are computed in float64 from inputs that are exact in float32.",
        "",
    ]
    for name, write in files.items():
        lines += [f"## {name}.safetensors", "", inspect.cleandoc(inspect.getmodule(write).__doc__), ""]
        if write.__doc__:
            lines += [inspect.cleandoc(write.__doc__), ""]
    return "\n".join(lines)
