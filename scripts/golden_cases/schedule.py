"""torch.optim and openunmix.utils.EarlyStopping, sequences in float64.

plateauN.losses [n], plateauN.lr [n]: the rate after each ReduceLROnPlateau.step (mode min, relative threshold
1e-4, eps 1e-8); factor, patience, cooldown and the first rate in the metadata "plateauN". stoppingN.losses [n],
stoppingN.stop [n] (1: stop), stoppingN.best, stoppingN.bad [n] (epochs without improvement) after each step;
patience in the metadata "stoppingN". A NaN is the last loss of one of them. adamN.param0, adamN.grads [steps,
size], adamN.params [steps, size] after each step; lr and weight_decay in the metadata. clipN.grad0,
clipN.grad1, clipN.clipped0, clipN.clipped1, clipN.norm (before clipping); max_norm in the metadata "clipN".
"""

import warnings

import torch
from openunmix.utils import EarlyStopping

from .stft import random_exact

# factor, patience, cooldown, first rate
PLATEAUS = [(0.3, 3, 10, 1e-3), (0.3, 1, 10, 1e-3), (0.3, 0, 0, 1e-3), (0.5, 2, 1, 1e-7)]
STOPPINGS = [3, 1, 7]
ADAMS = [(1e-3, 1e-5), (1e-2, 0.0), (1e-3, 0.1)]
CLIPS = [1.0, 100.0]


def losses(length):
    """Falls, stalls, rises a little, falls by less than the threshold, falls again."""
    time = torch.arange(length, dtype=torch.float64)
    value = torch.exp(-time / 15) + 0.05 * torch.cos(1.7 * time) + 0.02 * random_exact(length) + 0.3
    value[length // 3 : length // 2] = value[: length // 3].min() * (1 - 2e-5 * torch.arange(length // 2 - length // 3))
    return value


def write_plateau(golden, case, factor, patience, cooldown, lr):
    sequence, rates = losses(70), []
    optimizer = torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, "min", factor, patience, cooldown=cooldown)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about an optimizer that never stepped
        for loss in sequence:
            scheduler.step(loss)
            rates.append(optimizer.param_groups[0]["lr"])
    golden.add(f"{case}.losses", sequence, keep_double=True)
    golden.add(f"{case}.lr", torch.tensor(rates, dtype=torch.float64), keep_double=True)
    golden.describe(case, factor=factor, patience=patience, cooldown=cooldown, lr=lr)


def write_stopping(golden, case, patience, last_nan):
    sequence, rows = losses(40), []
    if last_nan:
        sequence = torch.cat([sequence[:10], torch.full((1,), torch.nan, dtype=torch.float64)])
    stopping = EarlyStopping(patience=patience)
    for loss in sequence.tolist():
        stop = stopping.step(loss)
        rows.append((float(stop), stopping.best, float(stopping.num_bad_epochs)))
    golden.add(f"{case}.losses", sequence, keep_double=True)
    for i, name in enumerate(("stop", "best", "bad")):
        golden.add(f"{case}.{name}", torch.tensor([row[i] for row in rows], dtype=torch.float64), keep_double=True)
    golden.describe(case, patience=patience)


def write_adam(golden, case, lr, weight_decay):
    parameter = random_exact(12).requires_grad_()
    golden.add(f"{case}.param0", parameter)
    optimizer = torch.optim.Adam([parameter], lr=lr, weight_decay=weight_decay)
    grads = random_exact(6, 12) * torch.logspace(-4, 2, 12).double()
    grads[:, 3] = 0
    grads = grads.float().double()
    after = []
    for grad in grads:
        parameter.grad = grad.clone()
        optimizer.step()
        after.append(parameter.detach().clone())
    golden.add(f"{case}.grads", grads)
    golden.add(f"{case}.params", torch.stack(after))
    golden.describe(case, lr=lr, weight_decay=weight_decay)


def write_clip(golden, case, max_norm):
    grads = [random_exact(3, 4), random_exact(5)]
    parameters = [torch.zeros_like(grad).requires_grad_() for grad in grads]
    for parameter, grad in zip(parameters, grads):
        parameter.grad = grad.clone()
    norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    golden.add(f"{case}.norm", norm, keep_double=True)
    for i, (parameter, grad) in enumerate(zip(parameters, grads)):
        golden.add(f"{case}.grad{i}", grad)
        golden.add(f"{case}.clipped{i}", parameter.grad)
    golden.describe(case, max_norm=max_norm)


def write(golden):
    for i, case in enumerate(PLATEAUS):
        write_plateau(golden, f"plateau{i}", *case)
    for i, patience in enumerate(STOPPINGS):
        write_stopping(golden, f"stopping{i}", patience, last_nan=i == 2)
    for i, case in enumerate(ADAMS):
        write_adam(golden, f"adam{i}", *case)
    for i, max_norm in enumerate(CLIPS):
        write_clip(golden, f"clip{i}", max_norm)
    counts = {"plateau": len(PLATEAUS), "stopping": len(STOPPINGS), "adam": len(ADAMS), "clip": len(CLIPS)}
    golden.describe("cases", **counts)
