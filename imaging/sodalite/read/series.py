"""Series from folders: which files are its steps, in which order, with which times and charges."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

    from sodalite.series import Series


def read_series(folder: str | os.PathLike[str], *, frame_interval_s: float | None = None) -> Series:
    """Return the steps of a folder, stack or film; their maps and images are not opened.

    With ``series.csv`` in the folder its rows are the steps: columns file, and as wanted image (a micrograph of the
    same step beside a map), frame (number in a stack or film, from 0), time_h, charge_mAh_cm2, repolished (0 or 1),
    note. Without it the files are taken in natural order of their names (``step2`` before ``step10``), maps before
    images; an image with the stem of a map belongs to that map's step. A single stack or film is a series of frames.

    Parameters
    ----------
    folder
        The folder, or one TIFF stack, AVI or MP4.
    frame_interval_s
        Time from frame to frame of a stack or film, s; None leaves times out, because the frame rate that a film
        states is that of playing it.

    Raises
    ------
    ReadError
        Naming the file and column: a missing, repeated or unknown file, an unknown column, times that fall, values
        that are no numbers, an empty folder, or one step only.
    """
    raise NotImplementedError
