"""The report of a run: one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
import hashlib
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from sodalite.classes import CLASS_RGB, SectionClass
from sodalite.errors import RecipeError
from sodalite.quantity import CHECK_OVERLAY, GLOSSARY
from sodalite.report.files import replacing
from sodalite.report.numbers import format_value, pretty_unit, quantity_label
from sodalite.report.sections import Section, Thumbnails, budget_of, build_section, contribution_text
from sodalite.report.tables import ImageValues, Table, Value, iter_values, read_record, read_table

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    from jinja2 import Environment

HEADLINES = (
    "thickness_gross_mean",
    "thickness_net_mean",
    "coverage",
    "void_fraction",
    "contact_fraction_electrolyte",
    "contact_fraction_collector",
    "dead_sodium_count",
    "dead_sodium_equivalent_thickness",
    "grain_count",
    "ecd_mean",
    "ecd_area_weighted_mean",
    "columnarity",
    "indexed_fraction",
    "growth_constant",
    "growth_exponent",
    "vanished_count",
    "appeared_count",
    "ecd_mean_first",
    "ecd_mean_last",
    "tracked_fraction",
    "boundary_velocity",
    "void_capacity_ratio",
    "stripped_charge",
    "void_area_last",
    "contact_fraction_first",
    "contact_fraction_last",
    "longest_void_run_last",
    "void_zone_depth_last",
    "front_thickness_last",
    "growth_rate",
    "growth_rate_per_current",
    "growth_over_theory",
    "front_rq_last",
    "dendrite_count_last",
    "measured_step_count",
)
"""Numbers that stand in the overview and on top of each image, in this order, where the run has them."""
_MOST_HEADLINES = 8
_OPEN_IMAGES = 12
"""Up to as many images are unfolded when the report opens."""
_TEMPLATES = Path(__file__).parent / "templates"


class Column(NamedTuple):
    """One column of the overview."""

    label: str
    unit: str


class Cell(NamedTuple):
    """One number of the overview: what is printed, what it sorts by, its interval or why it is withheld."""

    text: str
    key: str
    hint: str


class OverviewRow(NamedTuple):
    """One image of the overview."""

    number: int
    image: str
    cells: tuple[Cell, ...]


class GroupRow(NamedTuple):
    """The fields of one cell at one position: how many there are, and mean and interval of each headline number."""

    cell: str
    position: str
    fields: int
    texts: tuple[str, ...]


class DefinitionRow(NamedTuple):
    """One entry of the glossary."""

    quantity: str
    unit: str
    meaning: str
    standard: str


def write_report(out: str | os.PathLike[str]) -> Path:
    """Write ``report.html`` into the folder of a finished run and return its path.

    The page holds everything it shows: failures, an overview, each image beside its overlay with its numbers, the
    definitions, the recipe and the provenance. Equal folders give equal bytes. Images are read one after the other.

    Raises
    ------
    RecipeError
        When the folder holds neither numbers nor failures of a run.
    """
    folder = Path(out)
    if not (folder / "values.csv").is_file() and not (folder / "failures.csv").is_file():
        raise RecipeError(
            f"{folder}: holds no values.csv and no failures.csv; name the output folder of a finished run."
        )
    context = _context(folder)
    template = _environment().get_template("report.html.j2")
    stream = template.stream(context)
    stream.enable_buffering(64)
    target = folder / "report.html"
    with replacing(target) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(stream)
    return target


def _context(folder: Path) -> dict[str, Any]:
    quantities: dict[str, None] = {}
    count, doubted = 0, False
    for image in iter_values(folder / "values.csv"):
        quantities.update(dict.fromkeys(value.quantity for value in image.values))
        doubted = doubted or any(CHECK_OVERLAY in value.note for value in image.values)
        count += 1
    headlines = tuple(name for name in HEADLINES if name in quantities)[:_MOST_HEADLINES] or tuple(quantities)[:6]
    budget = Budget()
    script = (_TEMPLATES / "report.js").read_text(encoding="utf-8")
    provenance = read_record(folder / "provenance.json")
    return {
        "kind": str(provenance.get("kind", "")),
        "count": count,
        "noun": _noun(str(provenance.get("kind", "")), count),
        "failures": _failures(folder),
        "columns": [Column(quantity_label(name), pretty_unit(_unit(name))) for name in headlines],
        "overview": _overview(folder, headlines),
        "doubted": doubted,
        "groups": _groups(read_table(folder / "groups.csv"), headlines),
        "sections": _sections(folder, headlines, count, budget),
        "definitions": [_definition(name) for name in quantities],
        "recipe": _text(folder / "recipe.yaml"),
        "provenance": _flat(provenance),
        "versions": _versions(provenance),
        "budget": budget.ranges,
        "legend": [] if provenance.get("kind") in ("grains", "coarsening", "stripping", "front") else _legend(),
        "style": (_TEMPLATES / "report.css").read_text(encoding="utf-8"),
        "script": script,
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "files": [path.name for path in sorted(folder.glob("*.csv"))],
        "open_images": count <= _OPEN_IMAGES,
    }


def _noun(kind: str, count: int) -> str:
    """Return what a run has measured, in words."""
    if kind in ("coarsening", "stripping", "front"):
        return "series"
    return "image" if count == 1 else "images"


class Budget:
    """Smallest and largest contribution of every source of uncertainty over the images of a run."""

    def __init__(self) -> None:
        self._ends: dict[str, tuple[float, float]] = {}

    def add(self, parts: Mapping[str, float]) -> None:
        """Take in the contributions of one image."""
        for name, value in parts.items():
            low, high = self._ends.get(name, (value, value))
            self._ends[name] = min(low, value), max(high, value)

    def ranges(self) -> list[tuple[str, str]]:
        """Return source and range as text, in order of appearance."""
        ends = self._ends.items()
        texts = ((name, contribution_text(name, low), contribution_text(name, high)) for name, (low, high) in ends)
        return [(name, low if low == high else f"{low} to {high}") for name, low, high in texts]


def _sections(folder: Path, headlines: tuple[str, ...], count: int, budget: Budget) -> Iterator[Section]:
    thumbnails = Thumbnails.for_images(count)
    for number, image in enumerate(iter_values(folder / "values.csv"), 1):
        section = build_section(folder, image, number, headlines, thumbnails)
        budget.add(budget_of(section.provenance))
        yield section


def _overview(folder: Path, headlines: tuple[str, ...]) -> Iterator[OverviewRow]:
    for number, image in enumerate(iter_values(folder / "values.csv"), 1):
        yield OverviewRow(number, image.image, _cells(image, headlines))


def _cells(image: ImageValues, headlines: tuple[str, ...]) -> tuple[Cell, ...]:
    held = {value.quantity: value for value in image.values}
    return tuple(_cell(held[name]) if name in held else Cell("", "", "") for name in headlines)


def _cell(value: Value) -> Cell:
    if math.isnan(value.value):
        return Cell("withheld", "", value.note)
    whole = format_value(value.quantity, value.value, value.low, value.high, value.unit, value.note)
    text = whole.partition(" (")[0].removesuffix(f" {pretty_unit(value.unit)}" if value.unit else "")
    text += " †" if CHECK_OVERLAY in value.note else ""
    return Cell(text, f"{value.value:.8g}", whole)


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup, escape

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["path"] = lambda text: quote(text, safe="/")
    environment.filters["breakable"] = lambda text: escape(text).replace("_", Markup("_<wbr>"))
    return environment


def _failures(folder: Path) -> Table | None:
    table = read_table(folder / "failures.csv")
    return table if table and table.rows else None


def _groups(table: Table | None, headlines: Sequence[str]) -> list[GroupRow]:
    """Return one row a cell and position, with the headline numbers beside each other; all of them are in the file."""
    held: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
    for row in table.rows if table else ():
        line = dict(zip(table.columns, row, strict=True)) if table else {}
        held.setdefault((line.get("cell", ""), line.get("position", "")), {})[line.get("quantity", "")] = line
    return [
        GroupRow(
            *group,
            max((int(line["n"] or 0) for line in lines.values()), default=0),
            tuple(_group_text(name, lines.get(name, {})) for name in headlines),
        )
        for group, lines in held.items()
    ]


def _group_text(quantity: str, line: Mapping[str, str]) -> str:
    mean, low, high = (float(line.get(name) or "nan") for name in ("mean", "low", "high"))
    if math.isnan(mean):
        return ""
    unit = pretty_unit(_unit(quantity))
    text = format_value(quantity, mean, low, high, _unit(quantity))
    return text.replace(f" {unit}", "", 1) if unit else text


def _unit(quantity: str) -> str:
    return GLOSSARY[quantity].unit if quantity in GLOSSARY else ""


def _definition(quantity: str) -> DefinitionRow:
    if quantity not in GLOSSARY:
        return DefinitionRow(quantity, "", "Not in the glossary of this version.", "")
    unit, meaning, standard = GLOSSARY[quantity]
    return DefinitionRow(quantity, pretty_unit(unit) or "1", meaning, standard)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _versions(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    versions = provenance.get("versions")
    return [(str(name), str(version)) for name, version in versions.items()] if isinstance(versions, dict) else []


def _flat(record: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Return nested records as lines of dotted name and text, versions left out."""
    if isinstance(record, dict):
        named = [(f"{prefix}{name}", item) for name, item in record.items() if prefix or name != "versions"]
        return [line for name, item in named for line in _flat(item, f"{name}.")]
    items = record if isinstance(record, list) else [record]
    return [(prefix.removesuffix("."), ", ".join("not set" if item is None else str(item) for item in items))]


def _legend() -> list[tuple[str, str]]:
    from sodalite.report.overlay import FACE_RGB

    entries = [(f"{face} face", rgb) for face, rgb in FACE_RGB.items()]
    entries += [("void", CLASS_RGB[SectionClass.VOID]), ("dead sodium", CLASS_RGB[SectionClass.DEAD_SODIUM])]
    return [(name, "#{:02x}{:02x}{:02x}".format(*rgb)) for name, rgb in entries]
