"""A labelled section as it is measured: its classes, true pixel size and the faces of its sodium."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from sodalite.classes import SectionClass, any_of
from sodalite.pipelines.section_labels import REFINE_PX
from sodalite.segment.interface import edge_between_pixels, sodium_faces

if TYPE_CHECKING:
    from sodalite.image import Image
    from sodalite.pipelines.cross_section import CrossSection

_BEYOND_PX = 2.0
"""How far beyond the frame a cut face is put: too far for a void to touch it."""

_AROUND_PX = 4
"""Rows kept around what is measured, so that what touches the edge of the cut touches the frame of the image."""

LAYER = (SectionClass.SODIUM, SectionClass.VOID)
"""Classes of the sodium layer, its voids included."""


class Scene(NamedTuple):
    """A labelled section as it is measured: collector side up, without the data bar.

    Attributes
    ----------
    labels
        ``(y, x)`` class ids.
    spacing_um
        True pixel size (y, x).
    collector_row, electrolyte_row
        ``(x,)`` faces of the sodium layer between the pixels.
    top_um
        Height of the first row below the top of the whole section.
    """

    labels: np.ndarray
    spacing_um: tuple[float, float]
    collector_row: np.ndarray
    electrolyte_row: np.ndarray
    top_um: float = 0.0

    @property
    def faces(self) -> tuple[np.ndarray, np.ndarray]:
        """Both faces, NaN where one is not in the image."""
        return self.collector_row, self.electrolyte_row

    @property
    def faces_in_view(self) -> tuple[np.ndarray, np.ndarray]:
        """Both faces, and beyond the frame where it cuts the layer: what they enclose is the layer that is seen."""
        height = self.labels.shape[0]
        upper, lower = self.faces
        cut_above = np.isnan(upper) & np.isin(self.labels[0], LAYER)
        cut_below = np.isnan(lower) & np.isin(self.labels[-1], LAYER)
        return np.where(cut_above, -_BEYOND_PX, upper), np.where(cut_below, height + _BEYOND_PX, lower)

    def rows_of_layer(self) -> slice:
        """Return the rows that hold sodium, voids or a face, and some around them, from an even row on.

        Objects are numbered by pairs of rows: so they get the numbers that they have in the whole image.
        """
        held = np.flatnonzero(any_of(self.labels, LAYER).any(axis=1))
        rows = np.concatenate([held[:1], held[-1:], *(face[np.isfinite(face)] for face in self.faces)])
        if not rows.size:
            return slice(0, self.labels.shape[0])
        return slice(max(int(rows.min()) - _AROUND_PX, 0) // 2 * 2, int(rows.max()) + 1 + _AROUND_PX)

    def cut_to(self, rows: slice) -> Scene:
        """Return these rows alone; what lies within them is measured as in the whole."""
        return self._replace(
            labels=self.labels[rows],
            collector_row=self.collector_row - rows.start,
            electrolyte_row=self.electrolyte_row - rows.start,
            top_um=self.top_um + rows.start * self.spacing_um[0],
        )


_GROUPS = (
    (SectionClass.COLLECTOR, SectionClass.CAP, SectionClass.INTERLAYER),
    (SectionClass.SODIUM, SectionClass.VOID, SectionClass.CRACK),
    (SectionClass.ELECTROLYTE, SectionClass.DEAD_SODIUM, SectionClass.PORE),
)
"""Classes above, in and below the sodium layer, numbered from 1; the first of each stands for it."""

_UPPER, _LAYER = 1, 2


def scene_of(recipe: CrossSection, image: Image, labels: np.ndarray) -> Scene:
    """Return a labelled micrograph with its collector up, its faces refined between the pixels by the greys."""
    data = image.data
    if recipe.upside_down:
        data, labels = data[::-1], labels[::-1]
    faces = [edge_between_pixels(data, rows, reach_px=REFINE_PX) for rows in sodium_faces(without_enclosed(labels))]
    collector = np.minimum(faces[0], np.where(np.isfinite(faces[1]), faces[1], np.inf))
    spacing = (float(image.spacing_um[0]), float(image.spacing_um[1]))
    return Scene(np.ascontiguousarray(labels), spacing, collector, faces[1])


def without_enclosed(labels: np.ndarray) -> np.ndarray:
    """Return the labels with what one side of the faces encloses given to that side, for the faces to be found.

    A fragment of electrolyte in the sodium, sodium in a pore of the collector or a stray speck makes no face.
    Only what hangs together (4 neighbours) with the frame, or lies between two sides, is one of the sides itself. A
    film under the sodium ends the layer as the electrolyte does.
    """
    table = np.zeros(256, np.uint8)
    for number, classes in enumerate(_GROUPS, 1):
        table[list(classes)] = number
    group = cv2.LUT(np.ascontiguousarray(labels, np.uint8), table)
    if not ((group[1:] < group[:-1]) & (group[1:] > 0)).any():
        return labels
    enclosed = [_enclosed(group, number) for number in range(1, len(_GROUPS) + 1)]
    for at, around in enclosed:
        group[at] = around
    rows = np.arange(1, len(group) + 1, dtype=np.int32)[:, None]
    last = ((group == _LAYER) * rows).max(axis=0)
    under = (group == _UPPER) & (rows > last) & (last > 0)
    found = np.where(under, np.uint8(SectionClass.ELECTROLYTE), labels.astype(np.uint8, copy=False))
    stands_for = np.array([SectionClass.OUTSIDE, *(classes[0] for classes in _GROUPS)], np.uint8)
    for at, around in enclosed:
        found[at] = stands_for[around]
    return found


def _enclosed(group: np.ndarray, number: int) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Return the pixels (y, x) of the parts of a group that one other group alone encloses, and which that is."""
    left = np.pad((group == number).view(np.uint8), 1, constant_values=1)
    cv2.floodFill(left, None, (0, 0), 0)  # takes away what hangs together with the frame
    y, x = np.divmod(np.flatnonzero(left.view(bool)), left.shape[1])
    if not y.size:
        return (y, x), y
    count, parts = cv2.connectedComponents(left[y[0] : y[-1] + 1], connectivity=4)
    part = parts[y - y[0], x]
    y, x = y - 1, x - 1
    low, high = np.full(count, len(_GROUPS) + 1), np.zeros(count, np.intp)
    for beside in (group[y - 1, x], group[y + 1, x], group[y, x - 1], group[y, x + 1]):
        other = beside != number
        np.minimum.at(low, part[other], beside[other])
        np.maximum.at(high, part[other], beside[other])
    around = np.where(low == high, low, 0)[part]
    return (y[around > 0], x[around > 0]), around[around > 0]
