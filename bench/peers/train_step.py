"""Times training steps in PyTorch, and beside them, turn by turn, those of our own program.

    python bench/peers/train_step.py --joint --hidden 512 --batch 16 --seconds 6 --steps 7 \\
        --ours build/release/unmix_train_step

A step: STFT of the mixture and the targets (4096, hop 1024, centered), model, loss, backward, Adam with weight decay.
PyTorch takes it in one of three ways (--peer):

    eager   as an ordinary training loop does
    graph   as one CUDA graph, with PyTorch's fused Adam
    split   as graph, with an LSTM for each layer and direction (models.SplitLstm), so that with bf16 cuDNN's persistent
            kernels run them

With bf16 every LSTM of PyTorch computes in float16 on CUDA: autocast knows no other type for it.

Each side is a process of its own. Every line that it reads from its standard input is the number of steps of a turn.
The side takes them without a pause, all on one batch that stays on the device, and answers with one line of JSON,
{"step_seconds": x}, the turn's time divided by its steps, to which it may add "device_bytes", its peak of device
memory; it ends at the end of its input. Both sides read the loss and wait for the device only at the end of a turn,
since our training loop, which reads each loss a step late, does not wait either. So on a GPU, where a turn has ten
steps, the device does not idle between them. Both take --joint --hidden --batch --seconds --loss, and --precision and
--device where these are not the default; the number of threads is OMP_NUM_THREADS. Since only one side works at a time
and they take turns, a machine that slows down slows both: the ratio is the median of the ratios of neighbours.

Without --ours PyTorch is measured alone; --profile adds a table of where its time goes.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import time

SAMPLE_RATE, N_FFT, HOP, CHANNELS, MAX_BIN = 44100, 4096, 1024, 2, 1487


def make_step(args):
    """-> a function that starts one training step and returns its loss, which may still be on its way."""
    import torch

    import models

    torch.manual_seed(1)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = args.precision != "fp32"
    device = torch.device(args.device)
    model = models.make_model(args.joint, N_FFT // 2 + 1, CHANNELS, args.hidden, MAX_BIN)
    if args.peer == "split":
        model.lstm = models.SplitLstm(model.lstm)
    model.to(device)
    graphed = args.peer != "eager"
    adam = {"fused": True, "capturable": True} if graphed else {}
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-5, **adam)
    window = torch.hann_window(N_FFT, device=device)
    samples = int(args.seconds * SAMPLE_RATE)
    sources = 0.1 * torch.randn(args.batch, 4 if args.joint else 2, CHANNELS, samples, device=device)
    make_batch, loss_of = {
        ("L2freq", True): (models.joint_batch, models.l2freq_joint),
        ("L2freq", False): (models.single_batch, models.l2freq_single),
    }[args.loss, args.joint]

    def step():
        batch = make_batch(sources, window, N_FFT, HOP)
        with torch.autocast(device.type, torch.bfloat16, enabled=args.precision == "bf16"):
            loss = loss_of(model, *batch)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss.detach()

    return captured(step) if graphed else step


def captured(step):
    """The same step as a CUDA graph. PyTorch asks for a few steps on a stream of their own before the capture."""
    import torch

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step()

    def replay():
        graph.replay()
        return loss

    return replay


def work(args):
    """The PyTorch side of the protocol."""
    import torch

    step = make_step(args)
    wait = torch.cuda.synchronize if args.device == "cuda" else lambda: None
    for line in sys.stdin:
        steps = int(line) if line.strip().isdecimal() else 0
        if steps < 1:
            sys.exit(f"train_step: '{line.strip()}' is not a number of steps")
        wait()
        begin = time.perf_counter()
        for _ in range(steps):
            loss = step()
        loss.item()
        wait()
        answer = {"step_seconds": (time.perf_counter() - begin) / steps}
        if args.device == "cuda":
            answer["device_bytes"] = torch.cuda.max_memory_allocated()
        print(json.dumps(answer), flush=True)


def profile(args):
    from torch.profiler import ProfilerActivity, profile as record

    step = make_step(args)
    for _ in range(args.warmup):
        step()
    kinds = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if args.device == "cuda" else [])
    with record(activities=kinds) as recorded:
        step().item()
    order = f"self_{args.device}_time_total"
    print(recorded.key_averages().table(sort_by=order, row_limit=12, max_name_column_width=60))


class Side:
    """One process that takes steps when told to."""

    def __init__(self, name, command, threads):
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        self.name, self.seconds, self.device_bytes = name, [], 0
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment
        )

    def take_turn(self, steps, keep):
        try:
            self.process.stdin.write(f"{steps}\n")
        except BrokenPipeError:
            pass
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"train_step: {self.name} ended with status {self.process.wait()} instead of taking its turn")
        answer = json.loads(line)
        self.device_bytes = max(self.device_bytes, answer.get("device_bytes", 0))
        if keep:
            self.seconds.append(answer["step_seconds"])

    def close(self):
        """Ends the process; -> its peak resident memory in bytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            peak = next((int(line.split()[1]) for line in status if line.startswith("VmHWM")), None)
        if peak is None:
            sys.exit(f"train_step: {self.name} ended before the end of its input")
        self.process.stdin.close()
        self.process.wait()
        return 1024 * peak


