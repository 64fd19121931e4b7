"""A cross-section measured by a plain scikit-image script: the same steps and numbers, a library call for each.

Written as one writes a script with the library's manual at hand: on the rows that hold the layer where that is one
slice more, with coarser grids where sodalite takes them too (local thickness, covariance), and without searching for
faster calls.
"""

# mypy: disable-error-code="no-untyped-call, no-any-return"
from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import tifffile
from scipy import fft, ndimage, stats
from skimage import color, filters, io, measure, morphology, segmentation, transform, util

if TYPE_CHECKING:
    from pathlib import Path

OUTSIDE, COLLECTOR, SODIUM, VOID, DEAD_SODIUM, ELECTROLYTE = 0, 1, 2, 3, 4, 5
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


class Layers(NamedTuple):
    """Classes ``(y, x)`` and the edge rows ``(x,)`` of both faces of the sodium."""

    labels: np.ndarray
    collector_row: np.ndarray
    electrolyte_row: np.ndarray

    @property
    def rows(self) -> slice:
        """Rows of the sodium layer and some around them."""
        return slice(max(int(self.collector_row.min()) - 20, 0), int(self.electrolyte_row.max()) + 20)


def measure_section(path: Path, pixel_um: float, folder: Path) -> dict[str, float]:
    """Return thickness, roughness, voids, contact and dead sodium of a collector - sodium - electrolyte section.

    Parameters
    ----------
    path
        An 8-bit image, collector above and brightest, electrolyte below and darkest but for voids.
    pixel_um
        Side of a square pixel.
    folder
        Existing; receives the tables, the labels and an overlay.
    """
    data = tifffile.imread(path)
    scene = data[: len(data) - databar_rows(data)]
    layers = trace(filters.gaussian(util.img_as_float32(scene), 1.5))
    grey = util.img_as_float32(scene)
    voids_labelled = add_voids(grey, layers)
    add_dead_sodium(grey, layers)
    labels = layers.labels
    distances = [ndimage.distance_transform_edt(labels != layer) * pixel_um for layer in (ELECTROLYTE, COLLECTOR)]
    values, profile = thickness(layers, distances[1], pixel_um)
    tables = {
        name: objects(labels, kind, distances, pixel_um) for name, kind in (("voids", VOID), ("dead", DEAD_SODIUM))
    }
    tables["dead"] = tables["dead"].merge(states(labels), on="label")
    layer, looked_at = np.isin(labels, (SODIUM, VOID)), np.isin(labels, (DEAD_SODIUM, ELECTROLYTE))
    values |= contact(layers, pixel_um) | gaps(layers, pixel_um) | voids_labelled
    values |= share("void_fraction", labels == VOID, layer) | share(
        "dead_sodium_fraction", labels == DEAD_SODIUM, looked_at
    )
    values |= outline_sweep(labels == VOID, layer)
    values |= counted("void_count", len(tables["voids"])) | counted("dead_sodium_count", len(tables["dead"]))
    values["thickness_local_mean"] = local_thickness_um(layer[layers.rows], pixel_um)
    tables |= {"values": pd.DataFrame([values]).T.reset_index(), "profile": profile}
    write(folder, scene, labels, tables)
    return values


def databar_rows(data: np.ndarray) -> int:
    """Return the rows from the bottom in which one grey fills three tenths, within the lowest quarter."""
    bar = 0
    for up, row in enumerate(data[: -len(data) // 4 : -1], start=1):
        if np.bincount(row).max() > 0.3 * row.size:
            bar = up
        elif up > bar + 6:
            break
    return bar


def trace(smooth: np.ndarray) -> Layers:
    """Return the layers without voids and dead sodium, what is far brighter at the upper frame left out."""
    dark, bright = filters.threshold_multiotsu(smooth, classes=3)
    rows = np.arange(smooth.shape[0])[:, None]
    collector = largest(morphology.closing(smooth > bright, morphology.disk(3)))
    collector_row = ndimage.median_filter(smooth.shape[0] - np.argmax(collector[::-1], axis=0), 5)
    hollow = filters.threshold_otsu(smooth[(smooth < dark) & (rows < np.median(collector_row) * 2)])
    electrolyte = largest((smooth < dark) & (smooth > hollow))
    electrolyte_row = ndimage.median_filter(np.argmax(electrolyte, axis=0), 5)
    layer, below = (rows >= collector_row) & (rows < electrolyte_row), rows >= electrolyte_row
    labels = np.select([layer, below], [SODIUM, ELECTROLYTE], COLLECTOR).astype(np.uint8)
    for kind in (COLLECTOR, ELECTROLYTE):
        labels[outside(smooth, labels == kind)] = OUTSIDE
    return Layers(labels, collector_row, electrolyte_row)


def largest(mask: np.ndarray) -> np.ndarray:
    """Return the largest connected part of a mask."""
    labels = measure.label(mask, connectivity=2)
    return labels == np.argmax(np.bincount(labels.ravel())[1:]) + 1


def outside(smooth: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """Return what is far brighter than a layer, reaches the frame and takes a hundredth of the image."""
    middle = np.median(smooth[layer])
    limit = middle + 6 * 1.4826 * np.median(np.abs(smooth[layer] - middle))
    regions = measure.label(morphology.opening(layer & (smooth > limit), np.ones((5, 5))))
    framed = np.unique(np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]]))
    large = np.flatnonzero(np.bincount(regions.ravel()) >= regions.size / 100)
    return np.isin(regions, np.setdiff1d(np.intersect1d(framed, large), 0))


