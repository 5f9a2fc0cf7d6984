"""The input statistics of Open-Unmix: sklearn's StandardScaler, one partial_fit per track, over the frames of the
magnitude STFT (openunmix.transforms, not centered), averaged over the channels; std = max(scale, 1e-4 *
max(scale)).

dataset0: three tracks of unequal length, a band-limited sum of partials whose upper bins vary so little that
the floor holds. dataset1: one silent track (a bin without variance has scale 1). datasetN.trackM [channels,
samples]; datasetN.mean, datasetN.std [bins] (float64); n_fft, hop and the number of tracks in the metadata
"datasetN".
"""

import torch
from openunmix.transforms import ComplexNorm, make_filterbanks
from sklearn.preprocessing import StandardScaler

N_FFT, HOP = 64, 16


def partials(samples):
    """[2, samples] of low partials, each fading in its own way."""
    time = torch.arange(samples).double() / N_FFT
    out = torch.zeros(2, samples, dtype=torch.float64)
    for frequency in (2, 3, 5):
        fade = 1 + 0.5 * torch.sin(time * torch.rand(2, 1) * 0.3)
        out += fade * torch.sin(2 * torch.pi * (frequency * time + torch.rand(2, 1))) * torch.rand(2, 1)
    return out.float()


def write_dataset(golden, case, tracks):
    stft, _ = make_filterbanks(N_FFT, HOP, center=False)
    scaler = StandardScaler()
    for i, track in enumerate(tracks):
        golden.add(f"{case}.track{i}", track)
        magnitude = ComplexNorm()(stft.double()(track[None].double()))
        scaler.partial_fit(magnitude.mean(1)[0].T.numpy())
    floor = torch.as_tensor(scaler.scale_)
    golden.add(f"{case}.mean", scaler.mean_, keep_double=True)
    golden.add(f"{case}.std", torch.clamp(floor, min=1e-4 * floor.max()), keep_double=True)
    golden.describe(case, n_fft=N_FFT, hop=HOP, tracks=len(tracks))
    return int((floor < 1e-4 * floor.max()).sum())


def write(golden):
    floored = write_dataset(golden, "dataset0", [partials(samples) for samples in (700, 1001, 513)])
    assert floored > 0, "no bin reaches the floor"
    write_dataset(golden, "dataset1", [torch.zeros(2, 300)])
