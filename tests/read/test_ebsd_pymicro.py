"""Images of pymicro built by hand, and the real one against the .ang file that it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from sodalite.errors import ReadError
from sodalite.read import read_ebsd

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike

ROWS, COLUMNS = 3, 4
EULER = np.random.default_rng(0).uniform(0, 3, (ROWS, COLUMNS, 3)).astype(np.float32)
PHASE = np.array([[1, 1, 2, 2], [1, 0, 2, 2], [1, 1, 1, 2]], np.uint8)


def write(path: Path, *, transposed: bool = True, dimension: ArrayLike = (COLUMNS, ROWS)) -> Path:
    """Write two phases in an image whose fields have rows first and say so, or columns first."""
    with h5py.File(path, "w") as file:
        cells = file.create_group("CellData")
        cells.attrs["dimension"] = np.array(dimension)
        cells.attrs["spacing"], cells.attrs["origin"] = np.full(len(np.ravel(dimension)), 0.5), np.array([1.0, 2.0])
        for name, values in (("euler", EULER), ("phase_map", PHASE)):
            cells[name] = values if transposed else np.swapaxes(values, 0, 1)
            if transposed:
                cells[name].attrs["transpose_indices"] = b"(lp0\nI1\naI0\na."
        for number, (name, system) in enumerate((("Sodium", "cubic"), ("Magnesium", "hexagonal")), start=1):
            phase = file.create_group(f"PhaseData/phase_{number:02}")
            phase.attrs["name"], phase.attrs["symmetry"] = np.bytes_(name), np.bytes_(system)
            phase.attrs["phase_id"] = number
    return path


@pytest.mark.parametrize("transposed", [True, False])
def test_fields_are_read_in_the_order_that_they_state(transposed: bool, tmp_path: Path) -> None:
    """Angles in radians, phases by name and system, places from origin and spacing; what is silent is told."""
    ebsd = read_ebsd(write(tmp_path / "a.h5", transposed=transposed))
    assert (ebsd.shape, ebsd.step_um, ebsd.frame) == ((ROWS, COLUMNS), (0.5, 0.5), "tsl")
    np.testing.assert_array_equal(ebsd.euler_rad, EULER.reshape(-1, 3).astype(np.float64))
    np.testing.assert_array_equal(ebsd.phase_id, PHASE.ravel())
    assert [(phase.name, phase.laue_group) for phase in ebsd.phases] == [("Sodium", "m-3m"), ("Magnesium", "6/mmm")]
    assert (ebsd.x_um[0], ebsd.y_um[-1]) == (1.0, 3.0)
    assert "neither a unit of length nor a reference frame" in ebsd.warnings[0]


@pytest.mark.parametrize(
    ("dimension", "message"), [((4, 3, 2), "an image of 3 axes is no map"), ((4, 4), "do not fit 4 x 4 cells")]
)
def test_volumes_and_misfits_are_refused(dimension: tuple[int, ...], message: str, tmp_path: Path) -> None:
    """A section has to be saved by its own; fields of another size are damage."""
    with pytest.raises(ReadError, match=message):
        read_ebsd(write(tmp_path / "a.h5", dimension=dimension))


def test_the_real_image_is_the_ang_file_it_came_from(shared_data: Path) -> None:
    """Bit for bit in angles and phases."""
    stem = shared_data / "ebsd/pymicro/Ti64-200x200"
    text, image = read_ebsd(f"{stem}.ang"), read_ebsd(f"{stem}_data.h5")
    np.testing.assert_array_equal(image.euler_rad, text.euler_rad)
    np.testing.assert_array_equal(image.phase_id, text.phase_id)
    assert image.phases[0].laue_group == text.phases[0].laue_group
