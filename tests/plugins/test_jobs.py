"""Jobs in a thread: told step by step, ended by a cancel, and never collecting what belongs to the window."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import pytest

from napari_sodalite.jobs import Jobs, Newest
from plugins.conftest import SLOW_MS
from sodalite import MeasurementError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pytestqt.qtbot import QtBot


@pytest.fixture
def finish(qtbot: QtBot) -> Callable[..., tuple[list[Any], list[str]]]:
    """Return what does some work as a job, and gives what it returned and what it failed with."""

    def wait(work: Any) -> tuple[list[Any], list[str]]:
        jobs, done, failed = Jobs(), [], []
        jobs.done.connect(done.append)
        jobs.failed.connect(failed.append)
        with qtbot.waitSignal(jobs.ended, timeout=SLOW_MS):
            jobs.start(work)
        return done, failed

    return wait


def test_workers_never_collect_garbage(finish: Callable[..., tuple[list[Any], list[str]]], qtbot: QtBot) -> None:
    """Qt objects in cycles, left by a closed window, would be destroyed in the wrong thread: a segmentation fault."""
    assert gc.isenabled()
    done, _ = finish(gc.isenabled)
    assert done == [False]
    qtbot.waitUntil(gc.isenabled, timeout=SLOW_MS)


def test_errors_are_sentences(finish: Callable[..., tuple[list[Any], list[str]]]) -> None:
    """Our own as they are, others as something to report."""

    def expected() -> None:
        raise MeasurementError("a.tif: too\nsmall; crop less.")

    def unexpected() -> Generator[int, None, None]:
        yield 1
        raise ZeroDivisionError("division by zero")

    assert finish(expected) == ([], ["a.tif: too small; crop less."])
    (sentence,) = finish(unexpected)[1]
    assert sentence.startswith("An unexpected ZeroDivisionError (division by zero)")


def test_a_job_is_over_after_its_last_turn(qtbot: QtBot) -> None:
    """What it brought is shown a piece at a time; an error on the way is a sentence and ends it."""
    seen: list[bool] = []
    jobs, failed = Jobs(), []
    jobs.failed.connect(failed.append)

    def turns(fault: Exception | None) -> Generator[None, None, None]:
        for _ in range(3):
            seen.append(jobs.showing)
            yield
        if fault is not None:
            raise fault

    for fault in (None, MeasurementError("a.tif: too small.")):
        with qtbot.waitSignal(jobs.ended, timeout=SLOW_MS):
            jobs.take_turns(turns(fault))
        assert not jobs.running
    assert seen == [True] * 6
    assert failed == ["a.tif: too small."]


def test_of_what_is_asked_for_meanwhile_the_newest_alone_is_done(qtbot: QtBot) -> None:
    """Each job finds things as they stand when its turn comes."""
    wished = ["first"]
    done: list[str] = []
    newest = Newest(lambda: (str, wished[-1]), 0)
    newest.done.connect(done.append)
    newest.now()
    for word in ("second", "third"):
        wished.append(word)
        newest.now()
    qtbot.waitUntil(lambda: len(done) == 2 and not newest.running, timeout=SLOW_MS)
    assert done == ["first", "third"]


def test_what_is_forgotten_is_never_begun(qtbot: QtBot) -> None:
    """Neither what waits nor what was to come next."""
    done: list[str] = []
    newest = Newest(lambda: (str, "again"), 20)
    newest.done.connect(done.append)
    newest.soon()
    newest.forget()
    qtbot.wait(100)
    assert done == []
