"""The models that the comparisons and the goldens run in PyTorch.

The single-target model is the published package's own `openunmix.model.OpenUnmix`. The joint model of "On Loss
Functions for Music Source Separation" (arXiv 2202.07968) has no published package and is written here from its
description: one encoder, LSTM and decoder shared by all targets, one head per target, masks as output.
"""

import torch
from openunmix.model import OpenUnmix
from torch import nn

TARGETS = ("vocals", "drums", "bass", "other")


class JointOpenUnmix(nn.Module):
    """Magnitudes (frames, batch, channels, bins) -> one mask of the same shape per target, unbounded above."""

    def __init__(self, nb_bins, nb_channels=2, hidden_size=512, nb_layers=3, max_bin=None, dropout=0.4):
        super().__init__()
        self.nb_bins = nb_bins
        self.max_bin = max_bin or nb_bins
        self.fc1 = nn.Linear(self.max_bin * nb_channels, hidden_size, bias=False)
        self.bn1 = nn.BatchNorm1d(hidden_size)
        self.lstm = nn.LSTM(hidden_size, hidden_size // 2, nb_layers, bidirectional=True, dropout=dropout)
        self.fc2 = nn.Linear(2 * hidden_size, hidden_size, bias=False)
        self.bn2 = nn.BatchNorm1d(hidden_size)
        for k in range(1, len(TARGETS) + 1):
            setattr(self, f"fc3_{k}", nn.Linear(hidden_size, nb_bins * nb_channels, bias=False))
            setattr(self, f"bn3_{k}", nn.BatchNorm1d(nb_bins * nb_channels))
        self.input_mean = nn.Parameter(torch.zeros(self.max_bin))
        self.input_scale = nn.Parameter(torch.ones(self.max_bin))
        self.output_scale = nn.Parameter(torch.ones(nb_bins))
        self.output_mean = nn.Parameter(torch.ones(nb_bins))

    def heads(self, magnitude):
        """The masks one by one: a caller that reduces each at once spares the copy that stacking them costs."""
        frames, batch, channels, _ = magnitude.shape
        x = (magnitude[..., : self.max_bin] + self.input_mean) * self.input_scale
        x = self.bn1(self.fc1(x.reshape(frames * batch, -1)))
        x = torch.tanh(x).reshape(frames, batch, -1)
        x = torch.cat([x, self.lstm(x)[0]], dim=-1).reshape(frames * batch, -1)
        x = torch.relu(self.bn2(self.fc2(x)))
        for k in range(1, len(TARGETS) + 1):
            y = getattr(self, f"bn3_{k}")(getattr(self, f"fc3_{k}")(x))
            y = y.reshape(frames, batch, channels, self.nb_bins)
            yield torch.relu((y * self.output_scale).add_(self.output_mean))

    def forward(self, magnitude):
        """-> (targets, frames, batch, channels, bins)"""
        return torch.stack(list(self.heads(magnitude)))


class SplitLstm(nn.Module):
    """A bidirectional nn.LSTM as one nn.LSTM for each layer and direction: the same weights and output, no states.

    PyTorch takes cuDNN's persistent kernels only for one layer and one direction in float16, so this is what the LSTMs
    compute in where autocast is on, whatever autocast's own type.
    """

    def __init__(self, lstm):
        super().__init__()
        self.dropout = lstm.dropout
        self.layers = nn.ModuleList()
        for layer in range(lstm.num_layers):
            directions = nn.ModuleList()
            for end in (f"_l{layer}", f"_l{layer}_reverse"):
                names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
                state = {f"{name}_l0": getattr(lstm, name + end) for name in names}
                directions.append(nn.LSTM(state["weight_ih_l0"].shape[1], lstm.hidden_size))
                directions[-1].load_state_dict(state)
            self.layers.append(directions)

    def forward(self, x):
        half = torch.is_autocast_enabled(x.device.type)
        y = x.half() if half else x
        with torch.autocast(x.device.type, torch.float16, enabled=half):
            for number, (forward, backward) in enumerate(self.layers):
                if number > 0:
                    y = nn.functional.dropout(y, self.dropout, self.training)
                y = torch.cat([forward(y)[0], backward(y.flip(0))[0].flip(0)], dim=-1)
        return y.to(x.dtype), None


def magnitude(audio, window, n_fft, hop, center=True):
    """|STFT| of (..., samples) as (..., bins, frames), with periodic Hann and reflect padding."""
    flat = audio.reshape(-1, audio.shape[-1])
    spec = torch.stft(flat, n_fft, hop, window=window, center=center, pad_mode="reflect", return_complex=True)
    return spec.abs().reshape(*audio.shape[:-1], *spec.shape[-2:])


def l2freq_joint(model, mix, targets):
    """sum_k mean((M_k |X| - |Y_k|)^2); mix (frames, batch, channels, bins), targets (4, as mix)."""
    return sum(torch.mean((mask * mix - y) ** 2) for mask, y in zip(model.heads(mix), targets))


def l2freq_single(model, mix, target):
    """mean((M |X| - |Y|)^2) for one target; both (batch, channels, bins, frames), as OpenUnmix takes them."""
    return torch.nn.functional.mse_loss(model(mix), target)


def joint_batch(sources, window, n_fft, hop):
    """Sources (batch, 4, channels, samples) -> the magnitudes that l2freq_joint takes."""
    mix = magnitude(sources.sum(1), window, n_fft, hop).permute(3, 0, 1, 2)
    return mix, magnitude(sources, window, n_fft, hop).permute(1, 4, 0, 2, 3)


def single_batch(sources, window, n_fft, hop, target=0):
    """Sources (batch, 4, channels, samples) -> the magnitudes that l2freq_single takes."""
    return magnitude(sources.sum(1), window, n_fft, hop), magnitude(sources[:, target], window, n_fft, hop)


def make_model(joint, nb_bins, nb_channels, hidden, max_bin):
    if joint:
        return JointOpenUnmix(nb_bins, nb_channels, hidden, max_bin=max_bin)
    return OpenUnmix(nb_bins, nb_channels, hidden, max_bin=max_bin)
