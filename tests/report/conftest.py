"""A small result and a small run to draw."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from sodalite.classes import SectionClass
from sodalite.image import Acquisition, Image
from sodalite.quantity import Quantity
from sodalite.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS, COLUMNS = 300, 400
COLLECTOR_ROW, ELECTROLYTE_ROW = 80.25, 200.5


@pytest.fixture
def section() -> Callable[..., tuple[Result, Image]]:
    """Maker of a dark grey section: faces at fixed rows, one void, one piece of dead sodium."""

    def make(spacing_um: tuple[float, float] = (0.02, 0.02), name: str = "cell/a.tif") -> tuple[Result, Image]:
        y_um, x_um = spacing_um
        labels = np.full((ROWS, COLUMNS), SectionClass.SODIUM, np.uint8)
        labels[201:] = SectionClass.ELECTROLYTE
        labels[120:160, 100:150] = SectionClass.VOID
        labels[240:260, 300:340] = SectionClass.DEAD_SODIUM
        thickness = (ELECTROLYTE_ROW - COLLECTOR_ROW) * y_um
        profile = pd.DataFrame(
            {
                "x_um": (np.arange(COLUMNS) + 0.5) * x_um,
                "gross_um": thickness,
                "net_um": thickness,
                "collector_z_um": COLLECTOR_ROW * y_um,
                "electrolyte_z_um": ELECTROLYTE_ROW * y_um,
            }
        )
        profile.loc[:99, ["collector_z_um", "gross_um", "net_um"]] = math.nan
        voids = pd.DataFrame({"label": [1, 2, 3], "area_um2": [1.0, 0.5, 0.2], "ecd_um": [1.13, 0.8, 0.5]})
        values = (
            Quantity("thickness_gross_mean", 12.34, 12.10, 12.58, 20),
            Quantity("gap_open_fraction", 0.0, -math.inf, 0.003, 8, "rule of three"),
            Quantity.withheld("closure_residual", "no <charge> was given"),
        )
        provenance = {"tilt": {"factor": 1.269, "relative_uncertainty": 0.014, "reason": "no correction at 52 deg"}}
        grey = np.full((ROWS, COLUMNS), 60, np.uint8)
        image = Image(grey, spacing_um, name, Acquisition(databar_rows=20))
        return Result(
            values, {"profile": profile, "voids": voids}, {"labels": labels}, spacing_um, provenance, name
        ), image

    return make
