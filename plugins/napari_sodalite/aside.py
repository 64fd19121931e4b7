"""Reading that does not freeze the window, in whose thread napari asks a reader and waits for what it returns."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def run_aside(work: Callable[..., Any], *given: Any) -> Any:
    """Return what `work` returns; a worker does it while the window goes on drawing, deaf to clicks until it is done.

    Without a window, and in any other thread than its own, it is done where it is asked for.

    Raises
    ------
    SodaliteError
        As `work`.
    """
    from qtpy.QtWidgets import QApplication

    if QApplication.instance() is None or threading.current_thread() is not threading.main_thread():
        return work(*given)
    return _while_drawing(work, given)


def _while_drawing(work: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    from qtpy.QtCore import QEventLoop, Qt
    from qtpy.QtWidgets import QApplication

    from napari_sodalite.jobs import Jobs
    from sodalite import ReadError

    jobs, loop = Jobs(), QEventLoop()
    brought: list[tuple[Any, BaseException | None]] = []
    jobs.done.connect(brought.append)
    jobs.ended.connect(loop.quit)
    QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
    jobs.start(_tried, work, given)
    loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
    QApplication.restoreOverrideCursor()
    if not brought:
        raise ReadError("The window was closed while a file was being read; open it again.")
    ((found, error),) = brought
    if error is not None:
        raise error
    return found


def _tried(work: Callable[..., Any], given: tuple[Any, ...]) -> tuple[Any, BaseException | None]:
    """Return a result, or the error in its place: it is raised again where napari waits for it."""
    try:
        return work(*given), None
    except Exception as error:
        return None, error
