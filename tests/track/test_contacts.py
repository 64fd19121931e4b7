"""Who borders on whom."""

from __future__ import annotations

import pytest

from sodalite.track.contacts import find_contacts
from step_bricks import bricks, view_of


def test_contacts_are_shares_of_the_outline() -> None:
    """A brick inside has four neighbours with a quarter each, also across a narrow gap."""
    contacts = find_contacts(bricks(), 12)
    assert contacts.share[[6], :].toarray()[0, [2, 5, 7, 10]] == pytest.approx([0.25] * 4)
    assert {tuple(pair) for pair in contacts.pairs.tolist()} >= {(1, 2), (1, 5), (6, 10)}
    gap = bricks()
    gap[9:11] = 0
    assert find_contacts(view_of(gap).closed, 12).share[[6], :].toarray()[0, 2] == pytest.approx(0.25, abs=0.05)
