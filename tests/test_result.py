"""Tables on disk: the bytes that pandas itself would write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sodalite.result import FLOAT_FORMAT, write_csv

if TYPE_CHECKING:
    from pathlib import Path


def test_tables_have_the_bytes_of_pandas(tmp_path: Path) -> None:
    """Floats of both sizes, missing and infinite ones, whole numbers, flags and text that needs quotes."""
    odd = [0.1 + 0.2, -1e-12, np.nan, np.inf, 123456789.0]
    table = pd.DataFrame(
        {
            "image": ["a", 'b "c"', "d,e", "", "f"],
            "x_um": odd,
            "gross_um": np.array(odd, np.float32),
            "label": np.arange(5),
            "on_border": [True, False, True, True, False],
            "state": np.array(["active", None, "", "enclosed", "x"], object),
        }
    )
    for number, part in enumerate((table, table[["x_um"]], table[:0])):
        write_csv(tmp_path / "ours.csv", part)
        path = tmp_path / f"{number}.csv"
        part.to_csv(path, index=False, float_format=FLOAT_FORMAT, lineterminator="\n")
        assert (tmp_path / "ours.csv").read_bytes() == path.read_bytes()
