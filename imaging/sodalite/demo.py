"""A demonstration: the sample images drawn, measured by every pipeline, and their planted truth beside the numbers."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from sodalite.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sodalite.batch.run import Progress, Report

LAYERS = "collector,sodium,electrolyte"
CHARGE_MAH_CM2 = 1.0
"""What the cells of the sample images were charged with."""

MAPS: dict[str, dict[str, Any]] = {
    "columnar": {"structure": "columnar", "grains": 14, "seed": 5, "texture": "110", "textured_fraction": 0.7},
    "fine": {"structure": "voronoi", "grains": 90, "seed": 6, "unindexed_boundary_fraction": 0.1, "twins": 6},
}
"""Name -> arguments of `sodalite.phantoms.maps.make_map`."""

TRUTH_COLUMNS = ("image", "quantity", "unit", "truth", "value", "low", "high", "note")


def make_demo(out: Path, listen: Callable[[Progress], object]) -> dict[Path, Report]:
    """Measure phantoms of every kind and return folder -> how that ended.

    Sections are drawn into ``out/images`` and measured into `out`, EBSD maps of two sodium films into ``out/maps`` and
    ``out/grains``. Each ``truth.csv`` puts the planted truth beside the measured values and their intervals. A second
    call keeps what stands.

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
    sections = run_batch(Request(recipe, [images], out, figures=True, resume=True), choose_limits(), listen)
    _write_truth(images / "truth.csv", out)
    write_report(out)
    _draw_maps(out / "maps")
    grains = recipe_model("grains").from_fields({"growth_direction": "up", "min_pixels": 1})
    maps = run_batch(Request(grains, [out / "maps"], out / "grains", resume=True), choose_limits(), listen)
    _write_truth(out / "maps" / "truth.csv", out / "grains")
    return {out: sections, out / "grains": maps}


def _draw_maps(folder: Path) -> None:
    """Write a columnar and a fine-grained sodium film as .ang files, and their planted truth."""
    from sodalite.batch.tables import write_rows
    from sodalite.phantoms.map_files import write_ang
    from sodalite.phantoms.maps import make_map

    folder.mkdir(exist_ok=True)
    rows: list[list[str]] = []
    for name, fields in MAPS.items():
        phantom = make_map((160, 240), 0.5, name=f"{name}.ang", **fields)
        write_ang(phantom.ebsd, folder / f"{name}.ang", decimals=5)
        rows += [[f"{name}.ang", quantity, repr(float(value))] for quantity, value in phantom.truth.items()]
    write_rows(folder / "truth.csv", ("image", "quantity", "value"), rows)


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
