"""Phantoms of growing fronts."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.phantoms.front import make_front


def test_the_truth_grows_as_asked() -> None:
    """Without fingers the mean thickness is rate times time, and its Rq the substrate's and the front's."""
    phantom = make_front((120, 200), seed=3, frames=6, rate_um_min=2.0, substrate_um=40.0)
    np.testing.assert_allclose(phantom.truth["thickness_um"], 2.0 * np.arange(6), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(phantom.front_um.mean(axis=1), phantom.truth["thickness_um"], rtol=0.01, atol=0.01)
    assert phantom.truth["front_rq_um"].iloc[0] == pytest.approx(1.0, rel=0.2)


@pytest.mark.parametrize(("side", "edge"), [
    ("top", (slice(0, 5), slice(None))),
    ("bottom", (slice(-5, None), slice(None))),
    ("left", (slice(None), slice(0, 5))),
    ("right", (slice(None), slice(-5, None))),
])  # fmt: skip
def test_the_substrate_lies_where_the_deposit_grows_from(side: str, edge: tuple[slice, slice]) -> None:
    """That side of the frame is dark, and the frame is turned for the left and right."""
    phantom = make_front((120, 200), seed=3, frames=2, grows_from=side, substrate_um=40.0)
    image = phantom.series.steps[0].image
    assert image is not None
    assert image.data.shape == ((120, 200) if side in ("top", "bottom") else (200, 120))
    assert image.data[edge].mean() < 80
    assert image.data.mean() > 100


def test_colours_carry_the_grey_as_their_luminance() -> None:
    """The luminance of a colour frame is that of the grey one, to rounding."""
    phantom = make_front((120, 200), seed=3, frames=2, glints=2, substrate_um=40.0)
    image = phantom.series.steps[1].image
    assert image is not None
    luminance = phantom.colours[1] @ np.array([0.299, 0.587, 0.114])
    unclipped = phantom.colours[1].max(axis=-1) < 255
    assert np.abs(luminance - image.data)[unclipped].max() < 2
