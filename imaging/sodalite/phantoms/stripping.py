"""Sections of one cell imaged again and again while sodium is stripped: voids that open at the electrolyte, with truth.

>>> phantom = make_stripping(kappa=0.12, seed=1)
>>> phantom.truth["void_area_um2"].iloc[0]
0.0

The electrolyte stays; sodium leaves at its face. What stripping removes is either made good by the collector that
follows or stays behind as a void: the gross thickness falls by the stripped thickness less the voids, so that the
charge balance of every step closes exactly. The camera drifts, the brightness wanders, curtains may come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from sodalite.classes import SectionClass
from sodalite.image import Acquisition, Image
from sodalite.image_series import ImageSeries, StepImage
from sodalite.phantoms import noise
from sodalite.phantoms.optics import CONTRASTS
from sodalite.phantoms.scene import Scene, draw_faces, stream
from sodalite.phantoms.shapes import polygon_coverage

if TYPE_CHECKING:
    import pandas as pd

UM_PER_MAH_CM2 = 8.8614
"""Thickness of dense sodium a charge: 3.6 M / (F rho) with 22.98977 g/mol, 96485.332 C/mol and 0.968 g/cm3."""

_MARGIN_UM = 3.0
"""How far beyond the frame the scene is drawn: more than the camera drifts."""

_CLEAR_UM = 0.8
"""Free length at both ends of the frame, so that no drift cuts a void."""

_NODES_PER_PX = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripping:
    """How a cell is stripped and imaged.

    Attributes
    ----------
    charges_mah_cm2
        Charge stripped until each step; the first is that of the first image.
    kappa
        Void-capacity ratio at the last step: void area a width over the stripped thickness.
    lenses, lens_aspect, onsets
        Number of voids, their width over their height, and the share of the last charge at which each opens (in turn).
    standing_um
        Height of a void that is there from the first image on and does not grow; 0 = none.
    closing_step
        Step from which the first lens is filled again to a third of its area, as redeposited sodium does; None never.
    drift_px
        Largest drift of the camera along each axis, px.
    brightness
        Largest relative change of gain, and as many times 60 grey levels of offset.
    contrast, snr, psf_px, curtain, texture_grey, grain_grey
        As in `sodalite.phantoms.optics.Optics`.
    curtain_step
        Step from which further curtains, three times as strong, lie on the image; None never.
    """

    charges_mah_cm2: tuple[float, ...] = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    kappa: float = 0.12
    lenses: int = 5
    lens_aspect: float = 3.0
    onsets: tuple[float, ...] = (0.0,)
    standing_um: float = 0.0
    closing_step: int | None = None
    drift_px: float = 12.0
    brightness: float = 0.12
    contrast: str = "se"
    snr: float = 8.0
    psf_px: float = 1.0
    curtain: float = 0.0
    curtain_step: int | None = None
    texture_grey: float = 5.0
    grain_grey: float = 0.0


@dataclass(frozen=True, slots=True)
class StrippingPhantom:
    """The images of a stripping and the truth behind them.

    Attributes
    ----------
    series
        What the microscope wrote, with the charge of each step.
    truth
        One row a step: stripped_charge_mah_cm2, drift_y_px, drift_x_px, void_area_um2, contact_fraction,
        longest_void_run_um, void_zone_depth_um (95 % of the void area lie nearer to the electrolyte), void_count,
        void_thickness_um, void_capacity_ratio; over what all images show.
    voids
        ``(step, y, x)`` share of each pixel that a void covers, in the frame of the first image.
    electrolyte_row
        ``(x,)`` electrolyte face in the first image, edge row in px.
    """

    series: ImageSeries
    truth: pd.DataFrame
    voids: np.ndarray
    electrolyte_row: np.ndarray


def make_stripping(
    shape: tuple[int, int] = (300, 480),
    spacing_um: tuple[float, float] = (0.05, 0.05),
    *,
    seed: int,
    scene: Scene | None = None,
    name: str = "stripping",
    **fields: object,
) -> StrippingPhantom:
    """Return images of one place during stripping, with exact truth.

    Parameters
    ----------
    shape
        ``(y, x)`` of every image.
    spacing_um
        Pixel size ``(y, x)``.
    seed
        Equal seeds give equal series.
    scene
        Faces and layers before stripping; its voids and lenses are not drawn.
    **fields
        Fields of `Stripping` that differ from its defaults.

    Raises
    ------
    ValueError
        When more is stripped than there is, or the lenses do not fit.
    """
    stripping = Stripping(**fields)  # type: ignore[arg-type]
    scene = scene or Scene(collector_um=3.0, sodium_um=6.5, collector_rq_um=0.1, electrolyte_rq_um=0.12)
    size_um = shape[0] * spacing_um[0], shape[1] * spacing_um[1]
    cell = _Cell.drawn(stripping, scene, size_um[1], _NODES_PER_PX * shape[1], seed)
    drift_px = _drift_px(stripping, seed)
    window_um = _common_window(drift_px[:, 1] * spacing_um[1], size_um[1])
    greys = _Greys.drawn(stripping, shape, spacing_um, seed)
    pictures, voids = [], []
    for step in range(len(stripping.charges_mah_cm2)):
        coverage = cell.coverage(step, shape, spacing_um, drift_px[step])
        voids.append(cell.coverage(step, shape, spacing_um, (0.0, 0.0))[SectionClass.VOID])
        pictures.append(greys.taken(coverage, step, drift_px[step]))
    meta = Acquisition(vendor="phantom", pixel_size_source="phantom", beam="electron", stage_tilt_deg=0.0)
    steps = tuple(
        StepImage(f"step{number}.tif", Image(picture, spacing_um, f"step{number}.tif", meta), charge_mah_cm2=charge)
        for number, (picture, charge) in enumerate(zip(pictures, stripping.charges_mah_cm2, strict=True))
    )
    columns = cell.x_um.searchsorted((np.arange(shape[1]) + 0.5) * spacing_um[1])
    truth = _truth(cell, drift_px, window_um)
    return StrippingPhantom(ImageSeries(name, steps), truth, np.stack(voids), cell.electrolyte[columns] / spacing_um[0])


def _drift_px(stripping: Stripping, seed: int) -> np.ndarray:
    """Return how far the scene has moved in each image, ``(step, 2)`` along y and x; none in the first."""
    rng = stream(seed, "drift")
    drift = rng.uniform(-1, 1, (len(stripping.charges_mah_cm2), 2)) * stripping.drift_px
    drift[0] = 0.0
    return drift


def _common_window(drift_um: np.ndarray, width_um: float) -> tuple[float, float]:
    """Return the ends along x, in the frame of the first image, of what every image shows."""
    return float(max(0.0, -drift_um.min())), float(width_um - max(0.0, drift_um.max()))


@dataclass(frozen=True, slots=True)
class _Cell:
    """Faces before stripping and the opening of the voids in each step at places `x_um`, in the first image's frame."""

    x_um: np.ndarray
    electrolyte: np.ndarray
    gross_um: np.ndarray
    opening_um: np.ndarray
    charges_mah_cm2: np.ndarray
    width_um: float

    @classmethod
    def drawn(cls, stripping: Stripping, scene: Scene, width_um: float, nodes: int, seed: int) -> _Cell:
        """Return the cell of a seed."""
        geometry = draw_faces(scene, width_um=width_um + 2 * _MARGIN_UM, nodes=nodes, seed=seed)
        x_um = geometry.x_um - _MARGIN_UM
        charges = np.asarray(stripping.charges_mah_cm2, float)
        opening = _openings_um(stripping, x_um, width_um, seed)
        gross = geometry.faces["electrolyte"] - geometry.faces["sodium"]
        lost = (charges[-1] - charges[0]) * UM_PER_MAH_CM2 - np.trapezoid(opening[-1], x_um) / width_um
        if lost > gross.min() or opening.max() > gross.min() - lost:
            raise ValueError(f"charges_mah_cm2: {charges[-1]:g} strip more than the layer holds; make it thicker.")
        return cls(x_um, geometry.faces["electrolyte"], gross, opening, charges, width_um)

    @property
    def stripped_um(self) -> np.ndarray:
        """Thickness of dense sodium that each step has lost."""
        return (self.charges_mah_cm2 - self.charges_mah_cm2[0]) * UM_PER_MAH_CM2

    def void_thickness_um(self, step: int) -> float:
        """Return the void area of a step per width of the frame."""
        return float(np.trapezoid(self.opening_um[step], self.x_um)) / self.width_um

    def coverage(
        self, step: int, shape: tuple[int, int], spacing_um: tuple[float, float], drift_px: np.ndarray | tuple
    ) -> dict[SectionClass, np.ndarray]:
        """Return class -> ``(y, x)`` exact share of each pixel of a drifted image."""
        lost = self.stripped_um[step] - (self.void_thickness_um(step) - self.void_thickness_um(0))
        collector = self.electrolyte - np.maximum(self.gross_um - lost, 0)

        def share_above(face: np.ndarray) -> np.ndarray:
            outline = np.stack([self.x_um, face], axis=1)
            ends = np.array([[self.x_um[-1], -100.0], [self.x_um[0], -100.0]])
            polygon = np.concatenate([outline, ends]) / spacing_um[::-1] + np.asarray(drift_px)[::-1]
            return polygon_coverage(polygon, shape)

        above = [share_above(face) for face in (collector, self.electrolyte - self.opening_um[step], self.electrolyte)]
        return {
            SectionClass.COLLECTOR: above[0],
            SectionClass.SODIUM: np.maximum(above[1] - above[0], 0),
            SectionClass.VOID: np.maximum(above[2] - above[1], 0),
            SectionClass.ELECTROLYTE: 1 - above[2],
        }


