"""Random fields against their expected fractions and covariance."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.phantoms import fields


def test_boolean_discs_reach_their_expected_fraction() -> None:
    """Over 150 draws the mean area fraction is the one asked for, within three standard errors."""
    density = fields.boolean_disc_density_um2(0.05, 0.3)
    assert fields.boolean_disc_fraction(density, 0.3) == pytest.approx(0.05, rel=1e-12)
    shares = [
        fields.boolean_disc_field((150, 200), (0.04, 0.05), density_um2=density, radius_um=0.3, seed=seed).mean()
        for seed in range(150)
    ]
    assert np.mean(shares) == pytest.approx(0.05, abs=3 * np.std(shares) / np.sqrt(150))


def test_covariance_starts_at_the_variance_and_ends_at_two_radii() -> None:
    """At distance zero the covariance is p (1 - p), at the diameter it is gone."""
    density = fields.boolean_disc_density_um2(0.2, 0.5)
    cov = fields.boolean_disc_covariance(np.array([0.0, 1.0, 2.0]), density_um2=density, radius_um=0.5)
    np.testing.assert_allclose(cov, [0.2 * 0.8, 0, 0], atol=1e-12)


def test_covariance_is_that_of_the_field() -> None:
    """The product of pixels half a radius apart averages to the covariance plus the squared fraction."""
    density = fields.boolean_disc_density_um2(0.3, 0.5)
    masks = [
        fields.boolean_disc_field((200, 200), (0.05, 0.05), density_um2=density, radius_um=0.5, seed=seed)
        for seed in range(60)
    ]
    seen = np.mean([np.mean(mask[:, 5:] & mask[:, :-5]) for mask in masks]) - 0.3**2
    expected = fields.boolean_disc_covariance(np.array([0.25]), density_um2=density, radius_um=0.5)[0]
    assert seen == pytest.approx(expected, abs=0.015)


def test_renewal_interface_reaches_its_contact_fraction() -> None:
    """Over 300 draws the mean share in contact is m_g / (m_g + m_v), within three standard errors."""
    draws = [
        fields.renewal_interface(600, 0.05, mean_void_um=1.0, mean_contact_um=4.0, least_um=0.2, seed=seed)
        for seed in range(300)
    ]
    shares = [1 - draw.voided.mean() for draw in draws]
    assert draws[0].contact_fraction == pytest.approx(0.8)
    assert np.mean(shares) == pytest.approx(0.8, abs=3 * np.std(shares) / np.sqrt(300))


def test_runs_are_never_shorter_than_the_least() -> None:
    """A least run of ten pixels leaves no shorter run inside the picture."""
    voided = fields.renewal_interface(4000, 0.1, mean_void_um=2.0, mean_contact_um=3.0, least_um=1.0, seed=3).voided
    edges = np.flatnonzero(np.diff(voided.astype(int)))
    assert np.diff(edges).min() >= 9


def test_means_below_the_least_run_are_refused() -> None:
    """A mean run shorter than the least run is impossible."""
    with pytest.raises(ValueError, match="longer than least_um"):
        fields.renewal_interface(10, 1.0, mean_void_um=1.0, mean_contact_um=4.0, least_um=2.0, seed=0)
