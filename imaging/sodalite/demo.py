"""A demonstration: the sample images drawn, measured by every pipeline, and their planted truth beside the numbers."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from sodalite.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sodalite.batch.run import Progress, Report

LAYERS = "collector,sodium,electrolyte"
CHARGE_MAH_CM2 = 1.0
"""What the cells of the sample images were charged with."""

TRUTH_COLUMNS = ("image", "quantity", "unit", "truth", "value", "low", "high", "note")


def make_demo(out: Path, listen: Callable[[Progress], object]) -> Report:
    """Draw the sample images into ``out/images``, measure them into `out` and return how that ended.

    ``truth.csv`` puts the planted truth beside each measured value and its interval. A second call keeps what stands.

    Raises
    ------
    RecipeError
        When `out` cannot be written or holds something else.
    """
    from sodalite.batch import Request, run_batch
    from sodalite.batch.resources import choose_limits
    from sodalite.phantoms.sample_images import write_samples
    from sodalite.recipe import recipe_model
    from sodalite.report import write_report

    images = out / "images"
    try:
        write_samples(images)
    except OSError as error:
        raise RecipeError(f"{images}: cannot be written ({error.strerror}); name another folder.") from error
    recipe = recipe_model("cross-section").from_fields({"layers": LAYERS, "charge_mah_cm2": CHARGE_MAH_CM2})
    report = run_batch(Request(recipe, [images], out, figures=True, resume=True), choose_limits(), listen)
    _write_truth(images / "truth.csv", out)
    write_report(out)
    return report


def _write_truth(planted: Path, out: Path) -> None:
    from sodalite.batch.tables import write_rows

    truth = {(row["image"], row["quantity"]): row["value"] for row in _rows(planted)}
    rows = [
        [row["image"], row["quantity"], row["unit"], truth[key], *(row[name] for name in TRUTH_COLUMNS[4:])]
        for row in _rows(out / "values.csv")
        if (key := (row["image"], row["quantity"])) in truth
    ]
    write_rows(out / "truth.csv", TRUTH_COLUMNS, rows)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
