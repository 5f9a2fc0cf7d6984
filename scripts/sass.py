#!/usr/bin/env python3
"""Reads the machine code that nvcc made of the CUDA kernels, and fails where a kernel does what it must not.

    scripts/sass.py BUILD [--arch sm_80 sm_90] [--table]

BUILD is the folder of a build with CUDA (build/cuda): the code is taken from its static libraries, so nothing is
compiled for it. --table prints a Markdown table instead: the kernels of each source file, what they take, and what they
load. Needs cuobjdump and nvdisasm of the CUDA toolkit (scripts/install-deps.sh --cuda).
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

# What no kernel does. Integers are divided by an estimate of the reciprocal, from a conversion that rounds up.
FORBIDDEN = {
    "divides integers (tensor/divider.h does not)": r"I2F\S*\.RP",
    "uses local memory: registers spill, or an array has indices that are not known": r"LDL|STL",
}
# Kernels that only move values: nothing in them needs a function.
MOVES_ONLY = [
    r"Fill", r"CopyRows", r"Permute", r"SpreadAlong", r"MoveSteps", r"PackWeights", r"UnpackWeights", r"LoadFrames",
    r"ScaleBins", r"ZeroMatrix", r"OneHot", r"AddTail",
]
# Kernels that load four floats at a time.
LOADS_FOURS = [r"Drop"]
# Kernels that multiply in tensor cores; all others add and multiply in the precision that they are written in.
TENSOR_CORES = []


def disassemblers():
    home = pathlib.Path(os.environ.get("UNMIX_CUDA_HOME", pathlib.Path.home() / ".cache/unmix/cuda"))
    toolkits = [os.environ[name] for name in ("CUDA_HOME", "CUDA_PATH") if name in os.environ]
    nvcc = shutil.which("nvcc")
    places = [pathlib.Path(toolkit) / "bin" for toolkit in toolkits] + ([pathlib.Path(nvcc).parent] if nvcc else [])
    places += [home / "bin", pathlib.Path(f"{home}-tools/nvidia/cu13/bin"), pathlib.Path("/usr/local/cuda/bin")]
    for place in places:
        if os.access(place / "cuobjdump", os.X_OK) and os.access(place / "nvdisasm", os.X_OK):
            return place
    sys.exit("sass: no cuobjdump and nvdisasm were found; scripts/install-deps.sh --cuda installs them")


class Kernel:
    def __init__(self, symbol):
        self.symbol, self.registers, self.instructions = symbol, 0, collections.Counter()

    def count(self, pattern):
        return sum(n for name, n in self.instructions.items() if re.match(pattern, name))

    def total(self):
        return sum(self.instructions.values())


def read_library(tools, library, arch):
    """-> its kernels, each with its registers and the number of its instructions by name"""
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}

    def dump(what):
        command = [tools / "cuobjdump", "-arch", arch, what, library]
        return subprocess.run(command, capture_output=True, text=True, env=environment).stdout

    registers = dict(re.findall(r"Function (\w+):\s+REG:(\d+)", dump("-res-usage")))
    kernels = []
    for line in dump("-sass").splitlines():
        if match := re.search(r"Function : (\S+)", line):
            kernels.append(Kernel(match.group(1)))
            kernels[-1].registers = int(registers[match.group(1)])
        elif match := re.match(r"\s+/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\d+ )?([A-Z][A-Z0-9_.]*)", line):
            kernels[-1].instructions[match.group(1)] += 1
    return kernels


def name_kernels(kernels):
    """Sets name ("for_kernel<Fill>") and file ("tensor/fill.cpp")."""
    symbols = "\n".join(k.symbol for k in kernels)
    names = subprocess.run(["c++filt"], input=symbols, capture_output=True, text=True, check=True).stdout.splitlines()
    sources = {p.name: str(p) for p in pathlib.Path().glob("*/*.cpp")}
    for kernel, name in zip(kernels, names):
        file = re.search(r"__N__[0-9a-f]{8}_\d+_(\w+?)_(cpp|h)_[0-9a-f]{8}", kernel.symbol)
        kernel.file = sources.get(f"{file.group(1)}.{file.group(2)}", file.group(1)) if file else "headers"
        name = name.split("(")[0] if name.startswith("void unmix") and "(anonymous" not in name else name
        for part in ("void ", "unmix::", "launch_detail::", "(anonymous namespace)::"):
            name = name.replace(part, "")
        kernel.name = re.sub(r">\(.*", ">", name)


def matching(patterns, kernel):
    return any(re.search(rf"\b{p}\b", kernel.name) for p in patterns)


def problems_of(kernel):
    for problem, pattern in FORBIDDEN.items():
        if count := kernel.count(pattern):
            yield f"{problem}: {count} instructions"
    if matching(MOVES_ONLY, kernel) and kernel.count("CALL"):
        yield "only moves values, and calls a function"
    if matching(LOADS_FOURS, kernel) and not kernel.count(r"LDG\.E\.(\w+\.)*128"):
        yield "does not load four floats at a time"
    if not matching(TENSOR_CORES, kernel) and kernel.count(r"\w*MMA\b"):
        yield "multiplies in tensor cores"


def check(kernels, arch):
    found = [f"{k.file}: {k.name} ({arch}) {p}" for k in kernels for p in problems_of(k)]
    for pattern in MOVES_ONLY + LOADS_FOURS + TENSOR_CORES:
        if not any(matching([pattern], k) for k in kernels):
            found.append(f"scripts/sass.py names kernels {pattern}, and there are none for {arch}")
    return found


def print_table(kernels_by_arch):
    print("| file | " + " | ".join(kernels_by_arch) + " |")
    print("|---|" + "---|" * len(kernels_by_arch))
    files = sorted({k.file for kernels in kernels_by_arch.values() for k in kernels})
    for file in files:
        cells = []
        for kernels in kernels_by_arch.values():
            mine = [k for k in kernels if k.file == file]
            loads = sum(k.count("LDG") for k in mine)
            wide = sum(k.count(r"LDG\.E\.(\w+\.)*(64|128)") for k in mine)
            registers = max((k.registers for k in mine), default=0)
            longest = max((k.total() for k in mine), default=0)
            cells.append(f"{len(mine)}, {registers}, {longest}, {wide} of {loads}")
        print(f"| {file} | " + " | ".join(cells) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--arch", nargs="+", default=["sm_80", "sm_90"])
    parser.add_argument("--table", action="store_true")
    args = parser.parse_args()
    libraries = sorted(args.build.glob("libunmix_*.a"))
    if not libraries:
        sys.exit(f"sass: {args.build} has no libunmix_*.a; build the preset cuda first")
    tools = disassemblers()
    kernels_by_arch, problems = {}, []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for arch in args.arch:
            kernels = [k for part in pool.map(lambda p: read_library(tools, p, arch), libraries) for k in part]
            name_kernels(kernels)
            kernels_by_arch[arch] = kernels
            problems += check(kernels, arch)
    if args.table:
        print_table(kernels_by_arch)
    else:
        print("\n".join(problems + [f"{len(k)} kernels of {arch} read" for arch, k in kernels_by_arch.items()]))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
