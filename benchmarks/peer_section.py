"""A cross-section measured by a plain scikit-image script: the same steps and numbers, one library call each."""

# mypy: disable-error-code="no-untyped-call, no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import tifffile
from scipy import ndimage
from skimage import color, filters, io, measure, morphology, segmentation, transform, util

if TYPE_CHECKING:
    from pathlib import Path

COLLECTOR, SODIUM, VOID, DEAD_SODIUM, ELECTROLYTE = 1, 2, 3, 4, 5
MIN_PIXELS = 30
PROPERTIES = (
    "label",
    "area",
    "equivalent_diameter_area",
    "feret_diameter_max",
    "axis_major_length",
    "axis_minor_length",
    "perimeter_crofton",
    "solidity",
    "centroid",
    "bbox",
    "intensity_min",
)


def measure_section(data: np.ndarray, pixel_um: float, folder: Path) -> dict[str, float]:
    """Return thickness, roughness, voids and dead sodium of a collector - sodium - electrolyte section, and write them.

    Parameters
    ----------
    data
        ``(y, x)`` uint8, collector above and brightest, electrolyte below and darkest but for voids.
    pixel_um
        Side of a square pixel.
    folder
        Existing; receives the tables, the labels and an overlay.
    """
    grey = filters.gaussian(util.img_as_float(data), 1.5)
    labels, collector_row, electrolyte_row = segment(grey)
    distances = [ndimage.distance_transform_edt(labels != layer) * pixel_um for layer in (ELECTROLYTE, COLLECTOR)]
    values, profile = thickness(labels, collector_row, electrolyte_row, distances[1], pixel_um)
    voids, dead = (objects(labels, kind, distances, pixel_um) for kind in (VOID, DEAD_SODIUM))
    layer, looked_at = np.isin(labels, (SODIUM, VOID)), np.isin(labels, (DEAD_SODIUM, ELECTROLYTE))
    values |= {
        "thickness_local_mean": local_thickness_um(layer, pixel_um),
        "void_fraction": (labels == VOID).sum() / layer.sum(),
        "void_count": len(voids),
        "dead_sodium_count": len(dead),
        "dead_sodium_fraction": (labels == DEAD_SODIUM).sum() / looked_at.sum(),
    }
    write(folder, data, labels, {"values": pd.DataFrame([values]), "profile": profile, "voids": voids, "dead": dead})
    return values


def segment(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the classes and the edge rows of both faces of the sodium."""
    dark, bright = filters.threshold_multiotsu(grey, classes=3)
    rows = np.arange(grey.shape[0])[:, None]
    collector = largest(morphology.closing(grey > bright, morphology.disk(3)))
    collector_row = grey.shape[0] - np.argmax(collector[::-1], axis=0)
    hollow = filters.threshold_otsu(grey[(grey < dark) & (rows < np.median(collector_row) * 2)])
    electrolyte = largest((grey < dark) & (grey > hollow))
    electrolyte_row = np.argmax(electrolyte, axis=0)
    layer = (rows >= collector_row) & (rows < electrolyte_row)
    below = rows >= electrolyte_row
    labels = np.select([layer, below], [SODIUM, ELECTROLYTE], COLLECTOR).astype(np.uint8)
    labels[tidy(layer & (grey < dark))] = VOID
    labels[tidy(below & (grey > dark))] = DEAD_SODIUM
    return labels, collector_row, electrolyte_row


def largest(mask: np.ndarray) -> np.ndarray:
    """Return the largest connected part of a mask."""
    labels = measure.label(mask, connectivity=2)
    return labels == np.argmax(np.bincount(labels.ravel())[1:]) + 1


def tidy(mask: np.ndarray) -> np.ndarray:
    """Return a mask without specks and holes."""
    solid = morphology.remove_small_objects(mask, max_size=MIN_PIXELS)
    return morphology.remove_small_holes(solid, max_size=MIN_PIXELS)


def thickness(
    labels: np.ndarray,
    collector_row: np.ndarray,
    electrolyte_row: np.ndarray,
    to_collector: np.ndarray,
    pixel_um: float,
) -> tuple[dict[str, float], pd.DataFrame]:
    """Return the numbers of the layer and its profile along the section."""
    gross = (electrolyte_row - collector_row) * pixel_um
    net = (labels == SODIUM).sum(axis=0) * pixel_um
    rows = np.arange(labels.shape[0])[:, None]
    values = {
        "thickness_gross_mean": gross.mean(),
        "thickness_net_mean": net.mean(),
        "thickness_cv": gross.std() / gross.mean(),
        "coverage": (gross > 0).mean(),
    }
    for side, face in (("collector", collector_row), ("electrolyte", electrolyte_row)):
        x = np.arange(face.size)
        residual = (face - np.polyval(np.polyfit(x, face, 1), x)) * pixel_um
        values[f"roughness_rq_{side}"] = float(np.sqrt((residual**2).mean()))
        values[f"roughness_ra_{side}"] = float(np.abs(residual).mean())
        beside = (rows == face) if side == "collector" else (rows == face - 1)
        values[f"contact_fraction_{side}"] = float((labels[beside] == SODIUM).mean())
    values["thickness_normal_mean"] = to_collector[electrolyte_row, x].mean()
    return values, pd.DataFrame({"x_um": (x + 0.5) * pixel_um, "gross_um": gross, "net_um": net})


def objects(labels: np.ndarray, kind: int, distances: list[np.ndarray], pixel_um: float) -> pd.DataFrame:
    """Return one row an object of a class: size, shape, place and distance to electrolyte and collector."""
    regions = measure.label(labels == kind, connectivity=2)
    table = pd.DataFrame(measure.regionprops_table(regions, distances[0], properties=PROPERTIES, spacing=pixel_um))
    table["distance_to_electrolyte_um"] = table.pop("intensity_min")
    nearest = measure.regionprops_table(regions, distances[1], properties=("intensity_min",))
    table["distance_to_collector_um"] = nearest["intensity_min"]
    if kind == DEAD_SODIUM:
        skeleton = morphology.skeletonize(regions > 0)
        length = measure.regionprops_table(regions, skeleton.astype(float), properties=("intensity_mean", "area"))
        table["skeleton_length_um"] = length["intensity_mean"] * length["area"] * pixel_um
    table["circularity"] = 4 * np.pi * table["area"] / table["perimeter_crofton"] ** 2
    return table


def local_thickness_um(layer: np.ndarray, pixel_um: float) -> float:
    """Return the mean diameter of the largest disc that fits in the layer around each of its pixels.

    At a quarter of the size, as its authors advise for large structures: full size takes 8 times the rest together.
    """
    import localthickness  # type: ignore[import-not-found, unused-ignore]

    return float(2 * localthickness.local_thickness(layer, scale=0.25)[layer].mean() * pixel_um)


def write(folder: Path, data: np.ndarray, labels: np.ndarray, tables: dict[str, Any]) -> None:
    """Write the tables, the labels and an overlay 2048 pixels wide."""
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    tifffile.imwrite(folder / "labels.tif", labels, compression="zlib")
    size = (round(2048 * data.shape[0] / data.shape[1]), 2048)
    grey = transform.resize(data, size, anti_aliasing=True)
    small = transform.resize(labels, size, order=0, anti_aliasing=False, preserve_range=True).astype(np.uint8)
    drawn = segmentation.mark_boundaries(color.gray2rgb(grey), small)
    io.imsave(folder / "overlay.png", util.img_as_ubyte(drawn), check_contrast=False)
