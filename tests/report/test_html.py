"""The report shows everything, failures first, and needs and runs nothing from elsewhere."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from sodalite.errors import RecipeError
from sodalite.quantity import GLOSSARY
from sodalite.report import write_pictures, write_report
from sodalite.report.sections import Thumbnails, _picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sodalite.image import Image
    from sodalite.result import Result

    Section = Callable[..., tuple[Result, Image]]

HOSTILE = "cell \"b\"/<script>alert('x')</script> & 100 %#1.tif"
GROUPS = """cell,position,quantity,unit,mean,sd,n,low,high,relative_accuracy_percent,note
<c>,all,thickness_gross_mean,um,8.4962967,0.28,2,5.9577018,11.034892,29.9,
<c>,all,void_fraction,,0.011,0.005,2,0,0.056,386,interval ends where the quantity does
<c>,edge,thickness_gross_mean,um,8.2965049,,1,,,,one sample: no interval
"""


class Page(HTMLParser):
    """What a browser would find: elements, addresses and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.alts: list[str | None] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]
        if tag == "img":
            self.alts.append(dict(attrs).get("alt"))

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.words.append(data)

    @property
    def text(self) -> str:
        """All text, white space as single blanks."""
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def run(section: Section, tmp_path: Path) -> Path:
    """Folder of a run with two images, one of them with a hostile name, and one failure."""
    out = tmp_path / "out"
    frames = []
    for name in ("cell/a.tif", HOSTILE):
        result, image = section(name=name)
        folder = out / name.removesuffix(".tif")
        write_pictures(result, image, folder)
        result.save(folder)
        frames.append(result.to_frame())
    pd.concat(frames).to_csv(out / "values.csv", index=False)
    failures = {
        "image": ["<b>bad.tif"],
        "error": ["CalibrationError"],
        "message": ["bad.tif: no pixel size; give one."],
    }
    pd.DataFrame(failures).to_csv(out / "failures.csv", index=False)
    (out / "groups.csv").write_text(GROUPS)
    (out / "recipe.yaml").write_text("# <layers>\nkind: cross-section\n", encoding="utf-8")
    (out / "provenance.json").write_text('{"kind": "cross-section", "versions": {"numpy": "2.1"}, "code": "ab12"}')
    return out


def _page(out: Path) -> Page:
    return Page(write_report(out).read_text(encoding="utf-8"))


def test_nothing_is_fetched_or_run(run: Path) -> None:
    """One script of our own, pictures inside the page, links to files beside it; names are text."""
    page = _page(run)
    assert page.elements.count("script") == 1
    assert "b" not in page.elements
    outside = [a for a in page.addresses if not a.startswith(("data:image/jpeg;base64,", "#"))]
    assert all("//" not in address and ":" not in address for address in outside)
    assert HOSTILE in page.text


def test_links_lead_to_the_overlays(run: Path) -> None:
    """The full-size overlay of an image with a hostile name is found through its link."""
    from urllib.parse import unquote

    overlays = [unquote(address) for address in _page(run).addresses if address.endswith("overlay.png")]
    assert len(overlays) == 2
    assert all((run / overlay).is_file() for overlay in overlays)


def test_sections_stand_in_order(run: Path) -> None:
    """Failures come first, then overview, groups, images, definitions, recipe and provenance, budget, versions."""
    text = (write_report(run)).read_text(encoding="utf-8")
    order = ("failures", "overview", "groups", "images", "definitions", "recipe", "provenance", "budget", "versions")
    places = [text.index(f'<section id="{name}"') for name in order]
    assert places == sorted(places)


def test_numbers_have_intervals_reasons_and_definitions(run: Path) -> None:
    """A number stands with its interval, a bound as a bound, a withheld one with its reason, each defined."""
    text = _page(run).text
    for words in ("12.34 µm (12.10 to 12.58)", "at most 0.30 %", "withheld: no <charge> was given", "rule of three"):
        assert words in text
    for name in ("thickness_gross_mean", "gap_open_fraction", "closure_residual"):
        assert GLOSSARY[name].meaning in text
        assert GLOSSARY[name].standard in text


