"""From grains to numbers: everything that is measured on a labelled EBSD map."""

from __future__ import annotations

import importlib.metadata
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sodalite.ebsd import frame_axes, quaternions_in_map_frame
from sodalite.ebsd.frames import euler_from_quaternions
from sodalite.ebsd.phase import CUBIC
from sodalite.measure.budget import Components, budget_record, combine
from sodalite.measure.grain_grid import cutting_borders
from sodalite.measure.grain_shape import grain_table, shape_quantities
from sodalite.measure.grain_size import e2627_g, grain_size_quantities, intercept_g_quantity, planimetric_g
from sodalite.measure.grain_statistics import how_many, mean_of_grains
from sodalite.measure.intercepts import intercept_quantities
from sodalite.pipelines.grain_boundaries import measure_boundaries
from sodalite.pipelines.grain_film import level_rows, measure_film
from sodalite.pipelines.grain_labels import find_labels
from sodalite.quantity import GLOSSARY, Quantity
from sodalite.result import Result

if TYPE_CHECKING:
    import pandas as pd

    from sodalite.ebsd import EbsdMap
    from sodalite.pipelines.grain_film import Film
    from sodalite.pipelines.grain_labels import Crystals
    from sodalite.pipelines.grains import Grains

SENSITIVITY_DEG = (2.0, 5.0, 10.0, 15.0)
SENSITIVITY_PIXELS = (1, 10, 50, 100)
_SWEPT = {
    "grain_count": "grain_count",
    "ecd_mean": "ecd_mean_um",
    "ecd_area_weighted_mean": "ecd_area_weighted_mean_um",
}
_SCALE = (
    "The step of the file has a standard uncertainty of {percent:g} % (scale_uncertainty_percent), which is in the "
    "intervals: lengths follow it in proportion, areas with its square, grain size numbers by 0.029 a percent. A tilt "
    "of 69 or 71 degrees taken for 70 is not in them: it would move y by -4.6 or +5.1 %."
)
_DRAWS = 10_000
_FIRST_COLUMNS = (
    "label", "phase", "pixels", "area_um2", "ecd_um", "aspect_ratio", "long_axis_deg", "gos_deg", "kam_deg",
    "phi1_deg", "Phi_deg", "phi2_deg", "x_um", "y_um", "on_border", "spans_film", "counted",
)  # fmt: skip


class GrainMap(NamedTuple):
    """A labelled map as it is measured: every point of a grain has an orientation.

    Attributes
    ----------
    crystals
        The map with its orientations.
    labels
        ``(n,)`` uint32 grain of each point, 0 = none.
    own
        The same with 0 at points that have no orientation of their own.
    means
        ``(grains, 4)`` mean orientations; row k is grain k + 1.
    quaternions, phase_id
        ``(n, 4)`` and ``(n,)``; points without an orientation have their grain's.
    """

    crystals: Crystals
    labels: np.ndarray
    own: np.ndarray
    means: np.ndarray
    quaternions: np.ndarray
    phase_id: np.ndarray

    @property
    def ebsd(self) -> EbsdMap:
        """The map."""
        return self.crystals.ebsd


def grain_map(crystals: Crystals, labels: np.ndarray) -> GrainMap:
    """Return a labelled map; labels of no indexed point are dropped."""
    from sodalite.measure.grain_orientation import mean_orientations

    ebsd = crystals.ebsd
    own = np.where(ebsd.indexed, labels, 0).astype(np.uint32)
    means = mean_orientations(crystals.quaternions, ebsd.phase_id, crystals.groups, own)
    if np.array_equal(own, labels):
        return GrainMap(crystals, own, own, means, crystals.quaternions, ebsd.phase_id)
    phase = np.zeros(int(labels.max(initial=0)) + 1, dtype=np.int16)
    phase[own] = ebsd.phase_id
    phase[0] = 0
    labels = np.where(phase[labels] > 0, labels, 0).astype(np.uint32)
    taken = (labels > 0) & ~ebsd.indexed
    quaternions = crystals.quaternions.copy()
    quaternions[taken] = means[labels[taken] - 1]
    return GrainMap(crystals, labels, own, means, quaternions, np.where(taken, phase[labels], ebsd.phase_id))


