"""Writes every file of tests/golden from the published packages: `python scripts/goldens.py` (or names of single
files).

Needs the environment of bench/peers/setup.sh; the tests that read the files need no Python. Inputs come from
fixed seeds and are exact in float32; results are computed in float64 and stored as float32 unless they are
sequences of scalars. Each file is a .safetensors, its parameters are JSON strings in the file's metadata, and
tests/golden/README.md lists the contents. On one machine two runs write the same bytes; on another the last bit
may differ.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench" / "peers"))

import torch  # noqa: E402

from golden_cases import (  # noqa: E402
    adversarial,
    bss_eval,
    checkpoints,
    datasets,
    discriminators,
    layers,
    losses,
    models,
    parity,
    schedule,
    separation,
    significance,
    statistics,
    stft,
    vggish,
    wiener,
)
from golden_cases.store import Golden, describe  # noqa: E402

FILES = {
    "stft": stft.write,
    "layers": layers.write,
    "openunmix": models.write_openunmix,
    "joint": models.write_joint,
    "training_parity": parity.write,
    "schedule": schedule.write,
    "statistics": statistics.write,
    "losses": losses.write,
    "discriminators": discriminators.write,
    "adversarial": adversarial.write,
    "vggish": vggish.write,
    "checkpoints": checkpoints.write,
    "wiener": wiener.write,
    "separation": separation.write,
    "datasets": datasets.write,
    "bss_eval": bss_eval.write,
    "significance": significance.write,
}


def main():
    folder = ROOT / "tests" / "golden"
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    names = sys.argv[1:] or list(FILES)
    for name in names:
        if name not in FILES:
            sys.exit(f"goldens: no file '{name}'; there are {', '.join(FILES)}")
        golden = Golden()
        torch.manual_seed(20240 + list(FILES).index(name))
        FILES[name](golden)
        print(golden.save(folder / f"{name}.safetensors"))
    (folder / "README.md").write_text(describe({name: FILES[name] for name in FILES}))


if __name__ == "__main__":
    main()
