"""What the report shows of one image: pictures, numbers, figures and what was decided when it was read."""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from sodalite.report.caption import tilt_sentence
from sodalite.report.files import encode_jpeg
from sodalite.report.numbers import format_plain, format_value, quantity_label
from sodalite.report.svg import histogram_svg, profile_svg
from sodalite.report.tables import ImageValues, Value, image_folder, read_columns, read_record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from markupsafe import Markup

_FEW_IMAGES = 40
_QUALITIES = (82, 70, 58, 46, 34)
_SHRINK = 0.75
_HISTOGRAMS = (
    ("voids", "Void sizes", "equivalent circle diameter of voids (µm)"),
    ("dead_sodium", "Dead sodium sizes", "equivalent circle diameter of dead sodium (µm)"),
    ("grains", "Grain sizes", "equivalent circle diameter of grains (µm)"),
)
_OF_MAPS = frozenset({"grains", "coarsening"})


_SERIES_PICTURES: Mapping[str, Mapping[str, str]] = {
    "coarsening": {
        "growth.png": "Mean grain diameter with the growth law of n = 2 and its 95 % band.",
        "sizes.png": "Size distributions of the steps, and of diameters over their mean.",
        "grains.jpg": "Tracked grains, a colour each, the same in all steps; red arrows point at grains that vanish.",
        "overlay.jpg": "Orientations in all steps, colour key in film_strip.png; boundaries black, arrows as above.",
    },
    "stripping": {
        "void_area.png": "Void area with its 95 % interval, and share of the electrolyte in contact.",
        "openings.png": "Opening along the interface at every step.",
        "overlay.jpg": "Images laid on the first one: a colour a void, the same in all steps; electrolyte face blue.",
    },
    "front": {
        "growth.png": "Mean thickness with its 95 % interval and the fitted rate; roughness and largest protrusion.",
        "fronts.png": "Thickness along the substrate at several times.",
        "overlay.jpg": "Frames laid on the first one: front yellow, substrate blue, dendrite-like protrusions red.",
    },
}
"""Kind of series -> file of a picture and its caption."""


class Thumbnails(NamedTuple):
    """Bounds of an embedded picture."""

    width_px: int
    most_bytes: int

    @classmethod
    def for_images(cls, count: int) -> Thumbnails:
        """Return generous bounds for few images and tight ones for many, so that the page opens at once."""
        return cls(1024, 160_000) if count <= _FEW_IMAGES else cls(512, 20_000)


class Picture(NamedTuple):
    """A picture: its content as a data address, size, alternative text, caption, and whether it fills a row."""

    source: str
    width: int
    height: int
    alt: str
    caption: str = ""
    fills_row: bool = False


class Line(NamedTuple):
    """One number as text."""

    label: str
    text: str
    n: str
    note: str
    withheld: bool


class Figure(NamedTuple):
    """A drawing and the words below it."""

    drawing: Markup
    caption: str


class Section(NamedTuple):
    """All that the report shows of one image; `folder` is its path relative to the report."""

    number: int
    image: str
    folder: str
    has_overlay: bool
    pictures: tuple[Picture, ...]
    headlines: tuple[Line, ...]
    lines: tuple[Line, ...]
    figures: tuple[Figure, ...]
    facts: tuple[tuple[str, str], ...]
    provenance: Mapping[str, Any]


def build_section(
    out: Path, image: ImageValues, number: int, headlines: Sequence[str], thumbnails: Thumbnails
) -> Section:
    """Return what the report shows of one image; parts whose files are missing are left out."""
    folder = image_folder(out, image.image)
    record = read_record(folder / "provenance.json")
    provenance = record.get("provenance") or {}
    held = {value.quantity: value for value in image.values}
    return Section(
        number=number,
        image=image.image,
        folder=folder.relative_to(out).as_posix(),
        has_overlay=(folder / "overlay.png").is_file(),
        pictures=_pictures(folder, image.image, str(provenance.get("kind", "")), thumbnails),
        headlines=tuple(_line(held[name]) for name in headlines if name in held),
        lines=tuple(_line(value) for value in image.values),
        figures=_figures(folder, image.image),
        facts=_facts(record, provenance),
        provenance=provenance,
    )


def budget_of(provenance: Mapping[str, Any]) -> dict[str, float]:
    """Return source -> contribution from the uncertainty budget in a result's provenance."""
    budget = provenance.get("uncertainty_budget") or provenance.get("budget") or {}
    parts = dict(_leaves(budget, ""))
    tilt = provenance.get("tilt")
    share = tilt.get("relative_uncertainty") if isinstance(tilt, dict) else None
    if isinstance(share, (int, float)) and not any("tilt" in name for name in parts):
        parts["tilt, relative standard uncertainty of heights"] = float(share)
    return parts


def contribution_text(name: str, value: float) -> str:
    """Return a contribution to the uncertainty as text: relative ones in per cent."""
    return f"{100 * value:.2g} %" if "relative" in name else format_plain(value)


