"""The scene behind a phantom section: faces and objects in true um, drawn at random from a seed.

Nothing here knows of pixels, so that the same scene can be imaged at any pixel size and tilt. x runs along the
interface from the left edge of the field, z downwards from its top.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from sodalite.classes import LAYER_NAMES, SectionClass

_FLANK = 0.6
"""Width of the round flank beside bare places, in thicknesses of the sodium layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a cross-section shows, in true um.

    Attributes
    ----------
    layers
        Layers present, from the top, out of cap, collector, interlayer, sodium, electrolyte; the last fills the rest.
    vacuum_um, cap_um, collector_um, interlayer_um, sodium_um
        Mean thickness of what lies above the first layer and of each layer; an absent layer counts as zero. Without
        vacuum the first layer reaches up to the edge of the field.
    collector_rq_um, electrolyte_rq_um, correlation_um
        Root mean square height of the two sodium faces about their lines (the exact one stands in the truth), and the
        correlation length of the Gaussian autocorrelation ``exp(-(x / correlation_um)**2)``.
    sine_um
        Amplitude and wavelength of a sine on both faces in antiphase, in place of random roughness, when given.
    slope_deg
        Slope of all faces.
    missing_runs, missing_um
        Places without sodium, and the width of each.
    void_fraction, void_diameter_um, void_spread, void_aspect_ratio
        Bulk voids: area fraction aimed at, median diameter of equal area, sd of its logarithm, largest aspect ratio.
    electrolyte_lenses, collector_lenses, lens_width_um, lens_height_um
        Lens-shaped voids on each face, their mean width and mean height.
    gap_um, gap_runs, gap_share
        Flat gaps on the electrolyte face: opening, number, share of the length.
    spheres, filaments, blobs, dead_um
        Dead-sodium objects of each shape class inside the electrolyte, and the diameter of a disc of their mean area.
    active_filaments
        Filaments that grow from the sodium layer into the electrolyte: sodium, not dead.
    pores, pore_um, cracks
        Pores of the electrolyte, their median diameter, and cracks that run down from near the face.
    clearance_um
        Least distance between objects, and of objects from faces and frame.
    """

    layers: tuple[str, ...] = ("collector", "sodium", "electrolyte")
    vacuum_um: float = 0.0
    cap_um: float = 2.5
    collector_um: float = 5.0
    interlayer_um: float = 0.6
    sodium_um: float = 8.0
    collector_rq_um: float = 0.0
    electrolyte_rq_um: float = 0.0
    correlation_um: float = 1.5
    sine_um: tuple[float, float] | None = None
    slope_deg: float = 0.0
    missing_runs: int = 0
    missing_um: float = 3.0
    void_fraction: float = 0.0
    void_diameter_um: float = 0.9
    void_spread: float = 0.25
    void_aspect_ratio: float = 1.0
    electrolyte_lenses: int = 0
    collector_lenses: int = 0
    lens_width_um: float = 2.0
    lens_height_um: float = 0.5
    gap_um: float = 0.0
    gap_runs: int = 1
    gap_share: float = 0.6
    spheres: int = 0
    filaments: int = 0
    blobs: int = 0
    dead_um: float = 1.1
    active_filaments: int = 0
    pores: int = 0
    pore_um: float = 0.35
    cracks: int = 0
    clearance_um: float = 0.3

    def __post_init__(self) -> None:
        order = [LAYER_NAMES.index(name) for name in self.layers if name in LAYER_NAMES]
        if len(order) != len(self.layers) or order != sorted(set(order)) or not order:
            raise ValueError(f"layers={self.layers}: name layers out of {', '.join(LAYER_NAMES)}, in this order.")
        if self.gap_um > 0 and self.electrolyte_lenses:
            raise ValueError(
                "gap_um and electrolyte_lenses: both lie on the electrolyte face and would overlap; ask for one."
            )
        if "sodium" not in self.layers and self.collector_lenses:
            raise ValueError(
                "collector_lenses: without sodium there is one face only; ask for electrolyte_lenses or a gap."
            )
        if not abs(self.slope_deg) <= 10:
            raise ValueError(f"slope_deg={self.slope_deg}: phantoms slope by at most 10 deg; turn the image for more.")

    def thickness_um(self, layer: str) -> float:
        """Return the mean thickness of a layer, 0 where the scene has none."""
        return float(getattr(self, f"{layer}_um")) if layer in self.layers and layer != "electrolyte" else 0.0


@dataclass(frozen=True, slots=True)
class Body:
    """An object of the scene.

    Attributes
    ----------
    kind
        bulk void, lens, gap, spherical, filamentary, irregular, active filament, pore or crack.
    section_class
        What its pixels are.
    host
        What its pixels would be without it.
    polygon
        ``(n, 2)`` corners ``(x, z)``, um.
    face, x_range_um, opening_um
        For lenses and gaps: the face they lie on, their ends along x, and their largest vertical opening.
    """

    kind: str
    section_class: SectionClass
    host: SectionClass
    polygon: np.ndarray
    face: str = ""
    x_range_um: tuple[float, float] = (math.nan, math.nan)
    opening_um: float = 0.0


@dataclass(frozen=True, slots=True)
class Geometry:
    """Faces and objects of one draw of a scene.

    Attributes
    ----------
    x_um
        ``(n,)`` places along the interface at which the faces are given; between them faces are straight.
    faces
        Layer name -> ``(n,)`` depth of its upper face; "sodium" and "electrolyte" are always there.
    opening_um
        "electrolyte" and "collector" -> ``(n,)`` vertical opening of the lenses and gaps on that face.
    bare_um
        Ends along x of the places without sodium.
    bodies
        Objects; they do not touch each other.
    """

    x_um: np.ndarray
    faces: dict[str, np.ndarray]
    opening_um: dict[str, np.ndarray]
    bare_um: list[tuple[float, float]]
    bodies: list[Body] = field(default_factory=list)


def draw_faces(scene: Scene, *, width_um: float, nodes: int, seed: int) -> Geometry:
    """Return the faces of `scene` at `nodes` places over `width_um`, with the lenses and gaps on them.

    The draw depends on the seed and the field only; `nodes` just samples it.
    """
    x = np.linspace(0, width_um, nodes)
    bare = _bare_runs(scene, width_um, seed)
    faces = _faces(scene, x, width_um, bare, seed)
    runs = _interface_runs(scene, width_um, seed)
    opening = {
        side: sum((run.height(x) for run in runs if run.face == side), np.zeros(nodes))
        for side in ("electrolyte", "collector")
    }
    if "sodium" not in scene.layers:
        lift = opening["electrolyte"] + opening["collector"]
        faces = {name: z if name == "electrolyte" else z - lift for name, z in faces.items()}
    geometry = Geometry(x, faces, opening, bare)
    geometry.bodies.extend(_run_body(run, geometry) for run in runs)
    return geometry


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Return random numbers of their own for each purpose, so that one ingredient does not shift the others."""
    return np.random.default_rng([seed, *purpose.encode()])


