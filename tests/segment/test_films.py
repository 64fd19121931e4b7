"""Thin films that are none: the blur of an edge, and what a smooth path leaves at the foot of a flank."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.segment.films import close_films

LOWER = np.full(120, 60)


def micrograph(noise: float, film: float, width: slice = slice(40, 80)) -> tuple[np.ndarray, np.ndarray]:
    """Return an image, bright above grey sodium above dark, and its upper face; `width` columns hold 9 rows of film."""
    upper = np.full(120, 30)
    upper[width] = 51
    y = np.arange(100)[:, None]
    data = np.where(y < upper, 200.0, np.where(y < LOWER, 120.0, 40.0))
    data[51:60, width] = film
    return data + np.random.default_rng(0).normal(0, noise, data.shape), upper


@pytest.mark.parametrize("noise", [0.0, 20.0])
def test_a_film_as_grey_as_what_lies_above_is_closed(noise: float) -> None:
    """No sodium is left where the film shows the collector's grey; one with sodium's grey stays."""
    data, upper = micrograph(noise, film=200.0)
    assert np.array_equal(close_films(data, upper, LOWER, least_px=6), np.where(upper == 51, 60, 30))
    data, upper = micrograph(noise, film=120.0)
    assert np.array_equal(close_films(data, upper, LOWER, least_px=6), upper)


def test_greys_may_be_inverted_or_scaled() -> None:
    """Which side is bright does not matter."""
    data, upper = micrograph(5.0, film=200.0)
    closed = close_films(data, upper, LOWER, least_px=6)
    assert np.array_equal(close_films(1000 - 3 * data, upper, LOWER, least_px=6), closed)


def test_what_is_thinner_than_can_be_seen_is_closed_whatever_its_grey() -> None:
    """Five rows of sodium grey between bright and dark may be blur; just as thick as the limit it stays."""
    data, upper = micrograph(0.0, film=120.0)
    assert np.array_equal(close_films(data, upper, LOWER, least_px=10), np.where(upper == 51, 60, 30))
    assert np.array_equal(close_films(data, upper, LOWER, least_px=9), upper)


def test_without_a_thick_part_nothing_is_known_of_greys() -> None:
    """A layer that is thin everywhere is left as it is traced."""
    data, upper = micrograph(0.0, film=200.0, width=slice(0, 120))
    assert np.array_equal(close_films(data, upper, LOWER, least_px=6), upper)
