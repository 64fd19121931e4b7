"""Fixtures of the batch tests: a folder of number files and a run on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from batch.fakes import Ruler, measure
from sodalite.batch.engine import Limits
from sodalite.batch.run import _REHEARSALS, Report, Request, run_batch
from sodalite.pipelines.cross_section import CrossSection

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIMITS = Limits(workers=2, deadline_s=60, memory_gib=2)


@pytest.fixture
def numbers(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes files ``name=number`` into a folder and returns the folder."""

    def write(*names: str, number: str = "3", folder: str = "in") -> Path:
        for name in names:
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(number)
        return tmp_path / folder

    return write


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Report]:
    """Return what runs the fake recipe on a folder, with workers forked as those of a cross-section are."""
    monkeypatch.setitem(_REHEARSALS, Ruler.kind, _REHEARSALS[CrossSection.kind])
    monkeypatch.setattr("sodalite.batch.run.measure_file", measure)
    monkeypatch.setattr("sodalite.batch.run.code_hash", lambda: "code")
    monkeypatch.setattr("sodalite.report.write_report", lambda out: None)

    def call(inputs: Path, out: Path, limits: Limits = LIMITS, recipe: Ruler | None = None, **more: object) -> Report:
        return run_batch(Request(recipe or Ruler(), [inputs], out, **more), limits)

    return call


def tree(folder: Path) -> dict[str, bytes]:
    """Return the path and bytes of every file below a folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
