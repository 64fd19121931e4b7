"""A whole run: every input measured in its own folder, then the tables of all of them."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass, field, replace
from inspect import signature
from typing import TYPE_CHECKING, Any, NamedTuple

from sodalite.batch.compiled import must_compile
from sodalite.batch.engine import Failure, Limits, run_isolated
from sodalite.batch.files import clear_temporary, read_record, write_text
from sodalite.batch.folders import find_series
from sodalite.batch.groups import find_cells, image_charges, write_groups
from sodalite.batch.identity import code_hash, source_hash, versions
from sodalite.batch.inputs import Input, find_inputs
from sodalite.batch.measure import Job, Reading, Receipt, measure_file
from sodalite.batch.paths import absolute, written
from sodalite.batch.processes import start_method
from sodalite.batch.sides import find_anchors, find_labels, find_step_labels
from sodalite.batch.tables import FAILURE_COLUMNS, join_tables, write_rows
from sodalite.errors import MeasurementError, RecipeError, SodaliteError
from sodalite.result import write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

    from sodalite.batch.engine import Outcome
    from sodalite.recipe import Recipe

    _Outcome = Outcome[Job, Receipt]

_REHEARSALS = {"cross-section": "sodalite.batch.section_rehearsal"}
"""Recipe kind -> the module whose import loads what its workers need."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a run is to do.

    Attributes
    ----------
    recipe
        The pipeline and its settings.
    inputs
        Files, folders and globs.
    out
        Folder for the results.
    reading
        How files are read.
    labels, anchors
        Folders that mirror the inputs; None when there are none.
    figures
        Whether each image's folder gets its figures, which takes about half as long as measuring it.
    resume
        Whether results of an earlier run in `out` that are still right are kept.
    """

    recipe: Recipe
    inputs: Sequence[str | os.PathLike[str]]
    out: Path
    reading: Reading = field(default_factory=Reading)
    labels: Path | None = None
    anchors: Path | None = None
    figures: bool = False
    resume: bool = False


class Progress(NamedTuple):
    """One finished file: how many are finished, of how many, which one, why it failed if it did, and what to know."""

    done: int
    total: int
    image: str
    reused: bool
    failure: Failure | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """How a run ended: inputs found, images measured, and image -> failure in the order of their names."""

    found: int
    measured: tuple[str, ...]
    failures: dict[str, Failure]

    @property
    def complete(self) -> bool:
        """Whether every input was measured and fitted in."""
        return len(self.measured) == self.found and not self.failures


def run_batch(request: Request, limits: Limits, listen: Callable[[Progress], object] = lambda _: None) -> Report:
    """Measure every input of `request`, write the folder and return how it ended.

    Tables are written at the end, after an interruption too; a folder per image appears as soon as it is measured.

    Raises
    ------
    RecipeError
        When an input or folder of the request is wrong, before anything is measured.
    KeyboardInterrupt
        When interrupted; the tables of what was measured are written first.
    """
    recipe = request.recipe
    if request.anchors is not None and "anchors" not in signature(recipe.run).parameters:
        raise RecipeError(f"--anchors: a {recipe.kind} recipe traces no interfaces; leave it out.")
    base, inputs = inputs_of(request)
    rehearsal = _rehearsal(request, inputs)
    start_method(rehearsal)  # loads in the background from here on
    made_from = _provenance(request)
    jobs = _jobs(request, base, inputs, made_from["code"])
    _open_folder(request, inputs, made_from)
    outcomes: dict[str, _Outcome] = {}
    try:
        with closing(_outcomes(recipe, jobs, limits, rehearsal)) as stream:
            for outcome in stream:
                image = outcome.item.image
                outcomes[image] = outcome
                answer = outcome.answer
                told = (False, ()) if answer is None else (answer.reused, answer.warnings)
                listen(Progress(len(outcomes), len(jobs), image, told[0], _failure_of(outcome), told[1]))
    finally:
        report = _close_folder(base, inputs, outcomes, request.out, made_from)
    return report


def _outcomes(recipe: Recipe, jobs: Sequence[Job], limits: Limits, rehearsal: str) -> Generator[_Outcome]:
    """Yield the outcome of every job; where functions are still to be compiled, the first job does so for all others.

    Workers that begin together would each compile them: 46 s of CPU time a worker for a map of grains.
    """
    alone = 1 if limits.workers > 1 and must_compile(recipe) else 0
    yield from run_isolated(measure_file, jobs[:alone], replace(limits, workers=1), rehearsal)
    yield from run_isolated(measure_file, jobs[alone:], limits, rehearsal)


def inputs_of(request: Request) -> tuple[Path, list[Input]]:
    """Return the folder that inputs are named from, and the files or series of a request in the order of their names.

    Raises
    ------
    RecipeError
        When an input does not exist, is the output itself, or nothing is found.
    """
    recipe = request.recipe
    if recipe.takes_folders:
        return find_series(request.inputs, request.out, recipe.extensions)
    return find_inputs(request.inputs, request.out, recipe.extensions, pairs=recipe.pairs, takes=recipe.takes)


def _jobs(request: Request, base: Path, inputs: Sequence[Input], code: str) -> list[Job]:
    charges = _charges(request.recipe, base, inputs)
    return [
        Job(
            image=item.image,
            source=item.source,
            folder=absolute(request.out) / item.folder,
            recipe=_with_charge(request.recipe, charges.get(item.image)),
            reading=request.reading,
            labels=_labels_of(request.recipe, request.labels, item),
            anchors=find_anchors(request.anchors, item) if request.anchors else None,
            code=code,
            figures=request.figures,
            reuse=request.resume,
        )
        for item in inputs
    ]


def _rehearsal(request: Request, inputs: Sequence[Input]) -> str:
    """Return what loads all that the workers need; nothing where that takes longer than it saves.

    One file alone is measured half a second sooner by a worker that loads for itself, and where every result is there
    it is most likely kept.
    """
    finished = request.resume and all((request.out / item.folder / "provenance.json").is_file() for item in inputs)
    return "" if finished or len(inputs) == 1 else _REHEARSALS.get(request.recipe.kind, "")


def _charges(recipe: Recipe, base: Path, inputs: Sequence[Input]) -> dict[str, float]:
    """Return image -> the charge that a cells.csv states, where the recipe asks for a charge and states none itself."""
    if getattr(recipe, "charge_mah_cm2", 0.0) is not None:
        return {}
    try:
        cells = find_cells(base, [item.source for item in inputs])
        return image_charges(cells) if cells else {}
    except MeasurementError:
        # A table that cannot be used is named once, when the groups are written; the images are measured without it.
        return {}


def _with_charge(recipe: Recipe, charge_mah_cm2: float | None) -> Recipe:
    return recipe if charge_mah_cm2 is None else recipe.replace(charge_mah_cm2=charge_mah_cm2)


def _labels_of(recipe: Recipe, folder: Path | None, item: Input) -> Path | None:
    if folder is None:
        return None
    if recipe.takes_folders and recipe.labels_hold == "objects":
        return find_step_labels(folder, item)
    # A path that is not there fails when its image's turn comes, so that the others are measured.
    return find_labels(folder, item) or folder / f"{item.folder}/labels.tif"


def _open_folder(request: Request, inputs: Sequence[Input], made_from: Mapping[str, Any]) -> None:
    """Claim OUT for this run: refuse what others made, tidy what a killed run left, write the recipe."""
    out = request.out
    try:
        out.mkdir(parents=True, exist_ok=True)
        _check_owner(request, inputs)
        for folder in {out, *(out / item.folder for item in inputs)}:
            if folder.is_dir():
                clear_temporary(folder)
        write_json(out / "provenance.json", made_from)
        write_text(out / "recipe.yaml", request.recipe.to_yaml())
    except OSError as error:
        raise RecipeError(f"{out}: cannot be written ({error.strerror}); choose another folder after -o.") from error


def _check_owner(request: Request, inputs: Sequence[Input]) -> None:
    out = absolute(request.out)
    kind = (read_record(out) or {}).get("kind")
    strange = (path for path in out.iterdir() if not path.name.startswith(".") and not _holds(path, inputs))
    if kind is None and any(strange):
        raise RecipeError(f"{out}: is not empty and holds no run of sodalite; choose another folder after -o.")
    if kind is not None and not request.resume:
        raise RecipeError(f"{out}: holds a run already; add --resume to finish it, or choose another folder after -o.")
    if kind is not None and kind != request.recipe.kind:
        raise RecipeError(f"{out}: holds a run of the recipe kind {kind}; choose another folder after -o.")


def _holds(folder: Path, inputs: Sequence[Input]) -> bool:
    return any(item.source.is_relative_to(folder) for item in inputs)


def _close_folder(
    base: Path, inputs: Sequence[Input], outcomes: Mapping[str, _Outcome], out: Path, made_from: Mapping[str, Any]
) -> Report:
    """Write the tables, failures, provenance and report of everything that has an outcome."""
    finished = [item for item in inputs if item.image in outcomes]
    failures = {item.image: failure for item in finished if (failure := _failure_of(outcomes[item.image]))}
    measured = [item for item in finished if item.image not in failures]
    for item in measured:
        failures |= _step_failures(item, outcomes[item.image])
    join_tables(out, [out / item.folder for item in measured])
    (out / "groups.csv").unlink(missing_ok=True)
    try:
        if measured:
            write_groups(base, [item.source for item in inputs], out)
    except SodaliteError as error:
        failures["cells.csv"] = Failure(type(error).__name__, str(error).replace(f"{base}{os.sep}", ""))
    rows = ((image, failure.error, failure.message) for image, failure in failures.items())
    write_rows(out / "failures.csv", FAILURE_COLUMNS, rows)
    hashes = {item.image: _hash_of(item, outcomes[item.image]) for item in finished}
    write_json(out / "provenance.json", {**made_from, "inputs_sha256": hashes})
    from sodalite.report import write_report

    write_report(out)
    return Report(len(inputs), tuple(item.image for item in measured), failures)


def _failure_of(outcome: _Outcome) -> Failure | None:
    """Return the failure of an input, its message led by the input's name wherever the input folder lies."""
    if outcome.failure is None:
        return None
    image, source = outcome.item.image, outcome.item.source
    text = written(outcome.failure.message).replace(written(source), image).removeprefix(f"{image}: ")
    return outcome.failure._replace(message=f"{image}: {text.removeprefix(f'{written(source.name)}: ')}")


def _step_failures(item: Input, outcome: _Outcome) -> dict[str, Failure]:
    """Return the failures of single steps of a series that is measured, named below the series."""
    failed = outcome.answer.failed_steps if outcome.answer is not None else {}
    return {
        f"{item.image}/{name}": failure._replace(message=f"{item.image}/{failure.message}")
        for name, failure in failed.items()
    }


def _hash_of(item: Input, outcome: _Outcome) -> str | None:
    if outcome.answer is not None:
        return outcome.answer.sha256
    try:
        return source_hash(item.source)
    except OSError:
        return None


def _provenance(request: Request) -> dict[str, Any]:
    """Return what the whole run was made from; nothing of the time, the machine or the number of workers."""
    return {
        "kind": request.recipe.kind,
        "recipe": request.recipe.model_dump(mode="json"),
        "options": {
            "pixel_size_um": request.reading.pixel_size_um,
            "page": request.reading.page,
            "label_map": dict(request.reading.label_map),
            "labels": request.labels is not None,
            "anchors": request.anchors is not None,
        },
        "versions": versions(),
        "code": code_hash(),
    }
