"""Fixtures that every room uses."""

from __future__ import annotations

from pathlib import Path

import pytest

# Tests that compare with orix import it themselves; the door compiles its kernels for one worker at a time.
import sodalite.ebsd.orix_door  # noqa: F401

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture
def shared_data() -> Path:
    """Folder of real files kept beside the checkout; the test skips where it is absent."""
    if not DATA.is_dir():
        pytest.skip("the real files of ../shared/data are not here")
    return DATA