def test_a_report_of_maps_speaks_of_steps_and_of_the_grains_that_count(tmp_path: Path) -> None:
    """The histogram holds the grains of the means; words of micrographs are left out."""
    out = tmp_path / "out"
    (out / "map").mkdir(parents=True)
    values = "image,quantity,value,unit,low,high,n,note\nmap.ctf,ecd_mean,2.5,um,2,3,3,\n"
    for folder in (out, out / "map"):
        (folder / "values.csv").write_text(values)
    grains = {
        "ecd_um": [2.0, 2.5, 3.0, 9.0, 0.1],
        "counted": [True] * 4 + [False],
        "on_border": [False] * 3 + [True] * 2,
    }
    pd.DataFrame(grains).to_csv(out / "map" / "grains.csv", index=False)
    record = '{"name": "map.ctf", "spacing_um": [0.5, 0.25], "provenance": {"kind": "grains"}}'
    (out / "map" / "provenance.json").write_text(record)
    (out / "provenance.json").write_text('{"kind": "grains"}')
    text = _page(out).text
    assert "Grain sizes, number of objects: 3, left out of the numbers: 2." in text
    assert "Step (y, x) 0.5 x 0.25 µm" in text
    assert "greys that hardly differ" not in text


@pytest.mark.parametrize("note", ["", "the greys hardly differ at sodium/electrolyte (d' = 0.3): check the overlay"])
def test_the_mark_of_doubt_is_explained_where_it_stands(tmp_path: Path, note: str) -> None:
    """A report without a doubted number does not speak of the mark."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "values.csv").write_text(
        f"image,quantity,value,unit,low,high,n,note\na.tif,void_fraction,0.02,,0.01,0.03,3,{note}\n"
    )
    text = _page(out).text
    assert ("2.0 % †" in text) == ("† greys that hardly differ" in text) == bool(note)


def test_every_picture_has_words(run: Path) -> None:
    """Two pictures an image, each described; the figures have titles."""
    page = _page(run)
    assert len(page.alts) == 4
    assert all(page.alts)
    assert page.elements.count("title") == 1 + 2 * 2


def test_equal_runs_give_equal_bytes(run: Path) -> None:
    """Writing again changes nothing, and no temporary file stays."""
    first = write_report(run).read_bytes()
    assert write_report(run).read_bytes() == first
    assert not list(run.glob(".*"))


def test_a_run_of_failures_has_a_report(tmp_path: Path) -> None:
    """When nothing was measured the failures are still told."""
    (tmp_path / "values.csv").write_text("image,quantity,value,unit,low,high,n,note\n")
    (tmp_path / "failures.csv").write_text("image,error,message\na.tif,ReadError,a.tif: empty; copy it again.\n")
    page = _page(tmp_path)
    assert "a.tif: empty; copy it again." in page.text
    assert "0 images measured" in page.text


def test_images_without_pictures_have_numbers(run: Path) -> None:
    """A folder whose pictures were deleted still gives a report."""
    for path in run.rglob("*.jpg"):
        path.unlink()
    page = _page(run)
    assert "img" not in page.elements
    assert "No pictures are stored" in page.text


def test_other_folders_are_refused(tmp_path: Path) -> None:
    """A folder that is no run is named."""
    with pytest.raises(RecipeError, match=r"no values\.csv"):
        write_report(tmp_path)


def test_thumbnails_are_bounded() -> None:
    """Even pure noise stays within the bytes allowed at 1000 images."""
    noise = np.random.default_rng(0).integers(0, 256, (512, 512, 3), dtype=np.uint8)
    bounds = Thumbnails.for_images(1000)
    picture = _picture(noise, "noise", bounds)
    assert len(picture.source) <= bounds.most_bytes * 4 / 3 + 40


def test_groups_stand_side_by_side(run: Path) -> None:
    """One row a cell and position: numbers with their interval, nothing called nan."""
    page = _page(run)
    assert "<c> all 2 8.5 (6.0 to 11.0)" in page.text
    assert "<c> edge 1 8.297" in page.text
    assert "nan" not in page.text.split("Groups")[-1].split("Images")[0]
