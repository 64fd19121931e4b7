"""Pictures, figures and the self-contained report of a run; each part loads when it is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sodalite.report.figures import profile_figure, void_size_figure, write_figures
    from sodalite.report.html import write_report
    from sodalite.report.maps import write_map_pictures
    from sodalite.report.overlay import write_overlay, write_raw
    from sodalite.report.pictures import write_pictures

_HOME = {
    "profile_figure": "figures",
    "void_size_figure": "figures",
    "write_figures": "figures",
    "write_overlay": "overlay",
    "write_map_pictures": "maps",
    "write_pictures": "pictures",
    "write_raw": "overlay",
    "write_report": "html",
}

__all__ = [
    "profile_figure",
    "void_size_figure",
    "write_figures",
    "write_map_pictures",
    "write_overlay",
    "write_pictures",
    "write_raw",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"sodalite.report.{_HOME[name]}"), name)
    raise AttributeError(f"module 'sodalite.report' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
