"""Frames of a deposit that grows into an electrolyte, as a light microscope films it, with the exact front of each.

>>> phantom = make_front(rate_um_min=2.0, seed=1)
>>> phantom.truth["thickness_um"].iloc[0]
0.0

The substrate stays; the deposit on it grows at one mean rate, roughens, and may send out fingers. The lamp
flickers, the camera drifts, spots glare in every frame or glint in single ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from sodalite.image import Acquisition, Image
from sodalite.image_series import ImageSeries, StepImage
from sodalite.phantoms import noise
from sodalite.phantoms.scene import stream
from sodalite.phantoms.shapes import polygon_coverage

if TYPE_CHECKING:
    import pandas as pd

_MIN_PER_H = 60.0
_NODES_PER_PX = 2
_RGB = {
    "substrate": np.array([1.10, 0.95, 0.70]),
    "deposit": np.array([0.85, 0.95, 1.30]),
    "electrolyte": np.array([1.02, 1.00, 0.97]),
}
"""Tint of each part in colour frames; the luminance stays that of the grey frame."""
_LUMINANCE = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How a deposit grows and is filmed.

    Attributes
    ----------
    frames, interval_min
        Number of frames and the time between them.
    rate_um_min
        Growth rate of the mean thickness, fingers left out.
    substrate_um, substrate_rq_um
        Mean depth of the substrate's face in the picture and its roughness.
    roughening
        Rq of the front over its mean thickness.
    correlation_um
        Correlation length of substrate and front.
    fingers, finger_rate, finger_width_um
        Dendrite-like fingers: their number, how fast they grow relative to the deposit, and their width.
    grows_from
        Side of the picture at which the substrate lies.
    greys
        Grey of substrate, deposit and electrolyte.
    texture_grey
        Sd of the substrate's and the deposit's texture.
    noise_grey, psf_px
        Sd of the noise and of the point-spread function.
    flicker
        Largest relative change of brightness from frame to frame.
    drift_px
        Largest drift along each axis.
    glares, glints
        Spots that are bright in every frame, and spots a frame that are bright in this one alone.
    spot_px
        Radius of such a spot.
    """

    frames: int = 16
    interval_min: float = 1.0
    rate_um_min: float = 3.0
    substrate_um: float = 60.0
    substrate_rq_um: float = 1.0
    roughening: float = 0.05
    correlation_um: float = 25.0
    fingers: int = 0
    finger_rate: float = 2.2
    finger_width_um: float = 12.0
    grows_from: Literal["top", "bottom", "left", "right"] = "bottom"
    greys: tuple[float, float, float] = (55.0, 95.0, 175.0)
    texture_grey: float = 8.0
    noise_grey: float = 4.0
    psf_px: float = 1.0
    flicker: float = 0.05
    drift_px: float = 0.0
    glares: int = 0
    glints: int = 0
    spot_px: float = 5.0


@dataclass(frozen=True, slots=True)
class FrontPhantom:
    """The frames of a growth and the truth behind them.

    Attributes
    ----------
    series
        The frames in grey, with the time of each.
    truth
        One row a frame: time_min, thickness_um (mean over the width, fingers included), front_rq_um (about its line),
        largest_protrusion_um (above its line), drift_y_px, drift_x_px.
    front_um
        ``(frame, x)`` thickness of the deposit at the centre of each column along the substrate.
    growth
        What was asked for.
    colours
        ``(frame, y, x, 3)`` uint8 RGB of the same frames.
    """

    series: ImageSeries
    truth: pd.DataFrame
    front_um: np.ndarray
    growth: Growth
    colours: np.ndarray


