"""The suite spans what it promises."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.phantoms.suite import SUITE, make_named, make_sections


def test_suite_spans_scenes_contrasts_and_noise() -> None:
    """At least 48 phantoms; each scene in two contrasts at SNR 8 and 3; tilts and oblong pixels are there."""
    assert len(SUITE) >= 48
    scenes = {name.rsplit("_", 2)[0] for name in SUITE}
    assert {
        "void_free",
        "bulk_voids",
        "lenses",
        "gaps",
        "dead_sodium",
        "sloped",
        "rough",
        "curtained",
        "thin",
    } <= scenes
    assert {"missing", "tilt52", "tilt54", "anisotropic", "realistic"} <= scenes
    for name in ("void_free", "lenses", "realistic"):
        assert {f"{name}_{c}_snr{s}" for c in ("se", "bse") for s in (8, 3)} <= set(SUITE)


def test_oblong_and_tilted_phantoms_show_the_same_scene() -> None:
    """The same scene at 1 : 1.27 and at 52 and 54 deg has the truth of the square one within 0.5 %."""
    square = make_named("bulk_voids_se_snr8").truth
    for name in ("anisotropic_se_snr8", "tilt52_se_snr8", "tilt54_se_snr8"):
        other = make_named(name).truth
        for quantity in ("thickness_gross_mean", "thickness_net_mean", "void_fraction", "roughness_rq_electrolyte"):
            assert other[quantity] == pytest.approx(square[quantity], rel=0.005), (name, quantity)


def test_new_draws_of_the_suite_differ_by_seed() -> None:
    """`make_sections` gives as many phantoms as asked, of the suite's kinds and with scenes of its own seed."""
    first, second = make_sections(1, seed=50)[0], make_sections(1, seed=51)[0]
    assert first.image.name.startswith(next(iter(SUITE)))
    assert not np.array_equal(first.image.data, second.image.data)
