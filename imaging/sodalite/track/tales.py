"""Tell-tales of one grain in two steps: what overlap, shape, neighbours and the steps beyond say, orientation apart.

A grain is not cut up, covers its core again, keeps its size, form and neighbours, moves with them, and goes on beyond
the two steps: there its size has no waist (the root of the area of a convex grain is concave through parallel sections,
Brunn-Minkowski, and a grain that shrinks goes on shrinking) and its centre moves straight on. All tales are
dimensionless and stay as they are when the steps are read backwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from sodalite.track.contacts import Contacts
    from sodalite.track.overlaps import Pairs, View

TALES = {
    "whole": 1, "core": 1, "core_most": 1, "contained": 1, "iou": 1, "swapped": -1, "ratio": -1, "smaller": 0,
    "larger": 0, "shift": -1, "shape": -1, "form": -1, "slender": 0, "rival": -1, "cut": 0, "swapped_usual": -1,
    "move_usual": -1, "spacing": 0, "core_usual": 0, "kept": 1, "stray": -1, "linked": 1, "ends": 0, "waist": -1,
    "waist_most": -1, "widens": -1, "jump": -1, "jump_most": -1, "waist_jump": 0, "bend": -1, "bend_most": -1,
    "far": 0, "onward": 0, "narrow": 0,
}  # fmt: skip
"""Name of each tale, in order, and its sense: 1 where more speaks for one grain, -1 against, 0 where that depends."""
_LEAST_CORE, _LEAST_SHARE, _LEAST_CONTAINED = 0.005, 0.01, 0.02
"""Shares count from here to 1 less this: one point more or less says nothing."""
_MOST_RATIO = 5.0
_MOST_BEND = 2.0
_SOFT_JUMP = 0.1
"""Jump or move of a centre, over radii, that the outlines' noise alone makes."""
_SOFT_SHIFT, _SOFT_SHAPE, _SOFT_FORM = 0.02, 0.01, 0.005
_SOFT_SWAP, _SOFT_MOVE = 0.15, 0.2
"""Points by which an outline or a centre moves by chance."""
_DIGITS = 9
"""Sums run in the order of the labels, which leaves no trace in this many digits."""


class Beyond(NamedTuple):
    """The step on the far side of one of two steps, and what that one's grains lead on to.

    Attributes
    ----------
    view
        Of the step beyond.
    onward
        ``(labels + 1,)`` the grain there that each grain is taken for, 0 = none.
    sure
        ``(labels + 1,)`` how likely that is right.
    farther
        ``(labels + 1,)`` radius in points one step beyond that, 0 where the grain has ended, NaN where no step is.
    """

    view: View
    onward: np.ndarray
    sure: np.ndarray
    farther: np.ndarray


class Side(NamedTuple):
    """One of two steps that meet.

    Attributes
    ----------
    view, contacts
        Of the step.
    partner
        ``(labels + 1,)`` the grain of the other step that each grain is taken for, 0 = none.
    sure
        ``(labels + 1,)`` how likely that is right.
    cut
        ``(labels + 1,)`` whether the frame of either step cuts the grain.
    beyond
        The step on the far side, None where there is none.
    """

    view: View
    contacts: Contacts
    partner: np.ndarray
    sure: np.ndarray
    cut: np.ndarray
    beyond: Beyond | None


def tales_of(pairs: Pairs, first: Side, second: Side) -> np.ndarray:
    """Return the tales of each pair, ``(m, len(TALES))``."""
    taken = first.partner[pairs.first] == pairs.second
    found = {
        **_overlap(pairs),
        **_shape(pairs, first.view, second.view),
        "cut": first.cut[pairs.first] + second.cut[pairs.second].astype(np.float64),
        **_beside_usual(pairs, first.view, second.view, taken),
        **_neighbours(pairs, first, second),
        **_beyond(pairs, first, second),
    }
    return np.round(np.column_stack([found[name] for name in TALES]), _DIGITS)


def _overlap(pairs: Pairs) -> dict[str, np.ndarray]:
    return {
        "whole": pairs.whole,
        "core": _logit(pairs.core, _LEAST_CORE),
        "core_most": _logit(pairs.core_most, _LEAST_CORE),
        "contained": _logit(pairs.containment, _LEAST_CONTAINED),
        "iou": _logit(pairs.iou, _LEAST_SHARE),
        "rival": pairs.rival,
    }


