"""The uncertainty budget: sampling, scale, tilt, tracing and threshold combined into the interval of each quantity."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from sodalite.errors import MeasurementError
from sodalite.measure.confidence import student_multiplier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sodalite.quantity import Quantity


class Sensitivity(NamedTuple):
    """How a quantity follows its inputs.

    Attributes
    ----------
    scale
        Power of the pixel size: 1 for lengths, 2 for areas, -2 for counts per area.
    doubling
        What a pixel size twice as large adds: -2 for the grain size numbers of ASTM, logarithms to base 2 of areas.
    height
        Power of the height factor of a tilted image: 1 for lengths along z and areas, 0 along x.
    faces
        How many faces move it by their whole shift.
    share
        Whether it is a share between 0 and 1, combined on the logit scale.
    """

    scale: float = 0.0
    doubling: float = 0.0
    height: float = 0.0
    faces: float = 0.0
    share: bool = False


_THICKNESS = Sensitivity(scale=1, height=1, faces=2)
_HEIGHT = Sensitivity(scale=1, height=1)
_PER_AREA = Sensitivity(scale=-2, height=-1)
_SHARE = Sensitivity(share=True)
_DIAMETER = Sensitivity(scale=1, height=0.5)
_AREA = Sensitivity(scale=2, height=1)
_LENGTH = Sensitivity(scale=1)
_RATE = Sensitivity(scale=2)
_GRAIN_SIZE_NUMBER = Sensitivity(doubling=-2)
_NONE = Sensitivity()

SENSITIVITIES: Mapping[str, Sensitivity] = MappingProxyType(
    {
        "thickness_gross_mean": _THICKNESS,
        "thickness_gross_median": _THICKNESS,
        "thickness_gross_min": _THICKNESS,
        "thickness_gross_max": _THICKNESS,
        "thickness_gross_p5": _THICKNESS,
        "thickness_gross_p95": _THICKNESS,
        "thickness_net_mean": _THICKNESS,
        "thickness_normal_mean": _THICKNESS,
        "thickness_local_mean": _THICKNESS,
        "thickness_gross_sd": _HEIGHT,
        "thickness_cv": _NONE,
        "coverage": _SHARE,
        "roughness_rq_collector": _HEIGHT,
        "roughness_rq_electrolyte": _HEIGHT,
        "roughness_ra_collector": _HEIGHT,
        "roughness_ra_electrolyte": _HEIGHT,
        "void_fraction": _SHARE,
        "void_count": _NONE,
        "void_ecd_mean": _DIAMETER,
        "void_density_mm2": _PER_AREA,
        "contact_fraction_electrolyte": _SHARE,
        "contact_fraction_collector": _SHARE,
        "longest_void_run": Sensitivity(scale=1),
        "current_focusing": _NONE,
        "gap_mean": _HEIGHT,
        "gap_max": _HEIGHT,
        "gap_open_fraction": _SHARE,
        "gap_detection_limit": _HEIGHT,
        "dead_sodium_count": _NONE,
        "dead_sodium_spherical_count": _NONE,
        "dead_sodium_filamentary_count": _NONE,
        "dead_sodium_irregular_count": _NONE,
        "dead_sodium_fraction": _SHARE,
        "dead_sodium_density_mm2": _PER_AREA,
        "dead_sodium_equivalent_thickness": _HEIGHT,
        "dead_sodium_charge": _HEIGHT,
        "theoretical_thickness": _NONE,
        "packing_density": _NONE,
        "closure_residual": _NONE,
        "sodium_void_separability": _NONE,
        "grain_count": _NONE,
        "indexed_fraction": _SHARE,
        "ecd_mean": _DIAMETER,
        "ecd_area_weighted_mean": _DIAMETER,
        "ecd_median": _DIAMETER,
        "ecd_geometric_mean": _DIAMETER,
        "ecd_geometric_sd": _NONE,
        "ecd_max": _DIAMETER,
        "grain_area_mean": _AREA,
        "grain_area_mean_unbiased": _AREA,
        "astm_g_planimetric": _GRAIN_SIZE_NUMBER,
        "astm_g_e2627": _GRAIN_SIZE_NUMBER,
        "astm_g_intercept": _GRAIN_SIZE_NUMBER,
        "intercept_mean_x": Sensitivity(scale=1),
        "intercept_mean_y": _HEIGHT,
        "aspect_ratio_mean": _NONE,
        "columnarity": _SHARE,
        "boundary_alignment": _NONE,
        "boundary_length_density": Sensitivity(scale=-1, height=-0.5),
        "misorientation_mean": _NONE,
        "low_angle_fraction": _SHARE,
        "sigma3_fraction": _SHARE,
        "gos_mean": _NONE,
        "kam_mean": _NONE,
        "texture_100_fraction": _SHARE,
        "texture_110_fraction": _SHARE,
        "texture_111_fraction": _SHARE,
        "measured_step_count": _NONE,
        "ecd_mean_first": _DIAMETER,
        "ecd_mean_last": _DIAMETER,
        "ecd_area_weighted_mean_first": _DIAMETER,
        "ecd_area_weighted_mean_last": _DIAMETER,
        # one error of the scale is that of all steps: it multiplies the constants and leaves the exponent
        "growth_constant": _RATE,
        "growth_constant_area_weighted": _RATE,
        "growth_constant_charge": _RATE,
        "growth_constant_step": _RATE,
        "growth_exponent": _NONE,
        "tracked_fraction": _SHARE,
        "vanished_count": _NONE,
        "appeared_count": _NONE,
        "merged_count": _NONE,
        "split_count": _NONE,
        "left_view_count": _NONE,
        "boundary_velocity": _LENGTH,
        "boundary_displacement": _LENGTH,
        "hillert_mobility": _RATE,
        "hillert_critical_ratio": _NONE,
        "von_neumann_mobility": _RATE,
        "von_neumann_neighbours": _NONE,
        "size_ratio_max": _NONE,
        "self_similarity_ks": _NONE,
        "abnormal_count": _NONE,
        "registration_residual": _LENGTH,
        "registration_overlap_fraction": _SHARE,
    }
)
"""Quantity -> how it follows scale, tilt and faces, from its definition.

