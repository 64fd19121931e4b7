"""The film of a map: turned so that it grows upwards, its faces, and the columns between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.measure.columns import FilmFaces, column_quantities, film_faces, spanned_fraction
from sodalite.measure.grain_grid import GrainImage, brick_image, upright_image
from sodalite.measure.intercepts import column_width_profile
from sodalite.quantity import Quantity

if TYPE_CHECKING:
    import pandas as pd

    from sodalite.ebsd import EbsdMap, Grid
    from sodalite.pipelines.grains import Grains

_LATERAL = ("left", "right")


class Film(NamedTuple):
    """What is measured of a film against its growth direction.

    Attributes
    ----------
    columnarity
        The number, or why there is none.
    spanned
        ``(labels + 1,)`` share of the local thickness that each grain spans; None without a growth direction.
    column_width
        One row a height; None without a growth direction.
    """

    columnarity: Quantity
    spanned: np.ndarray | None = None
    column_width: pd.DataFrame | None = None


def bricks(ids: np.ndarray, grid: Grid) -> GrainImage:
    """Return a map of ids ``(rows, columns)`` as an image of equal pixels, see `sodalite.measure.grain_grid`."""
    return brick_image(ids, grid.spacing_um, shifted_parity=grid.shifted_parity)


def level_rows(ids: np.ndarray, grid: Grid) -> np.ndarray:
    """Return ids ``(rows, columns)`` without the last column where every second row of a hexagonal map ends before it.

    On the rest every row ends at the border of the map, where it cuts grains.
    """
    if grid.lattice != "hex" or grid.node is None:
        return ids
    last = grid.row[grid.col == grid.shape[1] - 1] % 2
    return ids if np.unique(last).size > 1 else np.ascontiguousarray(ids[:, :-1])


def measure_film(recipe: Grains, ebsd: EbsdMap, labels: np.ndarray, table: pd.DataFrame, counted: np.ndarray) -> Film:
    """Return the columns of the film.

    Parameters
    ----------
    recipe, ebsd
        Where the film grows, and the map.
    labels
        ``(n,)`` grain of each point.
    table
        Grains that count, with label, area_um2 and on_border.
    counted
        ``(labels + 1,)`` bool, whether each grain counts.
    """
    growth_xy = recipe.growth_xy
    if growth_xy is None:
        why = "growth_direction z leaves the map" if recipe.growth_direction == "z" else "growth_direction is not set"
        return Film(Quantity.withheld("columnarity", why))
    upright = upright_image(bricks(ebsd.on_grid(labels, fill=0), ebsd.grid), growth_xy=growth_xy)
    ids = np.where(counted[upright.ids], upright.ids, 0)
    faces = _faces(recipe, ebsd, upright._replace(ids=ids))
    inside = _inside(ids, faces)
    if not inside.any():
        why = "no grain lies between the faces of the film" if len(table) else "no grain is large enough"
        return Film(Quantity.withheld("columnarity", why), np.full(counted.size, np.nan), _no_widths())
    spanned = spanned_fraction(upright.ids, faces)
    found = column_quantities(_part(table, inside, upright), spanned, least_fraction=recipe.column_span_fraction)
    return Film(found[0], spanned, _widths(recipe, ebsd, np.where(counted[labels], labels, 0)))


def _faces(recipe: Grains, ebsd: EbsdMap, upright: GrainImage) -> FilmFaces:
    """Return the faces that the recipe states, and where grains end for one that it does not."""
    rows = []
    for seen, face_um in zip(film_faces(upright.ids), (recipe.film_top_um, recipe.film_bottom_um), strict=True):
        stated = None if face_um is None else _row_of(recipe, ebsd, face_um, upright)
        rows.append(seen if stated is None else np.where(np.isfinite(seen), stated, np.nan))
    return FilmFaces(*rows)


def _row_of(recipe: Grains, ebsd: EbsdMap, face_um: float, upright: GrainImage) -> float:
    """Return the edge row, in px of the upright image, of a face given as x or y of the map."""
    x, y = recipe.growth_xy or (0.0, -1.0)
    axis = int(x != 0)
    from_border = (face_um - ebsd.grid.origin_um[axis] + 0.5 * ebsd.grid.spacing_um[axis]) / upright.spacing_um[0]
    return from_border if x + y < 0 else upright.ids.shape[0] - from_border


def _inside(ids: np.ndarray, faces: FilmFaces) -> np.ndarray:
    middle = np.arange(ids.shape[0])[:, None] + 0.5
    return np.where((middle >= faces.top_row) & (middle <= faces.bottom_row), ids, 0)


def _part(table: pd.DataFrame, inside: np.ndarray, upright: GrainImage) -> pd.DataFrame:
    """Return the grains of the film with their area inside it."""
    pixels = np.bincount(inside.ravel(), minlength=int(table["label"].max()) + 1)
    own = table[pixels[table["label"].to_numpy(int)] > 0]
    return own.assign(area_um2=pixels[own["label"].to_numpy(int)] * upright.spacing_um[0] * upright.spacing_um[1])


def _widths(recipe: Grains, ebsd: EbsdMap, labels: np.ndarray) -> pd.DataFrame:
    """Return the column width over the height above the lowest row of the film, rising.

    Across the rows of a hexagonal map only every second one is taken: through all of them a line would zigzag.
    """
    growth_xy = recipe.growth_xy or (0.0, -1.0)
    grid, ids = ebsd.grid, ebsd.on_grid(labels, fill=0)
    image = GrainImage(level_rows(ids, grid), grid.spacing_um)
    if grid.lattice == "hex" and growth_xy[0] != 0:
        image = GrainImage(ids[1 - grid.shifted_parity :: 2], (2 * grid.spacing_um[0], grid.spacing_um[1]))
    upright = upright_image(image, growth_xy=growth_xy)
    inside = _inside(upright.ids, _faces(recipe, ebsd, upright))
    rows = np.flatnonzero(inside.any(axis=1))
    if rows.size == 0:
        return _no_widths()
    table = column_width_profile(inside, upright.spacing_um, bands=recipe.column_bands, cut_borders=_LATERAL)
    table.insert(0, "height_um", (int(rows[-1]) + 1) * upright.spacing_um[0] - table["z_um"])
    return table.drop(columns="z_um").iloc[::-1].reset_index(drop=True)


def _no_widths() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns=["height_um", "width_um", "low_um", "high_um", "chords", "grains"], dtype=float)
