"""A first run says that it compiles, a later one does not; numba's cache decides, wherever it is."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from batch.fakes import Ruler
from sodalite.batch import compiled
from sodalite.pipelines.cross_section import CrossSection
from sodalite.pipelines.grains import Grains

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ASK = """
from sodalite.batch.compiled import must_compile
from sodalite.pipelines.{} import {} as Kind
print(must_compile(Kind()))
"""


def test_an_empty_cache_is_cold(tmp_path: Path) -> None:
    """Where numba is told to keep its functions decides, not what stands beside the sources."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    for module, recipe in (("grains", Grains), ("cross_section", CrossSection)):
        script = ASK.format(module, recipe.__name__)
        told = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        assert told.stdout == "True\n"


def test_functions_count_from_when_their_source_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions of an older source are compiled again; a recipe without compiled functions never waits."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(compiled, "_folders", lambda _: {tmp_path})
    index = tmp_path / f"{Grains.compiled.rpartition('.')[2]}.any-1.py311.nbi"
    index.touch()
    assert not compiled.must_compile(Grains())
    os.utime(index, (0, 0))
    assert compiled.must_compile(Grains())
    assert not compiled.must_compile(Ruler())