def _openings_um(stripping: Stripping, x_um: np.ndarray, width_um: float, seed: int) -> np.ndarray:
    """Return the opening ``(step, x)`` of the half-elliptic voids at every step."""
    rng = stream(seed, "voids that open")
    charges = np.asarray(stripping.charges_mah_cm2, float)
    total_um2 = stripping.kappa * (charges[-1] - charges[0]) * UM_PER_MAH_CM2 * width_um
    share = rng.uniform(0.6, 1.4, stripping.lenses)
    area = total_um2 * share / share.sum()
    widest = np.sqrt(area * 4 / np.pi * stripping.lens_aspect)
    centre = _places_um(widest, width_um, rng)
    progress = (charges - charges[0]) / (charges[-1] - charges[0])
    onset = np.resize(stripping.onsets, stripping.lenses)
    grown = np.clip((progress[:, None] - onset) / (1 - onset), 0, 1)
    if stripping.closing_step is not None:
        grown[stripping.closing_step :, 0] = grown[stripping.closing_step - 1, 0] / 3
    opening = np.zeros((len(charges), x_um.size))
    for lens in range(stripping.lenses):
        scale = np.sqrt(grown[:, lens])[:, None]
        height = widest[lens] / stripping.lens_aspect * scale
        place = 2 * np.abs(x_um - centre[lens]) / np.maximum(widest[lens] * scale, 1e-9)
        opening = np.maximum(opening, height * np.sqrt(np.clip(1 - place**2, 0, 1)))
    if stripping.standing_um:
        place = np.abs(x_um - _CLEAR_UM - stripping.standing_um) / stripping.standing_um
        opening = np.maximum(opening, stripping.standing_um * np.sqrt(np.clip(1 - place**2, 0, 1)))
    return opening


