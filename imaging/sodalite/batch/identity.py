"""What makes a result reusable: the same input, recipe and code, as hashes."""

from __future__ import annotations

import hashlib
import json
import re
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import sodalite

_SIDE_FILES = (".txt", ".hdr", ".cpr")


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def source_hash(source: Path) -> str:
    """Return the SHA-256 of an input: of a file's bytes, or of the names and bytes of the files of a series.

    Of a folder those count that lie in it or are named by its series.csv.
    """
    if not source.is_dir():
        return file_hash(source)
    files = {path for path in source.iterdir() if path.is_file() and not path.name.startswith(".")}
    table = source / "series.csv"
    if table.is_file():
        words = re.split(r"[,;\t\r\n]", table.read_text(encoding="utf-8", errors="replace"))
        files |= {path for word in words if word.strip() and (path := source / word.strip().strip('"')).is_file()}
    return key_of(files={path.relative_to(source).as_posix(): file_hash(path) for path in files})


def vendor_texts(source: Path) -> dict[str, Path]:
    """Return name -> path of the text files beside a file in which some vendors keep its pixel size or its phases.

    Their names are met in any case, as readers do.
    """
    kind = source.suffix[1:]
    marks = (source.stem, source.name, f"{source.stem}-{kind}", f"{source.stem}_{kind}")
    names = {f"{mark}{end}".casefold() for mark in marks for end in _SIDE_FILES}
    near = sorted(path for path in source.parent.iterdir() if path.name.casefold() in names)
    return {path.name: path for path in near if path != source and path.is_file()}


def versions() -> dict[str, str]:
    """Return the versions of sodalite and of everything it depends on."""
    try:
        needed = [line.split(";")[0] for line in requires("sodalite") or () if "extra ==" not in line]
    except PackageNotFoundError:
        needed = []
    names = sorted(_package(line) for line in needed)
    return {"sodalite": sodalite.__version__} | {name: _version(name) for name in names}


def code_hash() -> str:
    """Return one hash of sodalite's source and of the versions of what it depends on."""
    home = Path(sodalite.__file__).parent
    digest = hashlib.sha256(json.dumps(versions()).encode())
    for path in sorted(home.rglob("*.py")):
        digest.update(path.relative_to(home).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def key_of(**parts: Any) -> str:
    """Return one hash of everything named."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _package(requirement: str) -> str:
    end = next((i for i, sign in enumerate(requirement) if sign in " <>=!~[;("), len(requirement))
    return requirement[:end]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