def shared_arguments(args):
    out = ["--joint"] if args.joint else []
    out += ["--hidden", str(args.hidden), "--batch", str(args.batch)]
    out += ["--seconds", f"{args.seconds:g}", "--loss", args.loss]
    out += ["--precision", args.precision] if args.precision != "fp32" else []
    return out + (["--device", args.device] if args.device != "cpu" else [])


def report(sides, peaks):
    for side, peak in zip(sides, peaks):
        line = f"{side.name:13} median {statistics.median(side.seconds):8.4f} s   min {min(side.seconds):8.4f} s"
        line += f"   peak memory {peak / 1e9:6.3f} GB"
        print(line + (f"   device {side.device_bytes / 1e9:6.3f} GB" if side.device_bytes else ""))
        print("              turns " + " ".join(f"{s:.4f}" for s in side.seconds))
    if len(sides) == 2:
        ratios = [torch / ours for torch, ours in zip(sides[0].seconds, sides[1].seconds)]
        print(f"ours is {statistics.median(ratios):.2f} times as fast (pairs {min(ratios):.2f} to {max(ratios):.2f}), "
              f"with {100 * peaks[1] / peaks[0]:.0f} % of the peak memory")


def compare(args):
    common = shared_arguments(args)
    worker = [sys.executable, os.path.abspath(__file__), "--worker", "--peer", args.peer]
    sides = [Side(f"PyTorch {args.peer}", [*worker, *common], args.threads)]
    if args.ours:
        sides.append(Side("ours", [*shlex.split(args.ours), *common], args.threads))
    for i in range(args.warmup + args.steps):
        for side in sides:
            side.take_turn(args.turn, keep=i >= args.warmup)
    peaks = [side.close() for side in sides]
    print(f"{' '.join(common)}, {args.threads} threads, {args.steps} turns each after {args.warmup}; "
          f"steps of a turn: {args.turn}")
    report(sides, peaks)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--joint", action="store_true", help="four targets in one network (default: one target)")
    parser.add_argument("--hidden", type=int, default=512, help="width of the network's layers")
    parser.add_argument("--batch", type=int, default=16, help="excerpts in a batch")
    parser.add_argument("--seconds", type=float, default=6.0, help="length of an excerpt")
    parser.add_argument("--loss", choices=["L2freq"], default="L2freq")
    parser.add_argument("--precision", choices=["fp32", "tf32", "bf16"], default="fp32",
                        help="arithmetic of matrix products")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--peer", choices=["eager", "graph", "split"], default="eager", help="how PyTorch takes a step")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of each side")
    parser.add_argument("--steps", type=int, default=7, help="turns that count")
    parser.add_argument("--warmup", type=int, default=2, help="turns before those")
    parser.add_argument("--turn", type=int, help="steps of a turn (default: 1 on the CPU, 10 on a GPU)")
    parser.add_argument("--ours", metavar="CMD", help="our side of the protocol above")
    parser.add_argument("--profile", action="store_true", help="PyTorch alone, where its time goes")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer != "eager" and args.device != "cuda":
        parser.error(f"--peer {args.peer} is a CUDA graph: it needs --device cuda")
    args.turn = args.turn or (10 if args.device == "cuda" else 1)
    (work if args.worker else profile if args.profile else compare)(args)


if __name__ == "__main__":
    main()
