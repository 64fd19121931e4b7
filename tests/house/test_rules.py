"""The rules that hold the house up: lengths, names, floors, prints and the public face."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sodalite

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "imaging" / "sodalite"
SOURCES = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "plugins").rglob("*.py"), *(ROOT / "tests").rglob("*.py")])
LONGEST_FILE, LONGEST_BODY = 400, 50
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}


def name_of(path: Path) -> str:
    """Return a file's path below the root, as pytest shows it."""
    return path.relative_to(ROOT).as_posix()


def bodies(path: Path) -> dict[str, int]:
    """Return function -> lines of its body without its docstring."""
    lengths = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            lengths[node.name] = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
    return lengths


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_and_functions_stay_short(path: Path) -> None:
    """No file is longer than 400 lines and no function's body longer than 50."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    assert {name: lines for name, lines in bodies(path).items() if lines > LONGEST_BODY} == {}


def test_most_functions_are_much_shorter() -> None:
    """Nine of ten functions of the package have at most 25 lines."""
    lengths = sorted(lines for path in PACKAGE.rglob("*.py") for lines in bodies(path).values())
    assert lengths[int(0.9 * len(lengths))] <= 25


def test_no_file_is_a_drawer_for_odds_and_ends() -> None:
    """A file is named after what one finds in it."""
    assert [name_of(path) for path in SOURCES if path.stem in FORBIDDEN_NAMES] == []


def test_nothing_prints_below_the_roof() -> None:
    """Only the command line speaks to the terminal."""
    speaking = re.compile(r"(?<![\w.])print\(|sys\.std(out|err)|click\.echo")
    assert [name_of(p) for p in PACKAGE.rglob("*.py") if p.name != "cli.py" and speaking.search(p.read_text())] == []


def test_floors_import_only_downwards() -> None:
    """The contracts of import-linter hold."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_room_stands_on_a_floor() -> None:
    """Each module and package of the first level is named in the contract of the floors."""
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("Data flows down one way")[1].split("[[")[0]
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    named = set(re.findall(r"sodalite\.(\w+)", contract))
    assert rooms - named - {"__init__"} == set()


def test_every_module_says_what_is_in_it() -> None:
    """A module's first line is a sentence."""
    silent = []
    for path in PACKAGE.rglob("*.py"):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if not text.split("\n\n")[0].rstrip().endswith((".", ":")):
            silent.append(name_of(path))
    assert silent == []


@pytest.mark.parametrize("name", sodalite.__all__)
def test_public_names_load(name: str) -> None:
    """Every name of `sodalite.__all__` is there."""
    assert getattr(sodalite, name) is not None


def test_public_functions_tell_what_they_return() -> None:
    """Every public function and class of the public face has a docstring."""
    public = [getattr(sodalite, name) for name in sodalite.__all__]
    assert [item for item in public if callable(item) and not item.__doc__] == []