def make_front(
    shape: tuple[int, int] = (180, 260), spacing_um: float = 1.0, *, seed: int, name: str = "front", **fields: object
) -> FrontPhantom:
    """Return frames of a growing deposit with exact truth.

    Parameters
    ----------
    shape
        Of every frame, growth along its first axis, width along its second; a deposit that grows from the left or right
        is filmed turned, ``shape[::-1]``.
    spacing_um
        Size of the square pixels.
    seed
        Equal seeds give equal frames.
    **fields
        Fields of `Growth` that differ from its defaults.
    """
    growth = Growth(**fields)  # type: ignore[arg-type]
    x_um, base, front = _faces(growth, shape, spacing_um, seed)
    rng = stream(seed, "camera")
    drift = rng.uniform(-1, 1, (growth.frames, 2)) * growth.drift_px
    drift[0] = 0
    lamp = 1 + rng.uniform(-1, 1, growth.frames) * growth.flicker
    painter = _Painter.drawn(growth, shape, seed)
    frames = [
        painter.taken((x_um, base, base + front[step]), spacing_um, step, drift[step], lamp[step])
        for step in range(growth.frames)
    ]
    meta = Acquisition(vendor="phantom", pixel_size_source="phantom", beam="optical")
    steps = tuple(
        StepImage(
            f"{name}#{step}",
            Image(_turned(grey, growth.grows_from), (spacing_um, spacing_um), f"{name}#{step}", meta),
            time_h=step * growth.interval_min / _MIN_PER_H,
        )
        for step, (grey, _) in enumerate(frames)
    )
    colours = np.stack([_turned(colour, growth.grows_from) for _, colour in frames])
    columns = x_um.searchsorted((np.arange(shape[1]) + 0.5) * spacing_um)
    truth = _truth(growth, x_um, base, front, drift)
    return FrontPhantom(ImageSeries(name, steps), truth, front[:, columns], growth, colours)


