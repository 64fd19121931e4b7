"""Tips of protrusions lie at the end of the deposit, from whichever side it grows."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.classes import SectionClass
from sodalite.phantoms.front import make_front
from sodalite.pipelines.front import Front
from sodalite.pipelines.front_tips import front_tips


@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
def test_tips_end_the_deposit(side: str) -> None:
    """One a counted protrusion; deposit before it, electrolyte beyond; one is the largest."""
    phantom = make_front((160, 220), seed=6, frames=6, fingers=3, substrate_um=50.0, rate_um_min=6.0, grows_from=side)
    result = Front.from_fields({"grows_from": side}).run(phantom.series)
    tips = front_tips(result, 5)
    assert len(tips) == result["protrusion_count_last"].value == 3
    labels = result.labels["labels"][5]
    for tip in tips:
        place, outward = np.array([tip.y_px, tip.x_px]), np.array(tip.outward)
        for way, wanted in ((-1.5, SectionClass.SODIUM), (1.5, SectionClass.ELECTROLYTE)):
            assert labels[tuple(np.floor(place + way * outward).astype(int))] == wanted
    assert sum(tip.largest for tip in tips) == 1
    assert max(tips, key=lambda tip: tip.height_um).largest