def _leaves(record: Any, prefix: str) -> list[tuple[str, float]]:
    if isinstance(record, dict):
        return [leaf for name, item in record.items() for leaf in _leaves(item, f"{prefix} {name}".strip())]
    if isinstance(record, (int, float)) and not isinstance(record, bool):
        return [(prefix.replace("_", " "), float(record))]
    return []


def _line(value: Value) -> Line:
    withheld = math.isnan(value.value)
    text = format_value(value.quantity, value.value, value.low, value.high, value.unit, value.note)
    note = "" if withheld else value.note
    return Line(quantity_label(value.quantity), text, str(value.n) if value.n else "", note, withheld)


def _facts(record: Mapping[str, Any], provenance: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    facts = []
    spacing = record.get("spacing_um")
    if spacing:
        name = "Step (y, x)" if provenance.get("kind") in _OF_MAPS else "Pixel size (z, x)"
        facts.append((name, " x ".join(f"{value:.5g}" for value in spacing[-2:]) + " µm"))
    if provenance.get("tilt"):
        facts.append(("Tilt", tilt_sentence(provenance)))
    facts += [("Warning", str(sentence)) for sentence in provenance.get("warnings") or ()]
    facts += [(f"Uncertainty: {name}", contribution_text(name, value)) for name, value in budget_of(provenance).items()]
    return tuple(facts)


def _figures(folder: Path, image: str) -> tuple[Figure, ...]:
    figures = []
    profile = read_columns(folder / "profile.csv", ("x_um", "gross_um", "net_um"))
    if profile is not None:
        lines = {"gross": profile["gross_um"], "net": profile["net_um"]}
        drawing = profile_svg(profile["x_um"], lines, f"Thickness profile of {image}")
        figures.append(Figure(drawing, "Thickness along the interface, gross (voids included) and net."))
    for table, title, label in _HISTOGRAMS:
        columns = _sizes(folder / f"{table}.csv")
        if columns is not None:
            sizes, left_out = columns
            drawing = histogram_svg(sizes, f"{title} in {image}", label)
            more = f", left out of the numbers: {left_out}" if left_out else ""
            figures.append(Figure(drawing, f"{title}, number of objects: {sizes.size}{more}."))
    return tuple(figure for figure in figures if figure.drawing)


def _sizes(path: Path) -> tuple[np.ndarray, int] | None:
    """Return the diameters that the means are of, and how many others the table has: small grains and cut ones."""
    columns = read_columns(path, ("ecd_um", "counted", "on_border"))
    if columns is not None:
        kept = (columns["counted"] == 1) & (columns["on_border"] == 0)
        return columns["ecd_um"][kept], int((~kept).sum())
    plain = read_columns(path, ("ecd_um",))
    return None if plain is None else (plain["ecd_um"], 0)


def _pictures(folder: Path, image: str, kind: str, thumbnails: Thumbnails) -> tuple[Picture, ...]:
    if kind in _SERIES_PICTURES:
        return _series_pictures(folder, image, kind, thumbnails)
    maps = (f"Orientations of {image}", f"Orientations of {image} with the boundaries of its grains")
    micrographs = (f"Micrograph {image}", f"Micrograph {image} with what was found drawn on it")
    alts = maps if kind == "grains" else micrographs
    previews = zip(("image.jpg", "overlay.jpg"), alts, strict=True)
    found = ((_read_picture(folder / name, thumbnails), alt) for name, alt in previews)
    return tuple(_picture(pixels, alt, thumbnails) for pixels, alt in found if pixels is not None)


def _series_pictures(folder: Path, image: str, kind: str, thumbnails: Thumbnails) -> tuple[Picture, ...]:
    """Return the figures, side by side, and the sheets of a series, each over a whole row, with their captions."""
    found = (
        (name, caption, _read_picture(folder / name, thumbnails)) for name, caption in _SERIES_PICTURES[kind].items()
    )
    return tuple(
        _picture(pixels, f"{image}: {caption}", thumbnails)._replace(caption=caption, fills_row=name.endswith(".jpg"))
        for name, caption, pixels in found
        if pixels is not None
    )


def _read_picture(path: Path, thumbnails: Thumbnails) -> np.ndarray | None:
    """Return a stored preview, read at half its size (a quarter of the work in JPEG) where that is enough."""
    import cv2

    from sodalite.report.overlay import PREVIEW_SIDE_PX

    halved = thumbnails.width_px <= PREVIEW_SIDE_PX // 2
    return cv2.imread(str(path), cv2.IMREAD_REDUCED_COLOR_2 if halved else cv2.IMREAD_COLOR) if path.is_file() else None


def _picture(pixels: np.ndarray, alt: str, thumbnails: Thumbnails) -> Picture:
    """Return a picture within its bounds: at the best quality that fits, and smaller where none does."""
    import cv2

    height, width = pixels.shape[:2]
    factor = min(1.0, thumbnails.width_px / max(width, height))
    while True:
        size = max(1, round(width * factor)), max(1, round(height * factor))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if size != (width, height) else pixels
        for quality in _QUALITIES:
            data = encode_jpeg(small, quality)
            if len(data) <= thumbnails.most_bytes:
                return Picture("data:image/jpeg;base64," + base64.b64encode(data).decode(), *size, alt)
        factor *= _SHRINK
