"""The measurement of one file inside a worker: read, run the recipe, write the folder."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from sodalite.batch.engine import Failure
from sodalite.batch.files import clear_result, read_record
from sodalite.batch.identity import key_of, source_hash, vendor_texts
from sodalite.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sodalite.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are read beyond what stands in them.

    Attributes
    ----------
    pixel_size_um
        One size, or (x, y), which says that heights are true; None leaves it to the file.
    page
        Page of a file with several.
    label_map
        Foreign label id -> class id; empty when labels use the class ids or hold numbers of objects.
    """

    pixel_size_um: float | tuple[float, float] | None = None
    page: int = 0
    label_map: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """One file, all that decides its numbers, and where they go."""

    image: str
    source: Path
    folder: Path
    recipe: Recipe
    reading: Reading
    labels: Path | None
    anchors: Path | None
    code: str
    figures: bool
    reuse: bool

    def key(self, source_sha256: str) -> str:
        """Return the hash of everything that decides the result."""
        beside = {"labels": self.labels, "anchors": self.anchors} | vendor_texts(self.source)
        return key_of(
            image=self.image,
            source=source_sha256,
            beside={name: source_hash(path) for name, path in beside.items() if path is not None and path.exists()},
            recipe=[self.recipe.kind, self.recipe.model_dump(mode="json")],
            reading=[self.reading.pixel_size_um, self.reading.page, sorted(self.reading.label_map.items())],
            code=self.code,
            figures=self.figures,
        )


class Receipt(NamedTuple):
    """What a finished file reports back: little, because the numbers are already on disk."""

    sha256: str
    reused: bool
    failed_steps: Mapping[str, Failure] = MappingProxyType({})
    """Steps of a series that could not be measured, while the others were."""
    warnings: tuple[str, ...] = ()
    """What the file contradicts itself in, or leaves out."""


def measure_file(job: Job) -> Receipt:
    """Measure one file into its folder, or leave the folder as it is where the same result stands there already."""
    sha256 = source_hash(job.source)
    key = job.key(sha256)
    stored = (read_record(job.folder) or {}).get("provenance") or {}
    if job.reuse and stored.get("key") == key:
        return Receipt(sha256, True, _failed_steps(stored), _warnings(stored))
    clear_result(job.folder)
    from sodalite.report import write_figures, write_pictures

    reading = job.reading
    sample = job.recipe.read(job.source, page=reading.page, pixel_size_um=reading.pixel_size_um)
    sample = replace(sample, name=job.image)
    result = job.recipe.run(sample, **_sides(job))
    provenance = {**result.provenance, "key": key}
    result = replace(result, name=job.image, provenance=provenance)
    write_pictures(result, sample, job.folder, svg=job.figures)
    if job.figures:
        write_figures(result, job.folder)
    result.save(job.folder)
    return Receipt(sha256, False, _failed_steps(provenance), _warnings(provenance))


def _warnings(provenance: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(map(str, provenance.get("warnings") or ()))


def _failed_steps(provenance: Mapping[str, Any]) -> dict[str, Failure]:
    """Return what failed of a series that is measured: steps not measured, and steps measured but not followed."""
    told = {**(provenance.get("failed_steps") or {}), **(provenance.get("untracked_steps") or {})}
    return {name: Failure(failure["error"], failure["message"]) for name, failure in told.items()}


def _sides(job: Job) -> dict[str, Any]:
    from sodalite.batch.sides import read_anchors, read_label_stack, read_labels, read_objects, read_step_labels

    sides: dict[str, Any] = {}
    if job.labels is not None and not job.labels.exists():
        raise ReadError(f"no labels for it; save them as {job.labels}, or leave the image out.")
    if job.labels is not None and job.labels.is_dir():
        sides["labels"] = read_step_labels(job.labels)
    elif job.labels is not None and job.recipe.takes_folders:
        sides["labels"] = read_label_stack(job.labels, job.reading.label_map)
    elif job.labels is not None:
        holds_objects = job.recipe.labels_hold == "objects"
        sides["labels"] = read_objects(job.labels) if holds_objects else read_labels(job.labels, job.reading.label_map)
    if job.anchors is not None:
        sides["anchors"] = read_anchors(job.anchors)
    return sides
