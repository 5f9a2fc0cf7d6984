"""scipy.stats on scores, numpy's percentiles, in float64.

wilcoxonN.differences [n], wilcoxonN.result [W, p]: exact for 7, 25 and 50 values, normal for 51, and for 20 with
ties and zeros. friedmanN.scores [methods, tracks], friedmanN.result [chi2, p]: 3 x 4, 5 x 50, and 4 x 12 with ties.
quantile.values [n], quantile.parts [m], quantile.result [m].
"""

import numpy as np
import torch
from scipy import stats

SIZES = [7, 25, 50, 51]


def add(golden, name, values):
    golden.add(name, torch.as_tensor(np.asarray(values, dtype=np.float64)), keep_double=True)


def write_wilcoxon(golden, random):
    samples = [random.normal(0.3, 1.0, size) for size in SIZES]
    samples.append(np.round(random.normal(0.5, 1.5, 20)))  # ties and zeros
    for i, differences in enumerate(samples):
        result = stats.wilcoxon(differences)
        add(golden, f"wilcoxon{i}.differences", differences)
        add(golden, f"wilcoxon{i}.result", [result.statistic, result.pvalue])


def write_friedman(golden, random):
    samples = [random.normal(size=(3, 4)), random.normal(size=(5, 50)) + 0.2 * np.arange(5)[:, None]]
    samples.append(np.round(random.normal(size=(4, 12)) * 1.5))
    for i, scores in enumerate(samples):
        result = stats.friedmanchisquare(*scores)
        add(golden, f"friedman{i}.scores", scores)
        add(golden, f"friedman{i}.result", [result.statistic, result.pvalue])


def write(golden):
    random = np.random.default_rng(2018)
    write_wilcoxon(golden, random)
    write_friedman(golden, random)
    values, parts = random.normal(size=10), np.array([0.0, 0.25, 0.5, 0.75, 0.9, 1.0])
    add(golden, "quantile.values", values)
    add(golden, "quantile.parts", parts)
    add(golden, "quantile.result", np.quantile(values, parts))
    golden.describe("cases", wilcoxon=len(SIZES) + 1, friedman=3)
