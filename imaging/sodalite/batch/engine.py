"""Workers that measure one item each, where an error, a crash, a hang or a lack of memory costs that item alone."""

from __future__ import annotations

import errno
import re
import signal
import threading
import time
import traceback
from collections import deque
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass
from multiprocessing import active_children
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from sodalite.batch.processes import await_first, prepare_worker, start_method
from sodalite.errors import SodaliteError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from concurrent.futures import Future

    from pebble import ProcessPool

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_STARTS = 3
_POLL_S = 1.0
_PATIENCE_S = 60.0
"""How long beyond the deadline workers may be silent: a worker that dies with a lock in its hand silences them all."""
_END_S = 20.0
_NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the workers may use.

    Attributes
    ----------
    workers
        Processes at a time.
    deadline_s
        Seconds that one item may take.
    memory_gib
        Memory that one worker may allocate; not enforced where the system cannot (Windows, macOS).
    """

    workers: int
    deadline_s: float
    memory_gib: float


class Failure(NamedTuple):
    """Why an item has no answer: a word for the table, a sentence for people and, if there is one, the traceback."""

    error: str
    message: str
    trace: str = ""


class Outcome(NamedTuple, Generic[Item, Answer]):
    """An item and its answer, or its failure."""

    item: Item
    answer: Answer | None
    failure: Failure | None


def run_isolated(
    task: Callable[[Item], Answer], items: Sequence[Item], limits: Limits, rehearsal: str = ""
) -> Generator[Outcome[Item, Answer]]:
    """Yield an outcome for every item as it finishes, in no fixed order.

    `task` and the items travel to other processes: `task` is a function of a module, items and answers can be pickled.
    `rehearsal` names a module whose import loads what the task needs, see `start_method`.

    Raises
    ------
    SodaliteError
        When the workers cannot be started at all.
    """
    waiting = deque(items)
    finished = idle_starts = 0
    while waiting:
        before = finished
        for outcome in _run_pool(task, waiting, limits, rehearsal):
            finished += 1
            yield outcome
        idle_starts = 0 if finished > before else idle_starts + 1
        if idle_starts == _STARTS and not finished:
            raise SodaliteError("The workers end before they start; call the run under `if __name__ == '__main__'`.")
        if idle_starts == _STARTS:
            yield Outcome(waiting.popleft(), None, Failure("Crash", "the workers end as soon as it is their turn."))


def _run_pool(
    task: Callable[[Item], Answer], waiting: deque[Item], limits: Limits, rehearsal: str
) -> Iterator[Outcome[Item, Answer]]:
    """Work off `waiting` until it is empty or the pool breaks; what a broken pool had in hand goes back to it."""
    from pebble import ProcessPool

    context = start_method(rehearsal)
    await_first(context)
    pool = ProcessPool(
        min(limits.workers, len(waiting)), initializer=prepare_worker, initargs=(limits.memory_gib,), context=context
    )
    running: dict[Future[Any], Item] = {}
    heard = time.monotonic()
    try:
        while waiting or running:
            if not _submit(pool, task, waiting, running, limits):
                break
            done = wait(running, timeout=_POLL_S, return_when=FIRST_COMPLETED).done
            if not done and (not pool.active or time.monotonic() > heard + limits.deadline_s + _PATIENCE_S):
                break
            heard = time.monotonic() if done else heard
            for future in done:
                item = running.pop(future)
                outcome = _outcome(future, item, limits)
                if outcome is None:
                    waiting.append(item)
                else:
                    yield outcome
    finally:
        waiting.extend(running.values())
        _end_pool(pool)


def _end_pool(pool: ProcessPool) -> None:
    """End the pool and its workers, by force when they do not end themselves."""
    pool.stop()  # type: ignore[no-untyped-call]
    ending = threading.Thread(target=pool.join, daemon=True)
    ending.start()
    ending.join(_END_S)
    if ending.is_alive():
        for process in active_children():
            process.kill()


def _submit(
    pool: ProcessPool,
    task: Callable[[Item], Answer],
    waiting: deque[Item],
    running: dict[Future[Any], Item],
    limits: Limits,
) -> bool:
    """Hand the pool as much as keeps its workers busy; return whether it still takes work."""
    while waiting and len(running) < 2 * limits.workers:
        try:
            future = pool.schedule(_answer, args=(task, waiting[0]), timeout=limits.deadline_s)
        except (RuntimeError, EOFError, OSError):  # the last two where the process to fork from is gone
            return False
        running[future] = waiting.popleft()
    return True


def _outcome(future: Future[Any], item: Item, limits: Limits) -> Outcome[Item, Any] | None:
    """Return what became of an item; None where the pool broke before the item's turn."""
    from concurrent.futures.process import BrokenProcessPool

    from pebble import ProcessExpired

    try:
        answer = future.result()
    except TimeoutError:
        text = f"not measured within {limits.deadline_s:g} s; look at the file, or allow more with --deadline."
        return Outcome(item, None, Failure("Deadline", text))
    except ProcessExpired as error:
        cause = _cause(error.exitcode)
        text = f"its process ended by itself ({cause}); look at the file, or use fewer --workers if memory ran out."
        return Outcome(item, None, Failure("Crash", text))
    except BrokenProcessPool:
        return None
    except Exception as error:
        return Outcome(item, None, Failure(type(error).__name__, _sentence(error)))
    if isinstance(answer, Failure):
        return Outcome(item, None, answer)
    return Outcome(item, answer, None)


def _cause(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        try:
            return signal.Signals(-exitcode).name
        except ValueError:
            return f"signal {-exitcode}"
    return f"exit code {exitcode}"


def _answer(task: Callable[[Item], Answer], item: Item) -> Answer | Failure:
    """Return the answer, or the failure as plain text: some exceptions cannot travel between processes."""
    try:
        return task(item)
    except SodaliteError as error:
        return Failure(type(error).__name__, _sentence(error), traceback.format_exc())
    except MemoryError:
        text = "more memory needed than a worker may use; allow more with --memory-gib, or crop the image."
        return Failure("Memory", text, traceback.format_exc())
    except OSError as error:
        return Failure(type(error).__name__, disk_sentence(error), traceback.format_exc())
    except BaseException as error:
        text = f"an unexpected {type(error).__name__} ({_sentence(error)}); SODALITE_DEBUG=1 shows where."
        return Failure(type(error).__name__, text, traceback.format_exc())


def disk_sentence(error: OSError) -> str:
    """Return what is wrong with a disk or a file on it, and what to do."""
    what = error.strerror or _sentence(error)
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in _NO_ROOM:
        return f"no room for the results ({what}); make room and finish the run with --resume."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{what[:1].lower()}{what[1:]}{where}; check who may read and write there."
    return f"{what[:1].lower()}{what[1:]}{where}; look whether it is still there."


def _sentence(error: BaseException) -> str:
    """Return an error's text on one line, without addresses that differ from run to run."""
    return re.sub(r"\b0x[0-9a-fA-F]+", "0x...", " ".join(str(error).split()))
