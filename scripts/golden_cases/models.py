"""A small network in training mode, its gradients, and then in eval mode.

state.*: parameters and buffers by state-dict name; train.output and loss: training mode with no dropout, loss
as said below; grad.*: the loss's gradients; after.*.running_mean, after.*.running_var: the running statistics
after that pass; eval.output: eval mode, with those. Sizes are JSON in the metadata "model".
"""

import torch
from torch import nn

import models as peers

SIZES = {"nb_bins": 33, "nb_channels": 2, "hidden": 8, "max_bin": 20, "nb_layers": 3}
FRAMES, BATCH = 7, 3


def roughen(model):
    """Moves scalers and batch norms off their initial ones and zeros, on values that float32 holds, in float64."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 1.5)
    nn.init.uniform_(model.input_mean, -2, -0.5)
    nn.init.uniform_(model.input_scale, 0.5, 2)
    nn.init.uniform_(model.output_mean, 0, 0.5)
    nn.init.uniform_(model.output_scale, 0.5, 1.5)
    model.lstm.dropout = 0.0
    return model.double().train()


def write_passes(golden, model, loss_of, *inputs):
    golden.describe("model", **SIZES, frames=FRAMES, batch=BATCH)
    golden.add_state("state", model)
    output, loss = loss_of(model, *inputs)
    loss.backward()
    golden.add("train.output", output)
    golden.add("loss", loss, keep_double=True)
    golden.add_gradients("grad", model)
    for name, value in model.named_buffers():
        if "running" in name:
            golden.add(f"after.{name}", value)
    with torch.no_grad():
        golden.add("eval.output", loss_of(model.eval(), *inputs)[0])


def write_openunmix(golden):
    """openunmix.model.OpenUnmix: input and target, output (the mask times the input) [batch, channels, bins, frames];
    loss = mean((output - target)^2)."""
    model = roughen(peers.OpenUnmix(SIZES["nb_bins"], 2, SIZES["hidden"], SIZES["nb_layers"], max_bin=SIZES["max_bin"]))
    magnitude = torch.rand(BATCH, 2, SIZES["nb_bins"], FRAMES).mul(3).double()
    target = torch.rand_like(magnitude, dtype=torch.float32).double()
    golden.add("input", magnitude)
    golden.add("target", target)

    def loss_of(net, x, y):
        output = net(x)
        return output, torch.mean((output - y) ** 2)

    write_passes(golden, model, loss_of, magnitude, target)


def write_joint(golden):
    """JointOpenUnmix of bench/peers/models.py: input [frames, batch, channels, bins], targets and output (the masks)
    [4, frames, batch, channels, bins]; loss = sum over k of mean((output_k * input - target_k)^2)."""
    model = roughen(peers.JointOpenUnmix(SIZES["nb_bins"], 2, SIZES["hidden"], SIZES["nb_layers"], SIZES["max_bin"]))
    magnitude = torch.rand(FRAMES, BATCH, 2, SIZES["nb_bins"]).mul(3).double()
    targets = torch.rand(4, *magnitude.shape).double()
    golden.add("input", magnitude)
    golden.add("targets", targets)

    def loss_of(net, x, y):
        masks = net(x)
        return masks, sum(torch.mean((masks[k] * x - y[k]) ** 2) for k in range(4))

    write_passes(golden, model, loss_of, magnitude, targets)