def background(grey: np.ndarray, mask: np.ndarray, sigma: float) -> np.ndarray:
    """Return the mean of the masked pixels under a Gaussian."""
    weight = filters.gaussian(mask.astype(np.float32), sigma)
    return filters.gaussian(np.where(mask, grey, 0), sigma) / np.maximum(weight, 1e-6)


def scatter(values: np.ndarray) -> float:
    """Return the robust standard deviation."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def add_voids(grey: np.ndarray, layers: Layers) -> dict[str, float]:
    """Label the voids by hysteresis between 5 and 2 sd below the sodium's own grey, with rims and holes; return d'."""
    part = layers.rows
    layer, smooth = layers.labels[part] == SODIUM, filters.gaussian(grey[part], 1)
    contrast = smooth - background(smooth, layer & (np.abs(smooth - np.median(smooth[layer])) < 0.1), 48)
    contrast = (contrast - np.median(contrast[layer])) / scatter(contrast[layer])
    inside = morphology.erosion(layer, morphology.disk(2))
    dark = filters.apply_hysteresis_threshold(np.where(inside, -contrast, 0), 2, 5)
    slope = np.abs(filters.sobel_h(smooth))
    rough = layer & (slope > 3.5 * scatter(slope[layer])) & morphology.dilation(dark, morphology.disk(3))
    found = tidy(morphology.closing(dark | (rough & (contrast > 4)), morphology.disk(2)))
    layers.labels[part][found & layer] = VOID
    spread = np.hypot(scatter(contrast[found]), 1) / np.sqrt(2)
    return {"sodium_void_separability": float(abs(np.median(contrast[found])) / spread)}


def tidy(mask: np.ndarray) -> np.ndarray:
    """Return a mask without specks and holes."""
    return morphology.remove_small_objects(ndimage.binary_fill_holes(mask), max_size=MIN_PIXELS)


def add_dead_sodium(grey: np.ndarray, layers: Layers) -> None:
    """Label what is as grey as sodium in the electrolyte, shading and curtains taken out."""
    part = slice(int(layers.electrolyte_row.min()) - 20, None)
    labels, smooth = layers.labels[part], filters.gaussian(grey[part], 1)
    below = labels == ELECTROLYTE
    inner = morphology.erosion(below, morphology.disk(4))
    level = np.median(smooth[inner])
    flat = smooth * level / np.maximum(background(smooth, inner, 37), 1e-6)
    flat -= np.nanmedian(np.where(inner, flat, np.nan), axis=0) - level
    sodium = np.median(grey[layers.labels == SODIUM])
    relative = (flat - level) / (sodium - level)
    found = tidy(filters.apply_hysteresis_threshold(np.where(below, relative, 0), 0.5, 0.6))
    regions = measure.label(found, connectivity=2)
    depth = ndimage.distance_transform_edt(found)
    for region in measure.regionprops(regions, np.stack([relative, depth], axis=-1)):
        contrast, deep = region.image_intensity[..., 0], region.image_intensity[..., 1]
        core = contrast[deep >= 0.7 * deep.max()].mean()
        if not 0.6 < core < 1.4:
            found[regions == region.label] = False
    labels[found & below] = DEAD_SODIUM


def thickness(layers: Layers, to_collector: np.ndarray, pixel_um: float) -> tuple[dict[str, float], pd.DataFrame]:
    """Return the numbers of the layer, with intervals of its profile, and the profile along the section."""
    labels, collector_row, electrolyte_row = layers
    gross = (electrolyte_row - collector_row) * pixel_um
    net = (labels == SODIUM).sum(axis=0) * pixel_um
    x = np.arange(gross.size)
    values = {f"thickness_gross_{name}": float(getattr(np, name)(gross)) for name in ("median", "min", "max", "std")}
    values |= {f"thickness_gross_p{p}": float(np.percentile(gross, p)) for p in (5, 95)}
    values |= {"thickness_cv": float(gross.std() / gross.mean())}
    values |= mean("thickness_gross_mean", gross) | mean("thickness_net_mean", net)
    values |= mean("thickness_normal_mean", to_collector[electrolyte_row, x]) | mean("coverage", gross > 0.06)
    for side, face in (("collector", collector_row), ("electrolyte", electrolyte_row)):
        residual = (face - np.polyval(np.polyfit(x, face, 1), x)) * pixel_um
        rq, ra = mean("rq", residual**2), mean("ra", np.abs(residual))
        values |= {f"roughness_{name.replace('rq', 'rq_' + side)}": value**0.5 for name, value in rq.items()}
        values |= {f"roughness_{name.replace('ra', 'ra_' + side)}": value for name, value in ra.items()}
    z = {"collector_z_um": collector_row * pixel_um, "electrolyte_z_um": electrolyte_row * pixel_um}
    return values, pd.DataFrame({"x_um": (x + 0.5) * pixel_um, "gross_um": gross, "net_um": net, **z})


def mean(name: str, profile: np.ndarray) -> dict[str, float]:
    """Return a mean along a profile and its 95 % interval by the autocovariance of the columns."""
    residual = profile - profile.mean()
    covariance = np.correlate(residual, residual, "full")[residual.size - 1 :] / residual.size
    stop = int(np.argmax(covariance < 0.02 * covariance[0])) or residual.size
    variance = max(covariance[:stop].sum() * 2 - covariance[0], 0) / residual.size
    half = stats.t.ppf(0.975, max(covariance[0] / max(variance, 1e-12) - 1, 1)) * np.sqrt(variance)
    centre = float(profile.mean())
    return {name: centre, f"{name}_low": max(centre - half, 0.0), f"{name}_high": centre + half}


def counted(name: str, count: int) -> dict[str, float]:
    """Return a count and its exact Poisson interval."""
    low, high = stats.chi2.ppf(0.025, 2 * count) / 2, stats.chi2.ppf(0.975, 2 * count + 2) / 2
    return {name: count, f"{name}_low": low, f"{name}_high": high}


def share(name: str, mask: np.ndarray, region: np.ndarray) -> dict[str, float]:
    """Return an area fraction and its interval by the covariance, on blocks of about 1e5 in all as sodalite's."""
    rows = np.flatnonzero(region.any(axis=1))
    part, block = slice(rows[0], rows[-1] + 1), 5
    weight, hits = (transform.downscale_local_mean(each[part].astype(float), (block, block)) for each in (region, mask))
    fraction = float(mask.sum() / region.sum())
    products, overlaps = autocorrelation(hits - fraction * weight), autocorrelation(weight)
    axes = [np.minimum(np.arange(size), size - np.arange(size)) for size in products.shape]
    ring = np.rint(np.hypot(axes[0][:, None], axes[1])).astype(int).ravel()
    product, overlap = np.bincount(ring, products.ravel()), np.bincount(ring, overlaps.ravel())
    covariance = product / np.maximum(overlap, 1e-9 * overlap[0])
    stop = int(np.argmax(covariance < 0.02 * covariance[0])) or covariance.size
    sd = np.sqrt(max(product[:stop].sum(), 0)) / weight.sum() / max(fraction * (1 - fraction), 1e-9)
    ends = 1 / (1 + (1 / max(fraction, 1e-9) - 1) * np.exp(np.array([1.96, -1.96]) * sd))
    return {name: fraction, f"{name}_low": float(ends[0]), f"{name}_high": float(ends[1])}


