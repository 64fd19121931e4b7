"""How the mean sizes of steps err together, because one place shows the same grains at every step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

LEAST_GRAINS_A_STEP = 5
"""Grains for each step from which their covariance is worth its inverse."""

OWN_ERROR = 0.05
"""Share of a step's standard error that is its own at least: steps that err exactly together have no inverse."""


def size_covariance(grains: pd.DataFrame, steps: Sequence[int], *, by_area: bool) -> np.ndarray | None:
    """Return the covariance of the logarithms of the steps' mean diameters, ``(steps, steps)``.

    A mean moves with every grain it holds: grain i moves log(sum w d / sum w) by w_i (d_i - mean) / (mean sum w) (the
    infinitesimal jackknife, Efron and Stein 1981, 10.1214/aos/1176345462). A grain that is tracked moves several means
    at once; the products of its moves, added over all grains, are the covariance. What is common to all steps then
    drops out of the growth between them. The covariance of n grains is widened by (n - 1) / (n - steps - 2), since the
    inverse of an estimate is too large (Hartlap 2007, 10.1051/0004-6361:20066170).

    Parameters
    ----------
    grains
        One row a grain of a step: track, step, ecd_um, area_um2, border_weight (its weight in the mean, 0 where the
        border cuts it).
    steps
        Numbers of the steps.
    by_area
        Whether the means are weighted by area.

    Returns
    -------
    ndarray or None
        None where a step has fewer than two grains of different size or there are too few grains for so many steps.
    """
    whole = grains[(grains["border_weight"].to_numpy() > 0) & grains["step"].isin(list(steps)).to_numpy()]
    tracks, row = np.unique(whole["track"].to_numpy(np.int64), return_inverse=True)
    if tracks.size < LEAST_GRAINS_A_STEP * len(steps):
        return None
    moves = np.zeros((tracks.size, len(steps)))
    for column, step in enumerate(steps):
        here = (whole["step"] == step).to_numpy()
        ecd = whole["ecd_um"].to_numpy(float)[here]
        weight = whole["border_weight"].to_numpy(float)[here]
        weight = weight * whole["area_um2"].to_numpy(float)[here] if by_area else weight
        if ecd.size < 2 or np.ptp(ecd) == 0:
            return None
        mean = float(np.average(ecd, weights=weight))
        moves[row[here], column] = weight * (ecd - mean) / (mean * weight.sum()) * np.sqrt(ecd.size / (ecd.size - 1))
    covariance = moves.T @ moves
    covariance += np.diag(OWN_ERROR**2 * np.diag(covariance))
    return np.asarray(covariance * (tracks.size - 1) / (tracks.size - len(steps) - 2))
