"""openunmix's Separator on small models of random weights: NAME.audio [channels, samples], NAME.TARGET.* the state of
each target's network, and per case NAME.CASE [estimates, channels, samples], the residual last where there is one.
Configurations (n_fft, hop, rate, channels, hidden size, unidirectional, targets) are JSON in the metadata "models", the
options of the cases (niter, softmask, residual, wiener_win_len) in "cases".
"""

import torch
from openunmix.model import OpenUnmix, Separator

from golden_cases.models import roughen

MODELS = {
    "stereo": {"nfft": 64, "nhop": 16, "rate": 8000, "channels": 2, "hidden": 8, "unidirectional": False,
               "targets": ["vocals", "drums", "bass", "other"]},
    "mono": {"nfft": 64, "nhop": 32, "rate": 16000, "channels": 1, "hidden": 6, "unidirectional": False,
             "targets": ["speech", "noise"]},
    "single": {"nfft": 128, "nhop": 32, "rate": 8000, "channels": 2, "hidden": 4, "unidirectional": True,
               "targets": ["vocals"]},
}
# (With soft masks the residual is rounding alone, which nothing can be held against.)
CASES = {
    "masks": {"niter": 0, "softmask": False, "residual": False, "wiener_win_len": 300},
    "soft": {"niter": 0, "softmask": True, "residual": False, "wiener_win_len": 300},
    "rest": {"niter": 0, "softmask": False, "residual": True, "wiener_win_len": 300},
    "filter": {"niter": 1, "softmask": False, "residual": False, "wiener_win_len": 300},
    "windows": {"niter": 2, "softmask": False, "residual": False, "wiener_win_len": 17},
    "soft_filter": {"niter": 1, "softmask": True, "residual": False, "wiener_win_len": 23},
    "rest_filter": {"niter": 1, "softmask": False, "residual": True, "wiener_win_len": 23},
}
WANTED = {
    "stereo": ["masks", "soft", "rest", "filter", "windows", "soft_filter", "rest_filter"],
    "mono": ["masks", "windows", "rest_filter"],
    "single": ["masks", "rest_filter"],
}
SAMPLES = 1001


def network(model, seed):
    torch.manual_seed(seed)
    bins = model["nfft"] // 2 + 1
    net = OpenUnmix(bins, model["channels"], model["hidden"], 2, unidirectional=model["unidirectional"],
                    max_bin=bins - 9)
    return roughen(net).eval()


def audio(model, seed):
    """Noise whose level and balance between the channels change, so that the filter has directions to find."""
    torch.manual_seed(seed)
    time = torch.arange(SAMPLES) / SAMPLES
    level = 0.1 + 0.9 * (6 * torch.pi * time).sin().square()
    left, right = torch.rand(2, SAMPLES) - 0.5
    signals = torch.stack([level * left, level * (0.3 * left + 0.7 * right * time)])
    return signals[: model["channels"]].float()


def write(golden):
    golden.describe("models", **MODELS)
    golden.describe("cases", **CASES)
    for index, (name, model) in enumerate(MODELS.items()):
        nets = {target: network(model, 100 * index + k) for k, target in enumerate(model["targets"])}
        for target, net in nets.items():
            golden.add_state(f"{name}.{target}", net)
        mixture = audio(model, 1000 + index)
        golden.add(f"{name}.audio", mixture)
        for case in WANTED[name]:
            separator = Separator(nets, sample_rate=float(model["rate"]), n_fft=model["nfft"], n_hop=model["nhop"],
                                  nb_channels=model["channels"], **CASES[case]).double().eval()
            with torch.no_grad():
                golden.add(f"{name}.{case}", separator(mixture.double()[None])[0])
