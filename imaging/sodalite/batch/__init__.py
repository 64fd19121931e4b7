"""Folders of files measured in isolated workers, resumable, with the same bytes for any number of workers.

Names load when they are first used: a worker sets its thread limits before anything heavy is imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sodalite.batch.engine import Failure, Limits, run_isolated
    from sodalite.batch.measure import Reading
    from sodalite.batch.run import Progress, Report, Request, run_batch

_HOME = {
    "Failure": "engine",
    "Limits": "engine",
    "run_isolated": "engine",
    "Reading": "measure",
    "Progress": "run",
    "Report": "run",
    "Request": "run",
    "run_batch": "run",
}

__all__ = ["Failure", "Limits", "Progress", "Reading", "Report", "Request", "run_batch", "run_isolated"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"sodalite.batch.{_HOME[name]}"), name)
    raise AttributeError(f"module 'sodalite.batch' has no attribute {name!r}")
