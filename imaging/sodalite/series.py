"""A series: maps or images of one place, step by step, and what is known of each step; nothing here opens a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["map", "image", "frame"]


@dataclass(frozen=True, slots=True)
class SeriesStep:
    """One step of a series; None where nobody told.

    Attributes
    ----------
    number
        Position in the series, from 0.
    name
        How tables and messages call the step: its file relative to the folder, with slashes; a frame of a stack or
        film adds ``#`` and the number of the frame.
    path
        The file to open: `sodalite.read_ebsd` for a ``map``, `sodalite.read_image` for an ``image``,
        `sodalite.read.frames.read_frame` for a ``frame``.
    kind
        ``map`` (EBSD), ``image`` (one micrograph) or ``frame`` (one of many in a TIFF stack or a film).
    image_path
        Micrograph of the same step beside a map.
    frame
        Number of the frame in its file, from 0; 0 for files that hold one.
    time_h
        Time since the start, hours.
    charge_mah_cm2
        Charge passed until this step, mAh cm-2.
    repolished
        Whether a new section was polished before this step, so that it shows another plane than the step before.
    note
        What the user wrote.
    """

    number: int
    name: str
    path: Path
    kind: Kind
    image_path: Path | None = None
    frame: int = 0
    time_h: float | None = None
    charge_mah_cm2: float | None = None
    repolished: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Steps in the order in which they were taken, two or more.

    Attributes
    ----------
    folder
        Where the files lie, or the stack or film itself.
    name
        How tables and messages call the series.
    steps
        In order; times and charges, where told, are told for every step and times rise.
    warnings
        Sentences about files that are missing or left out and rows that were put in order.
    """

    folder: Path
    name: str
    steps: tuple[SeriesStep, ...]
    warnings: tuple[str, ...] = ()

    @property
    def times_h(self) -> tuple[float, ...] | None:
        """Time of each step in hours; None when the series has none."""
        times = [step.time_h for step in self.steps if step.time_h is not None]
        return tuple(times) if len(times) == len(self.steps) else None

    @property
    def charges_mah_cm2(self) -> tuple[float, ...] | None:
        """Charge passed until each step in mAh cm-2; None when the series has none."""
        charges = [step.charge_mah_cm2 for step in self.steps if step.charge_mah_cm2 is not None]
        return tuple(charges) if len(charges) == len(self.steps) else None

    @property
    def repolished(self) -> tuple[bool, ...]:
        """Whether each step shows another plane than the step before."""
        return tuple(step.repolished for step in self.steps)
