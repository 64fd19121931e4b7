"""The one place that tells napari scale, unit and axes: a single layer without units switches them off for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

UNIT = "um"
_LENGTH = "[length]"
_AXES = ("z", "y", "x")


def spatial(spacing_um: Sequence[float]) -> dict[str, Any]:
    """Return the layer attributes of pixels of this size: scale, units and axis labels, one an axis."""
    axes = len(spacing_um)
    return {"scale": tuple(map(float, spacing_um)), "units": (UNIT,) * axes, "axis_labels": _AXES[-axes:]}


def has_lengths(layer: Any) -> bool:
    """Return whether rows and columns of a layer have a unit of length."""
    return all(unit.dimensionality == {_LENGTH: 1} for unit in layer.units[-2:])


def set_spatial(layer: Any, spacing_um: Sequence[float]) -> None:
    """Give an existing layer pixels of this size."""
    for name, value in spatial(spacing_um).items():
        setattr(layer, name, value)
