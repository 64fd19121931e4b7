"""A series of EBSD maps as the coarsening recipe takes it: steps that are read when their turn comes.

A step that cannot be read costs itself: it stays in the series with the sentence that says why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from sodalite.errors import MeasurementError, ReadError, SodaliteError
from sodalite.series import Series

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Self

    from sodalite.ebsd import EbsdMap
    from sodalite.recipe import PixelSize


@dataclass(frozen=True, slots=True, eq=False)
class MapStep:
    """One step: a map in memory or the file that holds it.

    Attributes
    ----------
    name
        How tables and messages call the step.
    ebsd
        The map; None where it is read from `path`.
    path
        The file; None where the map is given.
    frame, page, pixel_size_um
        How the file is read, see `sodalite.pipelines.grains.Grains.read`.
    time_h, charge_mah_cm2, repolished, note
        As in `sodalite.series.SeriesStep`.
    error
        Why the step cannot be read; empty when that is not known to be so.
    image_path
        Micrograph of the field of the map, by which steps are laid over each other; None without.
    """

    name: str
    ebsd: EbsdMap | None = None
    path: Path | None = None
    frame: str | None = None
    page: int = 0
    pixel_size_um: PixelSize = None
    time_h: float | None = None
    charge_mah_cm2: float | None = None
    repolished: bool = False
    note: str = ""
    error: str = ""
    image_path: Path | None = None

    def load(self) -> EbsdMap:
        """Return the map.

        Raises
        ------
        ReadError, CalibrationError
            When the file is missing or no map.
        """
        if self.ebsd is not None:
            return self.ebsd
        if self.error or self.path is None:
            raise ReadError(f"{self.name}: {self.error or 'neither a map nor a file is given.'}")
        if not self.path.is_file():
            raise ReadError(f"{self.name}: is not in the folder; add it or take out its row.")
        from sodalite.pipelines.grain_files import read_map

        try:
            ebsd = read_map(self.path, self.frame, self.page, self.pixel_size_um)
        except SodaliteError as error:
            raise type(error)(_led_by(str(error), self.path, self.name)) from error
        return replace(ebsd, name=self.name)


@dataclass(frozen=True, slots=True, eq=False)
class MapSeries:
    """Maps of one place, step by step.

    Attributes
    ----------
    name
        How tables and messages call the series.
    steps
        In order, two or more.
    warnings
        Sentences about files that are missing or left out and rows that were put in order.
    """

    name: str
    steps: tuple[MapStep, ...]
    warnings: tuple[str, ...] = ()

    @classmethod
    def from_maps(
        cls,
        maps: Sequence[EbsdMap],
        *,
        times_h: Sequence[float] = (),
        charges_mah_cm2: Sequence[float] = (),
        repolished: Sequence[bool] = (),
        name: str = "series",
    ) -> Self:
        """Return the series of maps in memory; what is not told of the steps stays unknown.

        Raises
        ------
        MeasurementError
            When there are fewer than two maps, or more times, charges or flags than maps.
        """
        told = (times_h, charges_mah_cm2, repolished)
        if len(maps) < 2 or any(len(values) not in (0, len(maps)) for values in told):
            raise MeasurementError(f"{name}: {len(maps)} maps; give two or more, with one time, charge and flag each.")
        rows = zip_longest(maps, *told)
        steps = (MapStep(m.name, m, time_h=t, charge_mah_cm2=q, repolished=bool(r)) for m, t, q, r in rows)
        return cls(name, tuple(steps))

    @classmethod
    def from_series(cls, series: Series, *, frame: str | None, page: int, pixel_size_um: PixelSize) -> Self:
        """Return the maps of a folder; its pictures are left out, with a sentence each.

        Raises
        ------
        ReadError
            When fewer than two steps are maps.
        """
        maps = [step for step in series.steps if step.kind == "map"]
        if len(maps) < 2:
            raise ReadError(f"{series.name}: {len(maps)} EBSD maps in the series; coarsening needs two or more.")
        steps = tuple(
            MapStep(step.name, None, step.path, frame, page, pixel_size_um, step.time_h, step.charge_mah_cm2,
                    step.repolished, step.note, image_path=step.image_path)
            for step in maps
        )  # fmt: skip
        pictures = [
            f"{step.name}: is a picture; grains are measured on maps." for step in series.steps if step not in maps
        ]
        return cls(series.name, steps, (*series.warnings, *pictures))

    @property
    def times_h(self) -> tuple[float, ...] | None:
        """Time of each step in hours; None unless all are told."""
        times = tuple(step.time_h for step in self.steps if step.time_h is not None)
        return times if len(times) == len(self.steps) else None

    @property
    def charges_mah_cm2(self) -> tuple[float, ...] | None:
        """Charge until each step in mAh cm-2; None unless all are told."""
        charges = tuple(step.charge_mah_cm2 for step in self.steps if step.charge_mah_cm2 is not None)
        return charges if len(charges) == len(self.steps) else None


def read_map_series(
    path: str | os.PathLike[str], *, frame: str | None, page: int, pixel_size_um: PixelSize
) -> MapSeries:
    """Return the maps of a folder in order, not opened yet, see `sodalite.read.series.read_series`.

    Raises
    ------
    ReadError
        As `read_series`, and when fewer than two steps are maps.
    """
    from sodalite.read.series import read_series

    return MapSeries.from_series(read_series(path), frame=frame, page=page, pixel_size_um=pixel_size_um)


def as_map_series(sample: MapSeries | Series | Sequence[EbsdMap]) -> MapSeries:
    """Return whatever a recipe is given as a series of maps."""
    if isinstance(sample, MapSeries):
        return sample
    if isinstance(sample, Series):
        return MapSeries.from_series(sample, frame=None, page=0, pixel_size_um=None)
    return MapSeries.from_maps(list(sample))


def _led_by(message: str, path: Path, name: str) -> str:
    """Return an error's sentence led by the name of the step in place of its path."""
    text = message.replace(str(path), name)
    return text if text.startswith(name) else f"{name}: {text.removeprefix(f'{path.name}: ')}"
