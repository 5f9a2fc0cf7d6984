"""The adversarial loss and its discriminators' in PyTorch: paired alone and with unpaired signals, LSGAN and hinge.

mixture [batch, channels, samples], targets [sources, batch, channels, samples], masks [sources, frames, batch,
channels, bins] as the program takes them; unpaired.estimates and unpaired.stems: magnitudes of masks' shape.
state.SOURCE.*: narrow patch discriminators, in training mode. Per case CASE, its options as JSON in the metadata:
CASE.loss (float64), CASE.grad.masks, with unpaired signals CASE.grad.unpaired; CASE.discriminator_loss (float64, one
per source), CASE.grad.SOURCE.* by the parameters of the sum of these.
"""

import torch
from torch import nn

from .discriminators import Patch
from .stft import random_exact

SOURCES = ["vocals", "drums"]
N_FFT, HOP, SAMPLES, BATCH = 64, 16, 416, 2
CASES = {
    "lsgan": ("lsgan", False, 0.0),
    "lsgan_unpaired": ("lsgan", True, 0.0),
    "hinge_unpaired": ("hinge", True, 0.0),
    "features": ("lsgan", False, 0.25),
}


def real(gan, scores):
    return torch.relu(1 - scores).mean() if gan == "hinge" else ((scores - 0.9) ** 2).mean()


def fake(gan, scores):
    return torch.relu(1 + scores).mean() if gan == "hinge" else ((scores - 0.1) ** 2).mean()


def fooling(gan, scores):
    return -scores.mean() if gan == "hinge" else ((scores - 0.9) ** 2).mean()


def magnitude(x):
    """[..., samples] -> [frames, ..., bins]"""
    flat = x.reshape(-1, x.shape[-1])
    spectrum = torch.stft(flat, N_FFT, HOP, window=torch.hann_window(N_FFT).double(), return_complex=True).abs()
    return spectrum.permute(2, 0, 1).reshape(-1, *x.shape[:-1], N_FFT // 2 + 1)


class Judge:
    """A discriminator with its hidden features; magnitudes come as [frames, batch, channels, bins]."""

    def __init__(self, network):
        self.network, self.features = network, []
        for module in network.modules():
            if isinstance(module, nn.LeakyReLU):
                module.register_forward_hook(lambda _module, _inputs, output: self.features.append(output))

    def __call__(self, x):
        self.features.clear()
        return self.network(x.permute(1, 2, 0, 3))


def separator_loss(judges, gan, weight, estimates, targets, unpaired):
    count = len(judges)
    loss = sum(((estimates[k] - targets[k]) ** 2).mean() for k in range(count)) / count
    for k, judge in enumerate(judges):
        term = fooling(gan, judge(estimates[k]))
        of_estimate = list(judge.features)
        loss = loss + 0.5 / count * (term + fooling(gan, judge(unpaired[k])) if unpaired is not None else 2 * term)
        if weight:
            with torch.no_grad():
                judge(targets[k])
            distances = [(a - b).abs().mean() for a, b in zip(of_estimate, judge.features)]
            loss = loss + weight / count * sum(distances) / len(distances)
    return loss


def discriminator_losses(judges, gan, estimates, targets, unpaired, stems):
    losses = []
    for k, judge in enumerate(judges):
        pairs = [(real, targets[k]), (fake, estimates[k])]
        if unpaired is not None:
            pairs += [(real, stems[k]), (fake, unpaired[k])]
        losses.append(sum(term(gan, judge(x.detach())) for term, x in pairs) / len(pairs))
    return losses


def write_case(golden, case, judges, mixture, targets, masks, unpaired, stems):
    gan, with_unpaired, weight = CASES[case]
    golden.describe(case, gan=gan, unpaired=with_unpaired, feature_matching=weight)
    masks = masks.clone().requires_grad_()
    unpaired = unpaired.clone().requires_grad_() if with_unpaired else None
    estimates = masks * mixture
    loss = separator_loss(judges, gan, weight, estimates, targets, unpaired)
    golden.add(f"{case}.loss", loss, keep_double=True)
    gradients = torch.autograd.grad(loss, [masks] + ([unpaired] if with_unpaired else []))
    golden.add(f"{case}.grad.masks", gradients[0])
    if with_unpaired:
        golden.add(f"{case}.grad.unpaired", gradients[1])
    losses = discriminator_losses(judges, gan, estimates, targets, unpaired, stems)
    golden.add(f"{case}.discriminator_loss", torch.stack(losses), keep_double=True)
    for judge in judges:
        judge.network.zero_grad()
    sum(losses).backward()
    for source, judge in zip(SOURCES, judges):
        golden.add_gradients(f"{case}.grad.{source}", judge.network)


def write(golden):
    golden.describe("sizes", n_fft=N_FFT, hop=HOP, width=1 / 32)
    judges = []
    for source in SOURCES:
        network = Patch(1 / 32)
        for parameter in network.parameters():
            if parameter.dim() > 1:
                nn.init.kaiming_normal_(parameter, a=0.2)
        network = network.double().train()
        golden.add_state(f"state.{source}", network)
        judges.append(Judge(network))
    waveform = random_exact(BATCH, 2, SAMPLES)
    sources = random_exact(len(SOURCES), BATCH, 2, SAMPLES)
    golden.add("mixture", waveform)
    golden.add("targets", sources)
    mixture = magnitude(waveform)
    targets = torch.stack([magnitude(source) for source in sources])
    masks, unpaired, stems = (random_exact(*targets.shape).abs() for _ in range(3))
    golden.add("masks", masks)
    golden.add("unpaired.estimates", unpaired)
    golden.add("unpaired.stems", stems)
    for case in CASES:
        write_case(golden, case, judges, mixture, targets, masks, unpaired, stems)