def _places_um(widths_um: np.ndarray, width_um: float, rng: np.random.Generator) -> np.ndarray:
    """Return the centres of runs of these widths, in order, apart from each other and from the ends."""
    free = width_um - 2 * _CLEAR_UM - float(widths_um.sum())
    if free <= 0:
        raise ValueError(f"{widths_um.size} voids of {widths_um.sum():.3g} um in all do not fit; ask for less.")
    gaps = 0.5 + rng.random(widths_um.size + 1)
    before = np.cumsum(gaps[:-1]) * free / gaps.sum()
    return _CLEAR_UM + before + np.cumsum(widths_um) - widths_um / 2


@dataclass(frozen=True, slots=True)
class _Greys:
    """What the microscope adds: textures that move with the specimen, and what changes from image to image."""

    stripping: Stripping
    texture: np.ndarray
    grains: np.ndarray
    curtain: np.ndarray
    new_curtain: np.ndarray
    gain: np.ndarray
    offset: np.ndarray
    seed: int
    pad: int

    @classmethod
    def drawn(cls, stripping: Stripping, shape: tuple[int, int], spacing_um: tuple[float, float], seed: int) -> _Greys:
        """Return the textures of a seed, drawn beyond the frame by as much as the camera drifts."""
        pad = int(np.ceil(stripping.drift_px)) + 4
        wide = shape[0] + 2 * pad, shape[1] + 2 * pad
        steps = len(stripping.charges_mah_cm2)
        y, x = ((np.arange(n) + 0.5) * step for n, step in zip(wide, spacing_um, strict=True))
        rng = stream(seed, "greys")
        wander = rng.uniform(-1, 1, (2, steps)) * stripping.brightness
        return cls(
            stripping,
            noise.granular(wide, width_px=2.0, rng=rng),
            noise.grain_contrast(x, y, grain_um=5.0, rng=rng),
            noise.curtains(wide, amplitude=stripping.curtain, flames=0, rng=rng),
            noise.curtains(wide, amplitude=3 * max(stripping.curtain, 0.02), flames=2, rng=rng),
            1 + wander[0],
            60 * wander[1],
            seed,
            pad,
        )

    def taken(self, coverage: dict[SectionClass, np.ndarray], step: int, drift_px: np.ndarray) -> np.ndarray:
        """Return the picture of a step, ``(y, x)`` uint8."""
        settings = self.stripping
        greys = CONTRASTS[settings.contrast]
        picture = sum((share * greys[kind] for kind, share in coverage.items()), np.zeros(self._inner.shape))
        picture = picture + coverage[SectionClass.ELECTROLYTE] * settings.texture_grey * self._moved(
            self.texture, drift_px
        )
        if settings.grain_grey:
            metal = coverage[SectionClass.SODIUM] + coverage[SectionClass.COLLECTOR]
            picture = picture + metal * settings.grain_grey * self._moved(self.grains, drift_px, order=1)
        picture = noise.blurred(picture, settings.psf_px) * self._moved(self.curtain, drift_px)
        if settings.curtain_step is not None and step >= settings.curtain_step:
            picture = picture * self._moved(self.new_curtain, drift_px)
        sodium, electrolyte = greys[SectionClass.SODIUM], greys[SectionClass.ELECTROLYTE]
        picture = noise.noisy(
            picture,
            noise_sd=abs(sodium - electrolyte) / settings.snr,
            reference_grey=sodium,
            rng=np.random.default_rng([self.seed, step, *b"noise"]),
        )
        return np.clip(np.rint(picture * self.gain[step] + self.offset[step]), 0, 255).astype(np.uint8)

    @property
    def _inner(self) -> np.ndarray:
        return self.texture[self.pad : -self.pad, self.pad : -self.pad]

    def _moved(self, wide: np.ndarray, drift_px: np.ndarray, order: Literal[1, 3] = 3) -> np.ndarray:
        from scipy.ndimage import shift

        moved = shift(wide, drift_px, order=order, mode="nearest")
        return np.asarray(moved[self.pad : -self.pad, self.pad : -self.pad])


