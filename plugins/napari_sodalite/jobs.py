"""Work in a thread, one job at a time, told and cancelled between its stages."""

from __future__ import annotations

import gc
import inspect
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from napari.qt.threading import create_worker
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

from sodalite import SodaliteError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator


_SWEEP_MS = 500
_YOUNG = 1
_TURN_MS = 10
"""Between two turns: enough for the window to draw and to hear a click."""


class _Sweeper(QObject):
    """Collects garbage in the window's thread as long as jobs run and their results are shown.

    Python collects in whichever thread allocates next. What closed windows and removed layers leave behind are Qt
    objects in cycles; destroyed by a worker, they end the process with a segmentation fault. What was there before the
    first job is left alone until the last has ended: to go through all of napari's objects takes a quarter of a second.
    """

    def __init__(self) -> None:
        super().__init__()
        self._busy: set[Any] = set()
        self._timer = QTimer(self)
        self._timer.setInterval(_SWEEP_MS)
        self._timer.timeout.connect(self._sweep)

    def begin(self, who: Any) -> None:
        """Keep Python from collecting as long as a worker runs, or as someone takes turns."""
        self._busy.add(who)
        gc.disable()
        gc.freeze()
        self._timer.start()

    def end(self, who: Any) -> None:
        """Let Python collect again once nobody is busy."""
        self._busy.discard(who)
        if not self._busy:
            self._timer.stop()
            gc.unfreeze()
            gc.enable()

    def _sweep(self) -> None:
        gc.collect(_YOUNG)
        # of a window that was closed meanwhile nobody says that it has ended
        for gone in [who for who in self._busy if isinstance(who, QObject) and not isalive(who)]:
            self.end(gone)


@lru_cache(maxsize=1)
def _sweeper() -> _Sweeper:
    return _Sweeper()


class Jobs(QObject):
    """Runs generators and functions; a cancelled job brings no result.

    Attributes
    ----------
    stepped, done
        Emitted with what a generator yields, and with what it returns; who is told may take turns with it.
    failed
        Emitted with one sentence.
    ended
        Emitted once a job is over, however it ended.
    """

    stepped = Signal(object)
    done = Signal(object)
    failed = Signal(str)
    ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker: Any = None
        self._turns: Iterator[None] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_TURN_MS)
        self._timer.timeout.connect(self._turn)

    @property
    def running(self) -> bool:
        """Whether a job is under way."""
        return self._worker is not None or self._turns is not None

    @property
    def showing(self) -> bool:
        """Whether what a job brought is being shown, too late for a cancel."""
        return self._turns is not None

    def start(self, work: Callable[..., Any], *given: Any) -> None:
        """Start a job; the one before must have ended."""
        worker = create_worker(_guarded, work, given, _start_thread=False)
        self._worker = worker
        worker.yielded.connect(self._step)
        worker.returned.connect(self._return)
        worker.finished.connect(self._end)
        worker.finished.connect(partial(_sweeper().end, worker))
        _sweeper().begin(worker)
        worker.start()

    def cancel(self) -> None:
        """Let the job end at its next stage, without a result."""
        if self._worker is not None:
            self._worker.quit()

    def take_turns(self, turns: Iterator[None]) -> None:
        """Do the rest of a job in the window's thread, a piece a turn of the event loop; the job is not over before."""
        _sweeper().begin(self)
        self._turns = turns
        self._timer.start()

    def _turn(self) -> None:
        if self._turns is None:
            return
        try:
            next(self._turns)
        except StopIteration:
            self._finish_turns()
        except Exception as error:
            self.failed.emit(sentence_of(error))
            self._finish_turns()
        else:
            self._timer.start()

    def _finish_turns(self) -> None:
        self._turns = None
        _sweeper().end(self)
        if self._worker is None:
            self.ended.emit()

    def _step(self, step: Any) -> None:
        self.stepped.emit(step)

    def _return(self, result: Any) -> None:
        # a cancel that comes after the last stage still counts
        if self._worker is None or self._worker.abort_requested:
            return
        if isinstance(result, _Failure):
            self.failed.emit(result.sentence)
        else:
            self.done.emit(result)

    def _end(self) -> None:
        self._worker = None
        if self._turns is None:
            self.ended.emit()


class Newest(Jobs):
    """Newest wins: what is asked for while a job runs is started next, all but the last of it never.

    Parameters
    ----------
    plan
        Returns what to start and with what, as things stand when its turn comes; None for nothing.
    wait_ms
        Without another call of `soon`, until what it asks for is started.
    """

    def __init__(self, plan: Callable[[], tuple[Any, ...] | None], wait_ms: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._plan, self._again = plan, False
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(wait_ms)
        self._wait.timeout.connect(self.now)
        self.ended.connect(self._next)

    def soon(self) -> None:
        """Start once nobody has asked for a while."""
        self._wait.start()

    def now(self) -> None:
        """Start, or start next if a job runs."""
        self._again = self.running
        plan = None if self.running else self._plan()
        if plan is not None:
            self.start(*plan)

    def forget(self) -> None:
        """Start nothing more and cancel what runs."""
        self._wait.stop()
        self._again = False
        self.cancel()

    def _next(self) -> None:
        if self._again and isalive(self):
            self.now()


class _Failure(NamedTuple):
    sentence: str


def _guarded(work: Callable[..., Any], given: tuple[Any, ...]) -> Generator[Any, None, Any]:
    """Do the work and return its result, or its error as a sentence: napari would show the traceback to the user."""
    try:
        if inspect.isgeneratorfunction(work):
            return (yield from work(*given))
        return work(*given)
    except Exception as error:
        return _Failure(sentence_of(error))


def sentence_of(error: BaseException) -> str:
    """Return an error as one sentence for people."""
    text = " ".join(str(error).split())
    if isinstance(error, SodaliteError):
        return text
    return f"An unexpected {type(error).__name__} ({text}); please report it with the image."
