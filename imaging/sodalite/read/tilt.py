"""True heights in a tilted image: the factor that the header leaves no doubt about, or a refusal.

A face perpendicular to the specimen's surface, on a stage tilted by theta, is seen foreshortened by sin(theta). An
instrument that corrects for tilt stretches the image by 1 / cos(alpha). Hence::

    true height = measured height * cos(alpha) / sin(theta)

with alpha = 0 where the correction is off. In cross-section mode alpha = theta - 90 and the factor is 1; an image that
was corrected for its surface has alpha = theta and its face the factor cot(theta).

The switch alone decides nothing: real headers say that the correction is on and its angle 0 at a stage tilt of 52 deg.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from sodalite.errors import AmbiguousTilt, CalibrationError
from sodalite.image import Tilt

if TYPE_CHECKING:
    from sodalite.image import Acquisition, Image

FLAT_BELOW_DEG = 5.0
"""Below this stage tilt the face is taken as seen straight on; cos(5 deg) shortens heights by 0.4 %."""
COLUMN_TOLERANCE_DEG = 1.0
"""A stage this close to the angle between the columns stands there to show a face that the ion beam cut."""
ANGLE_UNCERTAINTY_DEG = 1.0
"""Standard uncertainty of the angle between beam and face: stage, mounting, and faces milled 1 to 2 deg off."""
_SMALLEST_CORRECTION_DEG = 1.0
_UPRIGHT_WITHIN_DEG = 5.0


def correct_tilt(image: Image, tilt_factor: float | None = None) -> Image:
    """Return the image with true heights: ``spacing_um`` along y times the tilt factor, the decision in ``meta.tilt``.

    Parameters
    ----------
    image
        ``([z,] y, x)``. One whose tilt is decided is returned as it is, unless a factor is told.
    tilt_factor
        True height divided by the height that the file's pixel size gives; the user's word against the header's.

    Returns
    -------
    Image
        The same pixels; the relative standard uncertainty of the factor is cot(theta) times 1 deg, 1.4 % at 52 deg, and
        0 where no tilt enters.

    Raises
    ------
    AmbiguousTilt
        When the header leaves the factor open.
    CalibrationError
        When `tilt_factor` is no positive number.
    """
    if tilt_factor is None and image.meta.tilt is not None:
        return image
    if tilt_factor is None:
        tilt = decide_tilt(image.meta, image.name)
    elif math.isfinite(tilt_factor) and tilt_factor > 0:
        tilt = Tilt(float(tilt_factor), 0.0, f"tilt factor {tilt_factor:g} told by the user")
    else:
        raise CalibrationError(f"{image.name}: a tilt factor of {tilt_factor} is impossible; give a number above 0.")
    applied = image.meta.tilt.factor if image.meta.tilt else 1.0
    *others, y_um, x_um = image.spacing_um
    spacing = (*others, y_um / applied * tilt.factor, x_um)
    return image.replace(spacing_um=spacing, meta=replace(image.meta, tilt=tilt))


def decide_tilt(meta: Acquisition, name: str) -> Tilt:
    """Return the tilt factor where the header leaves no doubt about it.

    Raises
    ------
    AmbiguousTilt
        Naming the header fields, what stands in them and the remedy.
    """
    if not meta.tilt_record and meta.stage_tilt_deg is None and meta.beam != "ion":
        return Tilt(1.0, 0.0, "no tilt is recorded in the file; heights are taken as they stand")
    tilt = _undoubted(meta)
    if isinstance(tilt, Tilt):
        return tilt
    found = ", ".join(f"{field} {value}" for field, value in meta.tilt_record.items()) or "no tilt field"
    raise AmbiguousTilt(
        f"{name}: the header leaves the true heights open ({found}: {tilt}); tell the factor with --tilt-factor F or "
        "the recipe field tilt_factor (1 if heights are true already, 1 / sin(tilt) for an uncorrected milled face)."
    )


def _undoubted(meta: Acquisition) -> Tilt | str:
    """Return the tilt, or why it stays open."""
    stage = meta.stage_tilt_deg
    if meta.beam == "ion":
        return "an ion image looks along the ion column, not at the face from the electron column"
    if stage is None:
        return "the stage tilt is not certain"
    if abs(stage) + abs(meta.pretilt_deg or 0.0) < FLAT_BELOW_DEG:
        return _flat(meta, stage)
    if abs(meta.pretilt_deg or 0.0) >= _SMALLEST_CORRECTION_DEG:
        return f"a pre-tilt of {meta.pretilt_deg:.1f} deg adds to the stage tilt in a direction that is not recorded"
    turned = (meta.scan_rotation_deg or 0.0) % 180.0
    if not min(turned, 180.0 - turned) <= _UPRIGHT_WITHIN_DEG:
        return (
            f"the scan was rotated by {meta.scan_rotation_deg:.1f} deg, so the tilt does not shorten the rows' heights"
        )
    if meta.dual_beam is False:
        return "the instrument has no ion column, so what a tilted stage shows is not known"
    if meta.tilt_correction is None:
        return "whether a tilt correction was applied is not recorded"
    return _corrected(meta, stage) if meta.tilt_correction else _uncorrected(meta, stage)


def _flat(meta: Acquisition, stage: float) -> Tilt | str:
    angle = meta.tilt_correction_angle_deg or 0.0
    if meta.tilt_correction and abs(angle) >= FLAT_BELOW_DEG:
        return f"a tilt correction of {angle:.1f} deg is on although the stage is flat"
    return Tilt(1.0, 0.0, f"the stage tilt of {abs(stage):.1f} deg is below {FLAT_BELOW_DEG:g} deg")


def _corrected(meta: Acquisition, stage: float) -> Tilt | str:
    angle = meta.tilt_correction_angle_deg
    if angle is None or abs(angle) < _SMALLEST_CORRECTION_DEG:
        return "a tilt correction is on, but the angle it used is not recorded"
    if abs(stage) >= 90 or abs(angle) >= 90:
        return "an angle is out of range"
    factor = math.cos(math.radians(angle)) / math.sin(math.radians(abs(stage)))
    reason = f"cos(alpha) / sin(theta): corrected by the instrument, alpha {angle:.1f} deg, stage tilt {stage:.1f} deg"
    return Tilt(factor, _relative_uncertainty(stage), reason)


def _uncorrected(meta: Acquisition, stage: float) -> Tilt | str:
    column = meta.column_angle_deg
    if column is None or abs(stage - column) > COLUMN_TOLERANCE_DEG:
        usual = "" if column is None else f" of {column:g} deg"
        return f"the stage is not at the angle between the columns{usual}, so the plane that is seen is not known"
    factor = 1.0 / math.sin(math.radians(stage))
    reason = f"1 / sin(theta): no tilt correction, stage at {stage:.1f} deg, the angle between the columns"
    return Tilt(factor, _relative_uncertainty(stage), reason)


def _relative_uncertainty(stage_deg: float) -> float:
    """Return |d ln(factor) / d theta| = cot(theta) times the standard uncertainty of the angle."""
    return math.radians(ANGLE_UNCERTAINTY_DEG) / math.tan(math.radians(abs(stage_deg)))
