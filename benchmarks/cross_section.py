"""One 3072 x 2048 cross-section end to end, beside a scikit-image script of the same steps, and where the time goes.

Both sides read the TIFF, look for a data bar, trace the layers and what is outside, follow the sodium's grey for the
voids with their rims and holes, take shading and curtains out of the electrolyte for the dead sodium with its cores and
states, measure thickness, roughness, contact, gaps and each object (Feret diameter, perimeter, solidity, distances to
both faces, skeletons), the intervals by covariance, runs and counts, the half-pixel sweep of outlines and the local
thickness of the layer on every third pixel, and write tables, three label images, a record and an overlay. The script
(`benchmarks.peer_section`) calls the library's function for each step once, on the rows of the layer where those are
enough. It learns no likelihoods, moves no face between pixels and knows no vendor's header, which sodalite's time
includes. One thread each.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import tifffile

from benchmarks.harness import Row, compare, fastest, inform, installed, versus
from benchmarks.sections import LAYERS, PIXEL_UM, large_section
from sodalite import CrossSection
from sodalite.report import write_overlay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

AGREEMENT = {"thickness_gross_mean": 0.02, "thickness_net_mean": 0.02, "void_fraction": 0.25, "dead_sodium_count": 0.2}
"""Quantity -> largest relative distance from the truth at which times are compared."""


def run() -> list[Row]:
    """Return the rows of one section: end to end beside the peer, and stage by stage."""
    phantom = large_section()
    recipe = CrossSection(layers=LAYERS)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        path = folder / "section.tif"
        tifffile.imwrite(path, phantom.image.data)
        rows = _stages(recipe, path, folder)
        if installed("localthickness"):
            rows = [_beside_peer(recipe, path, folder, phantom.truth), *rows]
    return rows


def measure_and_save(recipe: CrossSection, path: Path, folder: Path) -> dict[str, float]:
    """Read and measure a section, write its folder and overlay; return its numbers."""
    image = recipe.read(path, pixel_size_um=PIXEL_UM)
    result = recipe.run(image)
    result.save(folder)
    write_overlay(result, image, folder / "overlay.png")
    return {quantity.quantity: quantity.value for quantity in result}


def _beside_peer(recipe: CrossSection, path: Path, folder: Path, truth: Mapping[str, float]) -> Row:
    from benchmarks.peer_section import measure_section

    def ours() -> dict[str, float]:
        return measure_and_save(recipe, path, folder)

    def peer() -> dict[str, float]:
        return measure_section(path, PIXEL_UM, folder)

    for name, measure in (("sodalite", ours), ("scikit-image", peer)):
        _assert_true(name, measure(), truth)
    return versus("one section, end to end, scikit-image", compare(ours, peer), "cross_section")


def _assert_true(name: str, values: Mapping[str, float], truth: Mapping[str, float]) -> None:
    for quantity, tolerance in AGREEMENT.items():
        if abs(values[quantity] - truth[quantity]) > tolerance * truth[quantity]:
            raise ArithmeticError(f"{name}: {quantity} is {values[quantity]:.4g}, the truth {truth[quantity]:.4g}.")


def _stages(recipe: CrossSection, path: Path, folder: Path) -> list[Row]:
    image = recipe.read(path, pixel_size_um=PIXEL_UM)
    result = recipe.run(image)
    labels = recipe.segment(image)
    stages: dict[str, Callable[[], object]] = {
        "read": lambda: recipe.read(path, pixel_size_um=PIXEL_UM),
        "segment": lambda: recipe.segment(image),
        "measure": lambda: recipe.measure(image, labels),
        "save": lambda: result.save(folder),
        "overlay": lambda: write_overlay(result, image, folder / "overlay.png"),
    }
    return [inform(f"one section: {name}", fastest(stage), "s CPU") for name, stage in stages.items()]