def measure_map(recipe: Grains, crystals: Crystals, labels: np.ndarray, *, given: bool) -> Result:
    """Return every quantity of a labelled map; `given` tells that the labels were not found by the recipe."""
    grains = grain_map(crystals, labels)
    ebsd = grains.ebsd
    table = _table(recipe, grains)
    counted = _counted(table, grains.labels)
    kept = table[table["counted"]]
    film = measure_film(recipe, ebsd, grains.labels, kept, counted)
    table["spans_film"] = _spans(recipe, film, table)
    boundaries = measure_boundaries(recipe, grains, counted)
    values = [
        *_size_quantities(recipe, grains, table),
        *shape_quantities(kept),
        *_intercepts(recipe, grains, counted),
        film.columnarity,
        *boundaries.quantities,
        *_orientation_quantities(recipe, kept),
        *_texture(recipe, grains, kept),
    ]
    tables = {"grains": table[[*_FIRST_COLUMNS, *(name for name in table if name not in _FIRST_COLUMNS)]]}
    sensitivity = _sensitivity(recipe, crystals)
    scale = Components(recipe.scale_uncertainty_percent / 100, 0.0, 0.0)
    tables |= boundaries.tables | {"sensitivity": sensitivity}
    if film.column_width is not None:
        tables["column_width"] = film.column_width
    return Result(
        values=tuple(sorted(combine(values, scale), key=lambda quantity: list(GLOSSARY).index(quantity.quantity))),
        tables=tables,
        labels={"labels": np.ascontiguousarray(ebsd.on_grid(grains.labels, fill=0))},
        spacing_um=ebsd.spacing_um,
        provenance=_provenance(recipe, crystals, grains, given) | _uncertainty(recipe, values, scale, sensitivity),
        name=ebsd.name,
        arrays={"grain_ids": grains.labels} if ebsd.grid.lattice == "hex" else {},
    )


def kam_of_points(recipe: Grains, grains: GrainMap) -> np.ndarray:
    """Return the kernel average misorientation of each point, ``(n,)`` degrees; NaN where there is none."""
    from sodalite.measure.grain_orientation import kam_deg

    return kam_deg(
        grains.quaternions,
        grains.phase_id,
        grains.crystals.groups,
        grains.ebsd.grid,
        grains.own,
        order=recipe.kam_order,
        max_deg=recipe.kam_max_deg,
    )


def _table(recipe: Grains, grains: GrainMap) -> pd.DataFrame:
    """Return one row a grain, small ones included."""
    from sodalite.measure.grain_orientation import grod_deg, mean_by_grain

    table = _outlines(recipe, grains)
    grod = grod_deg(grains.quaternions, grains.phase_id, grains.crystals.groups, grains.own, grains.means)
    kam = kam_of_points(recipe, grains)
    row = table["label"].to_numpy(np.int64) - 1
    euler = np.degrees(euler_from_quaternions(grains.means[row]))
    names = np.array(["", *(phase.name for phase in grains.ebsd.phases)], dtype=object)
    phase_id = table["phase"].to_numpy(np.int64)
    known = np.bincount(grains.own[np.isfinite(kam)], minlength=int(grains.labels.max(initial=0)) + 1)
    return table.assign(
        phase=names[phase_id],
        gos_deg=mean_by_grain(grod, grains.own)[row],
        kam_deg=mean_by_grain(kam, grains.own)[row],
        **{name: euler[:, k] for k, name in enumerate(("phi1_deg", "Phi_deg", "phi2_deg"))},
        counted=table["pixels"].to_numpy() >= recipe.min_pixels,
        phase_id=phase_id,
        kam_points=known[row + 1],
    )


def _outlines(recipe: Grains, grains: GrainMap) -> pd.DataFrame:
    """Return size, shape and place of all grains."""
    ebsd = grains.ebsd
    return grain_table(
        grains.labels,
        ebsd.x_um,
        ebsd.y_um,
        grains.phase_id,
        step_um=ebsd.spacing_um,
        is_hexagonal=ebsd.grid.lattice == "hex",
        cut_borders=cutting_borders(recipe.growth_xy),
        growth_xy=recipe.growth_xy,
    )


