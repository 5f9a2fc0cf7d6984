"""torch.nn layers: outputs and gradients.

Per layer NAME: NAME.input, NAME.param.* (state-dict names), NAME.output, NAME.weight as output, and of the loss
sum(weight * output): NAME.grad.input, NAME.grad.*. Options are JSON in the metadata NAME. Batch norm takes two
training steps and one in eval, on inputs of their own, with the running statistics carried on: NAME.train1.*,
NAME.train2.*, NAME.eval.* as above, and NAME.after1.running_mean, NAME.after1.running_var, NAME.after2.*. Input
orders: Linear and BatchNorm1d [rows, features], LSTM [frames, batch, features], 2d layers [batch, channels, h,
w].
"""

import torch
from torch import nn

from .stft import random_exact


def exact(module):
    """The module in float64 with every parameter exact in float32, one-valued ones of batch norm varied."""
    for name, parameter in module.named_parameters():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.uniform_(parameter, 0.5, 1.5) if name == "weight" else nn.init.normal_(parameter)
    return module.double()


def write_pass(golden, case, module, value):
    module.zero_grad()
    value = value.clone().requires_grad_()
    output = module(value)
    output = output[0] if isinstance(output, tuple) else output
    weight = random_exact(*output.shape)
    (weight * output).sum().backward()
    golden.add(f"{case}.input", value)
    golden.add(f"{case}.output", output)
    golden.add(f"{case}.weight", weight)
    golden.add(f"{case}.grad.input", value.grad)
    golden.add_gradients(f"{case}.grad", module)


def write_layer(golden, name, module, value, **options):
    exact(module)
    golden.add_state(f"{name}.param", module)
    golden.describe(name, **options)
    write_pass(golden, name, module, value)


def write_batch_norm(golden, name, module, *shape):
    exact(module)
    golden.add_state(f"{name}.param", module)
    golden.describe(name, eps=module.eps, momentum=module.momentum)
    for step in (1, 2):
        write_pass(golden, f"{name}.train{step}", module, 2 * random_exact(*shape) + 0.5)
        golden.add(f"{name}.after{step}.running_mean", module.running_mean)
        golden.add(f"{name}.after{step}.running_var", module.running_var)
    module.eval()
    write_pass(golden, f"{name}.eval", module, random_exact(*shape))


def apart(*shape):
    """Values at least 0.01 apart and 0.005 from zero, in random order: no ties for max pooling, no kink for ReLU."""
    count = torch.Size(shape).numel()
    return ((torch.randperm(count) - count // 2 + 0.5) * 0.015625).reshape(shape).double()


def write(golden):
    write_layer(golden, "linear", nn.Linear(7, 5), random_exact(6, 7), bias=True)
    write_layer(golden, "linear_no_bias", nn.Linear(5, 3, bias=False), random_exact(4, 5), bias=False)
    write_batch_norm(golden, "batch_norm_1d", nn.BatchNorm1d(6), 9, 6)
    write_batch_norm(golden, "batch_norm_2d", nn.BatchNorm2d(3), 2, 3, 4, 5)
    for name, hidden, layers, bidirectional in [("lstm", 4, 1, False), ("lstm_bidirectional", 3, 3, True)]:
        module = nn.LSTM(5, hidden, layers, bidirectional=bidirectional)
        options = {"hidden": hidden, "layers": layers, "bidirectional": bidirectional}
        write_layer(golden, name, module, random_exact(7, 2, 5), **options)
    for name, channels, kernel, stride, padding, bias, size in [
        ("conv_2d", (2, 3), (3, 3), (1, 1), (0, 0), False, (6, 7)),
        ("conv_2d_stride", (2, 3), (4, 4), (2, 2), (1, 1), True, (8, 9)),
        ("conv_2d_uneven", (3, 2), (3, 2), (2, 1), (0, 1), True, (7, 5)),
    ]:
        module = nn.Conv2d(*channels, kernel, stride, padding, bias=bias)
        options = {"kernel": kernel, "stride": stride, "padding": padding, "bias": bias}
        write_layer(golden, name, module, random_exact(2, channels[0], *size), **options)
    write_layer(golden, "max_pool_2d", nn.MaxPool2d(2), apart(2, 2, 6, 5), kernel=2, stride=2)
    write_layer(golden, "max_pool_2d_overlap", nn.MaxPool2d(3, 2), apart(1, 2, 7, 8), kernel=3, stride=2)
    write_layer(golden, "leaky_relu", nn.LeakyReLU(0.2), apart(5, 6), slope=0.2)
