"""The exact quantities of a scene, by closed forms on its polygons."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sodalite.classes import SectionClass
from sodalite.phantoms.shapes import polygon_area, polygon_moments
from sodalite.quantity import GLOSSARY

if TYPE_CHECKING:
    import pandas as pd

    from sodalite.phantoms.scene import Body, Geometry, Scene

_UM2_PER_MM2 = 1e6
_DEAD_KINDS = ("spherical", "filamentary", "irregular")


def objects_table(geometry: Geometry) -> pd.DataFrame:
    """Return one row an object: kind, class_id, x_um, z_um (centroid), area_um2, ecd_um."""
    import pandas as pd

    columns = ["kind", "class_id", "x_um", "z_um", "area_um2", "ecd_um"]
    return pd.DataFrame([_row(body) for body in geometry.bodies], columns=columns)


def _row(body: Body) -> tuple[str, int, float, float, float, float]:
    area = polygon_area(body.polygon)
    x, z = polygon_moments(body.polygon)[0]
    return body.kind, int(body.section_class), float(x), float(z), area, 2 * math.sqrt(area / math.pi)


def true_quantities(geometry: Geometry, scene: Scene, field_um: tuple[float, float]) -> dict[str, float]:
    """Return quantity of the glossary -> exact value in its unit, for a field of ``(width, height)`` um.

    Only what the scene has is stated: without both faces nothing of the sodium layer, without electrolyte nothing.
    """
    if "electrolyte" not in scene.layers:
        return {}
    truth = _dead_sodium(geometry, field_um)
    if scene.layers[0] not in ("sodium", "electrolyte"):
        truth |= _thickness(geometry, scene, field_um[0]) | _roughness(geometry, scene)
        truth |= _voids(geometry, scene, field_um[0]) | _contact(geometry, scene, field_um[0])
    return {name: truth[name] for name in GLOSSARY if name in truth}


def _area(geometry: Geometry, kind: SectionClass) -> float:
    return sum(polygon_area(body.polygon) for body in geometry.bodies if body.section_class == kind)


def _gross_area(geometry: Geometry) -> float:
    return float(np.trapezoid(geometry.faces["electrolyte"] - geometry.faces["sodium"], geometry.x_um))


def _thickness(geometry: Geometry, scene: Scene, width_um: float) -> dict[str, float]:
    gross = geometry.faces["electrolyte"] - geometry.faces["sodium"]
    column = (gross[:-2:2] + 2 * gross[1:-1:2] + gross[2::2]) / 4
    mean, spread = float(column.mean()), float(column.std(ddof=1))
    low, middle, high = (float(value) for value in np.percentile(column, [5, 50, 95]))
    net = (_gross_area(geometry) - _area(geometry, SectionClass.VOID)) / width_um if "sodium" in scene.layers else 0.0
    truth = {
        "thickness_gross_mean": mean,
        "thickness_gross_median": middle,
        "thickness_gross_sd": spread,
        "thickness_gross_p5": low,
        "thickness_gross_p95": high,
        "thickness_gross_min": float(column.min()),
        "thickness_gross_max": float(column.max()),
        "thickness_net_mean": net,
    }
    if mean > 0:
        truth["thickness_cv"] = spread / mean
    if float(np.ptp(gross)) < 1e-9:
        truth["thickness_normal_mean"] = mean * math.cos(math.radians(scene.slope_deg))
    if "sodium" in scene.layers:
        truth["coverage"] = 1 - sum(right - left for left, right in geometry.bare_um) / width_um
    return truth


def _roughness(geometry: Geometry, scene: Scene) -> dict[str, float]:
    """Return Rq and Ra of both faces about their lines, without any filter; not where sodium is missing."""
    if scene.missing_runs or "sodium" not in scene.layers:
        return {}
    truth = {}
    for name, face in (("collector", "sodium"), ("electrolyte", "electrolyte")):
        line = np.polynomial.Polynomial.fit(geometry.x_um, geometry.faces[face], 1)
        height = geometry.faces[face] - line(geometry.x_um)
        truth[f"roughness_rq_{name}"] = float(np.sqrt(np.mean(height**2)))
        truth[f"roughness_ra_{name}"] = float(np.mean(np.abs(height)))
    return truth


def _voids(geometry: Geometry, scene: Scene, width_um: float) -> dict[str, float]:
    voids = [polygon_area(body.polygon) for body in geometry.bodies if body.section_class == SectionClass.VOID]
    gross = _gross_area(geometry)
    opening = geometry.opening_um["electrolyte"] + geometry.opening_um["collector"]
    on_faces = sum(polygon_area(body.polygon) for body in geometry.bodies if body.face)
    truth = {
        "void_count": float(len(voids)),
        "gap_mean": on_faces / width_um,
        "gap_max": _largest_opening(geometry),
        "gap_open_fraction": float(np.mean(opening > 0)),
    }
    if gross > 0:
        truth["void_fraction"] = sum(voids) / gross if "sodium" in scene.layers else 1.0
        truth["void_density_mm2"] = len(voids) / gross * _UM2_PER_MM2
    if voids:
        truth["void_ecd_mean"] = float(np.mean([2 * math.sqrt(area / math.pi) for area in voids]))
    return truth


def _largest_opening(geometry: Geometry) -> float:
    opening = geometry.opening_um["electrolyte"] + geometry.opening_um["collector"]
    planted = [body.opening_um for body in geometry.bodies if body.face]
    return max([float(opening.max()), *planted])


def _contact(geometry: Geometry, scene: Scene, width_um: float) -> dict[str, float]:
    """Return the share of each face's arc length in contact with sodium, and the longest run without.

    Lenses, gaps and bare places take contact away; bulk voids keep clear of the faces.
    """
    truth = {}
    for name, face in (("electrolyte", "electrolyte"), ("collector", "sodium")):
        open_um = [body.x_range_um for body in geometry.bodies if body.face == name] + geometry.bare_um
        runs = [_arc(geometry, face, ends) for ends in open_um]
        contact = 1 - sum(runs) / _arc(geometry, face, (0.0, width_um))
        truth[f"contact_fraction_{name}"] = contact
        if name == "electrolyte":
            truth["longest_void_run"] = max(runs, default=0.0)
            truth["current_focusing"] = 1 / contact
    if "sodium" not in scene.layers:
        del truth["contact_fraction_collector"]
    return truth


def _arc(geometry: Geometry, face: str, x_range_um: tuple[float, float]) -> float:
    """Return the arc length of a face between two places."""
    left, right = x_range_um
    x = np.concatenate([[left], geometry.x_um[(geometry.x_um > left) & (geometry.x_um < right)], [right]])
    return float(np.hypot(np.diff(x), np.diff(np.interp(x, geometry.x_um, geometry.faces[face]))).sum())


def _dead_sodium(geometry: Geometry, field_um: tuple[float, float]) -> dict[str, float]:
    dead = [body for body in geometry.bodies if body.section_class == SectionClass.DEAD_SODIUM]
    area = sum(polygon_area(body.polygon) for body in dead)
    looked_at = float(np.trapezoid(field_um[1] - geometry.faces["electrolyte"], geometry.x_um))
    thickness = area / field_um[0]
    truth = {f"dead_sodium_{kind}_count": float(sum(body.kind == kind for body in dead)) for kind in _DEAD_KINDS}
    return truth | {
        "dead_sodium_count": float(len(dead)),
        "dead_sodium_fraction": area / looked_at,
        "dead_sodium_density_mm2": len(dead) / looked_at * _UM2_PER_MM2,
        "dead_sodium_equivalent_thickness": thickness,
        # 3.6 M / (F rho) with M = 22.98977 g/mol, F = 96485.332 C/mol, rho = 0.968 g/cm3: 8.8614 um per mAh/cm2.
        "dead_sodium_charge": thickness / (3.6e4 * 22.98977 / (96485.332 * 0.968)),
    }
