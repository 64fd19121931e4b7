"""Objects inside the layers of a scene: bulk voids, dead sodium, filaments, pores and cracks, none touching another."""

from __future__ import annotations

import math

import numpy as np

from sodalite.classes import SectionClass
from sodalite.phantoms import shapes
from sodalite.phantoms.scene import Body, Geometry, Scene, draw_faces, spread, stream


def draw_geometry(scene: Scene, *, width_um: float, height_um: float, nodes: int, seed: int) -> Geometry:
    """Return faces at `nodes` places and the objects of `scene` in a field of `width_um` x `height_um`.

    The draw depends on the seed and the field only; `nodes` just samples it.

    Raises
    ------
    ValueError
        When the objects asked for do not fit.
    """
    geometry = draw_faces(scene, width_um=width_um, nodes=nodes, seed=seed)
    _add_voids(geometry, scene, width_um, seed)
    if "electrolyte" in scene.layers:
        _add_electrolyte_objects(geometry, scene, (width_um, height_um), seed)
    return geometry


def _add_voids(geometry: Geometry, scene: Scene, width_um: float, seed: int) -> None:
    """Put bulk voids into the sodium until their area reaches the fraction aimed at."""
    rng = stream(seed, "voids")
    upper = geometry.faces["sodium"] + geometry.opening_um["collector"]
    lower = geometry.faces["electrolyte"] - geometry.opening_um["electrolyte"]
    wanted = scene.void_fraction * float(
        np.trapezoid(geometry.faces["electrolyte"] - geometry.faces["sodium"], geometry.x_um)
    )
    taken: list[tuple[float, float, float]] = []
    area = 0.0
    for _ in range(15000):
        if area >= wanted:
            return
        diameter = scene.void_diameter_um * math.exp(scene.void_spread * rng.normal())
        shape = shapes.ellipse(diameter, aspect_ratio=rng.uniform(1, scene.void_aspect_ratio))
        x, part, angle = rng.uniform(0, width_um), rng.uniform(0, 1), rng.uniform(0, 180)
        top, bottom = np.interp(x, geometry.x_um, upper), np.interp(x, geometry.x_um, lower)
        centre = (x, float(top + part * (bottom - top)), shape.radius)
        free = _is_free(centre, taken, scene.clearance_um, (width_um, math.inf))
        if free and top < bottom and _far_from_faces(centre, geometry.x_um, (upper, lower), scene.clearance_um):
            taken.append(centre)
            polygon = shape.placed(centre[0], centre[1], angle_deg=angle)
            geometry.bodies.append(Body("bulk void", SectionClass.VOID, SectionClass.SODIUM, polygon))
            area += shape.area
    raise ValueError(
        f"void_fraction={scene.void_fraction}: so many voids of {scene.void_diameter_um} um do not fit; ask for less."
    )


def _is_free(
    circle: tuple[float, float, float],
    taken: list[tuple[float, float, float]],
    clearance: float,
    field_um: tuple[float, float],
) -> bool:
    """Return whether a circle keeps clear of the frame and of those already there."""
    x, z, radius = circle
    reach = radius + clearance
    if x < reach or x > field_um[0] - reach or z < reach or z > field_um[1] - reach:
        return False
    return all(math.hypot(x - a, z - b) >= reach + c for a, b, c in taken)


def _far_from_faces(
    circle: tuple[float, float, float], x_um: np.ndarray, faces: tuple[np.ndarray, ...], clearance: float
) -> bool:
    x, z, radius = circle
    return all(float(np.hypot(x_um - x, face - z).min()) >= radius + clearance for face in faces)


def _add_electrolyte_objects(geometry: Geometry, scene: Scene, field_um: tuple[float, float], seed: int) -> None:
    """Put cracks, active filaments, dead sodium and pores into the electrolyte, the largest first."""
    taken: list[tuple[float, float, float]] = []
    _add_rooted(geometry, scene, field_um[0], taken, seed)
    rng = stream(seed, "dead sodium")
    for kind, count in (("filamentary", scene.filaments), ("irregular", scene.blobs), ("spherical", scene.spheres)):
        for _ in range(count):
            shape = draw_dead_sodium(kind, scene.dead_um, rng)
            _place(geometry, shape, kind, SectionClass.DEAD_SODIUM, (taken, scene.clearance_um, field_um), rng)
    rng = stream(seed, "pores")
    for _ in range(scene.pores):
        shape = shapes.ellipse(scene.pore_um * math.exp(0.3 * rng.normal()), aspect_ratio=rng.uniform(1, 1.6))
        _place(geometry, shape, "pore", SectionClass.PORE, (taken, scene.clearance_um, field_um), rng)


