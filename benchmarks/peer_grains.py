"""Grains as DefDAP and orix find them: the calls of their documentation, nothing of ours but the angles handed in."""

# mypy: disable-error-code="no-untyped-call, no-any-return"
from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_TYPES = {".ang": "EdaxAng", ".ctf": "OxfordText", ".crc": "OxfordBinary"}


def defdap_map(euler_rad: np.ndarray, side: int) -> Any:
    """Return a square cubic map of DefDAP.

    Parameters
    ----------
    euler_rad
        ``(side * side, 3)`` Bunge angles.
    """
    from defdap import ebsd
    from defdap.crystal import Phase

    edge = (0.4291,) * 3 + (np.pi / 2,) * 3
    data = {
        "step_size": 1.0,
        "phases": [Phase("Sodium", 11, 229, edge)],
        "phase": np.ones((side, side), dtype=int),
        "euler_angle": euler_rad.T.reshape(3, side, side),
        "band_contrast": np.zeros((side, side)),
    }
    with quiet():
        return ebsd.Map(data, data_type="PythonDict")


def read_with_defdap(path: Path) -> Any:
    """Return the DefDAP map of an .ang, .ctf or .crc file."""
    from defdap import ebsd

    with quiet():
        return ebsd.Map(path.with_suffix("") if path.suffix == ".crc" else path, data_type=_TYPES[path.suffix])


def defdap_grains(found: Any, threshold_deg: float, *, built: bool = False) -> np.ndarray:
    """Return the grains of a DefDAP map, ``(rows, columns)``, those of all sizes.

    Parameters
    ----------
    built
        Whether the quaternions, which DefDAP makes an object each, are there from before.
    """
    with quiet():
        if not built:
            found.data.generate("orientation")
        found.data.generate("grain_boundaries", misori_tol=threshold_deg)
        found.data.generate("grains", min_grain_size=0)
    return found.data.grains


def defdap_spread(found: Any) -> None:
    """Compute the mean orientation of each grain and how far its points deviate."""
    with quiet():
        found.calc_grain_av_oris()
        found.calc_grain_mis_ori()


def defdap_report(path: Path, threshold_deg: float) -> Any:
    """Return a DefDAP map read from a file: grains, mean orientations, deviations from them, KAM and IPF colours."""
    found = read_with_defdap(path)
    defdap_grains(found, threshold_deg)
    defdap_spread(found)
    with quiet():
        found.calc_kam()
        found.calc_ipf_colour(found.data.orientation, np.array([0, 0, 1]))
    return found


def orix_grains(quaternions: np.ndarray, side: int, threshold_deg: float) -> np.ndarray:
    """Return the grains of a square cubic map, ``(side * side,)``: angles by orix, connected parts by scipy."""
    from orix.quaternion import Orientation, symmetry
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    orientation = Orientation(quaternions, symmetry=symmetry.O)
    node = np.arange(side * side).reshape(side, side)
    first = np.concatenate((node[:, :-1].ravel(), node[:-1].ravel()))
    second = np.concatenate((node[:, 1:].ravel(), node[1:].ravel()))
    linked = orientation[first].angle_with(orientation[second], degrees=True) < threshold_deg
    ones = np.ones(int(linked.sum()), dtype=bool)
    graph = coo_array((ones, (first[linked], second[linked])), shape=(node.size, node.size))
    return connected_components(graph, directed=False)[1]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Swallow the progress that DefDAP prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
