"""museval's BSSEval, on signals that the tests make again from whole numbers (signals below).

NAME.scores [4, sources, windows]: SDR, ISR, SIR, SAR, NaN where a window has none; NAME.permutation [sources,
windows]. Parameters are JSON in the metadata NAME. track.json: museval's scores of five targets of a made-up
track, as it writes them.
"""

import json
import sys
import types

import numpy as np
import torch

RATE = 8000

# sources, channels, frames, window, hop, mode, what is special
CASES = {
    "v4_four_stereo": (4, 2, 20000, 8000, 8000, "v4", ""),
    "v4_overlap": (2, 2, 20000, 8000, 3000, "v4", ""),
    "v4_five": (5, 1, 16000, 4000, 4000, "v4", ""),
    "v3_two_stereo": (2, 2, 16000, 8000, 4000, "v3", ""),
    "v4_silent": (2, 2, 24000, 4000, 4000, "v4", "silent"),
    "v3_silent": (2, 1, 16000, 4000, 4000, "v3", "silent"),
    "v4_short": (2, 2, 3000, 8000, 8000, "v4", ""),
    "v4_whole": (2, 2, 20000, 0, 0, "v4", ""),
    "v4_mono_stem": (2, 2, 16000, 8000, 8000, "v4", "mono stem"),
    "v4_mono_stems": (2, 2, 16000, 8000, 8000, "v4", "mono stems"),
    "v4_silent_channel": (2, 2, 16000, 8000, 8000, "v4", "silent channel"),
    "v4_near_singular": (2, 1, 16000, 8000, 8000, "v4", "near-singular"),
    "images_permuted": (3, 1, 12000, 0, 0, "images", "reversed"),
    "sources_permuted": (3, 1, 12000, 0, 0, "sources", "reversed"),
}


def noise(seed, count):
    """A linear congruential generator's high bits as samples; 16 bits each."""
    state, values = seed, np.empty(count)
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        values[i] = (state >> 16) - 32768
    return values / 32768


def delayed(signal, samples):
    return np.concatenate([np.zeros(samples), signal[: len(signal) - samples]])


def signals(sources, channels, frames, special):
    """-> references and estimates (sources, frames, channels), exact in float32."""
    reference = np.empty((sources, frames, channels))
    for j in range(sources):
        for c in range(channels):
            white = noise(1 + j * channels + c, frames)
            reference[j, :, c] = (white + delayed(white, 1 + j)) / 4
    if special == "silent":
        reference[1, 6000:13000] = 0
    if special == "mono stem":
        reference[1] = reference[1, :, :1]
    if special == "mono stems":
        reference[:] = reference[:, :, :1]
    if special == "silent channel":
        reference[1, :, 1] = 0
    if special == "near-singular":
        reference[1] = reference[0] + np.floor(reference[1] * 256) / 2**17
    estimate = np.empty_like(reference)
    for j in range(sources):
        for c in range(channels):
            other = delayed(reference[(j + 1) % sources, :, c], 2)
            own = noise(1001 + j * channels + c, frames)
            estimate[j, :, c] = 0.75 * reference[j, :, c] + 0.25 * other + own / 64
    return reference, estimate[::-1] if special == "reversed" else estimate


def museval():
    # Scores need neither musdb nor the ffmpeg that it asks for.
    sys.modules.setdefault("musdb", types.ModuleType("musdb"))
    import museval

    return museval


def write_case(golden, name, sources, channels, frames, window, hop, mode, special):
    reference, estimate = signals(sources, channels, frames, special)
    assert np.array_equal(estimate, estimate.astype(np.float32))
    metrics = museval().metrics
    if mode == "images":
        sdr, isr, sir, sar, permutation = metrics.bss_eval_images(reference, estimate)
    elif mode == "sources":
        sdr, sir, sar, permutation = metrics.bss_eval_sources(reference, estimate)
        isr = np.full_like(sdr, np.nan)
    else:
        sdr, isr, sir, sar, permutation = metrics.bss_eval(
            reference, estimate, window or np.inf, hop or np.inf, framewise_filters=mode == "v3"
        )
    scores = np.stack([sdr, isr, sir, sar])
    golden.add(f"{name}.scores", torch.tensor(scores), keep_double=True)
    golden.add(f"{name}.permutation", torch.tensor(np.broadcast_to(permutation, sdr.shape).copy()), keep_double=True)
    golden.describe(
        name, sources=sources, channels=channels, frames=frames, window=window, hop=hop, mode=mode, special=special
    )


def write_track(golden):
    reference, estimate = signals(4, 2, 20000, "silent")
    names = ["vocals", "drums", "bass", "other"]
    targets = {name: types.SimpleNamespace(audio=audio) for name, audio in zip(names, reference)}
    targets["accompaniment"] = types.SimpleNamespace(audio=reference[1:].sum(axis=0))
    track = types.SimpleNamespace(targets=targets, name="track", rate=RATE, subset="test")
    estimates = dict(zip(names, estimate)) | {"accompaniment": estimate[1:].sum(axis=0)}
    scores = museval().eval_mus_track(track, estimates, win=0.5, hop=0.25)
    json.loads(scores.json)
    golden.attach("track.json", scores.json.encode())


def write(golden):
    for name, case in CASES.items():
        write_case(golden, name, *case)
    golden.describe("cases", names=list(CASES))
    write_track(golden)