def _faces(
    growth: Growth, shape: tuple[int, int], spacing_um: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return places along the substrate, its face, and the thickness ``(frame, x)``, all um; depth runs downwards."""
    width_um = shape[1] * spacing_um
    x_um = np.linspace(-0.1 * width_um, 1.1 * width_um, round(1.2 * _NODES_PER_PX * shape[1]) + 1)
    base = growth.substrate_um + growth.substrate_rq_um * _wave(x_um, growth.correlation_um, stream(seed, "substrate"))
    relief = _wave(x_um, growth.correlation_um, stream(seed, "deposit"))
    inside = _inside(x_um)
    relief = relief - np.trapezoid(relief[inside], x_um[inside]) / float(np.ptp(x_um[inside]))
    mean = growth.rate_um_min * growth.interval_min * np.arange(growth.frames)
    front = np.maximum(mean[:, None] * (1 + growth.roughening * relief), 0)
    rng = stream(seed, "fingers")
    for finger in range(growth.fingers):
        place = (finger + rng.uniform(0.3, 0.7)) * width_um / growth.fingers
        reach = mean * (growth.finger_rate * rng.uniform(0.85, 1.15) - 1)
        shape_of = np.clip(1 - (2 * np.abs(x_um - place) / growth.finger_width_um) ** 2, 0, 1) ** 0.5
        front = front + np.maximum(reach, 0)[:, None] * shape_of
    return x_um, base, front


def _inside(x_um: np.ndarray) -> np.ndarray:
    """Return which places lie in the picture, which a tenth of its width surrounds on each side."""
    step = float(x_um[1] - x_um[0])
    return np.asarray((x_um > -step / 2) & (x_um < x_um[-1] + x_um[0] + step / 2))


def _wave(x_um: np.ndarray, correlation_um: float, rng: np.random.Generator) -> np.ndarray:
    """Return a smooth random profile of mean 0 and sd 1."""
    from scipy.ndimage import gaussian_filter1d

    step = float(x_um[1] - x_um[0])
    profile = gaussian_filter1d(rng.normal(size=x_um.size), correlation_um / step / 2, mode="reflect")
    return np.asarray((profile - profile.mean()) / profile.std())


@dataclass(frozen=True, slots=True)
class _Painter:
    """Textures that stay with the specimen and the spots that shine."""

    growth: Growth
    texture: np.ndarray
    glare: np.ndarray
    seed: int
    pad: int

    @classmethod
    def drawn(cls, growth: Growth, shape: tuple[int, int], seed: int) -> _Painter:
        """Return the painter of a seed."""
        pad = int(np.ceil(growth.drift_px)) + 4
        wide = shape[0] + 2 * pad, shape[1] + 2 * pad
        rng = stream(seed, "textures")
        texture = noise.granular(wide, width_px=2.5, rng=rng)
        glare = _spots(shape, growth.glares, growth.spot_px, rng, low=0.4)
        return cls(growth, texture, glare, seed, pad)

    def taken(
        self,
        faces: tuple[np.ndarray, np.ndarray, np.ndarray],
        spacing_um: float,
        step: int,
        drift_px: np.ndarray,
        lamp: float,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return a frame in grey ``(y, x)`` and in colour ``(y, x, 3)``, uint8."""
        from scipy.ndimage import shift

        growth, shape = self.growth, self.glare.shape
        x_um, base, front = faces
        substrate, both = (_share_above(x_um, face, spacing_um, drift_px, shape) for face in (base, front))
        shares = {"substrate": substrate, "deposit": np.maximum(both - substrate, 0), "electrolyte": 1 - both}
        texture = shift(self.texture, drift_px, order=3, mode="nearest")[self.pad : -self.pad, self.pad : -self.pad]
        rng = np.random.default_rng([self.seed, step, *b"frame"])
        glint = _spots(shape, growth.glints, growth.spot_px, rng, low=0.0)
        picture = np.zeros((*shape, 3))
        for (part, share), level in zip(shares.items(), growth.greys, strict=True):
            tint = _RGB[part] / float(_RGB[part] @ _LUMINANCE)
            grey = level + (growth.texture_grey * texture if part != "electrolyte" else 0.0)
            picture += (share * grey)[..., None] * tint
        blurred = np.stack([noise.blurred(picture[..., band], growth.psf_px) for band in range(3)], axis=-1)
        lit = blurred * lamp + (255 * np.maximum(self.glare, glint))[..., None]
        grain = rng.normal(0, growth.noise_grey, shape)
        grey = lit @ _LUMINANCE + grain
        return _digital(grey), _digital(lit + grain[..., None])


def _digital(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _spots(shape: tuple[int, int], count: int, radius_px: float, rng: np.random.Generator, *, low: float) -> np.ndarray:
    """Return bright spots ``(y, x)`` between 0 and 1 with soft edges, below `low` of the height."""
    y, x = np.meshgrid(np.arange(shape[0]) + 0.5, np.arange(shape[1]) + 0.5, indexing="ij")
    spots = np.zeros(shape)
    for _ in range(count):
        row, column = rng.uniform(low, 1) * shape[0], rng.uniform(0, shape[1])
        spots = np.maximum(spots, 1 / (1 + np.exp(1.5 * (np.hypot(y - row, x - column) - radius_px))))
    return spots


def _share_above(
    x_um: np.ndarray, face_um: np.ndarray, spacing_um: float, drift_px: np.ndarray, shape: tuple[int, ...]
) -> np.ndarray:
    outline = np.stack([x_um, face_um], axis=1)
    ends = np.array([[x_um[-1], -1000.0], [x_um[0], -1000.0]])
    polygon = np.concatenate([outline, ends]) / spacing_um + drift_px[::-1]
    return polygon_coverage(polygon, (shape[0], shape[1]))


def _turned(picture: np.ndarray, grows_from: str) -> np.ndarray:
    """Return a picture drawn with its substrate at the top as the camera sees it."""
    if grows_from in ("left", "right"):
        picture = np.swapaxes(picture, 0, 1)
    if grows_from == "bottom":
        picture = picture[::-1]
    if grows_from == "right":
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture)


def _truth(growth: Growth, x_um: np.ndarray, base: np.ndarray, front: np.ndarray, drift_px: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    inside = _inside(x_um)
    x = x_um[inside]
    rows = []
    for step, thickness in enumerate(front[:, inside]):
        face = base[inside] + thickness
        height = face - np.polynomial.Polynomial.fit(x, face, 1)(x)
        rows.append({
            "time_min": step * growth.interval_min,
            "thickness_um": float(np.trapezoid(thickness, x) / (x[-1] - x[0])),
            "front_rq_um": float(np.sqrt(np.mean(height**2))),
            "largest_protrusion_um": float(height.max()),
            "drift_y_px": drift_px[step, 0],
            "drift_x_px": drift_px[step, 1],
        })  # fmt: skip
    return pd.DataFrame(rows)
