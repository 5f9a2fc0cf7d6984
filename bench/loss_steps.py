#!/usr/bin/env python3
"""The time and memory of a training step with each loss beside one with L2freq, taken in turn; prints Markdown.

    bench/loss_steps.py build/cpu/unmix_train_step build/cpu/unmix [--losses PSA MRS] [--steps 5] [--batch 16] ...

A turn is one step on the CPU and ten on a GPU, and its time is that of one step. The ratio is the median of the pairs'
ratios. Needs Python alone.
"""

import argparse
import json
import statistics
import subprocess


class Steps:
    """One process that takes as many steps as a line says."""

    def __init__(self, program, arguments, turn):
        self.turn = turn
        self.process = subprocess.Popen([program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def seconds(self):
        self.process.stdin.write(f"{self.turn}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(self.process.args)} failed")
        return json.loads(line)["step_seconds"]

    def peak_gigabytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1e6

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train_step")
    parser.add_argument("unmix")
    parser.add_argument("--losses", nargs="*", help="default: all that unmix info lists")
    parser.add_argument("--steps", type=int, default=5, help="turns that count")
    parser.add_argument("--hidden", default="512")
    parser.add_argument("--batch", default="16")
    parser.add_argument("--seconds", default="6")
    parser.add_argument("--discriminator", default="patch")
    parser.add_argument("--device", default="cpu", help="cuda: the memory is still the host's")
    parser.add_argument("--precision", default="fp32")
    options = parser.parse_args()
    info = json.loads(subprocess.check_output([options.unmix, "info", "--json"]))
    losses = options.losses or [loss["name"] for loss in info["losses"]]
    common = ["--joint", "--hidden", options.hidden, "--batch", options.batch, "--seconds", options.seconds,
              "--device", options.device, "--precision", options.precision]
    turn = 1 if options.device == "cpu" else 10
    print("| loss | step, s | L2freq beside it, s | ratio | peak memory, GB | of L2freq, GB |\n|---|---:|---:|---:|---:|---:|")
    for loss in losses:
        other = ["--discriminator", options.discriminator] if loss == "Adversarial" else []
        pair = [Steps(options.train_step, [*common, "--loss", name, *more], turn) for name, more in
                ((loss, other), ("L2freq", []))]
        for steps in pair:
            steps.seconds()  # plans, memory
        times = [[steps.seconds() for steps in pair] for _ in range(options.steps)]
        ours, base = (statistics.median(column) for column in zip(*times))
        ratio = statistics.median(a / b for a, b in times)
        memory = [steps.peak_gigabytes() for steps in pair]
        for steps in pair:
            steps.close()
        print(f"| {loss} | {ours:.4g} | {base:.4g} | {ratio:.2f} | {memory[0]:.2f} | {memory[1]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
