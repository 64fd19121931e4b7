"""The lit surface behind a cut is no layer, however little of the electrolyte is in sight."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.segment.lit_surface import trace_below_surface

HEIGHT, WIDTH, SKY, FACE = 300, 400, 130, 275
TRACING = {"layer_count": 2, "stiffness_px": 40.0, "anchors": [None], "reach_px": 15.0}


def _section(*, surface: float, seed: int = 2) -> np.ndarray:
    """Return sodium (150) with voids (30) on 25 rows of electrolyte (70), below a surface that leaves the range."""
    rng = np.random.default_rng(seed)
    rows = np.arange(HEIGHT)[:, None]
    scene = np.where(rows < FACE, 150.0, 70.0) + np.zeros((1, WIDTH))
    for x in (60, 180, 300):
        scene[200:230, x : x + 30] = 30.0
    scene[:SKY] = surface
    return np.clip(np.rint(scene + rng.normal(0, 5, scene.shape)), 0, 253).astype(np.uint8)


def test_a_white_surface_is_not_taken_for_the_sodium() -> None:
    """Its edge is the clearest of the picture, and the face is that of the electrolyte."""
    edges = trace_below_surface(_section(surface=280.0), **TRACING)
    assert np.abs(edges[0] - FACE).max() <= 1


@pytest.mark.parametrize("rows", [slice(0, SKY + 60), slice(SKY, HEIGHT)])
def test_two_layers_stay_as_they_are(rows: slice) -> None:
    """White sodium on one layer more is not cut in two, and grey sodium below no surface keeps its face."""
    data = _section(surface=280.0)[rows]
    face = SKY if rows.start == 0 else FACE - SKY
    assert np.abs(trace_below_surface(data, **TRACING)[0] - face).max() <= 1
