"""Narrow discriminators in PyTorch: scores, features and gradients of a loss, in training and in eval mode.

Per network NAME (patch, dcgan, patch_spectral, dcgan_spectral): NAME.state.* (parameters and buffers by state-dict
names) before the pass; NAME.input [batch, channels, frames, bins]; NAME.scores; NAME.feature0, ... after each
LeakyReLU; NAME.loss = mean((scores - 0.9)^2), NAME.grad.* by parameters and NAME.grad_input; NAME.after.* the
buffers after the pass; NAME.eval.scores: eval mode, with those. Widths and options are JSON in the metadata NAME.
Spectral normalisation is torch.nn.utils.spectral_norm. "counts" has the parameters of the full-size networks on 259
frames x 2049 bins.
"""

import torch
from torch import nn
from torch.nn.utils import spectral_norm

from .stft import random_exact

PATCH = [(64, 2), (128, 2), (256, 2), (512, 1)]
DCGAN = [16, 32, 64, 128, 256, 512, 512, 512, 512]


def widened(features, width):
    return max(2, round(features * width))


class Patch(nn.Module):
    def __init__(self, width=1.0, wrap=lambda layer: layer):
        super().__init__()
        layers, last = [], 2
        for number, (features, stride) in enumerate(PATCH):
            out = widened(features, width)
            layers.append(wrap(nn.Conv2d(last, out, 4, stride, 1, bias=number == 0)))
            if number > 0:
                layers.append(nn.BatchNorm2d(out))
            layers.append(nn.LeakyReLU(0.2))
            last = out
        self.model = nn.Sequential(*layers, wrap(nn.Conv2d(last, 1, 4, 1, 1)))

    def forward(self, x):
        return self.model(x)


class SamePad(nn.Module):
    """TensorFlow's SAME padding of a 4x4 convolution with stride 2."""

    def forward(self, x):
        after = [1 + size % 2 for size in x.shape[-2:]]
        return nn.functional.pad(x, (1, after[1], 1, after[0]))


class SameConv(nn.Conv2d):
    def forward(self, x):
        return super().forward(SamePad()(x))


class Dcgan(nn.Module):
    def __init__(self, frames, bins, width=1.0, wrap=lambda layer: layer):
        super().__init__()
        layers, last = [], 2
        for features in DCGAN:
            out = widened(features, width)
            layers += [wrap(SameConv(last, out, 4, 2)), nn.LeakyReLU(0.2)]
            last, frames, bins = out, -(-frames // 2), -(-bins // 2)
        self.features = nn.Sequential(*layers)
        sizes = [last * frames * bins, widened(1024, width), widened(32, width)]
        self.classifier = nn.Sequential(
            wrap(nn.Linear(sizes[0], sizes[1])),
            nn.LeakyReLU(0.2),
            wrap(nn.Linear(sizes[1], sizes[2])),
            nn.LeakyReLU(0.2),
            wrap(nn.Linear(sizes[2], 1, bias=False)),
        )

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def write_network(golden, name, network, frames, bins, **options):
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
    for parameter in network.parameters():
        if parameter.dim() > 1:  # so that the scores of a deep narrow network depend on its input
            nn.init.kaiming_normal_(parameter, a=0.2)
    network = network.double().train()
    features = []
    for module in network.modules():
        if isinstance(module, nn.LeakyReLU):
            module.register_forward_hook(lambda _module, _inputs, output: features.append(output))
    golden.describe(name, frames=frames, bins=bins, **options)
    golden.add_state(f"{name}.state", network)
    value = random_exact(2, 2, frames, bins).abs().requires_grad_()
    scores = network(value)
    loss = ((scores - 0.9) ** 2).mean()
    loss.backward()
    golden.add(f"{name}.input", value)
    golden.add(f"{name}.scores", scores)
    for number, feature in enumerate(features):
        golden.add(f"{name}.feature{number}", feature)
    golden.add(f"{name}.loss", loss, keep_double=True)
    golden.add_gradients(f"{name}.grad", network)
    golden.add(f"{name}.grad_input", value.grad)
    for key, buffer in network.named_buffers():
        if not key.endswith("num_batches_tracked"):
            golden.add(f"{name}.after.{key}", buffer)
    with torch.no_grad():
        golden.add(f"{name}.eval.scores", network.eval()(value))


def write(golden):
    for spectral in (False, True):
        wrap = spectral_norm if spectral else (lambda layer: layer)
        end = "_spectral" if spectral else ""
        write_network(golden, "patch" + end, Patch(1 / 16, wrap), 26, 33, width=1 / 16, spectral=spectral)
        width = 1 / 64 if spectral else 1 / 32
        write_network(golden, "dcgan" + end, Dcgan(11, 33, width, wrap), 11, 33, width=width, spectral=spectral)

    def count(network):
        return sum(parameter.numel() for parameter in network.parameters())

    golden.describe("counts", patch=count(Patch()), dcgan=count(Dcgan(259, 2049)))
