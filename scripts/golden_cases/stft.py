"""torch.stft and torch.istft, periodic Hann window, onesided, not normalised, reflect padding.

Per case N, with its parameters (n_fft, hop, win_length, center, samples) as JSON in the metadata "caseN":
caseN.signal [batch, samples]; caseN.spec [batch, bins, frames, 2], torch's order of axes; caseN.stft_weight as
spec, and caseN.signal_grad: the gradient of sum(stft_weight * spec) by the signal. Where the metadata has
"length" (asked of istft; 0: none asked) also caseN.istft_spec [batch, bins, frames, 2], which is no signal's
spectrum; caseN.istft [batch, length]; caseN.istft_weight as istft; caseN.istft_spec_grad: the gradient of
sum(istft_weight * istft) by the real and imaginary parts of istft_spec.
"""

import torch

# n_fft, hop, win_length, center, batch, samples, length asked of istft (None: no istft, 0: natural length)
CASES = [
    (16, 4, 16, True, 2, 64, 64),
    (32, 10, 32, True, 1, 101, 101),  # mono, odd, hop that does not divide
    (64, 16, 48, True, 2, 151, 151),  # window shorter than n_fft
    (64, 24, 64, False, 2, 200, None),
    (256, 64, 256, True, 1, 777, 777),
    (64, 16, 64, True, 2, 40, 40),  # signal shorter than the window, longer than the padding
    (32, 8, 32, True, 1, 17, 17),  # the shortest that reflect padding allows
    (20, 5, 15, True, 2, 83, 83),  # no power of two, odd window
    (32, 8, 24, False, 1, 96, None),  # not centered, window shorter than n_fft
    (32, 8, 32, False, 1, 32, None),  # one frame
    (64, 16, 64, True, 1, 201, 0),  # natural length, (frames - 1) * hop
    (64, 16, 64, True, 1, 201, 150),  # cut
    (16, 16, 16, False, 1, 70, None),  # frames side by side
]


def random_exact(*shape):
    """Standard normal numbers that float32 holds exactly, in float64."""
    return torch.randn(*shape).double()


def write_forward(golden, case, signal, options):
    signal.requires_grad_()
    spec = torch.view_as_real(torch.stft(signal, pad_mode="reflect", return_complex=True, **options))
    weight = random_exact(*spec.shape)
    (weight * spec).sum().backward()
    golden.add(f"{case}.signal", signal)
    golden.add(f"{case}.spec", spec)
    golden.add(f"{case}.stft_weight", weight)
    golden.add(f"{case}.signal_grad", signal.grad)
    return spec.shape


def write_inverse(golden, case, shape, options, length):
    spec = random_exact(*shape)
    spec[:, [0, -1], :, 1] = 0  # a real signal has no imaginary part at 0 and at the Nyquist frequency
    spec.requires_grad_()
    signal = torch.istft(torch.view_as_complex(spec), length=length or None, **options)
    weight = random_exact(*signal.shape)
    (weight * signal).sum().backward()
    golden.add(f"{case}.istft_spec", spec)
    golden.add(f"{case}.istft", signal)
    golden.add(f"{case}.istft_weight", weight)
    golden.add(f"{case}.istft_spec_grad", spec.grad)


def write(golden):
    for i, (n_fft, hop, win_length, center, batch, samples, length) in enumerate(CASES):
        case = f"case{i}"
        window = torch.hann_window(win_length, dtype=torch.float64)
        options = {"n_fft": n_fft, "hop_length": hop, "win_length": win_length, "window": window, "center": center}
        shape = write_forward(golden, case, random_exact(batch, samples), options)
        parameters = {"n_fft": n_fft, "hop": hop, "win_length": win_length, "center": center, "samples": samples}
        if length is not None:
            write_inverse(golden, case, shape, options, length)
            parameters["length"] = length
        golden.describe(case, **parameters)
    golden.describe("cases", count=len(CASES))
