"""The losses that the study's code does not have: from auraloss and torch-log-wmse, or composed here in float64.

mixture [batch, channels, samples], targets [K, batch, channels, samples], masks [K, frames, batch, channels, bins];
n_fft and n_hop in the metadata "stft". Per loss `value`.<name> (one float64) and `gradient`.<name>: by the masks, at the
flat indices `index`, the last of its values being the largest absolute gradient of all. Names end in _seed or _paper
where the variants differ.
"""

import itertools

import auraloss
import torch
import torch_log_wmse

N_FFT, HOP, K, BATCH, CHANNELS, SAMPLES = 128, 64, 4, 2, 2, 1600
EPS = 2.0**-23


def spectrum(x, n_fft=N_FFT, hop=HOP):
    window = torch.hann_window(n_fft, dtype=torch.float64)
    flat = torch.stft(x.reshape(-1, x.shape[-1]), n_fft, hop, window=window, return_complex=True)
    return flat.reshape(*x.shape[:-1], *flat.shape[-2:]).movedim(-1, 0)  # (frames, ..., bins)


class Batch:
    def __init__(self, mixture, targets, masks):
        self.x, self.y, self.masks = mixture, targets, masks
        self.X = spectrum(mixture)
        self.Y = torch.stack([spectrum(y) for y in targets])
        self.spectra = masks * self.X
        window = torch.hann_window(N_FFT, dtype=torch.float64)
        rows = self.spectra.permute(0, 2, 3, 4, 1).reshape(-1, N_FFT // 2 + 1, self.X.shape[0])
        self.z = torch.istft(rows, N_FFT, HOP, window=window, length=SAMPLES).reshape(targets.shape)
        self.magnitudes = masks * self.X.abs()


def mrs(b):
    total = 0
    for window in (2048, 1024):
        for y, z in zip(b.y, b.z):
            wanted, found = (spectrum(s, window, window // 4).abs().clamp(min=1e-7) for s in (y, z))
            total = total + (wanted - found).norm() / wanted.norm() + (found.log10() - wanted.log10()).abs().mean()
    return total / (2 * K)


def mrstft(b):
    loss = auraloss.freq.MultiResolutionSTFTLoss()
    for stft in loss.stft_losses:
        stft.window = stft.window.double()
    return sum(loss(z, y) for y, z in zip(b.y, b.z))


def complex_l1(b):
    error = b.spectra - b.Y
    return sum(e.real.abs().mean() + e.imag.abs().mean() + (z - y).abs().mean() for e, z, y in zip(error, b.z, b.y))


def weighted_sdr(x, y, z):
    def cosine(a, c):
        return (a * c).sum(-1) / (a.norm(dim=-1) * c.norm(dim=-1))

    share = y.square().sum(-1) / (y.square().sum(-1) + (x - y).square().sum(-1))
    return -(share * cosine(y, z) + (1 - share) * cosine(x - y, x - z)).mean()


def combined_mdl(b):
    terms = []
    for size in range(1, K):
        for subset in itertools.combinations(range(K), size):
            s = list(subset)
            error = b.magnitudes[s].sum(0) - b.Y[s].abs().sum(0)
            terms.append(error.square().mean() + 10 * (1 + weighted_sdr(b.x, b.y[s].sum(0), b.z[s].sum(0))))
    assert len(terms) == 14
    return sum(terms) / len(terms)


def l1snr(b):
    return sum(10 * torch.log10(((z - y).abs().mean() + 1e-3) / (y.abs().mean() + 1e-3)) for y, z in zip(b.y, b.z))


def log_wmse(b):
    loss = torch_log_wmse.LogWMSELoss(bypass_filter=True)
    return loss(b.x, b.z.permute(1, 2, 0, 3), b.y.permute(1, 2, 0, 3))


def bce_irm(b):
    ratio = b.Y.abs() / (b.Y.abs().sum(0) + 1e-18)
    return sum(torch.nn.functional.binary_cross_entropy_with_logits(m, r) for m, r in zip(b.masks, ratio))


def combination(b, paper):
    wanted, found = b.Y.abs(), b.magnitudes
    l2 = sum((f - w).square().mean() for f, w in zip(found, wanted))
    log_l1 = sum(10 * torch.log10((f - w).abs().mean() + EPS) for f, w in zip(found, wanted))

    def si_sdr(f, w):
        a = (f * w).sum() / (w.square().sum() + EPS) * w
        return -10 * torch.log10(a.square().sum() / ((a - f).square().sum() + EPS))

    if not paper:
        return l2 + si_sdr(found, wanted) + log_l1
    return (l2 + log_l1 + sum(si_sdr(f, w) for f, w in zip(found, wanted))) / K


LOSSES = {
    "MRS": mrs,
    "MRSTFT_seed": mrstft,
    "MRSTFT_paper": lambda b: mrstft(b) / K,
    "ComplexL1_seed": complex_l1,
    "ComplexL1_paper": lambda b: complex_l1(b) / K,
    "CombinedMDL": combined_mdl,
    "L1SNR_seed": l1snr,
    "L1SNR_paper": lambda b: l1snr(b) / K,
    "LogWMSE": log_wmse,
    "BCE_IRM": bce_irm,
    "Combination_seed": lambda b: combination(b, False),
    "Combination_paper": lambda b: combination(b, True),
}


def write(golden):
    targets = 0.2 * torch.randn(K, BATCH, CHANNELS, SAMPLES)
    targets, mixture = targets.double(), targets.double().sum(0).float().double()
    frames = SAMPLES // HOP + 1
    masks = torch.rand(K, frames, BATCH, CHANNELS, N_FFT // 2 + 1).double()
    index = torch.randperm(masks.numel())[:200]
    golden.describe("stft", n_fft=N_FFT, n_hop=HOP)
    for name, value in (("mixture", mixture), ("targets", targets), ("masks", masks), ("index", index)):
        golden.add(name, value)
    for name, loss in LOSSES.items():
        leaf = masks.clone().requires_grad_()
        value = loss(Batch(mixture, targets, leaf))
        value.backward()
        golden.add(f"value.{name}", value, keep_double=True)
        golden.add(f"gradient.{name}", torch.cat([leaf.grad.flatten()[index], leaf.grad.abs().max()[None]]))