def _truth(cell: _Cell, drift_px: np.ndarray, window_um: tuple[float, float]) -> pd.DataFrame:
    """Return one row a step, over the window that all images show."""
    import pandas as pd

    inside = (cell.x_um >= window_um[0]) & (cell.x_um <= window_um[1])
    x = cell.x_um[inside]
    length = window_um[1] - window_um[0]
    arc = np.hypot(np.gradient(x), np.gradient(cell.electrolyte[inside]))
    rows = []
    for step, opening in enumerate(cell.opening_um[:, inside]):
        area = float(np.trapezoid(opening, x))
        open_here = opening > 0
        runs = np.split(np.arange(x.size), np.flatnonzero(np.diff(open_here)) + 1)
        voided = [float(arc[run].sum()) for run in runs if open_here[run[0]]]
        stripped = float(cell.stripped_um[step])
        first = float(np.trapezoid(cell.opening_um[0, inside], x))
        rows.append({
            "stripped_charge_mah_cm2": stripped / UM_PER_MAH_CM2,
            "drift_y_px": drift_px[step, 0],
            "drift_x_px": drift_px[step, 1],
            "void_area_um2": area,
            "contact_fraction": 1 - sum(voided) / float(arc.sum()),
            "longest_void_run_um": max(voided, default=0.0),
            "void_zone_depth_um": _depth_um(opening),
            "void_count": len(voided),
            "void_thickness_um": area / length,
            "void_capacity_ratio": (area - first) / length / stripped if stripped else np.nan,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _depth_um(opening_um: np.ndarray) -> float:
    """Return the height above the electrolyte below which 95 % of the void area lie."""
    if not opening_um.any():
        return 0.0
    height = np.linspace(0, opening_um.max(), 400)
    below = np.array([np.minimum(opening_um, level).sum() for level in height])
    return float(np.interp(0.95, below / below[-1], height))
