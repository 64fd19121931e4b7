"""What is larger than its scan or has its proportions was changed after the header was written; crops were not."""

from __future__ import annotations

import pytest

from sodalite.read.header import altered, bar_below

SCAN = (768.0, 1024.0)


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(768, 1024), (690, 1024), (888, 1024), (300, 1024), (500, 500), (690, 1000), (768, 300), (100, 400)],
)
def test_whole_scans_and_crops_keep_their_pixel_size(rows: int, columns: int) -> None:
    """The whole scan, without its bar or with one below it, and crops in other proportions."""
    assert altered("size", (rows, columns), SCAN) == ""


@pytest.mark.parametrize(("rows", "columns"), [(384, 512), (345, 512), (430, 512), (444, 512), (576, 768), (730, 973)])
def test_reduced_copies(rows: int, columns: int) -> None:
    """Half the size with the bar, without it, with a bar below the scan; three quarters; a little smaller."""
    assert "1024 x 768 px but the file has" in altered("size", (rows, columns), SCAN)
    assert bar_below(rows, columns, SCAN) is None


@pytest.mark.parametrize(("rows", "columns"), [(1536, 2048), (1380, 2048), (400, 1100), (1536, 1024), (1100, 900)])
def test_what_is_larger_than_its_scan(rows: int, columns: int) -> None:
    """Enlarged copies, panoramas and pictures under each other; the rows that are too many are no bar."""
    assert "more than was scanned" in altered("size", (rows, columns), SCAN)
    assert bar_below(rows, columns, SCAN) is None


def test_headers_that_do_not_tell_the_size() -> None:
    """Nothing is known of a change and of a bar then."""
    assert altered("size", (345, 512), (None, 1024.0)) == ""
    assert bar_below(345, 512, (None, None)) is None
    assert bar_below(943, 1024, (884.0, 1024.0)) == 59
