"""Size distributions through a series: log-normal fits, self-similarity, the largest grain, and abnormal growth.

Normal growth keeps the distribution of D / <D>: only its scale changes. Its steady state ends at 2 <D> in two
dimensions and 2.25 <D> in three (Hillert 1965, 10.1016/0001-6160(65)90200-2); real structures reach somewhat farther.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

HILLERT_LIMITS = (2.0, 2.25)
"""Largest D / <D> of steady growth in two and three dimensions."""

ABNORMAL_RATIO = 3.0
"""A grain of more than this many mean diameters, whose share of the area rises, grows abnormally."""

LEAST_GRAINS = 5


def distribution_table(sizes_um: Sequence[np.ndarray]) -> pd.DataFrame:
    """Return one row a step: what the distribution of its grain diameters looks like.

    Columns
    -------
    ecd_geometric_mean_um, ecd_geometric_sd
        Of the log-normal distribution with the mean and standard deviation of the logarithms.
    lognormal_ks
        Largest distance between that distribution and the sizes (Kolmogorov-Smirnov).
    size_ratio_max
        Largest D / <D>.
    ks_to_first, ks_to_first_p
        Largest distance between the distributions of D / <D> of the first step with at least 5 grains and of this one,
        and its probability if both were the same. It is too large rather than too small: the steps share grains.

    Parameters
    ----------
    sizes_um
        Equivalent circle diameters of the whole grains of each step; a step with fewer than 5 gets NaN.
    """
    import pandas as pd

    first = next((size / size.mean() for size in sizes_um if size.size >= LEAST_GRAINS), np.array([]))
    return pd.DataFrame([_row(np.asarray(size, float), first) for size in sizes_um])


def abnormal_tracks(grains: pd.DataFrame) -> np.ndarray:
    """Return the grains that outgrow the others: above 3 <D> at their last step, their share of the area risen.

    Parameters
    ----------
    grains
        One row a grain of a step: track, step, area_um2, ecd_um.
    """
    by_step = grains.groupby("step")
    # the mean without the grain itself: among few grains a large one lifts the mean that it is compared with
    count, total = by_step["ecd_um"].transform("size"), by_step["ecd_um"].transform("sum")
    others = (total - grains["ecd_um"]) / (count - 1).clip(lower=1)
    table = grains.assign(
        ratio=grains["ecd_um"] / others, share=grains["area_um2"] / by_step["area_um2"].transform("sum")
    )
    ends = table[count > 1].sort_values(["track", "step"], kind="stable").groupby("track")
    last, risen = ends.last(), ends["share"].last() > ends["share"].first()
    return last.index[(last["ratio"] > ABNORMAL_RATIO) & risen].to_numpy(np.int64)


def _row(size_um: np.ndarray, first: np.ndarray) -> dict[str, float]:
    from scipy.stats import ks_1samp, ks_2samp, norm

    names = (
        "ecd_geometric_mean_um",
        "ecd_geometric_sd",
        "lognormal_ks",
        "size_ratio_max",
        "ks_to_first",
        "ks_to_first_p",
    )
    if size_um.size < LEAST_GRAINS:
        return dict.fromkeys(names, float("nan"))
    logs = np.log(size_um)
    mean, sd = float(logs.mean()), float(logs.std(ddof=1))
    fitted = ks_1samp(logs, norm(mean, max(sd, 1e-12)).cdf).statistic
    relative = size_um / size_um.mean()
    with warnings.catch_warnings():
        # where rounding spoils the exact probability the asymptotic one is taken, with a warning
        warnings.simplefilter("ignore", RuntimeWarning)
        same = ks_2samp(relative, first)
    row = (np.exp(mean), np.exp(sd), fitted, relative.max(), same.statistic, same.pvalue)
    return dict(zip(names, map(float, row), strict=True))