def _counted(table: pd.DataFrame, labels: np.ndarray) -> np.ndarray:
    """Return whether each label counts, ``(labels + 1,)`` bool."""
    counted = np.zeros(int(labels.max(initial=0)) + 1, dtype=bool)
    counted[table.loc[table["counted"], "label"].to_numpy(np.int64)] = True
    return counted


def _spans(recipe: Grains, film: Film, table: pd.DataFrame) -> Any:
    if film.spanned is None:
        return np.full(len(table), None, dtype=object)
    share = np.zeros(int(table["label"].max()) + 1 if len(table) else 1)
    share[: film.spanned.size] = film.spanned[: share.size]
    return share[table["label"].to_numpy(np.int64)] >= recipe.column_span_fraction - 1e-9


def extent_um(ebsd: EbsdMap) -> tuple[float, float]:
    """Return height and width of the window of a map in um."""
    (rows, columns), (y_um, x_um) = ebsd.shape, ebsd.spacing_um
    return rows * y_um, (columns + 0.5 * (ebsd.grid.lattice == "hex")) * x_um


def _size_quantities(recipe: Grains, grains: GrainMap, table: pd.DataFrame, min_pixels: int = 0) -> list[Quantity]:
    ebsd = grains.ebsd
    values = grain_size_quantities(
        table,
        point_count=grains.crystals.point_count,
        indexed_count=grains.crystals.indexed_count,
        extent_um=extent_um(ebsd),
        step_um=ebsd.spacing_um,
        cut_borders=cutting_borders(recipe.growth_xy),
        min_pixels=min_pixels or recipe.min_pixels,
    )
    return [_with_other_constant(q) if q.quantity == "astm_g_e2627" else q for q in values]


def _with_other_constant(quantity: Quantity) -> Quantity:
    """Return the grain size number of ASTM E2627 with that of E112 for the same mean area in its note."""
    if math.isnan(quantity.value):
        return quantity
    mean_area_um2 = 10 ** (-(quantity.value - e2627_g(1.0)) / 3.3223)
    return quantity.with_note(f"{planimetric_g(mean_area_um2):.4g} by the constants of ASTM E112")


def _intercepts(recipe: Grains, grains: GrainMap, counted: np.ndarray) -> list[Quantity]:
    ebsd = grains.ebsd
    ids = ebsd.on_grid(np.where(counted[grains.labels], grains.labels, 0), fill=0)
    along = intercept_quantities(
        level_rows(ids, ebsd.grid),
        ebsd.spacing_um,
        is_hexagonal=ebsd.grid.lattice == "hex",
        cut_borders=cutting_borders(recipe.growth_xy),
    )
    return [*along, intercept_g_quantity(*along)]


def _orientation_quantities(recipe: Grains, kept: pd.DataFrame) -> list[Quantity]:
    gos, kam = kept["gos_deg"].to_numpy(float), kept["kam_deg"].to_numpy(float)
    points = kept["kam_points"].to_numpy(float)
    own = points > 0
    spread = _mean_angle("gos_mean", gos, np.ones(gos.size), "no grain is large enough")
    return [
        spread.with_note("merged twins count as one orientation") if recipe.merge_twins else spread,
        _mean_angle("kam_mean", kam[own], points[own], "no point has a neighbour in its grain"),
    ]


def _mean_angle(name: str, values: np.ndarray, weights: np.ndarray, why_none: str) -> Quantity:
    if values.size and not values.any():
        return Quantity(name, 0.0, n=values.size, note="all points of each grain have the same orientation")
    return mean_of_grains(name, values, weights, power=0, note="", why_none=why_none)


