"""The picture that a microscope takes of a scene: greys, rims, blur, curtains, noise and the data bar."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from sodalite.classes import SectionClass
from sodalite.phantoms import noise
from sodalite.phantoms.databar import draw_databar

if TYPE_CHECKING:
    from collections.abc import Mapping

_CLASSES = ("OUTSIDE", "COLLECTOR", "SODIUM", "VOID", "ELECTROLYTE", "CAP", "INTERLAYER", "CRACK", "PORE")


def _greys(*levels: float) -> Mapping[SectionClass, float]:
    table = {SectionClass[name]: level for name, level in zip(_CLASSES, levels, strict=True)}
    table[SectionClass.DEAD_SODIUM] = table[SectionClass.SODIUM]
    return MappingProxyType(table)


CONTRASTS: Mapping[str, Mapping[SectionClass, float]] = MappingProxyType(
    {
        "se": _greys(10, 205, 152, 20, 74, 118, 100, 24, 26),
        "bse": _greys(8, 205, 66, 16, 138, 226, 172, 30, 28),
        "low": _greys(30, 150, 112, 52, 86, 170, 130, 48, 50),
    }
)
"""Preset -> grey (0 to 255) of each class: secondary electrons with bright sodium, backscattered electrons with dark
sodium under a brighter electrolyte, and a low contrast. Dead sodium has the grey of sodium."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Optics:
    """How a scene is imaged.

    Attributes
    ----------
    contrast
        One of `CONTRASTS`.
    snr
        Difference of the greys of sodium and electrolyte divided by the sd of the noise at sodium; infinite = none.
    psf_px
        Standard deviation of the Gaussian point-spread function.
    curtain, flames
        Relative sd of vertical stripes, and stripes that begin inside the picture.
    shading
        Half range of uneven brightness, relative.
    charging_grey, charging_streaks
        Brightness and number of bands along the scan.
    rim_grey, rim_px
        Brightness and width of the bright rims of voids, on the solid side.
    shine_through
        Share of the voids through which a back wall shines, brighter than a void and darker than sodium.
    grain_grey, grain_um
        Half range and grain size of channelling contrast in collector and sodium.
    texture_grey
        Standard deviation of the electrolyte's granular texture.
    tilt_deg
        Angle between beam and surface normal, 0 for a face seen head-on; heights shrink by ``sin(tilt_deg)``.
    databar_rows
        Rows of the data bar below the scene, inside the picture.
    bits
        8 or 16.
    """

    contrast: str = "se"
    snr: float = 8.0
    psf_px: float = 1.0
    curtain: float = 0.0
    flames: int = 0
    shading: float = 0.0
    charging_grey: float = 0.0
    charging_streaks: int = 3
    rim_grey: float = 0.0
    rim_px: float = 2.5
    shine_through: float = 0.0
    grain_grey: float = 0.0
    grain_um: float = 5.0
    texture_grey: float = 0.0
    tilt_deg: float = 0.0
    databar_rows: int = 0
    bits: int = 8

    def __post_init__(self) -> None:
        if self.contrast not in CONTRASTS:
            raise ValueError(f"contrast={self.contrast!r}: choose one of {', '.join(CONTRASTS)}.")
        if self.bits not in (8, 16):
            raise ValueError(f"bits={self.bits}: a micrograph has 8 or 16.")

    @property
    def foreshortening(self) -> float:
        """Apparent height divided by true height: the sine of the tilt, 1 when head-on."""
        return float(np.sin(np.deg2rad(self.tilt_deg))) if self.tilt_deg else 1.0


def take_picture(
    coverage: Mapping[SectionClass, np.ndarray],
    shine: np.ndarray,
    *,
    optics: Optics,
    spacing_um: tuple[float, float],
    seed: int,
) -> np.ndarray:
    """Return the picture ``(y, x)``, uint8 or uint16, of a scene given as the share of each pixel that a class covers.

    Parameters
    ----------
    coverage
        Class -> ``(y, x)`` shares that sum to 1.
    shine
        ``(y, x)`` between 0 and 1: how much of a back wall shows inside the voids.
    optics
        How it is imaged.
    spacing_um
        True size of a pixel ``(y, x)`` on the face.
    seed
        Of grains, curtains and noise.
    """
    rng = np.random.default_rng([seed, *b"optics"])
    greys = CONTRASTS[optics.contrast]
    shape = shine.shape
    picture = _composed(coverage, shine, optics, spacing_um, rng)
    picture = noise.blurred(picture, optics.psf_px)
    picture = picture * noise.curtains(shape, amplitude=optics.curtain, flames=optics.flames, rng=rng)
    picture = picture * noise.shading(shape, amplitude=optics.shading, rng=rng)
    picture = picture + noise.charging(
        shape, amplitude_grey=optics.charging_grey, streaks=optics.charging_streaks, rng=rng
    )
    sodium, electrolyte = greys[SectionClass.SODIUM], greys[SectionClass.ELECTROLYTE]
    noise_sd = abs(sodium - electrolyte) / optics.snr
    picture = noise.noisy(picture, noise_sd=noise_sd, reference_grey=sodium, rng=rng)
    return _digitised(picture, optics, spacing_um)


def _composed(
    coverage: Mapping[SectionClass, np.ndarray],
    shine: np.ndarray,
    optics: Optics,
    spacing_um: tuple[float, float],
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the noiseless picture before any blur."""
    greys = CONTRASTS[optics.contrast]
    picture = sum((share * greys[kind] for kind, share in coverage.items()), np.zeros(shine.shape))
    void = coverage[SectionClass.VOID]
    picture = picture + void * shine * 0.62 * (greys[SectionClass.SODIUM] - greys[SectionClass.VOID])
    if optics.grain_grey:
        y, x = ((np.arange(n) + 0.5) * step for n, step in zip(shine.shape, spacing_um, strict=True))
        metal = coverage[SectionClass.SODIUM] + 1.3 * coverage[SectionClass.COLLECTOR]
        picture = picture + metal * optics.grain_grey * noise.grain_contrast(x, y, grain_um=optics.grain_um, rng=rng)
    if optics.texture_grey:
        texture = noise.granular(shine.shape, width_px=2.0, rng=rng)
        picture = picture + coverage[SectionClass.ELECTROLYTE] * optics.texture_grey * texture
    if optics.rim_grey:
        near = np.minimum(2 * noise.blurred(void, optics.rim_px), 1)
        picture = picture + (1 - void) * near * optics.rim_grey
    return picture


def _digitised(picture: np.ndarray, optics: Optics, spacing_um: tuple[float, float]) -> np.ndarray:
    """Return the picture as unsigned integers, with its data bar."""
    rows = optics.databar_rows
    if rows:
        detector = "BSD" if optics.contrast == "bse" else "SE2"
        picture = picture.copy()
        picture[-rows:] = draw_databar((rows, picture.shape[1]), pixel_um=spacing_um[1], detector=detector)
    if optics.bits == 8:
        return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    return np.clip(np.rint(picture * 257), 0, 65535).astype(np.uint16)
