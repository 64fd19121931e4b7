"""Evidence of voids: how far a pixel is darker than the sodium, what a face explains, where relief shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numba
import numpy as np

from sodalite.segment.evidence import layer_background, main_grey
from sodalite.segment.ranks import median, quantiles
from sodalite.segment.scan_bands import find_scan_bands

if TYPE_CHECKING:
    from collections.abc import Callable

_SMOOTHING_PX = 1.0
_SODIUM_SD = 3.0
_BACKGROUND_PX = 48.0
_RELIEF_SD = 3.5
_GUARD_PX = 15
"""Rows beside a face where blur, interlayers and an error of the trace are as dark as a shallow void."""

_BLUR_PX = 6
"""Rows beside a face that its own edge makes steep."""

_ALONG_PX = 3.0
_BEYOND_PX = (4, 24)
_LEAST_FILM_PX, _LEAST_FILM_ROWS = 200, 5
"""Pixels of a film that tell its grey, and rows below which a grey like it is but passed on the way out of a void."""

_DARKER_SOLID_SHARE, _DARKEST_SHARE, _BRIGHTER_SOLID_SHARE = 0.6, 0.25, 0.1
"""How dark a grain of sodium may be: share of the step to a darker solid beyond a face (in 17 real sections the voids'
darkest fiftieth lies 1.6 to 2.9 such steps below the metal), of the depth of the darkest pixels in sight, and of the
step to a brighter solid (sodium backscatters a quarter of what gold does, and a void next to nothing)."""

_SAMPLE_PX = 120_000
"""Pixels that the greys of a layer are learnt from at least, where it has them: the medians settle to 0.5 %."""

_NOISE_LAG_PX = 4
_LARGEST_STEP_PX = 3
_FAR = np.float32(1e6)


class Strip(NamedTuple):
    """The pixels beside one face, in rows parallel to it, every plane ``(row, column with a known face)``.

    Attributes
    ----------
    place
        Flat index of each pixel in the image.
    beyond_px, depth_px
        float32, rows from the face into the layer, negative on its far side, very large outside the image; the second
        is very large outside the layer too.
    """

    place: np.ndarray
    beyond_px: np.ndarray
    depth_px: np.ndarray


class Evidence(NamedTuple):
    """What decides about a void; every plane ``(y, x)``.

    Attributes
    ----------
    layer
        bool, the sodium layer.
    sample
        Rows and columns of the grid of pixels that stand for all when a grey is learnt.
    contrast
        float32, grey relative to the sodium around, in standard deviations of the sodium's grey; voids are negative.
    rough
        bool, pixels whose vertical gradient exceeds 3.5 standard deviations of the sodium's; curtains, which are
        vertical, hardly count.
    faces
        uint8, 1 within the guard rows of the upper face, 2 of the lower one, 3 of both, 0 elsewhere and off the layer.
    beyond
        Contrast of what lies beyond the upper and the lower face.
    steep
        bool, pixels of the layer within the face's own blurred edge.
    noise
        Standard deviation that the sodium's grey has within a grain, at most 1: grains that channel add to the rest.
    grain
        Contrast down to which a grain of sodium may be, for it channels the beam: a void's core is darker.
    strips
        The pixels beside each face.
    banded
        Whether a dark band along the scan lines is taken for a void, though it may be charging.
    """

    layer: np.ndarray
    sample: tuple[slice, slice]
    contrast: np.ndarray
    rough: np.ndarray
    faces: np.ndarray
    beyond: tuple[float, float]
    steep: np.ndarray
    noise: float
    grain: float
    strips: tuple[Strip, ...]
    banded: bool

    @property
    def near(self) -> np.ndarray:
        """Pixels of the layer within the guard rows of a face: bool."""
        return self.faces > 0

    def darkest(self, place: np.ndarray) -> np.ndarray:
        """Return the darkest that blur or a film between the sodium and what is beyond a face can show, float32.

        `place` are flat indices; 0 away from faces.
        """
        return self._extreme(min).take(self.faces.take(place))

    def brightest(self, place: np.ndarray) -> np.ndarray:
        """Return the brightest of it, float32."""
        return self._extreme(max).take(self.faces.take(place))

    def _extreme(self, choose: Callable[..., float]) -> np.ndarray:
        upper, lower = self.beyond
        return np.array((0.0, choose(0.0, upper), choose(0.0, lower), choose(0.0, upper, lower)), np.float32)


def void_evidence(data: np.ndarray, layer: np.ndarray, faces: tuple[np.ndarray, np.ndarray]) -> Evidence:
    """Return the evidence of voids in a layer.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels.
    layer
        ``(y, x)`` bool, not empty.
    faces
        Upper and lower edge rows ``(x,)``; NaN where a face is not in the image.
    """
    sample = _sample(layer)
    grey = _smoothed_within(data, layer)
    contrast, scatter = _contrast(grey, layer, sample)
    bands = find_scan_bands(contrast, layer)
    if bands.offset is not None:
        contrast -= bands.offset
        grey -= bands.offset * np.float32(scatter)
    strips = tuple(_strip(face, sign, layer) for face, sign in zip(faces, (1, -1), strict=True))
    rough = _rough(grey, contrast[sample], layer[sample], sample)
    noise = min(_noise(grey, layer, sample) / scatter, 1.0)
    del grey
    near, steep = np.zeros(layer.shape, np.uint8), np.zeros(layer.shape, bool)
    for face, strip in enumerate(strips):
        beside = strip.place[strip.depth_px < _GUARD_PX]
        near.put(beside, near.take(beside) | np.uint8(1 << face))
        steep.put(strip.place[strip.depth_px < _BLUR_PX], True)
    upper, lower = (_level_beyond(contrast, strip) for strip in strips)
    grain = _darkest_grain((upper, lower), quantiles(contrast[sample], (0.001,))[0])
    return Evidence(layer, sample, contrast, rough, near, (upper, lower), steep, noise, grain, strips, bands.doubtful)


def _noise(grey: np.ndarray, layer: np.ndarray, sample: tuple[slice, slice]) -> float:
    """Return the standard deviation of the layer's grey over a few pixels down a column, which no curtain changes."""
    below, above = layer[_NOISE_LAG_PX:][sample], layer[:-_NOISE_LAG_PX][sample]
    change = (grey[_NOISE_LAG_PX:][sample] - grey[:-_NOISE_LAG_PX][sample])[below & above]
    return 1.4826 / math.sqrt(2) * median(np.abs(change)) if change.size else math.inf


