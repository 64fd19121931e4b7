"""Where the faces of the sodium layer touch sodium: contact fractions, voided runs and current focusing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.classes import SectionClass
from sodalite.errors import MeasurementError
from sodalite.measure.region import Runs, layer_region, split_runs, stretches, usual_void_px
from sodalite.measure.run_intervals import share_interval_of_runs
from sodalite.quantity import Quantity

if TYPE_CHECKING:
    import numpy.typing as npt

BARE_PX = 0.5
"""Below this thickness a column holds no sodium that pixels could show."""


class FaceContact(NamedTuple):
    """Contact along one face: ``(x,)`` flags, and ``(x,)`` arc length of each column in um, NaN where not looked at."""

    touching: npt.NDArray[np.bool_]
    arc_um: npt.NDArray[np.float64]
    bare: npt.NDArray[np.bool_]


def contact_quantities(
    labels: npt.NDArray[np.integer],
    collector_row: npt.NDArray[np.float64],
    electrolyte_row: npt.NDArray[np.float64],
    spacing_um: tuple[float, float],
    *,
    contact_distance_um: float,
) -> list[Quantity]:
    """Return contact_fraction_electrolyte, contact_fraction_collector, longest_void_run and current_focusing.

    A point of a face is voided when a void pixel is met within `contact_distance_um` of it along the normal of the
    face into the layer, so that voids are widened neither along the face nor by anisotropic pixels. Columns where
    a face is not traced are not looked at. A column without any sodium between the faces is not in contact, because
    the fraction asks for contact with sodium; only where the whole section shows no sodium does it tell whether
    collector and electrolyte touch.

    Parameters
    ----------
    labels
        ``(y, x)`` ids of `SectionClass`.
    collector_row, electrolyte_row
        ``(x,)`` edge rows of the faces in pixels; NaN where a face is not in the image.
    spacing_um
        Pixel size (y, x) in um.
    contact_distance_um
        How near to the face a void counts, in um; about the error of the trace, such as two pixels.

    Returns
    -------
    list of Quantity
        Shares of arc length, intervals by runs; withheld where a face is nowhere in the image.

    Raises
    ------
    MeasurementError
        When the faces do not have one row a column, or the distance is not above zero.
    """
    faces = _faces(labels, collector_row, electrolyte_row, spacing_um, contact_distance_um)
    bound_run_um = usual_void_px(labels.shape[1]) * spacing_um[1]
    electrolyte = _fraction("contact_fraction_electrolyte", faces["electrolyte"], bound_run_um)
    collector = _fraction("contact_fraction_collector", faces["collector"], bound_run_um)
    return [electrolyte, collector, _longest_void_run(faces["electrolyte"]), _current_focusing(electrolyte)]


def face_arc(
    row: npt.NDArray[np.float64], spacing_um: tuple[float, float], *, window_px: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return slope dz/dx and arc length in um of a traced face in each column, NaN where it is not traced.

    Slopes are those of the least-squares line through `window_px` neighbouring columns, so that pixel steps of the
    trace do not count as length.
    """
    slope = np.full(row.shape, np.nan)
    for start, stop in stretches(np.isfinite(row)):
        window = min(window_px, stop - start) // 2 * 2 - 1 if stop - start < window_px else window_px
        piece = row[start:stop]
        slope[start:stop] = _line_slopes(piece, window // 2) if window >= 3 else 0.0
    slope *= spacing_um[0] / spacing_um[1]
    return slope, spacing_um[1] * np.hypot(1.0, slope)


def _line_slopes(values: npt.NDArray[np.float64], half: int) -> npt.NDArray[np.float64]:
    """Return the slope of the line fitted to ``2 half + 1`` neighbours; at the ends that of the last whole window."""
    offset = np.arange(-half, half + 1)
    inner = np.correlate(values, offset / (offset**2).sum(), "valid")
    return np.pad(inner, half, mode="edge")


def _faces(
    labels: npt.NDArray[np.integer],
    collector_row: npt.NDArray[np.float64],
    electrolyte_row: npt.NDArray[np.float64],
    spacing_um: tuple[float, float],
    distance_um: float,
) -> dict[str, FaceContact]:
    if not distance_um > 0:
        raise MeasurementError(
            f"contact_distance_um: found {distance_um}; give a distance above 0, such as two pixels."
        )
    region = layer_region(labels.shape, collector_row, electrolyte_row)
    void = region & (labels == SectionClass.VOID)
    sodium = region & (labels == SectionClass.SODIUM)
    both = np.isfinite(collector_row) & np.isfinite(electrolyte_row)
    thin = both & (electrolyte_row - collector_row < BARE_PX)
    bare = (both & ~sodium.any(axis=0)) | thin
    if not sodium.any():
        bare = np.zeros_like(both)
    return {
        "electrolyte": _face_contact(void, np.where(both, electrolyte_row, np.nan), bare, spacing_um, distance_um, -1),
        "collector": _face_contact(void, np.where(both, collector_row, np.nan), bare, spacing_um, distance_um, 1),
    }


def _face_contact(
    void: npt.NDArray[np.bool_],
    row: npt.NDArray[np.float64],
    bare: npt.NDArray[np.bool_],
    spacing_um: tuple[float, float],
    distance_um: float,
    side: int,
) -> FaceContact:
    """Return the contact of one face; `side` is +1 where the layer lies below the face, -1 where it lies above."""
    y_um, x_um = spacing_um
    slope, arc_um = face_arc(row, spacing_um, window_px=2 * max(1, round(distance_um / x_um)) + 1)
    known = np.isfinite(row)
    step_um = min(y_um, x_um) / 2
    depth_um = np.minimum(np.arange(0.5, distance_um / step_um + 0.5) * step_um, distance_um)[:, None]
    tangent = np.where(known, slope, 0.0)
    stretch = np.hypot(1.0, tangent)
    x = (np.arange(row.size) + 0.5) * x_um - side * depth_um * tangent / stretch
    z = np.where(known, row, 0.0) * y_um + side * depth_um / stretch
    column = np.clip(np.floor(x / x_um).astype(np.intp), 0, void.shape[1] - 1)
    line = np.floor(z / y_um).astype(np.intp)
    inside = (line >= 0) & (line < void.shape[0])
    met = void[np.clip(line, 0, void.shape[0] - 1), column] & inside
    return FaceContact(known & ~bare & ~met.any(axis=0), arc_um, bare & known)


def _runs(face: FaceContact) -> Runs:
    return split_runs(~face.touching, face.arc_um)


def _fraction(name: str, face: FaceContact, bound_run_um: float) -> Quantity:
    known = np.isfinite(face.arc_um)
    if not known.any():
        return Quantity.withheld(name, "no column shows both faces of the sodium layer")
    length_um = float(face.arc_um[known].sum())
    value = float(face.arc_um[known & face.touching].sum()) / length_um
    runs = _runs(face)
    interval = share_interval_of_runs(runs.other_um, runs.held_um, bound_run_um=bound_run_um)
    notes = []
    if interval.n_effective < 2:
        notes.append(
            f"fewer than two runs over {length_um:.3g} um: one-sided 95 % bound, "
            f"runs taken as {bound_run_um:.3g} um long or less"
        )
    if face.bare.any():
        share = float(face.arc_um[face.bare].sum()) / length_um
        notes.append(f"{share:.3g} of the length carries no sodium and counts as not in contact")
    return Quantity(name, value, interval.low, interval.high, len(runs.held_um), "; ".join(notes))


def _longest_void_run(face: FaceContact) -> Quantity:
    known = np.isfinite(face.arc_um)
    if not known.any():
        return Quantity.withheld("longest_void_run", "no column shows both faces of the sodium layer")
    runs = _runs(face)
    note = f"an extreme value: it grows with the length looked at, here {float(face.arc_um[known].sum()):.4g} um"
    if runs.longest_cut:
        note += "; cut by the border, so at least this long"
    return Quantity("longest_void_run", float(runs.held_um.max(initial=0.0)), n=len(runs.held_um), note=note)


def _current_focusing(contact: Quantity) -> Quantity:
    if math.isnan(contact.value):
        return Quantity.withheld("current_focusing", contact.note)
    if contact.value == 0:
        return Quantity.withheld("current_focusing", "no place of the electrolyte face is in contact")
    low, high = (1 / end if end > 0 else math.inf for end in (contact.high, contact.low))
    return Quantity("current_focusing", 1 / contact.value, low, high, contact.n, contact.note)
