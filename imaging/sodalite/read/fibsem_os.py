"""Headers of fibsemOS (OpenFIBSEM): JSON in the image description."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sodalite.image import Acquisition
from sodalite.read.fields import degrees, number, positive, record
from sodalite.read.header import Header, agrees, altered

if TYPE_CHECKING:
    from sodalite.read.tiff import TiffPage


def fibsem_os_header(page: TiffPage) -> Header | None:
    """Return what the JSON says, or None where the description is none of fibsemOS."""
    if not page.description.lstrip().startswith("{"):
        return None
    try:
        tree = json.loads(page.description)
    except (ValueError, RecursionError):
        return None
    if not isinstance(tree, dict) or not _at(tree, "image", "resolution") or "hfw" not in tree["image"]:
        return None
    columns, rows = _resolution(tree)
    spacing, source = _pixel_size(tree, columns)
    missing = "" if spacing else source
    shape = (page.data.shape[0], page.data.shape[1])
    if spacing and (change := altered("image.resolution", shape, (rows, columns))):
        spacing, missing = None, change
    return Header(_acquisition(tree, source if spacing else "none"), spacing, missing)


def _resolution(tree: dict[str, Any]) -> tuple[float | None, float | None]:
    """Return (columns, rows); versions before 0.3 write one word, ``1536x1024``."""
    told = tree["image"]["resolution"]
    parts = told.lower().split("x") if isinstance(told, str) else told
    sizes = [positive(value) for value in parts] if isinstance(parts, list) else []
    return (sizes[0], sizes[1]) if len(sizes) == 2 else (None, None)


def _pixel_size(tree: dict[str, Any], columns: float | None) -> tuple[tuple[float, float] | None, str]:
    """Return (y, x) in um and its field, or None and what is wrong."""
    x, y = positive(_at(tree, "pixel_size", "x")), positive(_at(tree, "pixel_size", "y"))
    field = positive(_at(tree, "image", "hfw"))
    across = field / columns if field and columns else None
    if x and across and not _at(tree, "image", "reduced_area") and not agrees(x, across):
        return None, f"pixel_size.x is {x:g} m but image.hfw / resolution is {across:g} m"
    if x:
        return ((y or x) * 1e6, x * 1e6), "image description pixel_size"
    if across:
        return (across * 1e6, across * 1e6), "image description image.hfw / resolution"
    return None, "image description has neither pixel_size nor image.hfw"


def _acquisition(tree: dict[str, Any], source: str) -> Acquisition:
    ion_image = str(_at(tree, "image", "beam_type")).upper() == "ION"
    beam = _part(tree, "microscope_state", "ion_beam" if ion_image else "electron_beam")
    stage = degrees(_number(_at(tree, "microscope_state", "stage_position", "t")))
    pretilt = _number(_at(tree, "system", "stage", "shuttle_pre_tilt"))
    ion = _part(tree, "system", "ion")
    volts, distance = _number(beam.get("voltage")), _number(beam.get("working_distance"))
    detector = _part(tree, "microscope_state", "ion_detector" if ion_image else "electron_detector")
    return Acquisition(
        vendor="fibsemOS",
        instrument=_at(tree, "system", "info", "model"),
        pixel_size_source=source,
        stage_tilt_deg=stage,
        pretilt_deg=pretilt,
        scan_rotation_deg=degrees(_number(beam.get("scan_rotation"))),
        dual_beam=bool(ion.get("enabled")) if ion else None,
        column_angle_deg=_number(ion.get("column_tilt")),
        tilt_record=record(
            {
                "stage_position.t": None if stage is None else f"{stage:.2f} deg",
                "shuttle_pre_tilt": None if pretilt is None else f"{pretilt:g} deg",
            }
        ),
        beam="ion" if ion_image else "electron",
        voltage_kv=volts / 1e3 if volts is not None else None,
        working_distance_mm=distance * 1e3 if distance is not None else None,
        detector=detector.get("type"),
        header={"version": str(tree.get("version", ""))},
    )


def _at(tree: Any, *keys: str) -> Any:
    for key in keys:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def _part(tree: Any, *keys: str) -> dict[str, Any]:
    part = _at(tree, *keys)
    return part if isinstance(part, dict) else {}


def _number(value: Any) -> float | None:
    return None if value is None else number(value)
