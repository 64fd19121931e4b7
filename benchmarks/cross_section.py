"""One 3072 x 2048 cross-section end to end, beside a scikit-image script of the same steps, and where the time goes.

Both sides get the picture in memory, find layers, voids and dead sodium, measure thickness, roughness, contact and each
object (Feret diameter, perimeter, solidity, distances to both faces, skeletons), the local thickness of the layer, and
write tables, labels and an overlay. The script (`benchmarks.peer_section`) calls the library's function for each step
once: one Gaussian, thresholds, one distance transform a face, and localthickness at a quarter of the size as its
authors advise. It knows no data bar, shading, curtains or intervals, which sodalite's time includes. One thread each.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.harness import Row, compare, fastest, inform, installed, versus
from benchmarks.sections import LAYERS, PIXEL_UM, large_section
from sodalite import CrossSection
from sodalite.report import write_overlay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sodalite.image import Image

AGREEMENT = {"thickness_gross_mean": 0.02, "thickness_net_mean": 0.02, "void_fraction": 0.25, "dead_sodium_count": 0.2}
"""Quantity -> largest relative distance from the truth at which times are compared."""


def run() -> list[Row]:
    """Return the rows of one section: end to end beside the peer, and stage by stage."""
    phantom = large_section()
    recipe = CrossSection(layers=LAYERS)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        rows = _stages(recipe, phantom.image, folder)
        if installed("localthickness"):
            rows = [_beside_peer(recipe, phantom.image, folder, phantom.truth), *rows]
    return rows


def measure_and_save(recipe: CrossSection, image: Image, folder: Path) -> dict[str, float]:
    """Measure a section, write its folder and overlay; return its numbers."""
    result = recipe.run(image)
    result.save(folder)
    write_overlay(result, image, folder / "overlay.png")
    return {quantity.quantity: quantity.value for quantity in result}


def _beside_peer(recipe: CrossSection, image: Image, folder: Path, truth: Mapping[str, float]) -> Row:
    from benchmarks.peer_section import measure_section

    def ours() -> dict[str, float]:
        return measure_and_save(recipe, image, folder)

    def peer() -> dict[str, float]:
        return measure_section(image.data, PIXEL_UM, folder)

    for name, measure in (("sodalite", ours), ("scikit-image", peer)):
        _assert_true(name, measure(), truth)
    return versus("one section, end to end, scikit-image", compare(ours, peer), "cross_section")


def _assert_true(name: str, values: Mapping[str, float], truth: Mapping[str, float]) -> None:
    for quantity, tolerance in AGREEMENT.items():
        if abs(values[quantity] - truth[quantity]) > tolerance * truth[quantity]:
            raise ArithmeticError(f"{name}: {quantity} is {values[quantity]:.4g}, the truth {truth[quantity]:.4g}.")


def _stages(recipe: CrossSection, image: Image, folder: Path) -> list[Row]:
    result = recipe.run(image)
    labels = recipe.segment(image)
    stages: dict[str, Callable[[], object]] = {
        "segment": lambda: recipe.segment(image),
        "measure": lambda: recipe.measure(image, labels),
        "save": lambda: result.save(folder),
        "overlay": lambda: write_overlay(result, image, folder / "overlay.png"),
    }
    return [inform(f"one section: {name}", fastest(stage), "s CPU") for name, stage in stages.items()]
