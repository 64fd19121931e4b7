"""Local thickness beside porespy and localthickness; run from the checkout: `python -m benchmarks.local_thickness`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

from benchmarks.harness import Row, compare, cpu_seconds, fastest, inform, installed, table_head, table_line, versus
from sodalite.measure.local_thickness import local_thickness_um, mean_local_thickness_um

if TYPE_CHECKING:
    from collections.abc import Callable

UNIT = (1.0, 1.0)


def by_definition(mask: np.ndarray) -> np.ndarray:
    """Return the local thickness in px by comparing every pixel with every disc of the half-pixel lattice."""
    background = np.zeros((2 * mask.shape[0] + 1, 2 * mask.shape[1] + 1), dtype=bool)
    for row, column in np.argwhere(~mask):
        background[2 * row : 2 * row + 3, 2 * column : 2 * column + 3] = True
    squared = np.rint(ndimage.distance_transform_edt(~background) ** 2)
    u, v = np.indices(background.shape)
    largest = np.zeros(mask.shape)
    for row, column in np.argwhere(mask):
        holds = (u - 2 * row - 1) ** 2 + (v - 2 * column - 1) ** 2 < squared
        largest[row, column] = squared[holds].max()
    return np.sqrt(largest)


def blobs(side: int, sigma: float) -> np.ndarray:
    """Return a random two-phase structure, half of it foreground."""
    return ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(side, side)), sigma) > 0


def rough_faces(columns: int, thickness: float, amplitude: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the faces of a layer, each with Gaussian roughness of 15 px correlation length."""
    rng, lag = np.random.default_rng(1), np.arange(-60, 61)
    kernel = np.exp(-(lag**2) / (2 * 15.0**2))
    kernel *= amplitude / np.sqrt((kernel**2).sum())
    faces = [np.convolve(rng.normal(size=columns + 120), kernel, "valid") for _ in range(2)]
    return 60 + faces[0], 60 + thickness + faces[1]


def layer(columns: int, thickness: float, amplitude: float) -> np.ndarray:
    """Return the mask of the layer between `rough_faces`."""
    top, bottom = rough_faces(columns, thickness, amplitude)
    middle = np.arange(int(thickness) + 120)[:, None] + 0.5
    return (middle > top) & (middle < bottom)


def check() -> None:
    """Raise AssertionError unless ours equals the definition on every pixel of two small images."""
    for mask in (blobs(64, 3.0), layer(90, 60, 2.0)):
        np.testing.assert_allclose(local_thickness_um(mask, UNIT), by_definition(mask), rtol=1e-12)


def run() -> list[Row]:
    """Return the comparisons, after the check.

    The goals stand against localthickness as its users call it, and against porespy with every radius of the distance
    transform: the mode that equals the definition on pixel centres, where its others round to whole radii or to 25.
    """
    check()
    table: list[Row] = []
    for name, mask in (("blobs 800 x 800", blobs(800, 8.0)), ("layer 1000 x 300", layer(1000, 300, 8.0))):
        for peer in _peers(mask):
            seconds = _seconds(mask, peer)
            table.append(versus(f"local thickness, {name}, {peer.name}", seconds, peer.goal))
    faces = rough_faces(3072, 1000, 8.0)
    mean_local_thickness_um(*faces, UNIT)
    seconds = min(cpu_seconds(lambda: mean_local_thickness_um(*faces, UNIT)) for _ in range(5))
    return [*table, inform("mean local thickness, faces of 3072 columns, 1000 px", seconds, "s CPU")]


class _Peer(NamedTuple):
    name: str
    call: Callable[[], object]
    goal: str | None = None
    slow: bool = False


def _seconds(mask: np.ndarray, peer: _Peer) -> tuple[float, float]:
    """Return the CPU seconds of ours and of the peer; a peer that takes up to a minute is called once."""

    def ours() -> np.ndarray:
        return local_thickness_um(mask, UNIT)

    return (fastest(ours), cpu_seconds(peer.call)) if peer.slow else compare(ours, peer.call)


def _peers(mask: np.ndarray) -> list[_Peer]:
    """Return the ways to call the installed peers."""
    peers: list[_Peer] = []
    if installed("porespy"):
        from porespy.filters import local_thickness as porespy

        # sizes=None goes up through the radii and leaves the smallest everywhere; listed radii are taken downwards
        radii = np.unique(ndimage.distance_transform_edt(mask)[mask].astype(np.float32))
        peers += [
            _Peer(
                "porespy (every radius)",
                lambda: porespy(mask, method="legacy", sizes=radii),
                "local_thickness_porespy",
                slow=True,
            ),
            _Peer("porespy (whole radii)", lambda: porespy(mask)),
            _Peer("porespy (25 radii)", lambda: porespy(mask, method="legacy")),
        ]
    if installed("localthickness"):
        from localthickness import local_thickness as dilated

        peers.append(_Peer("localthickness", lambda: dilated(mask), "local_thickness_localthickness"))
    return peers


if __name__ == "__main__":
    print(table_head() + "".join(table_line(row) for row in run()))
