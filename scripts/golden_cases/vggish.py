"""VGGish by the package torchvggish (its published front end in numpy, its network), and losses on its features.

Signals, patches and weights are not stored: value i of stream s is hash(s, i) = h / 2^24 - 1/2, h the upper 24 bits
of the 32-bit mix `hashed` in scripts/golden_cases/vggish.py. Weight tensor s of the network, in the order of its
state dict, is 2^e hash(s, i) with e = floor(log2(3 sqrt(6 / fan in))), a bias 2^-3 hash(s, i). "NAME every N" holds the
values 0, N, 2N, ... of a tensor. Narrow networks have 2 channels in conv1 where the published one has 64, and all
others in proportion.

resampleN.output, for the rates in the metadata "resampleN": scipy.signal.resample_poly of 0.5 hash(100 + N, i) with the
filter that autograd/resample.cpp describes. input.signal [samples] at 16 kHz, input.log_mel [1, 1, 96, 64] and
input.grad every 5: the gradient of sum(hash(200, i) * log_mel). magnitudes.log_mel every 5 and magnitudes.grad every 5:
the same of 8 |hash(201, i)| [frames 100, signals 2, bins 65] at 44.1 kHz, n_fft 128. network.conv1, conv2, conv3_2,
conv4_2: of patch 0 of 6 hash(210, i) - 1.5 [2, 1, 96, 64]; network.embedding of both; full.*: the same of the
published sizes, every 997 of the features. loss.feature, loss.style (float64) of estimates 6 hash(220, i) - 1.5 and
targets 6 hash(221, i) - 1.5 [4, 1, 96, 64] of 2 sources, narrow network, and loss.grad every 7: of 1/2 feature + 10/3
style by the estimates. waveform.*: the same of estimates 0.5 hash(230, i) and targets 0.5 hash(231, i) [2, 1, 2, 44100]
at 44.1 kHz, grad every 61.
"""

import math

import numpy as np
import scipy.signal
import scipy.sparse
import torch
from torch import nn
from torchvggish import vggish_input
from torchvggish.torchvggish import VGG, make_layers

RATES = [(44100, 16000, 1500), (16000, 44100, 500), (48000, 16000, 700)]
PASS, STOP, ATTENUATION = 0.95, 1.0, 80.0
NARROW, FULL = 2, 64


def hashed(stream, *shape):
    """Numbers in [-1/2, 1/2), multiples of 2^-24, in float64."""
    h = np.arange(math.prod(shape), dtype=np.uint32) + np.uint32(stream * 0x9E3779B9 % 2**32)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    return torch.from_numpy(((h >> np.uint32(8)) / 2.0**24 - 0.5).reshape(shape))


def kernel(t, ratio):
    """h(t) of autograd/resample.cpp, t in samples of the input; ratio: output rate over input rate."""
    r = min(1.0, ratio)
    cutoff, half = r * (PASS + STOP) / 2, (ATTENUATION - 7.95) / (4.57 * np.pi * r * (STOP - PASS))
    inside = np.sqrt(np.clip(1 - (t / half) ** 2, 0, None))
    beta = 0.1102 * (ATTENUATION - 8.7)
    return np.where(np.abs(t) <= half, cutoff * np.sinc(cutoff * t) * np.i0(beta * inside) / np.i0(beta), 0)


def resample_poly(x, source, target):
    divisor = math.gcd(source, target)
    up, down = target // divisor, source // divisor
    reach = up * math.ceil(110 / min(1, up / down))
    return scipy.signal.resample_poly(x, up, down, window=kernel(np.arange(-reach, reach + 1) / up, up / down) / up)


def resampling_matrix(samples):
    """44.1 -> 16 kHz as a sparse matrix, for gradients."""
    rows, cols, values = [], [], []
    for m in range(math.ceil(samples * 160 / 441)):
        place = m * 441 / 160
        n = np.arange(max(0, math.ceil(place) - 280), min(samples, math.ceil(place) + 281))
        rows.append(np.full(len(n), m))
        cols.append(n)
        values.append(kernel(place - n, 160 / 441))
    matrix = scipy.sparse.csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(cols))))
    return torch.sparse_csr_tensor(matrix.indptr, matrix.indices, matrix.data, matrix.shape)


