"""Files of torch.save in the folder checkpoints/, and their tensors as NAME.TENSOR.

NAME.zip.pth has today's format, NAME.stream.pth that of PyTorch before 1.6. types: every number type, strides,
offsets, shared and empty storages, a Parameter. openunmix: the state dict of a small openunmix.model.OpenUnmix, and
the keys that the weights of 2019 have besides. training: a checkpoint of a training, with the state dict under
"state_dict". system, eval: files that call posix.system("true") and eval("1") when Python loads them. protocol4:
another pickle protocol. Sizes of the networks are JSON in the metadata.
"""

import io
import os
from unittest import mock

import torch
from openunmix.model import OpenUnmix

SIZES = {"nb_bins": 9, "nb_channels": 2, "hidden_size": 4, "nb_layers": 3, "max_bin": 6}


class Call:
    def __init__(self, function, argument):
        self.call = function, (argument,)

    def __reduce__(self):
        return self.call


def saved(content, **options):
    file = io.BytesIO()
    torch.save(content, file, **options)
    return file.getvalue()


def saved_as_stream(content):
    """Storages are named by their addresses and sorted by them; here by numbers of as many digits in the order of
    their use, so that two runs agree."""
    with mock.patch("torch.serialization.sorted", list, create=True):
        data = saved(content, _use_new_zipfile_serialization=False)
    keys = dict.fromkeys(str(tensor.untyped_storage()._cdata) for tensor in tensors_of(content))
    for i, key in enumerate(keys):
        data = data.replace(key.encode(), str(i).zfill(len(key)).encode())
    return data


def tensors_of(content):
    if isinstance(content, torch.Tensor):
        return [content]
    values = content.values() if isinstance(content, dict) else content if isinstance(content, (list, tuple)) else []
    return [tensor for value in values for tensor in tensors_of(value)]


def types():
    shared = torch.arange(24, dtype=torch.float32).sub(7.5)
    state = {
        "transposed": torch.randn(3, 5).t(),
        "sliced": torch.randn(4, 6, 5)[1:3, ::2, 1::3],
        "offset": shared[5:11].reshape(2, 3),
        "shared": shared,
        "parameter": torch.nn.Parameter(torch.randn(3)),
        "frozen": torch.nn.Parameter(torch.randn(2, 1), requires_grad=False),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
        "repeated": torch.tensor([1.5]).expand(2, 3),
        "special": torch.tensor([float("nan"), float("inf"), -0.0, 2.0**-149]),
        "double": torch.randn(5, dtype=torch.float64),
        "half": torch.tensor([1.0, -2.5, 65504, 2.0**-24, -(2.0**-15), float("inf"), -0.0]).half()[1:],
        "bfloat16": torch.tensor([1.0, -3.1415927, 2.0**100, float("-inf")]).bfloat16(),
        "bool": torch.tensor([True, False, True]),
    }
    for dtype in (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64):
        state[str(dtype).split(".")[1]] = torch.tensor([[1, 2, 3], [100, 0, 127]], dtype=dtype)[:, 1:]
    return state


def openunmix_state():
    model = OpenUnmix(**SIZES)
    for name, value in model.state_dict().items():
        if value.dtype == torch.float32 and value.dim() == 1:
            value.uniform_(0.5, 1.5)
        elif name.endswith("num_batches_tracked"):
            value.fill_(1234)
    state = model.state_dict()
    state["stft.window"] = torch.hann_window(16)
    state["transform.0.window"] = torch.hann_window(16)
    state["sample_rate"] = torch.tensor(44100.0)
    return state


def training():
    model = torch.nn.Linear(2, 3)
    optimizer = torch.optim.Adam(model.parameters())
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
    model(torch.randn(4, 2)).sum().backward()
    optimizer.step()
    scheduler.step(0.25)
    state = model.state_dict()
    return state, {
        "epoch": 3,
        "state_dict": state,
        "best_loss": 0.25,
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
    }


def write(golden):
    golden.describe("openunmix", **SIZES)
    state, checkpoint = training()
    contents = {"types": (types(),) * 2, "openunmix": (openunmix_state(),) * 2, "training": (state, checkpoint)}
    for name, (tensors, content) in contents.items():
        golden.attach(f"{name}.zip.pth", saved(content))
        golden.attach(f"{name}.stream.pth", saved_as_stream(content))
        for key, tensor in tensors.items():
            golden.add(f"{name}.{key}", tensor.float())
    for name, call in {"system": Call(os.system, "true"), "eval": Call(eval, "1")}.items():
        golden.attach(f"{name}.zip.pth", saved({"weight": torch.ones(2), "more": call}))
        golden.attach(f"{name}.stream.pth", saved(call, _use_new_zipfile_serialization=False))
    golden.attach("system4.zip.pth", saved(Call(os.system, "true"), pickle_protocol=4))
    golden.attach("protocol4.zip.pth", saved(state, pickle_protocol=4))
    for key, tensor in state.items():
        golden.add(f"protocol4.{key}", tensor)
