"""The command line: run a recipe on folders, print recipes, tell what was read, show a demonstration, open napari.

Commands load what they run when they run it, so that ``sodalite --help`` answers at once.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import sodalite
from sodalite.errors import RecipeError, SegmentationError, SodaliteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sodalite.batch.run import Progress, Report, Request
    from sodalite.recipe import Recipe

_MEASURED, _SOME_FAILED, _WRONG_USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code of a command: 0 all measured, 1 some inputs failed, 2 wrong usage or recipe.

    A message is one sentence on stderr; with SODALITE_DEBUG=1 in the environment an unexpected error shows where.
    """
    _silence_libraries()
    try:
        given = None if arguments is None else list(arguments)
        code = commands.main(args=given, prog_name="sodalite", standalone_mode=False)
        return code if isinstance(code, int) else _MEASURED
    except click.ClickException as error:
        return _fail(f"{error.format_message().rstrip('.')}; see `{_help_of(error)} --help`.", _WRONG_USAGE)
    except RecipeError as error:
        return _fail(str(error), _WRONG_USAGE)
    except SodaliteError as error:
        return _fail(str(error), _SOME_FAILED)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted; a run is finished by the same command with --resume.", _SOME_FAILED)
    except BrokenPipeError:
        # The reader of the output has gone; the interpreter must not complain when it flushes what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _SOME_FAILED
    except OSError as error:
        if os.environ.get("SODALITE_DEBUG"):
            raise
        from sodalite.batch.engine import disk_sentence

        return _fail(disk_sentence(error), _SOME_FAILED)
    except Exception as error:
        if os.environ.get("SODALITE_DEBUG"):
            raise
        text = " ".join(str(error).split())
        return _fail(f"an unexpected {type(error).__name__} ({text}); SODALITE_DEBUG=1 shows where.", _SOME_FAILED)


@click.group(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "\b\nLook at a file first, then measure a folder:\n"
        "  sodalite info cells/a.tif\n  sodalite run cross-section cells -o results"
    ),
)
@click.version_option(sodalite.__version__, prog_name="sodalite")
def commands() -> None:
    """Sodium thickness, voids, dead sodium and grain growth from electron micrographs."""


@commands.command()
@click.argument("recipe")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Folder for the results.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change a field of the recipe.")
@click.option("--charge-mah-cm2", type=float, metavar="Q", help="Charge passed: closes the sodium inventory.")
@click.option("--tilt-factor", type=float, metavar="F", help="True height divided by the height in the image.")
@click.option("--pixel-size-um", metavar="X[,Y]", help="Pixel size, where the files do not tell or tell wrongly.")
@click.option("--page", type=click.IntRange(min=0), default=0, help="Page or scan of files that hold several, from 0.")
@click.option(
    "--labels", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Measure the labels in here."
)
@click.option("--label-map", multiple=True, metavar="FROM=TO", help="Class of a foreign label, e.g. 3=electrolyte.")
@click.option(
    "--anchors",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Points on interfaces, a CSV an image.",
)
@click.option(
    "--figures", is_flag=True, help="Draw each image's thickness profile and void sizes too; of maps, figures as SVG."
)
@click.option("--resume", is_flag=True, help="Finish an earlier run; what is still right is kept.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes at a time; all processors unless told.")
@click.option(
    "--deadline",
    type=click.FloatRange(min=0, min_open=True),
    metavar="S",
    help="Seconds a file may take, 600 unless told.",
)
@click.option("--memory-gib", type=click.FloatRange(min=0.25), help="Memory a worker may use; a share of all.")
def run(recipe: str, out: Path, **options: Any) -> int:
    """Measure files, folders and globs into OUT.

    RECIPE is a kind (`sodalite recipe --list`) or a YAML file (`sodalite recipe KIND > my.yaml`). OUT gets values.csv,
    summary.csv, a table of each kind of object, report.html and a folder for each image.

    The exit code is 0 when all was measured, 1 when some inputs failed (failures.csv names them) and 2 when nothing was
    started because the command or the recipe is wrong.
    """
    from sodalite.batch.compiled import must_compile
    from sodalite.batch.resources import choose_limits

    request = _request(recipe, out, options)
    limits = choose_limits(options["workers"], options["deadline"], options["memory_gib"])
    if must_compile(request.recipe):
        click.echo("Compiling for the first run on this machine: half a minute or so before the first file.", err=True)
    with _ending_politely(), _listener() as listen:
        from sodalite.batch.run import run_batch

        report = run_batch(request, limits, listen)
    return _conclude(report, out)