def autocorrelation(values: np.ndarray) -> np.ndarray:
    """Return the sum of products at every lag."""
    shape = [fft.next_fast_len(2 * size - 1, real=True) for size in values.shape]
    return fft.irfft2(np.abs(fft.rfft2(values, shape)) ** 2, shape)


def contact(layers: Layers, pixel_um: float) -> dict[str, float]:
    """Return the share of each face without a void within 4 px of it, and its interval by the runs."""
    rows, columns = np.arange(layers.labels.shape[0])[:, None], np.arange(layers.labels.shape[1])
    near = morphology.dilation(layers.labels == VOID, morphology.disk(4))
    values: dict[str, float] = {}
    for side, face in (("collector", layers.collector_row), ("electrolyte", layers.electrolyte_row - 1)):
        touching = ~(near & (rows == face)).any(axis=0)
        runs = np.diff(np.flatnonzero(np.diff(touching[columns].astype(int))))
        arc_um = np.hypot(1, np.gradient(ndimage.uniform_filter(face.astype(float), 5))) * pixel_um
        name = f"contact_fraction_{side}"
        values[name] = float(arc_um[touching].sum() / arc_um.sum())
        values[f"{name}_sd"] = float(runs.std() / runs.mean() / np.sqrt(runs.size)) if runs.size > 1 else np.nan
        values[f"longest_void_run_{side}"] = float(runs.max(initial=0) * pixel_um)
    return values


