"""The Wiener filter: openunmix.filtering.wiener, and norbert.wiener where the case's metadata says so.

Per input NAME: NAME.masks [sources, frames, channels, bins], NAME.spectrum [frames, channels, bins, 2]; the packages
get masks * |spectrum|. "caseN" in the metadata: input, how many of its first sources, iterations, softmask, residual,
eps, package; "rounding" and "sum", the largest difference of the package's own float32 result from its float64 one, and
of the float32 estimates' sum from the mixture, both over the largest value of what they differ from. caseN.estimates
[sources, and the residual, frames, channels, bins, 2].

Inputs: "mono", "stereo": noise; "long": more frames than one of openunmix's batches; "alike": two channels that
differ only by a factor, and masks that are the same for both; "loud", "huge", "quiet": stereo times 1e3, 1e12, 1e-4;
"silent": frames and a bin of zeros. openunmix sets spectrum bins that are zero to 1 before it takes the residual; here
its angle is computed by torch.atan2, which leaves them (no other input has any).
"""

from unittest import mock

import norbert
import torch
from openunmix import filtering

EPS = 1e-10
FLOAT_EPS = 2.0**-23


def uniform_exact(*shape):
    return torch.rand(*shape).double()


def noise(sources, frames, channels, bins):
    """Masks, whose bins differ in which source is loud, and a spectrum."""
    masks = uniform_exact(sources, frames, channels, bins) ** 2
    return masks.float().double(), torch.randn(frames, channels, bins, 2).double()


def alike():
    masks, spectrum = noise(3, 9, 1, 3)
    other = (0.3 * spectrum).float().double()
    return masks.repeat(1, 1, 2, 1), torch.cat([spectrum, other], dim=1)


def scaled(factor):
    masks, spectrum = noise(3, 6, 2, 3)
    return masks, (factor * spectrum).float().double()


def silent():
    masks, spectrum = noise(3, 10, 2, 4)
    spectrum[2:5] = 0
    spectrum[:, :, 3] = 0
    return masks, spectrum


def openunmix_estimates(masks, spectrum, iterations, softmask, residual, eps):
    magnitudes = masks * torch.linalg.vector_norm(spectrum, dim=-1)
    mixture = spectrum.permute(0, 2, 1, 3)
    zeros = bool((mixture == 0).all(-1).any())
    with mock.patch.object(filtering, "atan2", torch.atan2 if zeros else filtering.atan2):
        estimates = filtering.wiener(
            magnitudes.permute(1, 3, 2, 0), mixture, iterations, softmask=softmask, residual=residual, eps=eps
        )
    return estimates.permute(4, 0, 2, 1, 3)


def norbert_estimates(masks, spectrum, iterations, softmask, residual, eps):
    """norbert divides the spectrum in place."""
    assert not residual
    magnitudes = masks * torch.linalg.vector_norm(spectrum, dim=-1)
    mixture = torch.view_as_complex(spectrum.contiguous()).permute(0, 2, 1).numpy().copy()
    estimates = norbert.wiener(magnitudes.permute(1, 3, 2, 0).numpy(), mixture, iterations, softmask, eps)
    return torch.view_as_real(torch.from_numpy(estimates)).permute(3, 0, 2, 1, 4)


PACKAGES = {"openunmix": openunmix_estimates, "norbert": norbert_estimates}


def relative(difference, reference):
    return float(difference.abs().max() / reference.abs().max())


def write_case(golden, name, source, masks, spectrum, package, **options):
    run = PACKAGES[package]
    double = run(masks, spectrum, **options)
    single = run(masks.float(), spectrum.float(), **options)
    golden.add(f"{name}.estimates", double)
    golden.describe(
        name,
        input=source,
        sources=len(masks),
        package=package,
        rounding=relative(single.double() - double, double),
        sum=relative(single.double().sum(0) - spectrum, spectrum),
        **options,
    )


def combinations():
    """All combinations that openunmix's separator allows."""
    for sources in range(1, 5):
        for iterations in range(3):
            for softmask in (False, True):
                for residual in (False, True):
                    if iterations == 0 or sources + residual > 1:
                        yield sources, {"iterations": iterations, "softmask": softmask, "residual": residual}


def cases():
    for source in ("mono", "stereo"):
        for sources, options in combinations():
            yield source, "openunmix", sources, {**options, "eps": EPS}
        for sources in (2, 4):
            for iterations in range(3):
                options = {"iterations": iterations, "softmask": iterations != 1, "residual": False}
                yield source, "norbert", sources, {**options, "eps": FLOAT_EPS}
    yield "long", "openunmix", 2, {"iterations": 2, "softmask": False, "residual": True, "eps": EPS}
    for source in ("alike", "loud", "huge", "quiet", "silent"):
        for residual in (False, True):
            for iterations in range(3):
                options = {"iterations": iterations, "softmask": False, "residual": residual}
                yield source, "openunmix", 3, {**options, "eps": EPS}
    yield "silent", "openunmix", 3, {"iterations": 1, "softmask": True, "residual": True, "eps": EPS}


def write(golden):
    inputs = {
        "mono": noise(4, 7, 1, 3),
        "stereo": noise(4, 7, 2, 3),
        "long": noise(2, 207, 2, 2),
        "alike": alike(),
        "loud": scaled(1e3),
        "huge": scaled(1e12),
        "quiet": scaled(1e-4),
        "silent": silent(),
    }
    for name, (masks, spectrum) in inputs.items():
        golden.add(f"{name}.masks", masks)
        golden.add(f"{name}.spectrum", spectrum)
    count = 0
    for source, package, sources, options in cases():
        masks, spectrum = inputs[source]
        write_case(golden, f"case{count}", source, masks[:sources], spectrum, package, **options)
        count += 1
    golden.describe("cases", count=count)