@commands.command()
@click.argument("kind", required=False)
@click.option("--list", "list_kinds", is_flag=True, help="Name the kinds instead.")
def recipe(kind: str | None, list_kinds: bool) -> int:
    """Print the defaults of a recipe KIND as commented YAML."""
    from sodalite.recipe import KINDS, recipe_model

    if list_kinds:
        width = max(map(len, KINDS))
        for name in KINDS:
            click.echo(f"{name:{width}}  {(recipe_model(name).__doc__ or '').strip().splitlines()[0]}")
        return _MEASURED
    if kind is None:
        raise RecipeError(f"KIND: none given; choose one of {', '.join(KINDS)}.")
    click.echo(recipe_model(kind)().to_yaml(), nl=False)
    return _MEASURED


@commands.command(short_help="Tell what FILEs say of their size, scale, tilt and instrument.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def info(files: tuple[str, ...]) -> int:
    """Tell what was read from each FILE and where the pixel size comes from; of a folder, the steps of its series."""
    code = _MEASURED
    for file in files:
        try:
            rows = _described(file)
        except SodaliteError as error:
            code = _fail(str(error), _SOME_FAILED)
            continue
        width = max(len(str(field)) for field, _ in rows)
        click.echo(file)
        for field, value in rows:
            click.echo(f"  {field:{width}}  {value}")
    return code


def _described(file: str) -> list[tuple[str, str]]:
    from sodalite.read import describe, describe_ebsd, describe_series, is_ebsd
    from sodalite.read.series import FILMS
    from sodalite.recipe import recipe_model

    if Path(file).is_dir() or file.lower().endswith(FILMS):
        return describe_series(file)
    if Path(file).suffix.lower() in recipe_model("grains").extensions or is_ebsd(file):
        return describe_ebsd(file)
    return _with_databar(file, describe(file))


def _with_databar(file: str, rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the rows with the data bar that the picture shows where the file records none."""
    from sodalite.pipelines.section_labels import databar
    from sodalite.read import read_image

    try:
        count, source = databar(read_image(file, pixel_size_um=1.0))
        told = f"{count} rows ({source})" if source != "none" else "none recorded and none seen in the picture"
    except SegmentationError as error:
        told = str(error)
    except SodaliteError:
        return rows
    return [(field, told if field == "data bar" else value) for field, value in rows]


@commands.command()
@click.argument("out", default="demo", type=click.Path(path_type=Path))
def demo(out: Path) -> int:
    """Draw phantoms, measure them and write OUT with report.html."""
    from sodalite.demo import make_demo

    with _ending_politely(), _listener() as listen:
        reports = make_demo(out, listen)
    return max(_conclude(report, folder) for folder, report in reports.items())


@commands.command(short_help="Open images, films, maps or results in napari.")
@click.argument("files", nargs=-1, metavar="[FILE]...")
def view(files: tuple[str, ...]) -> int:
    """Open images, films, maps or results in napari, beside the dock that measures them.

    Of a folder of images the first one is opened.
    """
    import subprocess
    from importlib.util import find_spec

    if find_spec("napari") is None:
        raise SodaliteError("view: napari is not installed; pip install 'sodalite[napari]'.")
    for file in files:
        if not Path(file).exists():
            raise SodaliteError(f"{file}: no such file; name the image, map or result folder to look at.")
    paths = [_looked_at(Path(file)) for file in files]
    plugin = ["--plugin", "sodalite"] if paths else []
    name = _dock_for(paths[0]) if paths else ""
    dock = ["--with", "sodalite", name] if name else []
    return subprocess.run([sys.executable, "-m", "napari", *map(str, paths), *plugin, *dock], check=False).returncode


def _looked_at(path: Path) -> Path:
    """Return what to open for a path: of a folder that is no series and no result, its first image."""
    from sodalite.pipelines.cross_section import CrossSection

    if path.is_file() or (path / "series.csv").is_file() or any(path.glob("labels*.tif")) or _dock_for(path):
        return path
    images = (item for item in path.iterdir() if item.suffix.lower() in CrossSection.extensions and item.is_file())
    return min((item for item in images if not item.name.startswith(".")), default=path)


def _dock_for(path: Path) -> str:
    """Return the dock that measures a file, a series of maps, or one of images with a table; empty for other folders.

    A series of images with times and no charges is a film of plating: what is stripped is told by charges.
    """
    from sodalite.read import is_ebsd, read_series
    from sodalite.read.series import FILMS

    if path.is_file():
        if path.suffix.lower() in FILMS:
            return "Growth front"
        return "EBSD grains" if is_ebsd(path) else "Cross-section"
    from sodalite.pipelines.map_series import read_map_series

    try:
        read_map_series(path, frame=None, page=0, pixel_size_um=None)
    except (SodaliteError, OSError):
        pass
    else:
        return "EBSD coarsening"
    try:
        steps = read_series(path).steps if (path / "series.csv").is_file() else ()
    except (SodaliteError, OSError):
        return ""
    if not steps:
        return ""
    filmed = all(step.time_h is not None and step.charge_mah_cm2 is None for step in steps)
    return "Growth front" if filmed else "Stripping series"


def _request(recipe: str, out: Path, options: dict[str, Any]) -> Request:
    from sodalite.batch.measure import Reading
    from sodalite.batch.run import Request
    from sodalite.batch.sides import parse_label_map

    reading = Reading(_pixel_size(options["pixel_size_um"]), options["page"], parse_label_map(options["label_map"]))
    return Request(
        recipe=_recipe(recipe, options),
        inputs=options["inputs"],
        out=out,
        reading=reading,
        labels=options["labels"],
        anchors=options["anchors"],
        figures=options["figures"],
        resume=options["resume"],
    )


def _recipe(source: str, options: dict[str, Any]) -> Recipe:
    import yaml

    from sodalite.recipe import load_recipe

    changes: dict[str, Any] = {}
    for setting in options["settings"]:
        name, sign, text = setting.partition("=")
        if not sign:
            raise RecipeError(f"--set {setting}: no '=' found; write --set NAME=VALUE.")
        try:
            changes[name.strip()] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise RecipeError(f"--set {setting}: the value is not readable; put it in quotes.") from error
    changes |= {name: options[name] for name in ("charge_mah_cm2", "tilt_factor") if options[name] is not None}
    chosen = load_recipe(source)
    return chosen.replace(**changes) if changes else chosen


def _pixel_size(text: str | None) -> float | tuple[float, float] | None:
    """Return the pixel size, or (x, y), in um from ``X`` or ``X,Y``."""
    if text is None:
        return None
    try:
        sizes = [float(part) for part in text.split(",")]
    except ValueError:
        sizes = []
    if len(sizes) not in (1, 2) or not all(0 < size < float("inf") for size in sizes):
        raise RecipeError(f"--pixel-size-um {text}: no pixel size; write one or two numbers above 0, as X or X,Y.")
    return sizes[0] if len(sizes) == 1 else (sizes[0], sizes[1])


@contextmanager
def _listener() -> Iterator[Callable[[Progress], None]]:
    """Yield what tells of finished files: a progress bar on a terminal, plain lines otherwise; failures always."""
    if not sys.stderr.isatty():
        yield lambda step: _tell(step, f"[{step.done}/{step.total}] ")
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)

        def listen(step: Any) -> None:
            bar.update(task, completed=step.done, total=step.total, description=step.image)
            if step.failure is not None:
                bar.console.print(step.failure.message, markup=False, highlight=False, soft_wrap=True)
            for sentence in step.warnings:
                bar.console.print(f"{step.image}: {sentence}", markup=False, highlight=False, soft_wrap=True)

        yield listen


def _tell(step: Progress, place: str) -> None:
    if step.failure is None:
        click.echo(f"{place}{step.image}{': kept' if step.reused else ''}", err=True)
        for sentence in step.warnings:
            click.echo(f"  warning: {sentence}", err=True)
        return
    click.echo(f"{place}{step.failure.message}", err=True)
    if step.failure.trace and os.environ.get("SODALITE_DEBUG"):
        click.echo(step.failure.trace, err=True)


def _conclude(report: Report, out: Path) -> int:
    click.echo(f"{len(report.measured)} of {report.found} measured; see {out / 'report.html'}.")
    if report.complete:
        return _MEASURED
    whole = report.found - len(report.measured)
    parts = len(report.failures) - whole
    lost = [f"{whole} of {report.found} inputs"] if whole else []
    lost += [f"{parts} {'part' if parts == 1 else 'parts'} of the inputs"] if parts else []
    return _fail(f"{' and '.join(lost)} failed; {out / 'failures.csv'} names each and why.", _SOME_FAILED)


def _fail(sentence: str, code: int) -> int:
    click.echo(f"sodalite: {sentence}", err=True)
    return code


def _help_of(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context is not None else "sodalite"


@contextmanager
def _ending_politely() -> Iterator[None]:
    """Let a polite kill end a run as Ctrl-C does: with its tables written."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _silence_libraries() -> None:
    """Keep what libraries log and warn off the terminal, where a message is one sentence of ours."""
    import logging
    import warnings

    if not os.environ.get("SODALITE_DEBUG"):
        logging.getLogger().addHandler(logging.NullHandler())
        warnings.simplefilter("ignore")