def draw_dead_sodium(kind: str, dead_um: float, rng: np.random.Generator) -> shapes.Shape:
    """Return a dead-sodium shape of the class `kind` with about the area of a disc of `dead_um`, centred on 0.

    The classes are meant by the usual limits: spherical has a circularity of 0.80 or more and an aspect ratio of 1.5 or
    less; filamentary an aspect ratio of 3 or more, or a solidity below 0.80 and branches; the rest is irregular.
    """
    size = dead_um * math.exp(0.2 * rng.normal())
    if kind == "spherical":
        return shapes.ellipse(size, aspect_ratio=rng.uniform(1, 1.25))
    if kind == "irregular":
        harmonics = np.array([0.10, 0.06, 0.04]) * rng.uniform(0.7, 1.0, 3)
        return shapes.blob(
            size, aspect_ratio=rng.uniform(1.9, 2.3), harmonics=harmonics, phases=rng.uniform(0, 6.28, 3)
        )
    if rng.random() < 0.5:
        return shapes.filament(3.1 * size, 0.27 * size, bend_deg=rng.uniform(10, 80))
    bend_deg, twig_deg, uneven = rng.uniform(5, 40), rng.uniform(48, 75), rng.uniform(-1, 1)
    return shapes.branched_tree(3.2 * size, 0.26 * size, depth=1, bend_deg=bend_deg, twig_deg=twig_deg, uneven=uneven)


def _place(
    geometry: Geometry,
    shape: shapes.Shape,
    kind: str,
    section_class: SectionClass,
    room: tuple[list[tuple[float, float, float]], float, tuple[float, float]],
    rng: np.random.Generator,
) -> None:
    """Put one shape at a random free place of the electrolyte."""
    taken, clearance, field_um = room
    face = geometry.faces["electrolyte"]
    for _ in range(4000):
        x, angle = rng.uniform(0, field_um[0]), rng.uniform(0, 360)
        z = rng.uniform(np.interp(x, geometry.x_um, face), field_um[1])
        circle = (x, float(z), shape.radius)
        if _is_free(circle, taken, clearance, field_um) and _far_from_faces(circle, geometry.x_um, (face,), clearance):
            taken.append(circle)
            geometry.bodies.append(
                Body(kind, section_class, SectionClass.ELECTROLYTE, shape.placed(x, z, angle_deg=angle))
            )
            return
    raise ValueError(f"no room for another {kind} object in the electrolyte; ask for fewer or a larger field.")


def _add_rooted(
    geometry: Geometry, scene: Scene, width_um: float, taken: list[tuple[float, float, float]], seed: int
) -> None:
    """Add active filaments, rooted in the sodium, and cracks that begin just below the face."""
    rng = stream(seed, "rooted")
    kinds = ["active filament"] * scene.active_filaments + ["crack"] * scene.cracks
    if not kinds:
        return
    places = rng.permutation(spread(len(kinds), 2 * scene.dead_um, width_um, rng)) + scene.dead_um
    for kind, x in zip(kinds, places, strict=True):
        length = rng.uniform(2.2, 3.4) * scene.dead_um
        width = scene.dead_um * (0.22 if kind == "active filament" else 0.1)
        z = float(np.interp(x, geometry.x_um, geometry.faces["electrolyte"]))
        start = z - 0.3 * length if kind == "active filament" else z + scene.clearance_um
        shape = shapes.filament(length, width, bend_deg=rng.uniform(10, 40))
        polygon = shape.placed(0, 0, angle_deg=90 + rng.uniform(-20, 20))
        polygon = polygon + np.array([x, start - polygon[:, 1].min()])
        filled = SectionClass.SODIUM if kind == "active filament" else SectionClass.CRACK
        geometry.bodies.append(Body(kind, filled, SectionClass.ELECTROLYTE, polygon))
        taken.append((float(polygon[:, 0].mean()), float(polygon[:, 1].mean()), length / 2 + width))
