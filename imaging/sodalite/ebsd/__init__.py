"""EBSD maps: points with orientations and phases on a grid, and what they need to be measured.

``map`` holds the type, ``grid`` the lattice found from coordinates, ``phase`` the crystals and their rotations,
``frames`` the axes that Euler angles refer to, and ``orix_door`` the only way to and from orix.
"""

from sodalite.ebsd.frames import (
    FRAMES,
    frame_alternatives,
    frame_axes,
    quaternions_from_euler,
    quaternions_in_map_frame,
)
from sodalite.ebsd.grid import Grid, fit_grid
from sodalite.ebsd.map import EbsdMap
from sodalite.ebsd.phase import Phase, laue_from_space_group, laue_from_symbol, proper_operators

__all__ = [
    "FRAMES",
    "EbsdMap",
    "Grid",
    "Phase",
    "fit_grid",
    "frame_alternatives",
    "frame_axes",
    "laue_from_space_group",
    "laue_from_symbol",
    "proper_operators",
    "quaternions_from_euler",
    "quaternions_in_map_frame",
]
