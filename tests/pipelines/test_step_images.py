"""Micrographs beside maps: they lay steps over each other where grains changed, and what cannot is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from sodalite.phantoms.series import SeriesPhantom, make_series, write_series
from sodalite.pipelines.coarsening import Coarsening

if TYPE_CHECKING:
    from pathlib import Path

SHAPE, STEP_UM, FINER = (90, 120), 0.5, 2
RECIPE = Coarsening(min_pixels=4)


def micrograph(matrix: np.ndarray, seed: int) -> np.ndarray:
    """Return scratches and pores that stay where they are, seen from a step, with twice the pixels of its map."""
    pattern = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 1, (700, 800)), (0, 0), 3)
    rows, columns = np.indices((SHAPE[0] * FINER, SHAPE[1] * FINER))
    place = np.stack([(columns + 0.5) / FINER - 0.5, (rows + 0.5) / FINER - 0.5], axis=-1) * STEP_UM
    seen = (place @ matrix[:, :2].T + matrix[:, 2]) * FINER / STEP_UM + 200
    grey = 128 + 25 / pattern.std() * cv2.remap(pattern, *np.moveaxis(seen.astype(np.float32), -1, 0), cv2.INTER_LINEAR)
    return np.clip(grey + np.random.default_rng(seed).normal(0, 8, grey.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def phantom() -> SeriesPhantom:
    """Return two steps of which a quarter of the grains outlived the first."""
    return make_series(
        SHAPE, STEP_UM, grains=80, times_h=(0.0, 20.0), growth_um2_h=1.0, seed=0, drift_um=3.0, turn_deg=2.0
    )


def with_images(phantom: SeriesPhantom, folder: Path, images: list[np.ndarray | None]) -> Path:
    """Write the series with these images beside its maps; return the folder."""
    write_series(phantom, folder)
    head, *rows = (folder / "series.csv").read_text().splitlines()
    names = ["" if image is None else f"se_{number}.png" for number, image in enumerate(images)]
    for image, name in zip(images, names, strict=True):
        if image is not None:
            cv2.imwrite(str(folder / name), image)
    lines = [f"{head},image", *(f"{row},{name}" for row, name in zip(rows, names, strict=True)), ""]
    (folder / "series.csv").write_text("\n".join(lines))
    return folder


def worst_steps(phantom: SeriesPhantom, folder: Path) -> tuple[float, list[str]]:
    """Return the largest error of the second step's place at the corners, in steps, and the warnings."""
    found = RECIPE.run(RECIPE.read(folder)).provenance
    corners = np.array([(x, y) for x in (0.0, 60.0) for y in (0.0, 45.0)])
    own, true = np.array(found["transforms"]["step_01.ang"]["to_first"]), phantom.transforms[1]
    shift = corners @ (own - true)[:, :2].T + (own - true)[:, 2]
    return float(np.hypot(*shift.T).max()) / STEP_UM, found["warnings"]


def test_images_lay_steps_whose_grains_changed(phantom: SeriesPhantom, tmp_path: Path) -> None:
    """Two steps off by what the maps show, within a tenth by what stays in the images."""
    images = [micrograph(matrix, number) for number, matrix in enumerate(phantom.transforms)]
    assert worst_steps(phantom, with_images(phantom, tmp_path / "bare", [None, None]))[0] > 1
    off, warnings = worst_steps(phantom, with_images(phantom, tmp_path / "seen", images))
    assert off < 0.1
    assert warnings == []


def test_an_image_that_tells_nothing_costs_nothing(phantom: SeriesPhantom, tmp_path: Path) -> None:
    """One image alone, and images of another place or field, leave the maps' own answer; the latter is told."""
    alone = worst_steps(phantom, with_images(phantom, tmp_path / "alone", [None, None]))[0]
    first = micrograph(phantom.transforms[0], 0)
    assert worst_steps(phantom, with_images(phantom, tmp_path / "one", [first, None])) == (alone, [])
    noise = np.random.default_rng(3).integers(0, 255, first.shape, dtype=np.uint8)
    assert worst_steps(phantom, with_images(phantom, tmp_path / "other", [first, noise])) == (alone, [])
    off, (warning,) = worst_steps(phantom, with_images(phantom, tmp_path / "cut", [first, first[:, :120]]))
    assert off == alone
    assert warning.startswith("se_1.png: states no scale and has 120 x 180 px where its map has 60 x 45 um")