def _faces(
    scene: Scene, x: np.ndarray, width_um: float, bare: list[tuple[float, float]], seed: int
) -> dict[str, np.ndarray]:
    """Return the depth of every layer's upper face at `x`."""
    line = (x - width_um / 2) * math.tan(math.radians(scene.slope_deg))
    depth = scene.vacuum_um
    flat: dict[str, float] = {}
    for layer in LAYER_NAMES:
        flat[layer] = depth
        depth += scene.thickness_um(layer)
    upper = _relief(scene, x, width_um, scene.collector_rq_um, seed, "collector face")
    lower = _relief(scene, x, width_um, scene.electrolyte_rq_um, seed, "electrolyte face")
    if scene.sine_um is not None:
        lower = -upper
    electrolyte = flat["electrolyte"] + lower + line
    sodium = flat["sodium"] + upper + line
    if "sodium" not in scene.layers:
        sodium = electrolyte
    kept = _sodium_share(scene, x, bare)
    sodium = electrolyte - np.maximum(electrolyte - sodium, 0) * kept
    faces = {"sodium": sodium, "electrolyte": electrolyte}
    for layer in ("cap", "collector", "interlayer"):
        own = _relief(scene, x, width_um, 0.5 * scene.collector_rq_um, seed, f"{layer} face")
        faces[layer] = np.minimum(
            sodium - (flat["sodium"] - flat[layer]) + (own if layer != "interlayer" else 0), sodium
        )
    return {layer: faces[layer] for layer in LAYER_NAMES}