def _shape(pairs: Pairs, one: View, two: View) -> dict[str, np.ndarray]:
    """Return sizes, and how far apart and how unlike the two are as ellipses (Bhattacharyya's distance in parts)."""
    i, j = pairs.first, pairs.second
    radius = one.radius[i], two.radius[j]
    before, after = one.spread[i], two.spread[j]
    areas = _determinant(before), _determinant(after)
    pooled = 0.5 * (before + after)
    x, y = _move(pairs, one, two)
    shift = (x * x * pooled[:, 1] - 2 * x * y * pooled[:, 2] + y * y * pooled[:, 0]) / _determinant(pooled)
    unlike = 0.5 * np.log(_determinant(pooled) / np.sqrt(areas[0] * areas[1]))
    scaled = 0.5 * (before / np.sqrt(areas[0])[:, None] + after / np.sqrt(areas[1])[:, None])
    slender = [0.5 * (m[:, 0] + m[:, 1]) / np.sqrt(area) for m, area in zip((before, after), areas, strict=True)]
    typical = _typical_radius(one, two)
    return {
        "swapped": np.log(2 * pairs.swapped / (radius[0] + radius[1]) + _SOFT_JUMP),
        "ratio": np.abs(np.log(radius[0] / radius[1])),
        "smaller": np.log(np.minimum(*radius) / typical),
        "larger": np.log(np.maximum(*radius) / typical),
        "shift": np.log(shift + _SOFT_SHIFT),
        "shape": np.log(np.maximum(unlike, 0) + _SOFT_SHAPE),
        "form": np.log(0.5 * np.log(np.maximum(_determinant(scaled), 1)) + _SOFT_FORM),
        "slender": np.maximum(*slender),
    }


def _beside_usual(pairs: Pairs, one: View, two: View, taken: np.ndarray) -> dict[str, np.ndarray]:
    """Return how far outline and centre move beside what is usual of the two steps, and how far apart these are."""
    move = np.hypot(*_move(pairs, one, two))
    core = _logit(pairs.core, _LEAST_CORE)
    swap, usual, cover = (float(np.median(v[taken])) if taken.any() else 0.0 for v in (pairs.swapped, move, core))
    spacing = np.log((swap + _SOFT_SWAP) / _typical_radius(one, two))
    return {
        "swapped_usual": np.log((pairs.swapped + _SOFT_SWAP) / (swap + _SOFT_SWAP)),
        "move_usual": np.log(move / (usual + _SOFT_MOVE) + 3 * _SOFT_JUMP),
        "spacing": np.full(move.size, spacing),
        "core_usual": np.full(move.size, cover),
    }


def _neighbours(pairs: Pairs, first: Side, second: Side) -> dict[str, np.ndarray]:
    """Return the share of neighbours kept, how far a pair strays from their moves, how sure their links are."""
    ends = ((pairs.first, pairs.second, first, second), (pairs.second, pairs.first, second, first))
    moves = [_neighbours_move(*end) for end in ends]
    x, y = _move(pairs, first.view, second.view)
    stray = np.hypot(*(own - 0.5 * (moves[0][k] - moves[1][k]) for k, own in enumerate((x, y))))
    radius = np.minimum(first.view.radius[pairs.first], second.view.radius[pairs.second])
    return {
        "kept": 0.5 * sum(_neighbours_kept(*end) for end in ends),
        "stray": np.log(stray / radius + _SOFT_JUMP),
        "linked": 0.5 * sum((here.contacts.share @ here.sure)[own] for own, _, here, _ in ends),
    }


def _neighbours_kept(own: np.ndarray, other: np.ndarray, here: Side, there: Side) -> np.ndarray:
    """Return the share of each own grain's outline whose neighbours border on the other grain again."""
    from scipy.sparse import csr_array

    linked = np.flatnonzero(here.partner)
    shape = (here.partner.size, there.partner.size)
    renamed = csr_array((np.ones(linked.size), (linked, here.partner[linked])), shape=shape)
    before, after = (here.contacts.share @ renamed)[own], there.contacts.share[other]
    return np.asarray(before.minimum(after).sum(axis=1)).ravel()


def _neighbours_move(own: np.ndarray, other: np.ndarray, here: Side, there: Side) -> tuple[np.ndarray, ...]:
    """Return the mean move along x and y of each own grain's neighbours, but the one taken for the other grain."""
    share, rival = here.contacts.share, there.partner[other]
    part = np.asarray(share[own, rival]).ravel() * (rival > 0)
    linked = here.partner > 0
    weight = (share @ linked.astype(np.float64))[own] - part
    weighed = np.where(weight > 1e-9, weight, np.inf)
    means = []
    for axis in ("x", "y"):
        step = getattr(there.view, axis)[here.partner] - getattr(here.view, axis)
        step = np.where(linked, step, 0.0)
        means.append(((share @ step)[own] - part * step[rival]) / weighed)
    return tuple(means)


