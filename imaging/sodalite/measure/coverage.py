"""Share of the interface that carries sodium."""

from __future__ import annotations

import math

import numpy as np

from sodalite.errors import MeasurementError
from sodalite.measure.confidence import mean_interval
from sodalite.measure.roughness import ProfileInterval, profile_interval
from sodalite.quantity import Quantity


def coverage_quantities(net_um: np.ndarray, *, least_thickness_um: float) -> list[Quantity]:
    """Return the coverage: share of the columns that hold more sodium than the least thickness counted.

    The interval is on the logit scale with the columns' correlation (`profile_interval`). Where every column or none
    is covered it is one-sided, 3 / n_eff (rule of three) with n_eff from the thickness itself.

    Parameters
    ----------
    net_um
        ``(x,)``, sodium per column without its voids, um; NaN columns are not counted.
    least_thickness_um
        Detection limit: thinner sodium does not count, um.

    Raises
    ------
    MeasurementError
        When the least thickness is negative.
    """
    if not least_thickness_um >= 0:
        raise MeasurementError(f"least_thickness_um: found {least_thickness_um}; give zero or above.")
    seen = np.isfinite(net_um)
    n = int(seen.sum())
    if n == 0:
        return [Quantity.withheld("coverage", "no column of the image shows both faces of the sodium layer")]
    covered = np.where(seen, (net_um > least_thickness_um).astype(np.float64), np.nan)
    share = float(covered[seen].mean())
    limit = f"sodium of {least_thickness_um:.4g} um or less is not counted"
    if n < net_um.size:
        limit += f"; measured on {100 * n / net_um.size:.3g} % of the columns"
    interval = profile_interval(share, covered, scale="logit") if 0 < share < 1 else _one_sided(share, net_um)
    note = "; ".join(part for part in (interval.note, limit) if part)
    return [Quantity("coverage", share, interval.low, interval.high, n, note)]


def _one_sided(share: float, net_um: np.ndarray) -> ProfileInterval:
    n_eff = max(mean_interval(net_um).n_effective, 1.0)
    bound = min(3.0 / n_eff, 1.0)
    note = f"one-sided bound 3 / n_eff with n_eff = {n_eff:.1f}"
    return ProfileInterval(1.0 - bound, math.inf, note) if share == 1.0 else ProfileInterval(-math.inf, bound, note)
