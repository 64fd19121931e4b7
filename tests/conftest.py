"""Fixtures that every room uses."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

# Each worker has compiled code of its own: two that wrote the cache of orix at once left one that crashes.
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(sys.prefix) / "cache" / "numba" / _WORKER))

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture
def shared_data() -> Path:
    """Folder of real files kept beside the checkout; the test skips where it is absent."""
    if not DATA.is_dir():
        pytest.skip("the real files of ../shared/data are not here")
    return DATA