def gaps(layers: Layers, pixel_um: float) -> dict[str, float]:
    """Return the mean and the largest opening of the voids that touch a face."""
    part = layers.rows
    regions = measure.label(layers.labels[part] == VOID, connectivity=2)
    columns = np.arange(regions.shape[1])
    touching = [
        regions[np.clip(face - part.start + step, 0, len(regions) - 1), columns]
        for face, step in ((layers.collector_row, 0), (layers.electrolyte_row, -1))
    ]
    opening = np.isin(regions, np.setdiff1d(np.concatenate(touching), 0)).sum(axis=0) * pixel_um
    return mean("gap_mean", opening) | {
        "gap_max": float(opening.max()),
        "gap_open_fraction": float((opening > 0).mean()),
    }


def outline_sweep(void: np.ndarray, layer: np.ndarray) -> dict[str, float]:
    """Return the void fraction with all outlines half a pixel inwards and outwards."""
    less, more = (change(void, morphology.disk(1)).sum() for change in (morphology.erosion, morphology.dilation))
    low, high = (float((void.sum() + moved) / 2 / layer.sum()) for moved in (less, more))
    return {"void_fraction_inwards": low, "void_fraction_outwards": high}


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
    table["aspect_ratio"] = table["axis_major_length"] / np.maximum(table["axis_minor_length"], pixel_um)
    rounded = (table["circularity"] >= 0.8) & (table["aspect_ratio"] <= 1.5)
    table["shape"] = np.select([rounded, table["aspect_ratio"] >= 3], ["spherical", "filamentary"], "irregular")
    return table


def states(labels: np.ndarray) -> pd.DataFrame:
    """Return for each piece of dead sodium whether sodium or collector and whether electrolyte adjoins it."""
    regions = measure.label(labels == DEAD_SODIUM, connectivity=2)
    found = {"label": np.arange(1, regions.max() + 1)}
    for name, kinds in (("path_to_collector", (COLLECTOR, SODIUM)), ("contact_with_electrolyte", (ELECTROLYTE,))):
        beside = morphology.dilation(np.isin(labels, kinds), np.ones((3, 3)))
        found[name] = np.isin(found["label"], regions[beside])
    return pd.DataFrame(found).assign(count_at_4=int(measure.label(labels == DEAD_SODIUM, connectivity=1).max()))


def local_thickness_um(layer: np.ndarray, pixel_um: float) -> float:
    """Return the mean diameter of the largest disc that fits in the layer around each of its pixels.

    On every third pixel, as sodalite does on a layer of 700: full size takes many times the rest together.
    """
    import localthickness  # type: ignore[import-not-found, unused-ignore]

    return float(2 * localthickness.local_thickness(layer, scale=1 / 3)[layer].mean() * pixel_um)


def write(folder: Path, data: np.ndarray, labels: np.ndarray, tables: dict[str, Any]) -> None:
    """Write the tables, the labels, the objects, a record and an overlay 2048 pixels wide."""
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    tifffile.imwrite(folder / "labels.tif", labels, compression="zlib")
    for name, kind in (("voids", VOID), ("dead_sodium", DEAD_SODIUM)):
        numbers = measure.label(labels == kind, connectivity=2).astype(np.uint16)
        tifffile.imwrite(folder / f"{name}.tif", numbers, compression="zlib")
    (folder / "provenance.json").write_text(json.dumps({"shape": data.shape, "steps": "peer"}), encoding="utf-8")
    size = (round(2048 * data.shape[0] / data.shape[1]), 2048)
    grey = transform.resize(data, size, anti_aliasing=True)
    small = transform.resize(labels, size, order=0, anti_aliasing=False, preserve_range=True).astype(np.uint8)
    shown = np.select([small == VOID, small == DEAD_SODIUM], [1, 2], 0)
    drawn = segmentation.mark_boundaries(color.label2rgb(shown, grey, bg_label=0, alpha=0.35), small)
    io.imsave(folder / "overlay.png", util.img_as_ubyte(drawn), check_contrast=False)
