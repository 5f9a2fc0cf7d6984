"""Ten training steps of both models, no dropout, Adam with coupled weight decay.

batchN.sources [batch, 4, channels, samples], N = 0, 1, 2, multiples of 2^-15, used in turn: step i takes batch
i % 3; the mixture is the sum of the sources. STFT centered with reflect padding, periodic Hann. joint.state.*,
single.state.*: weights and buffers before the first step. joint.losses [10] (float64): sum over k of
mean((M_k|X| - |Y_k|)^2); single.losses: mean((M|X| - |Y|)^2) for the first source. joint.norms.*,
single.norms.* (float64): the Euclidean norm of each parameter and running statistic after the tenth step. All
else is JSON in the metadata "training"; "rounding" has the largest relative difference of the same run in
float32 in losses and in norms, the measure for tolerances.
"""

import copy

import torch

import models as peers

SIZES = {"n_fft": 256, "hop": 64, "hidden": 16, "nb_channels": 2, "max_bin": 93, "nb_layers": 3}
TRAINING = {"steps": 10, "batches": 3, "batch": 2, "samples": 1024, "lr": 1e-3, "weight_decay": 1e-5}


def make_sources():
    """(batch, 4, channels, samples): noise, coloured and levelled differently per source and channel."""
    white = torch.randn(TRAINING["batch"], 4, SIZES["nb_channels"], TRAINING["samples"] + 7)
    level = torch.tensor([0.3, 0.2, 0.15, 0.1]).reshape(1, 4, 1, 1)
    smooth = [white[:, k : k + 1].unfold(-1, 2 * k + 1, 1).mean(-1)[..., : TRAINING["samples"]] for k in range(4)]
    return torch.round(torch.cat(smooth, 1) * level * (0.3 + torch.rand(TRAINING["batch"], 4, 2, 1)) * 2**15) / 2**15


def make_model(joint, mean, scale):
    """A model with PyTorch's initial weights and the data's own input statistics."""
    model = peers.make_model(joint, SIZES["n_fft"] // 2 + 1, SIZES["nb_channels"], SIZES["hidden"], SIZES["max_bin"])
    model.lstm.dropout = 0.0
    with torch.no_grad():
        model.input_mean.copy_(-mean[: SIZES["max_bin"]])
        model.input_scale.copy_(1 / scale[: SIZES["max_bin"]])
    return model


def train(joint, model, batches, dtype):
    """-> the losses before each update, the norms after the last."""
    model = copy.deepcopy(model).to(dtype).train()
    window = torch.hann_window(SIZES["n_fft"], dtype=dtype)
    optimizer = torch.optim.Adam(model.parameters(), lr=TRAINING["lr"], weight_decay=TRAINING["weight_decay"])
    make_batch, loss_of = (
        (peers.joint_batch, peers.l2freq_joint) if joint else (peers.single_batch, peers.l2freq_single)
    )
    losses = []
    for step in range(TRAINING["steps"]):
        batch = make_batch(batches[step % len(batches)].to(dtype), window, SIZES["n_fft"], SIZES["hop"])
        optimizer.zero_grad()
        loss = loss_of(model, *batch)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    norms = {k: v.double().norm() for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    return torch.tensor(losses, dtype=torch.float64), norms


def write(golden):
    batches = [make_sources() for _ in range(TRAINING["batches"])]
    for i, batch in enumerate(batches):
        golden.add(f"batch{i}.sources", batch)
    window = torch.hann_window(SIZES["n_fft"])
    mixtures = [peers.joint_batch(b, window, SIZES["n_fft"], SIZES["hop"])[0] for b in batches]
    frames = torch.cat(mixtures).flatten(0, 2)
    rounding = {}
    for name in ("joint", "single"):
        model = make_model(name == "joint", frames.mean(0), frames.std(0))
        golden.add_state(f"{name}.state", model)
        losses, norms = train(name == "joint", model, batches, torch.float64)
        golden.add(f"{name}.losses", losses, keep_double=True)
        for key, value in norms.items():
            golden.add(f"{name}.norms.{key}", value, keep_double=True)
        losses32, norms32 = train(name == "joint", model, batches, torch.float32)
        rounding[f"{name}_losses"] = float(((losses32 - losses) / losses).abs().max())
        rounding[f"{name}_norms"] = float(max(abs(norms32[k] / norms[k] - 1) for k in norms))
    golden.describe("training", **SIZES, **TRAINING)
    golden.describe("rounding", **{key: f"{value:.0e}" for key, value in rounding.items()})
