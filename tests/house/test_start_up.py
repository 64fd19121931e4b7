"""Importing the package and asking for help stays cheap: bounded by modules loaded, not by time."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "cv2", "edt", "h5py", "imagecodecs", "matplotlib", "numba", "orix", "pandas", "pebble", "rsciio", "scipy",
    "skimage", "sklearn", "tifffile",
}  # fmt: skip


def modules_after(code: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter holds after `code`."""
    script = f"import sys\n{code}\nsys.stderr.write(' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("import sodalite", {"numpy", "pydantic", "yaml", "click", "rich"}),
        ("from sodalite.cli import main; main(['--help'])", {"numpy", "pydantic", "yaml", "rich"}),
        ("from sodalite.cli import main; main(['run', '--help'])", {"numpy", "pydantic", "yaml", "rich"}),
        ("import sodalite.batch.engine", {"numpy"}),
        ("import sodalite; sodalite.Result, sodalite.Image, sodalite.load_recipe", set()),
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(code: str, more: set[str]) -> None:
    """Neither the package nor its help nor its types load what only a measurement needs."""
    assert modules_after(code) & (HEAVY | more) == set()
