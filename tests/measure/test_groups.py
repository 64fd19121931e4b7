"""Statistics over the images of a cell."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from sodalite.errors import MeasurementError
from sodalite.measure.groups import ALL_POSITIONS, GROUP_COLUMNS, group_values

FIELDS = [0.12, 0.09, 0.15, 0.11, 0.13]


def _values(numbers: list[float], quantity: str = "void_fraction") -> pd.DataFrame:
    images = [f"{index}.tif" for index in range(len(numbers))]
    return pd.DataFrame({"image": images, "quantity": quantity, "value": numbers, "unit": ""})


def _cells(count: int, **columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"image": [f"{index}.tif" for index in range(count)], "cell": "A"} | columns)


def test_five_fields() -> None:
    """Five images of a cell have the published mean, sd, interval and relative accuracy."""
    (row,) = group_values(_values(FIELDS), _cells(5)).to_dict("records")
    assert (row["cell"], row["position"], row["n"]) == ("A", ALL_POSITIONS, 5)
    assert row["mean"] == pytest.approx(0.12)
    assert row["sd"] == pytest.approx(0.02236, abs=5e-6)
    assert row["high"] - row["mean"] == pytest.approx(0.02776, abs=5e-6)
    assert row["relative_accuracy_percent"] == pytest.approx(23.14, abs=5e-3)


def test_sites_are_the_samples() -> None:
    """Three images of each of two sites are two samples, however the images scatter."""
    cells = _cells(6, site=["1", "1", "1", "2", "2", "2"])
    (row,) = group_values(_values([1, 2, 3, 5, 5, 8]), cells).to_dict("records")
    assert row["n"] == 2
    assert row["mean"] == pytest.approx(4)
    assert row["sd"] == pytest.approx(np.std([2, 6], ddof=1))
    assert "6 images of 2 sites" in row["note"]


def test_positions() -> None:
    """Each position has its own row beside the whole cell, and a site name may return at another position."""
    cells = _cells(6, position=["centre", "centre", "middle", "middle", "edge", "edge"], site=list("ababab"))
    table = group_values(_values([1, 3, 4, 6, 7, 9]), cells)
    assert list(table.columns) == list(GROUP_COLUMNS)
    assert list(table["position"]) == [ALL_POSITIONS, "centre", "middle", "edge"]
    assert list(table["mean"]) == pytest.approx([5, 2, 5, 8])
    assert list(table["n"]) == [6, 2, 2, 2]


def test_cells_and_quantities_apart() -> None:
    """Cells and quantities keep their order and do not mix."""
    values = pd.concat([_values([1, 2, 3, 4], "void_count"), _values([5, 6, 7, 8], "coverage")])
    cells = _cells(4).assign(cell=["B", "B", "A", "A"])
    table = group_values(values, cells)
    assert list(zip(table["cell"], table["quantity"], strict=True)) == [
        ("B", "void_count"),
        ("B", "coverage"),
        ("A", "void_count"),
        ("A", "coverage"),
    ]
    assert list(table["mean"]) == pytest.approx([1.5, 5.5, 3.5, 7.5])


def test_withheld_values() -> None:
    """Withheld values are left out and told; all withheld leaves no mean; one has no interval."""
    (row,) = group_values(_values([1.0, math.nan, 3.0]), _cells(3)).to_dict("records")
    assert (row["mean"], row["n"]) == (2, 2)
    assert "withheld in 1 of 3" in row["note"]
    (row,) = group_values(_values([math.nan]), _cells(1)).to_dict("records")
    assert math.isnan(row["mean"])
    assert row["n"] == 0
    (row,) = group_values(_values([4.0]), _cells(1)).to_dict("records")
    assert row["mean"] == 4
    assert math.isnan(row["low"])
    assert "no interval" in row["note"]


def test_equal_samples_have_no_interval() -> None:
    """No void in four images is no proof that there is none: Student's interval of zero width is withheld."""
    (row,) = group_values(_values([0.0, 0.0, 0.0, 0.0]), _cells(4)).to_dict("records")
    assert (row["mean"], row["sd"], row["n"]) == (0, 0, 4)
    assert math.isnan(row["low"])
    assert "all samples are equal" in row["note"]


def test_missing_sites_count_by_image() -> None:
    """Images without a site stand for themselves."""
    cells = _cells(4, site=["1", "1", "", ""])
    (row,) = group_values(_values([1, 3, 4, 6]), cells).to_dict("records")
    assert row["n"] == 3
    assert row["mean"] == pytest.approx(4)


def test_wrong_tables() -> None:
    """A missing column, an image told twice and unknown images are named."""
    with pytest.raises(MeasurementError, match="no column cell"):
        group_values(_values([1]), _cells(1).drop(columns="cell"))
    with pytest.raises(MeasurementError, match="twice"):
        group_values(_values([1]), pd.concat([_cells(1), _cells(1)]))
    with pytest.raises(MeasurementError, match="none of the images"):
        group_values(_values([1]), _cells(1).assign(image="other.tif"))