def _beyond(pairs: Pairs, first: Side, second: Side) -> dict[str, np.ndarray]:
    """Return what the steps beyond say: sums over both, of which some count the worse side apart."""
    one = _one_side(pairs.first, pairs.second, first, second)
    two = _one_side(pairs.second, pairs.first, second, first)
    found = {name: one[name] + two[name] for name in one}
    for name in ("waist", "jump", "bend"):
        found[f"{name}_most"] = np.maximum(one[name], two[name])
    # a centre that jumps tells least of a grain with a waist, which is hardly one anyway
    found["waist_jump"] = found["waist"] * found["jump"]
    found["narrow"] = np.zeros(pairs.first.size)
    if first.beyond is not None and second.beyond is not None:
        i, j = pairs.first, pairs.second
        onward = first.beyond.onward[i], second.beyond.onward[j]
        seen = (onward[0] > 0) & (onward[1] > 0)
        inner = np.minimum(first.view.radius[i], second.view.radius[j])
        outer = np.minimum(first.beyond.view.radius[onward[0]], second.beyond.view.radius[onward[1]])
        found["narrow"] = np.log(np.divide(inner, outer, out=np.ones(i.size), where=seen))
    return found


def _one_side(own: np.ndarray, other: np.ndarray, here: Side, there: Side) -> dict[str, np.ndarray]:
    """Return of pairs what the own grain does in the step beyond; all 0 where there is no such step.

    It ends; it was wider there than here, as the log of the ratio of radii (`widens` where it was); its centre jumps,
    as the log of the bend of its way over both radii; its radius bends; it goes on growing; its link is sure.
    """
    if here.beyond is None:
        return dict.fromkeys(("ends", "waist", "widens", "jump", "bend", "far", "onward"), np.zeros(own.size))
    onward = here.beyond.onward[own]
    seen = onward > 0
    radius, across = here.view.radius[own], there.view.radius[other]
    wide = np.where(seen, here.beyond.view.radius[onward], 0.0)
    ratio = np.divide(wide, radius, out=np.ones(own.size), where=seen)
    waist = np.log(np.clip(ratio, 1 / _MOST_RATIO, _MOST_RATIO))
    ways = [
        getattr(there.view, axis)[other]
        - 2 * getattr(here.view, axis)[own]
        + np.where(seen, getattr(here.beyond.view, axis)[onward], 0.0)
        for axis in ("x", "y")
    ]
    way = np.where(seen, np.hypot(*ways) / (radius + across), 1.0)
    farther = here.beyond.farther[own]
    growth = np.where(seen & np.isfinite(farther), (farther - wide) / radius, 0.0)
    return {
        "ends": (~seen).astype(np.float64),
        "waist": waist,
        "widens": np.maximum(waist, 0),
        "jump": np.where(seen, np.log(way + _SOFT_JUMP), 0.0),
        "bend": np.clip(2 * (wide - 2 * radius + across) / (radius + across), -_MOST_BEND, _MOST_BEND),
        "far": np.clip(growth, -3, 3),
        "onward": np.where(seen, here.beyond.sure[own], 0.0),
    }


def _move(pairs: Pairs, one: View, two: View) -> tuple[np.ndarray, np.ndarray]:
    """Return how far the centre moves along x and y if the two are one, in points."""
    return two.x[pairs.second] - one.x[pairs.first], two.y[pairs.second] - one.y[pairs.first]


def _typical_radius(one: View, two: View) -> float:
    """Return the radius of the grain that a point of either step lies in, root mean square, in points."""
    squares = [float((view.points[1:] ** 2.0).sum() / view.points[1:].sum()) / np.pi for view in (one, two)]
    return 0.5 * (np.sqrt(squares[0]) + np.sqrt(squares[1]))


def _determinant(moments: np.ndarray) -> np.ndarray:
    return np.asarray(moments[:, 0] * moments[:, 1] - moments[:, 2] ** 2)


def _logit(share: np.ndarray, least: float) -> np.ndarray:
    inside = np.clip(share, least, 1 - least)
    return np.asarray(np.log(inside / (1 - inside)))