Packing density and closure residual have none of their own: they are computed from combined thicknesses.
"""

SIGNED = frozenset(
    {
        "closure_residual", "boundary_alignment", "astm_g_planimetric", "astm_g_e2627", "astm_g_intercept",
        "growth_constant", "growth_constant_area_weighted", "growth_constant_charge", "growth_constant_step",
        "growth_exponent", "hillert_mobility", "hillert_critical_ratio", "von_neumann_mobility",
        "von_neumann_neighbours",
    }
)  # fmt: skip
"""Quantities that may be below zero."""


@dataclass(frozen=True, slots=True)
class Components:
    """Sources of uncertainty besides sampling.

    Attributes
    ----------
    scale_relative_sd, tilt_relative_sd
        Standard uncertainties of the pixel size and of the height factor, relative.
    face_um
        Half width of the 95 % interval of the trace of each face in um, such as one pixel; both may err together.
    sweep
        Quantity -> its values at the two ends of the threshold sweep.
    """

    scale_relative_sd: float
    tilt_relative_sd: float
    face_um: float
    sweep: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("scale_relative_sd", "tilt_relative_sd", "face_um"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise MeasurementError(f"{name}: found {value}; give a number of 0 or above.")


def combine(quantities: Iterable[Quantity], components: Components) -> list[Quantity]:
    """Return the quantities with all components in their intervals, added in quadrature side by side.

    Half widths of 95 % intervals add in quadrature (JCGM 100:2008, 5.1.2, uncorrelated inputs), below and above the
    value for themselves, for shares on the logit scale so that they stay between 0 and 1. A quantity without a sampling
    interval has none here either: what the instrument adds would pass for all of its uncertainty. Withheld values and
    infinite ends stay.

    Raises
    ------
    MeasurementError
        When a quantity is not in `SENSITIVITIES`.
    """
    return [_combined(quantity, components) for quantity in quantities]


def budget_record(quantities: Iterable[Quantity], components: Components) -> dict[str, dict[str, list[float]]]:
    """Return quantity -> component -> half widths below and above, in the quantity's unit, of all that act on it.

    `quantities` are those before `combine`: their own intervals stand under ``sampling``.
    """
    record = {}
    for quantity in quantities:
        if math.isnan(quantity.value):
            continue
        ends = _ends(quantity, components)
        record[quantity.quantity] = {
            name: [quantity.value - low, high - quantity.value] for name, (low, high) in ends.items()
        }
    return record


def _sensitivity(quantity: Quantity) -> Sensitivity:
    if quantity.quantity not in SENSITIVITIES:
        raise MeasurementError(
            f"{quantity.quantity}: not in the uncertainty budget; state there how it follows the scale."
        )
    return SENSITIVITIES[quantity.quantity]


def _ends(quantity: Quantity, components: Components) -> dict[str, tuple[float, float]]:
    """Return component -> ends of the interval that it alone would give; only those that widen it."""
    follows, value = _sensitivity(quantity), quantity.value
    normal = student_multiplier(math.inf)
    by_scale = abs(follows.scale * value + follows.doubling / math.log(2))
    half = {
        "scale": normal * components.scale_relative_sd * by_scale,
        "tilt": normal * components.tilt_relative_sd * abs(follows.height * value),
        "faces": components.face_um * follows.faces,
    }
    ends = {name: (value - width, value + width) for name, width in half.items() if width > 0}
    if not math.isnan(quantity.low) and not math.isnan(quantity.high):
        ends["sampling"] = (min(quantity.low, value), max(quantity.high, value))
    swept = [end for end in components.sweep.get(quantity.quantity, ()) if not math.isnan(end)]
    if swept and (min(swept) < value or max(swept) > value):
        ends["threshold"] = (min(value, *swept), max(value, *swept))
    return ends


def _combined(quantity: Quantity, components: Components) -> Quantity:
    if math.isnan(quantity.value):
        return quantity
    ends = _ends(quantity, components)
    if "sampling" not in ends:
        return quantity
    share = _sensitivity(quantity).share
    low, high = quantity.low, quantity.high
    if len(ends) > 1:
        forth, back = (_logit, _expit) if share and 0 < quantity.value < 1 else (float, float)
        middle = forth(quantity.value)
        low = back(middle - _quadrature(middle - forth(low) for low, _ in ends.values()))
        high = back(middle + _quadrature(forth(high) - middle for _, high in ends.values()))
    if quantity.quantity not in SIGNED:
        low = max(low, 0.0)
    return replace(quantity, low=low, high=min(high, 1.0) if share else high)


def _quadrature(parts: Iterable[float]) -> float:
    return math.sqrt(sum(part * part for part in parts))


def _logit(share: float) -> float:
    if share <= 0:
        return -math.inf
    return math.inf if share >= 1 else math.log(share / (1 - share))


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else 1 - 1 / (1 + math.exp(value))
