"""Processes that measure: how they are started, what they may use, and that they end with the one that started them."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.context import BaseContext

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)
_GIB = 2**30
_LOOK_S = 0.2


def start_method(rehearsal: str) -> BaseContext:
    """Return how workers are started: forked from a process that has imported the module `rehearsal`, or afresh.

    A worker forked so finds the libraries loaded and shares their memory with the others. That process has one thread,
    and no lock in anybody's hand. It starts in the background, once, and ends with this one. Without a rehearsal, and
    where the system's own libraries do not bear a fork (macOS) or cannot (Windows), each worker loads for itself.
    """
    if not rehearsal or sys.platform != "linux":
        return get_context("spawn")
    from multiprocessing import forkserver, resource_tracker

    forkserver.set_forkserver_preload([rehearsal])
    resource_tracker.ensure_running()  # which lets Ctrl-C through when it starts
    # Ctrl-C is for this process alone: it ends the others.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return get_context("forkserver")


def await_first(context: BaseContext) -> None:
    """Return when the process to fork from has loaded, which may take as long as compiling does.

    Starting a process waits for that too, but in a way that a cancel of the napari dock does not interrupt.
    """
    if context.get_start_method() != "forkserver":
        return

    def start() -> None:
        with suppress(RuntimeError, EOFError, OSError):  # the pool meets the same, and says so
            get_context("forkserver").Process(target=os.getpid).start()

    starting = threading.Thread(target=start, daemon=True)
    starting.start()
    while starting.is_alive():
        starting.join(_LOOK_S)


def prepare_worker(memory_gib: float) -> None:
    """Give this process one library thread, a memory limit, silence and an end together with its parent."""
    _limit_memory(int(memory_gib * _GIB))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    quieten()


def quieten() -> None:
    """Give this process one library thread and keep what libraries warn and log to itself."""
    import logging
    import warnings

    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
    logging.getLogger().addHandler(logging.NullHandler())
    warnings.simplefilter("ignore")
    import cv2

    cv2.setNumThreads(1)


def _limit_memory(limit_bytes: int) -> None:
    if sys.platform != "linux":
        return
    import resource

    # RLIMIT_DATA counts what is allocated; RLIMIT_AS would also count address space that libraries only reserve.
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = limit_bytes if hard == resource.RLIM_INFINITY else min(limit_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _end_with_parent() -> None:
    """End this process when the one that asked for it is gone: a killed one cannot stop a worker that hangs."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def ending_with_parent() -> Iterator[None]:
    """End this process soon after its parent while the block runs; without a thread, so that it can be forked."""
    parent = os.getppid()

    def look(*_: object) -> None:
        if os.getppid() != parent:
            os._exit(1)

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _LOOK_S, _LOOK_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
