"""A series of micrographs or frames in memory, with what is known of each step and why a step is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sodalite.image import Image


@dataclass(frozen=True, slots=True)
class StepImage:
    """One step of a series of images; None where nobody told.

    Attributes
    ----------
    name
        How tables and messages call the step: its file relative to the folder, or its frame.
    image
        The micrograph or frame ``(y, x)``; None where it could not be read.
    time_h
        Time since the start, hours.
    charge_mah_cm2
        Charge passed until this step, mAh cm-2.
    repolished
        Whether a new section was polished before this step, so that it shows another plane than the step before.
    note
        What the user wrote.
    error
        One sentence: why there is no image; empty where there is one.
    """

    name: str
    image: Image | None
    time_h: float | None = None
    charge_mah_cm2: float | None = None
    repolished: bool = False
    note: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class ImageSeries:
    """Steps in the order in which they were taken, and the name of the whole."""

    name: str
    steps: tuple[StepImage, ...]

    @property
    def read(self) -> tuple[StepImage, ...]:
        """The steps that have an image."""
        return tuple(step for step in self.steps if step.image is not None)
