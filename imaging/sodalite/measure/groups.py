"""Statistics over the images of a cell: means and intervals with fields or sites, never pixels, as the samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sodalite.errors import MeasurementError
from sodalite.measure.budget import SENSITIVITIES, SIGNED
from sodalite.measure.confidence import summarize_fields

if TYPE_CHECKING:
    import pandas as pd

GROUP_COLUMNS = (
    "cell",
    "position",
    "quantity",
    "unit",
    "mean",
    "sd",
    "n",
    "low",
    "high",
    "relative_accuracy_percent",
    "note",
)

ALL_POSITIONS = "all"
"""Position of the rows that take a cell's positions together."""


def group_values(values: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Return mean, sd, n and Student interval of each quantity for each cell and each position in it.

    Images of one site are averaged first, so that n counts sites, or images where no sites are told: images side by
    side are no independent samples. Each cell has one row a quantity for all its positions and, where positions are
    told, one for each. ASTM E562 and E1245 define the interval and the relative accuracy. Samples that are all equal,
    such as no void in any, have neither: no scatter among them does not bound the next one.

    Parameters
    ----------
    values
        Long table: image, quantity, value, unit; a withheld value is NaN.
    cells
        One row an image: image, cell, and where known site and position, such as centre, middle, edge.

    Returns
    -------
    pandas.DataFrame
        Columns `GROUP_COLUMNS`, cells in the order of `cells`, quantities in the order of `values`.

    Raises
    ------
    MeasurementError
        When a column is missing, an image is told twice, or no image of `values` is in `cells`.
    """
    import pandas as pd

    _check(values, cells)
    told = cells.assign(
        site=_told(cells, "site", cells["image"]),
        position=_told(cells, "position", pd.Series("", index=cells.index)),
    )
    joined = values.merge(told[["image", "cell", "site", "position"]], on="image", how="inner")
    if joined.empty:
        raise MeasurementError("cells: none of the images measured is in the table of cells; compare the image names.")
    cell_order = list(dict.fromkeys(told["cell"]))
    quantity_order = list(dict.fromkeys(values["quantity"]))
    position_order = [name for name in dict.fromkeys(told["position"]) if name]
    rows = []
    for cell in cell_order:
        of_cell = joined[joined["cell"] == cell]
        for position in (ALL_POSITIONS, *position_order):
            chosen = of_cell if position == ALL_POSITIONS else of_cell[of_cell["position"] == position]
            for quantity in quantity_order:
                images = chosen[chosen["quantity"] == quantity]
                if len(images):
                    rows.append((cell, position, quantity, *_summary(images)))
    return pd.DataFrame(rows, columns=list(GROUP_COLUMNS))


def _check(values: pd.DataFrame, cells: pd.DataFrame) -> None:
    for name, table, needed in (
        ("values", values, ("image", "quantity", "value", "unit")),
        ("cells", cells, ("image", "cell")),
    ):
        missing = [column for column in needed if column not in table.columns]
        if missing:
            found = ", ".join(map(str, table.columns))
            raise MeasurementError(f"{name}: no column {' and '.join(missing)}, found {found}; add or rename it.")
    twice = cells["image"][cells["image"].duplicated()]
    if len(twice):
        raise MeasurementError(f"cells: image {twice.iloc[0]} stands there twice; keep one row an image.")


def _told(cells: pd.DataFrame, column: str, otherwise: pd.Series) -> pd.Series:
    if column not in cells.columns:
        return otherwise
    given = cells[column]
    return given.where(given.notna() & (given.astype(str) != ""), otherwise).astype(str)


def _summary(images: pd.DataFrame) -> tuple[str, float, float, int, float, float, float, str]:
    told = images["unit"].iloc[0]
    unit = told if isinstance(told, str) else ""
    known = images[np.isfinite(images["value"].to_numpy(float))]
    withheld = len(images) - len(known)
    notes = [f"withheld in {withheld} of {len(images)} images"] if withheld else []
    if known.empty:
        return unit, np.nan, np.nan, 0, np.nan, np.nan, np.nan, "; ".join(notes)
    sites = known.groupby(["position", "site"], sort=False)["value"].mean()
    if len(sites) < len(known):
        notes.append(f"{len(known)} images of {len(sites)} {'site' if len(sites) == 1 else 'sites'}, averaged by site")
    if len(sites) == 1:
        notes.append("one sample: no interval")
    found = summarize_fields(sites.to_numpy(float))
    if len(sites) > 1 and np.ptp(sites.to_numpy(float)) == 0:
        notes.append("all samples are equal: no interval, the images' own bounds hold")
        return unit, found.mean, found.sd, found.n, np.nan, np.nan, np.nan, "; ".join(notes)
    low, high = _possible(found.low, found.high, str(images["quantity"].iloc[0]))
    if (low, high) != (found.low, found.high) and len(sites) > 1:
        notes.append("interval ends where the quantity does")
    ends = (low, high, found.relative_accuracy_percent)
    return unit, found.mean, found.sd, found.n, *ends, "; ".join(notes)


def _possible(low: float, high: float, quantity: str) -> tuple[float, float]:
    """Return the interval within what the quantity can be: shares from 0 to 1, everything but a balance from 0."""
    follows = SENSITIVITIES.get(quantity)
    if quantity in SIGNED:
        return low, high
    return max(low, 0.0), min(high, 1.0) if follows is not None and follows.share else high
