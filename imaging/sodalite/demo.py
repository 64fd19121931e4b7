"""A demonstration: phantoms drawn, measured by every pipeline, and their planted truth beside the numbers."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, NamedTuple

from sodalite.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from sodalite.batch.run import Progress, Report
    from sodalite.image_series import ImageSeries

LAYERS = "collector,sodium,electrolyte"
CHARGE_MAH_CM2 = 1.0
"""What the cells of the sample images were charged with."""

MAPS: dict[str, dict[str, Any]] = {
    "columnar": {"structure": "columnar", "grains": 14, "seed": 5, "texture": "110", "textured_fraction": 0.7},
    "fine": {"structure": "voronoi", "grains": 90, "seed": 6, "unindexed_boundary_fraction": 0.1, "twins": 6},
}
"""Name -> arguments of `sodalite.phantoms.maps.make_map`."""

TRUTH_COLUMNS = ("image", "quantity", "unit", "truth", "value", "low", "high", "note")

Truth = dict[tuple[str, str], float]
"""Planted values by image and quantity."""


class Show(NamedTuple):
    """One pipeline of the demonstration.

    Attributes
    ----------
    kind, fields
        The recipe.
    inputs, results
        Folders below that of the demonstration; the sections' results are the demonstration's own.
    draw
        Draws the phantoms into a folder and returns their truth.
    """

    kind: str
    fields: dict[str, Any]
    inputs: str
    results: str
    draw: Callable[[Path], Truth]


def make_demo(out: Path, listen: Callable[[Progress], object]) -> dict[Path, Report]:
    """Measure phantoms of every kind and return folder -> how that ended.

    Each ``truth.csv`` puts the planted truth beside the measured values and their intervals. A second call keeps what
    stands.

    Raises
    ------
    RecipeError
        When `out` cannot be written or holds something else.
    """
    from sodalite.report import write_report

    reports = {}
    for show in SHOWS:
        try:
            (out / show.inputs).mkdir(parents=True, exist_ok=True)
            truth = show.draw(out / show.inputs)
        except OSError as error:
            raise RecipeError(
                f"{out / show.inputs}: cannot be written ({error.strerror}); name another one."
            ) from error
        results = out / show.results
        reports[results] = _measured(show, out / show.inputs, results, listen)
        _write_truth(truth, results)
    write_report(out)
    return reports


def _measured(show: Show, inputs: Path, results: Path, listen: Callable[[Progress], object]) -> Report:
    from sodalite.batch import Request, run_batch
    from sodalite.batch.resources import choose_limits
    from sodalite.recipe import recipe_model

    recipe = recipe_model(show.kind).from_fields(show.fields)
    return run_batch(Request(recipe, [inputs], results, figures=True, resume=True), choose_limits(), listen)


def _draw_sections(folder: Path) -> Truth:
    from sodalite.phantoms.sample_images import write_samples

    write_samples(folder)
    return {(row["image"], row["quantity"]): float(row["value"]) for row in _rows(folder / "truth.csv")}


def _draw_maps(folder: Path) -> Truth:
    """Draw a columnar and a fine-grained sodium film."""
    from sodalite.phantoms.map_files import write_ang
    from sodalite.phantoms.maps import make_map

    truth: Truth = {}
    for name, fields in MAPS.items():
        phantom = make_map((160, 240), 0.5, name=f"{name}.ang", **fields)
        write_ang(phantom.ebsd, folder / f"{name}.ang", decimals=5)
        truth |= {(f"{name}.ang", quantity): float(value) for quantity, value in phantom.truth.items()}
    return truth


def _draw_coarsening(folder: Path) -> Truth:
    """Draw six maps of one place of a film that coarsens."""
    from sodalite.phantoms.series import make_series, write_series

    times_h = (0.0, 2.0, 4.0, 7.0, 11.0, 16.0)
    phantom = make_series(grains=90, times_h=times_h, growth_um2_h=1.2, seed=3, drift_um=1.5, turn_deg=1.0)
    write_series(phantom, folder / "coarsening")
    return {("coarsening", "vanished_count"): float(len(phantom.vanished))}


def _draw_stripping(folder: Path) -> Truth:
    """Draw an interface that opens while sodium is stripped."""
    from sodalite.phantoms.stripping import make_stripping

    phantom = make_stripping(seed=4)
    _write_images(phantom.series, folder / "stripping")
    last = phantom.truth.iloc[-1]
    return {
        ("stripping", "void_area_last"): float(last["void_area_um2"]),
        ("stripping", "contact_fraction_last"): float(last["contact_fraction"]),
        ("stripping", "longest_void_run_last"): float(last["longest_void_run_um"]),
        ("stripping", "void_capacity_ratio"): float(last["void_capacity_ratio"]),
    }


def _draw_front(folder: Path) -> Truth:
    """Draw frames of a deposit that grows from below, with two fingers."""
    from sodalite.phantoms.front import make_front

    phantom = make_front(seed=2, frames=10, fingers=2, drift_px=2.0)
    _write_images(phantom.series, folder / "front")
    last = phantom.truth.iloc[-1]
    return {
        ("front", "front_thickness_last"): float(last["thickness_um"]),
        ("front", "largest_protrusion_last"): float(last["largest_protrusion_um"]),
    }


def _write_images(series: ImageSeries, folder: Path) -> None:
    """Write the steps as calibrated TIFF files with their series.csv."""
    from sodalite.batch.tables import write_rows
    from sodalite.phantoms.tags import write_tiff

    folder.mkdir(exist_ok=True)
    rows: list[list[str]] = []
    for number, step in enumerate(series.read):
        assert step.image is not None
        name = f"step_{number:02d}.tif"
        y_um, x_um = step.image.spacing_um
        write_tiff(folder / name, step.image.data, (y_um, x_um), vendor="imagej")
        rows.append([name, *("" if told is None else repr(told) for told in (step.time_h, step.charge_mah_cm2))])
    write_rows(folder / "series.csv", ("file", "time_h", "charge_mAh_cm2"), rows)


SHOWS = (
    Show("cross-section", {"layers": LAYERS, "charge_mah_cm2": CHARGE_MAH_CM2}, "images", "", _draw_sections),
    Show("grains", {"growth_direction": "up", "min_pixels": 1}, "maps", "grains", _draw_maps),
    Show("coarsening", {"min_pixels": 1}, "series/maps", "coarsening", _draw_coarsening),
    Show("stripping", {}, "series/stripped", "stripping", _draw_stripping),
    Show("front", {"grows_from": "bottom"}, "series/plated", "front", _draw_front),
)


def _write_truth(truth: Truth, out: Path) -> None:
    """Write the planted beside the measured values."""
    from sodalite.batch.tables import write_rows

    rows = [
        [row["image"], row["quantity"], row["unit"], repr(truth[key]), *(row[name] for name in TRUTH_COLUMNS[4:])]
        for row in _rows(out / "values.csv")
        if (key := (row["image"], row["quantity"])) in truth
    ]
    write_rows(out / "truth.csv", TRUTH_COLUMNS, rows)


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