def mel_weights(rate, n_fft):
    mel = lambda f: 1127 * np.log(1 + f / 700)  # noqa: E731
    bins = mel(np.arange(n_fft // 2 + 1) * rate / n_fft)
    points = np.linspace(mel(125), mel(7500), 66)
    rise = (bins[:, None] - points[:-2]) / (points[1:-1] - points[:-2])
    fall = (points[2:] - bins[:, None]) / (points[2:] - points[1:-1])
    weights = np.maximum(0, np.minimum(rise, fall))
    weights[0] = 0
    return torch.from_numpy(weights)


def patches_of(magnitudes, weights):
    """(signals, frames, bins) -> (signals * patches, 1, 96, 64)."""
    frames = magnitudes.shape[1] // 96 * 96
    return torch.log(magnitudes[:, :frames] @ weights + 0.01).reshape(-1, 1, 96, 64)


def log_mel(signals):
    """(signals, samples at 16 kHz) -> patches, in torch for its gradient."""
    frames = signals.unfold(-1, 400, 160) * torch.hann_window(400, dtype=torch.float64)
    return patches_of(torch.fft.rfft(frames, 512).abs(), mel_weights(16000, 512))


def network_of(width):
    model = VGG(make_layers(), postprocess=False)
    if width != FULL:
        channels = [1] + [width * c // 64 for c in (64, 128, 256, 256, 512, 512)]
        convolutions = [i for i, layer in enumerate(model.features) if isinstance(layer, nn.Conv2d)]
        for i, index in enumerate(convolutions):
            model.features[index] = nn.Conv2d(channels[i], channels[i + 1], 3, padding=1)
        sizes = [channels[-1] * 24, 64 * width, 64 * width, 2 * width]
        for i in range(3):
            model.embeddings[2 * i] = nn.Linear(sizes[i], sizes[i + 1])
    for i, value in enumerate(model.state_dict().values()):
        fan_in = value[0].numel()
        size = 2.0 ** math.floor(math.log2(3 * math.sqrt(6 / fan_in))) if value.dim() > 1 else 2.0**-3
        value.copy_(size * hashed(i, *value.shape))
    for layer in model.features:
        if isinstance(layer, nn.ReLU):
            layer.inplace = False
    return model.double().requires_grad_(False)


def features_of(model, x):
    """The inputs of the four poolings."""
    outputs = []
    for layer in model.features:
        if isinstance(layer, nn.MaxPool2d):
            outputs.append(x)
        x = layer(x)
    return outputs


def losses_of(model, estimates, targets, sources):
    """-> L_feat, L_style; patches (sources * each, 1, 96, 64)."""
    each = len(estimates) // sources
    feature = style = 0.0
    for e, y in zip(features_of(model, estimates), features_of(model, targets)):
        size = e[0].numel()
        feature = feature + ((e - y) ** 2).sum() / (size * sources * each) / 4
        gram_e, gram_y = (torch.einsum("pchw,pdhw->pcd", v, v) / size for v in (e, y))
        style = style + ((gram_e - gram_y) ** 2).sum() / each / 4
    return feature, style


def write_resampling(golden):
    for case, (source, target, samples) in enumerate(RATES):
        golden.describe(f"resample{case}", from_rate=source, to_rate=target, samples=samples)
        golden.add(f"resample{case}.output", resample_poly(0.5 * hashed(100 + case, samples).numpy(), source, target))
    noise = hashed(1, 3000)
    assert np.allclose(resampling_matrix(3000) @ noise, resample_poly(noise.numpy(), 44100, 16000), atol=1e-9)


def write_input(golden):
    time = torch.arange(17000).double() / 16000
    signal = 0.3 * torch.sin(2 * torch.pi * 440 * time) + 0.1 * torch.sin(2 * torch.pi * 5000 * time**2)
    signal = signal + 0.1 * hashed(202, 17000)
    signal[6000:8000] = 0
    signal = signal.float().double().requires_grad_()
    published = vggish_input.waveform_to_examples(signal.detach().numpy(), 16000, return_tensor=False)
    patches = log_mel(signal[None])
    assert np.allclose(patches[:, 0].detach(), published, atol=1e-9)
    (hashed(200, *patches.shape) * patches).sum().backward()
    golden.add("input.signal", signal)
    golden.add("input.log_mel", published[:, None])
    golden.add("input.grad", signal.grad[::5])

    magnitudes = (8 * hashed(201, 100, 2, 65).abs()).requires_grad_()
    patches = patches_of(magnitudes.permute(1, 0, 2) * 512 / 128, mel_weights(44100, 128))
    (hashed(200, *patches.shape) * patches).sum().backward()
    golden.add("magnitudes.log_mel", patches.flatten()[::5])
    golden.add("magnitudes.grad", magnitudes.grad.flatten()[::5])


def write_network(golden, name, width, every):
    model = network_of(width)
    patches = 6 * hashed(210, 2, 1, 96, 64) - 1.5
    for layer, output in zip(("conv1", "conv2", "conv3_2", "conv4_2"), features_of(model, patches[:1])):
        golden.add(f"{name}.{layer}", output if every == 1 else output.flatten()[::every])
    golden.add(f"{name}.embedding", model(patches))
    golden.describe(name, parameters=sum(p.numel() for p in model.parameters()))


def write_loss(golden, name, model, estimates, patches, every):
    """estimates and targets: in the form that `patches` turns into patches."""
    estimates[0].requires_grad_()
    feature, style = losses_of(model, patches(estimates[0]), patches(estimates[1]), 2)
    (feature / 2 + 10 / 3 * style).backward()
    golden.add(f"{name}.feature", feature, keep_double=True)
    golden.add(f"{name}.style", style, keep_double=True)
    golden.add(f"{name}.grad", estimates[0].grad.flatten()[::every])


def write(golden):
    write_resampling(golden)
    write_input(golden)
    write_network(golden, "network", NARROW, 1)
    write_network(golden, "full", FULL, 997)
    narrow = network_of(NARROW)
    pair = [6 * hashed(stream, 4, 1, 96, 64) - 1.5 for stream in (220, 221)]
    write_loss(golden, "loss", narrow, pair, lambda x: x, 7)
    matrix = resampling_matrix(44100)
    pair = [0.5 * hashed(stream, 2, 1, 2, 44100) for stream in (230, 231)]
    write_loss(golden, "waveform", narrow, pair, lambda x: log_mel((matrix @ x.mean(2).reshape(-1, 44100).T).T), 61)
