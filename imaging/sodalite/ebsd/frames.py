"""Reference frames: which way the axes of a vendor's Euler angles point on the map."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from sodalite.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Mapping

_RIGHT, _DOWN = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)
_LEFT, _UP = (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0)
_INTO, _OUT = (0.0, 0.0, 1.0), (0.0, 0.0, -1.0)

FRAMES: Mapping[str, tuple[tuple[float, float, float], ...]] = MappingProxyType(
    {
        "map": (_RIGHT, _DOWN, _INTO),
        "channel5": (_RIGHT, _UP, _OUT),
        "tsl": (_DOWN, _RIGHT, _OUT),
        "tsl-2": (_UP, _LEFT, _OUT),
        "tsl-3": (_LEFT, _DOWN, _OUT),
        "tsl-4": (_RIGHT, _UP, _OUT),
        "bruker": (_RIGHT, _UP, _OUT),
    }
)
"""Frame -> where the x, y and z axis of its Euler angles point, in map coordinates (x right, y down, z into the map).

``tsl`` to ``tsl-4`` are settings 1 to 4 of OIM's dialog of coordinate systems, as the schematics in EDAX's HDF5 files
draw them; OIM's own default is 2. MTEX 5 reads .ctf, .cpr and .ang as ``map``, and with
``convertEuler2SpatialReferenceFrame`` .ctf and .cpr as ``channel5``, .ang with ``setting 1`` or ``2`` as ``tsl`` or
``tsl-2``; its 3 is ``tsl-4``, its 4 is ``tsl-3``. Later versions turn .ctf and .cpr about z instead, with mirrored
traces: twin boundaries of the nickel in a .cpr follow their {111} planes in ``channel5`` (92 % within 10 degrees, 16 %
there).

Frames differ by half turns. All but ``tsl`` and ``tsl-2`` have their axes along the same lines of the map, so that a
crystal with a centre has the same colour and the same texture along x, y and z in each; pole figures and traces are
mirrored or turned. In ``tsl`` and ``tsl-2`` x and y of the others have changed places.
"""

_LINES_KEPT, _TURNED = ("map", "channel5", "bruker", "tsl-3", "tsl-4"), ("tsl", "tsl-2")


def frame_axes(frame: str) -> np.ndarray:
    """Return the axes of `frame` as the columns of a rotation matrix, ``(3, 3)`` float64, in map coordinates.

    ``frame_axes(frame) @ v`` turns a direction of the Euler frame into map coordinates (x right, y down, z inwards).

    Raises
    ------
    ReadError
        When the frame is unknown.
    """
    if frame not in FRAMES:
        raise ReadError(f"frame: {frame!r} is unknown; use one of {', '.join(FRAMES)}.")
    return np.array(FRAMES[frame]).T


def frame_alternatives(frame: str) -> str:
    """Return in words which frames show the same as `frame` along the axes of the map, and which exchange x and y."""
    same, other = (_LINES_KEPT, _TURNED) if frame in _LINES_KEPT else (_TURNED, _LINES_KEPT)
    return (
        f"{', '.join(name for name in same if name != frame)} with the same texture and colours along x, y, z; "
        f"{', '.join(other)} with x and y exchanged"
    )


def quaternions_from_euler(euler_rad: np.ndarray) -> np.ndarray:
    """Return the orientations of Bunge Euler angles as quaternions.

    The rotation takes directions of the specimen into the crystal, as orix's ``lab2crystal``: ``v_crystal = q v q*``.
    Formula: Rowenhorst et al., Modelling Simul. Mater. Sci. Eng. 23 (2015) 083501, eq. A.5 (there with P = 1),
    conjugated.

    Parameters
    ----------
    euler_rad
        ``(n, 3)``: phi1, Phi, phi2 in radians.

    Returns
    -------
    ndarray
        ``(n, 4)`` float64, scalar first and not negative.
    """
    from sodalite.ebsd.trigonometry import LARGEST_RAD, write_quaternions

    euler = np.asarray(euler_rad, dtype=np.float64).reshape(-1, 3)
    if not np.abs(euler).max(initial=0.0) < LARGEST_RAD:
        with np.errstate(invalid="ignore"):
            euler = np.remainder(euler, 4 * np.pi)
    quaternions = np.empty((len(euler), 4))
    write_quaternions(euler, quaternions)
    return quaternions


def euler_from_quaternions(quaternions: np.ndarray) -> np.ndarray:
    """Return Bunge Euler angles ``(n, 3)`` in radians, phi1 and phi2 in [0, 2 pi), of specimen-to-crystal rotations.

    Formula: Rowenhorst et al. (2015), eq. A.14, conjugated; where Phi is 0 or pi only phi1 +- phi2 is defined and
    phi2 is set to 0.
    """
    w, x, y, z = np.asarray(quaternions, dtype=np.float64).T
    along, across = np.hypot(w, z), np.hypot(x, y)
    half_sum, half_difference = np.arctan2(-z, w), np.arctan2(-y, -x)
    euler = np.empty((w.size, 3))
    euler[:, 1] = 2 * np.arctan2(across, along)
    flat, turned = across < 1e-12, along < 1e-12
    euler[:, 0] = np.where(flat, 2 * half_sum, np.where(turned, 2 * half_difference, half_sum + half_difference))
    euler[:, 2] = np.where(flat | turned, 0.0, half_sum - half_difference)
    euler[:, ::2] %= 2 * np.pi
    return euler


def quaternions_in_map_frame(quaternions: np.ndarray, frame: str) -> np.ndarray:
    """Return orientations that refer to `frame` as orientations that refer to the map: x right, y down, z inwards.

    Parameters
    ----------
    quaternions
        ``(n, 4)``, from the specimen axes of `frame` to the crystal.
    frame
        One of `FRAMES`.
    """
    p0, p1, p2, p3 = np.asarray(quaternions, dtype=np.float64).T
    r0, r1, r2, r3 = _quaternion_of(frame_axes(frame).T)
    product = np.stack(
        (
            p0 * r0 - p1 * r1 - p2 * r2 - p3 * r3,
            p0 * r1 + p1 * r0 + p2 * r3 - p3 * r2,
            p0 * r2 - p1 * r3 + p2 * r0 + p3 * r1,
            p0 * r3 + p1 * r2 - p2 * r1 + p3 * r0,
        ),
        axis=1,
    )
    np.negative(product, out=product, where=product[:, :1] < 0)
    return product


def _quaternion_of(matrix: np.ndarray) -> np.ndarray:
    """Return the unit quaternion of a rotation matrix; every frame is the identity or a half turn."""
    if np.trace(matrix) > 0:
        return np.array([1.0, 0.0, 0.0, 0.0])
    half_turn = (matrix + np.eye(3)) / 2
    column = half_turn[:, int(np.argmax(np.diag(half_turn)))]
    return np.concatenate(([0.0], column / np.linalg.norm(column)))