def _level_beyond(contrast: np.ndarray, strip: Strip) -> float:
    """Return the median contrast beyond a face; 0 where nothing of it is in the image."""
    beyond = (strip.beyond_px < -_BEYOND_PX[0]) & (strip.beyond_px > -_BEYOND_PX[1])
    return median(contrast.take(strip.place[beyond])) if beyond.any() else 0.0


def _darkest_grain(levels: tuple[float, float], darkest: float) -> float:
    """Return the contrast of the darkest grain that sodium may have beside solids of these levels."""
    solids = [_DARKER_SOLID_SHARE * level if level < 0 else -_BRIGHTER_SOLID_SHARE * level for level in levels]
    return min(*solids, _DARKEST_SHARE * darkest)


def film(evidence: Evidence, *, least_sd: float) -> np.ndarray:
    """Return dark pixels near a face that are as grey as a smooth film there, such as an interlayer: ``(y, x)`` bool.

    Dark is what is more than `least_sd` darker than sodium. The film's grey is the most frequent one of the smooth
    pixels that lie between sodium and what is beyond the face; a film is of it over several rows.
    """
    found = np.zeros(evidence.layer.shape, bool)
    place = np.flatnonzero(evidence.near & (evidence.contrast < -least_sd))
    contrast, darkest = evidence.contrast.take(place), evidence.darkest(place)
    between = darkest < 0
    clearly = np.flatnonzero(between & (contrast < -1.5 * least_sd))
    if clearly.size < _LEAST_FILM_PX:
        return found
    smooth = clearly[_spread_along(evidence.contrast, place[clearly]) < 1.2]
    if smooth.size < _LEAST_FILM_PX:
        return found
    grey, width = main_grey(contrast[smooth])
    alike = between & (contrast >= darkest - least_sd) & (np.abs(contrast - grey) < 2.5 * max(width, 1.0))
    found.put(place[alike], True)
    rows = np.ones((_LEAST_FILM_ROWS, 1), np.uint8)
    return cv2.morphologyEx(found.view(np.uint8), cv2.MORPH_OPEN, rows) > 0


