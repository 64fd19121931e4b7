"""Reading of micrographs with their pixel size and tilt, without ever guessing either.

Names load when they are first used. Nothing here looks at the picture to find its data bar: the readers store what the
tags say (`Acquisition.databar_source` is ``tag ...`` or ``none``), and where it is ``none`` the pipelines ask
`sodalite.clean.databar`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sodalite.read.ebsd_map import describe_ebsd, is_ebsd, read_ebsd
    from sodalite.read.info import describe
    from sodalite.read.micrograph import read_image, read_labels
    from sodalite.read.series import read_series
    from sodalite.read.series_info import describe_series
    from sodalite.read.tilt import correct_tilt

_HOME = {
    "correct_tilt": "tilt",
    "describe": "info",
    "describe_ebsd": "ebsd_map",
    "describe_series": "series_info",
    "is_ebsd": "ebsd_map",
    "read_ebsd": "ebsd_map",
    "read_image": "micrograph",
    "read_labels": "micrograph",
    "read_series": "series",
}

__all__ = [
    "correct_tilt",
    "describe",
    "describe_ebsd",
    "describe_series",
    "is_ebsd",
    "read_ebsd",
    "read_image",
    "read_labels",
    "read_series",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"sodalite.read.{_HOME[name]}"), name)
    raise AttributeError(f"module 'sodalite.read' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