def _texture(recipe: Grains, grains: GrainMap, kept: pd.DataFrame) -> list[Quantity]:
    """Return the texture of the cubic grains; of a map without any the reason why there is none."""
    from sodalite.measure.texture import texture_quantities

    phases = grains.ebsd.phases
    cubic = np.array([False, *(phase.is_cubic for phase in phases)])
    own = kept[cubic[kept["phase_id"].to_numpy(np.int64)]]
    others = sorted({str(phases[k - 1].laue_group) for k in kept["phase_id"]} - set(CUBIC))
    values = texture_quantities(
        quaternions_in_map_frame(grains.means[own["label"].to_numpy(np.int64) - 1], grains.ebsd.frame),
        own["area_um2"].to_numpy(float),
        direction=recipe.growth_xyz,
        laue=others[0] if others and own.empty else "m-3m",
        within_deg=recipe.texture_within_deg,
        draws=_DRAWS,
        seed=recipe.seed,
    )
    if recipe.growth_xyz is None and not (others and own.empty):
        return [Quantity.withheld(quantity.quantity, "growth_direction is not set") for quantity in values]
    apart = how_many(len(kept) - len(own), "grain that is", "grains that are")
    note = f"{apart} not cubic left out" if len(own) < len(kept) else ""
    return [q.with_note(note) if note and not math.isnan(q.value) else q for q in values]


def _sensitivity(recipe: Grains, crystals: Crystals) -> pd.DataFrame:
    """Return how number and size depend on the threshold and on the least number of points."""
    import pandas as pd

    rows = []
    for degrees in SENSITIVITY_DEG:
        low = recipe.boundary_low_deg
        other = recipe.replace(
            boundary_deg=degrees, boundary_low_deg=low if low is not None and low < degrees else None
        )
        labels = find_labels(other, crystals)
        found = GrainMap(crystals, labels, labels, np.empty((0, 4)), crystals.quaternions, crystals.ebsd.phase_id)
        table = _outlines(recipe, found)
        for pixels in SENSITIVITY_PIXELS:
            values = {q.quantity: q.value for q in _size_quantities(recipe, found, table, pixels)}
            rows.append((degrees, pixels, *(values[name] for name in _SWEPT)))
    return pd.DataFrame(rows, columns=["boundary_deg", "min_pixels", *_SWEPT.values()])


def _uncertainty(
    recipe: Grains, values: list[Quantity], scale: Components, sensitivity: pd.DataFrame
) -> dict[str, Any]:
    """Return the parts of the provenance on uncertainty: the budget, and what is said of the step.

    The budget holds the sampling intervals, what the scale adds, and how far number and sizes move to the next
    thresholds of the sensitivity table, where it has the recipe's least number of points. The intervals of the
    quantities are of sampling and scale.
    """
    below = [degrees for degrees in SENSITIVITY_DEG if degrees < recipe.boundary_deg][-1:]
    above = [degrees for degrees in SENSITIVITY_DEG if degrees > recipe.boundary_deg][:1]
    near = sensitivity["boundary_deg"].isin(below + above) & (sensitivity["min_pixels"] == recipe.min_pixels)
    rows = sensitivity[near]
    sweep = {name: (rows[column].min(), rows[column].max()) for name, column in _SWEPT.items()} if len(rows) else {}
    return {
        "uncertainty_budget": budget_record(values, replace(scale, sweep=sweep)),
        "scale": _SCALE.format(percent=recipe.scale_uncertainty_percent),
    }


def _provenance(recipe: Grains, crystals: Crystals, grains: GrainMap, given: bool) -> dict[str, Any]:
    ebsd = crystals.ebsd
    return {
        "sodalite": importlib.metadata.version("sodalite"),
        "kind": recipe.kind,
        "recipe": recipe.model_dump(),
        "frame": {"name": ebsd.frame, "axes_in_map": frame_axes(ebsd.frame).T.tolist()},
        "warnings": list(ebsd.warnings),
        "grid": {
            "kind": ebsd.grid.kind,
            "shape": list(ebsd.shape),
            "step_um": list(ebsd.step_um),
            "points": ebsd.size,
            "missing": ebsd.grid.missing,
            "residual_fraction": ebsd.grid.residual_fraction,
        },
        "phases": [
            {"name": phase.name, "laue_group": phase.laue_group, "points": count}
            for phase, count in zip(ebsd.phases, ebsd.phase_counts, strict=True)
        ],
        "clean_up_changed_fraction": dict(crystals.changed_fraction),
        "filled_fraction": float((grains.own != grains.labels).mean()) if grains.labels.size else 0.0,
        "labels": "given" if given else "found",
    }