def _spread_along(plane: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return the spread along the rows around pixels, given as flat indices; edges of a thin film do not count."""
    reach = math.ceil(4 * _ALONG_PX)
    weights = cv2.getGaussianKernel(2 * reach + 1, _ALONG_PX, cv2.CV_32F)
    rows, columns = np.divmod(place[:, None], plane.shape[1])
    along = np.clip(columns + np.arange(-reach, reach + 1), 0, plane.shape[1] - 1)
    beside = plane[rows, along]
    mean, square = beside @ weights, (beside * beside) @ weights
    return np.asarray(np.sqrt(np.maximum(square - mean * mean, 0))[:, 0])


def _sample(layer: np.ndarray) -> tuple[slice, slice]:
    """Return the rows and columns of the coarsest grid that leaves enough pixels of the layer to learn from."""
    step = math.isqrt(np.count_nonzero(layer) // _SAMPLE_PX)
    step = min(max(step, 1), _LARGEST_STEP_PX)
    return slice(step // 2, None, step), slice(step // 2, None, step)


def _smoothed_within(data: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """Return smoothed grey above its median; in the layer only its own pixels take part, so that no face bleeds in."""
    grey = np.subtract(data, median(data[::4, ::4]), dtype=np.float32, casting="unsafe")
    smooth = cv2.GaussianBlur(grey, (0, 0), _SMOOTHING_PX)
    reach = math.ceil(4 * _SMOOTHING_PX)
    interior = cv2.erode(layer.view(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    edge = np.flatnonzero(layer.view(np.uint8) > interior)
    weights = cv2.getGaussianKernel(2 * reach + 1, _SMOOTHING_PX, cv2.CV_32F)
    smooth.ravel()[edge] = _mean_within(edge, grey, layer, weights @ weights.T)
    return smooth


@numba.njit(cache=True, nogil=True)
def _mean_within(edge: np.ndarray, grey: np.ndarray, layer: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted mean of the layer's pixels around those of the flat indices `edge`."""
    height, width = layer.shape
    reach = len(weights) // 2
    mean = np.empty(edge.size, np.float32)
    for index in range(edge.size):
        row, column = edge[index] // width, edge[index] % width
        total = share = np.float32(0)
        for y in range(max(row - reach, 0), min(row + reach + 1, height)):
            for x in range(max(column - reach, 0), min(column + reach + 1, width)):
                if layer[y, x]:
                    weight = weights[y - row + reach, x - column + reach]
                    total += weight * grey[y, x]
                    share += weight
        mean[index] = total / share
    return mean


def _contrast(grey: np.ndarray, layer: np.ndarray, sample: tuple[slice, slice]) -> tuple[np.ndarray, float]:
    """Return grey relative to the sodium's own, which is followed over the layer, in its deviations, and one of them.

    The deviation is read off the bright side, where no void is.
    """
    few, member = np.ascontiguousarray(grey[sample]), layer[sample]
    mode, spread = main_grey(few[member])
    sodium = member & (np.abs(few - mode) < 6 * spread)
    background = layer_background(few, sodium, scale_px=_BACKGROUND_PX / sample[0].step)
    values = (few - background)[sodium]
    centre, _ = main_grey(values)
    bright = values[values > centre] - centre
    scatter = 1.4826 * median(bright) if bright.size else 0.0
    bright = bright[bright < 4 * scatter]
    scatter = 1.4826 * median(bright) if bright.size else 0.0
    everywhere = cv2.resize(background + np.float32(centre), grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    np.subtract(grey, everywhere, out=everywhere)
    scatter = max(scatter, 1e-6)
    return np.multiply(everywhere, np.float32(1 / scatter), out=everywhere), scatter


def _rough(grey: np.ndarray, contrast: np.ndarray, member: np.ndarray, sample: tuple[slice, slice]) -> np.ndarray:
    """Return pixels steeper than the sodium, whose gradients are learnt from a sample of contrast and layer."""
    slope = cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    np.abs(slope, out=slope)
    plain = slope[sample][member & (np.abs(contrast) < _SODIUM_SD)]
    typical = 1.4826 * median(plain) if plain.size else 0.0
    return slope > np.float32(_RELIEF_SD * max(typical, 1e-6))


def _strip(face: np.ndarray, sign: int, layer: np.ndarray) -> Strip:
    """Return the pixels beside a face, beyond it first; `sign` is the direction of the rows into the layer."""
    columns = np.flatnonzero(np.isfinite(face))
    edge = face[columns].astype(np.float32)
    steps = np.arange(-_BEYOND_PX[1] - 1, _GUARD_PX + 2)[:, None]
    rows = np.floor(edge).astype(np.intp) + sign * steps
    inside = (rows >= 0) & (rows < len(layer))
    beyond = np.where(inside, sign * (rows + np.float32(0.5) - edge), _FAR).astype(np.float32)
    place = np.clip(rows, 0, len(layer) - 1) * layer.shape[1] + columns
    return Strip(place, beyond, np.where(layer.take(place), beyond, _FAR))