def _relief(scene: Scene, x: np.ndarray, width_um: float, rq_um: float, seed: int, purpose: str) -> np.ndarray:
    """Return heights ``(x,)`` about a straight line: a sine, or Gaussian-correlated with exactly `rq_um`."""
    if scene.sine_um is not None:
        amplitude, wavelength = scene.sine_um
        return amplitude * np.sin(2 * np.pi * x / wavelength) if "face" in purpose and rq_um == 0 else np.zeros_like(x)
    if rq_um == 0:
        return np.zeros_like(x)
    rng = stream(seed, purpose)
    # A period of 1.37 fields keeps the two ends of the picture independent.
    period = 1.37 * width_um
    modes = np.arange(1, max(8, math.ceil(period / scene.correlation_um * 1.6)))
    size = np.exp(-((np.pi * modes * scene.correlation_um / period) ** 2) / 2) * rng.normal(size=len(modes))
    phase = rng.uniform(0, 2 * np.pi, len(modes))

    def heights(at: np.ndarray) -> np.ndarray:
        return size @ np.cos(2 * np.pi * modes[:, None] * at / period + phase[:, None])

    fine = np.linspace(0, width_um, 8 * len(modes) + 1)
    fitted = np.polynomial.Polynomial.fit(fine, heights(fine), 1)
    return (heights(x) - fitted(x)) * rq_um / float(np.std(heights(fine) - fitted(fine)))


def _bare_runs(scene: Scene, width_um: float, seed: int) -> list[tuple[float, float]]:
    """Return the ends along x of the places without sodium."""
    if not scene.missing_runs:
        return []
    flank = _FLANK * scene.sodium_um
    left = spread(scene.missing_runs, scene.missing_um + 2 * flank, width_um, stream(seed, "missing")) + flank
    return [(float(start), float(start + scene.missing_um)) for start in left]


def _sodium_share(scene: Scene, x: np.ndarray, bare: list[tuple[float, float]]) -> np.ndarray:
    """Return 1 where there is sodium, 0 in the bare runs, with round flanks between."""
    share = np.ones_like(x)
    for left, right in bare:
        beyond = np.maximum(left - x, x - right) / (_FLANK * scene.sodium_um)
        share = np.minimum(share, np.sqrt(np.clip(beyond * (2 - np.minimum(beyond, 1)), 0, 1)))
    return share


def spread(count: int, width: float, field_um: float, rng: np.random.Generator) -> np.ndarray:
    """Return the left ends of `count` runs of `width`, at random without overlap, inside the field."""
    free = field_um - count * width
    if free <= 0:
        raise ValueError(
            f"{count} runs of {width:.3g} um do not fit into {field_um:.3g} um; ask for fewer or narrower ones."
        )
    # Half of the free length is dealt out equally, so that neighbouring runs never merge; the rest is random.
    least = 0.5 * free / (count + 1)
    places = np.sort(rng.uniform(0, free - least * (count + 1), count))
    return places + np.arange(count) * (width + least) + least


@dataclass(frozen=True, slots=True)
class _Run:
    """A lens (power 2: half an ellipse) or a gap (power 10: flat with round ends) on one face."""

    kind: str
    face: str
    left: float
    width: float
    opening: float
    power: float

    def height(self, x: np.ndarray) -> np.ndarray:
        place = np.clip(np.abs((x - self.left) / self.width * 2 - 1), 0, 1)
        return self.opening * (1 - place**self.power) ** (1 / self.power)


def _interface_runs(scene: Scene, width_um: float, seed: int) -> list[_Run]:
    runs: list[_Run] = []
    if scene.gap_um > 0:
        width = scene.gap_share * width_um / scene.gap_runs
        places = spread(scene.gap_runs, width, width_um, stream(seed, "gaps"))
        runs.extend(_Run("gap", "electrolyte", left, width, scene.gap_um, 10.0) for left in places)
    for face, count in (("electrolyte", scene.electrolyte_lenses), ("collector", scene.collector_lenses)):
        rng = stream(seed, f"{face} lenses")
        size = rng.uniform(0.6, 1.4, count)
        for left, part in zip(
            spread(count, 1.4 * scene.lens_width_um, width_um, rng) if count else (), size, strict=True
        ):
            runs.append(_Run("lens", face, left, part * scene.lens_width_um, part * scene.lens_height_um, 2.0))
    return runs


def _run_body(run: _Run, geometry: Geometry) -> Body:
    """Return the void between a face and the same face moved by the run's height: its area is that of the run."""
    x = run.left + run.width * (1 - np.cos(np.linspace(0, np.pi, 161))) / 2
    sign, name = (-1, "electrolyte") if run.face == "electrolyte" else (1, "sodium")
    x = np.union1d(x, geometry.x_um[(geometry.x_um > run.left) & (geometry.x_um < run.left + run.width)])
    base = np.interp(x, geometry.x_um, geometry.faces[name])
    outline = np.concatenate([np.stack([x, base], axis=1), np.stack([x, base + sign * run.height(x)], axis=1)[-2:0:-1]])
    ends = (run.left, run.left + run.width)
    return Body(run.kind, SectionClass.VOID, SectionClass.SODIUM, outline, run.face, ends, run.opening)
