"""Numbers in text: the bits of ``float`` for every way to write them, wherever the text is cut."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sodalite.errors import ReadError
from sodalite.read import ebsd_table
from sodalite.read.ebsd_table import SLACK, WIDE, Layout, Table, read_table
from sodalite.read.ebsd_tokens import AT_ONCE, mark_fields, mark_tokens

digits = st.text("0123456789", max_size=13)
plain = st.tuples(
    st.sampled_from(["", "-"]), st.text("0123456789", min_size=1, max_size=9), st.text("0123456789", max_size=10)
).map(lambda parts: f"{parts[0]}{parts[1]}.{parts[2]}")
written = st.one_of(
    plain,
    st.tuples(st.sampled_from(["", "-", "+"]), digits, st.sampled_from(["", "."]), digits, digits)
    .filter(lambda parts: parts[1] or parts[3] or parts[4])
    .map("".join),
    st.tuples(st.decimals(-1000, 1000, places=4), st.integers(-330, 330)).map(lambda pair: f"{pair[0]}e{pair[1]}"),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)
blanks = st.sampled_from([" ", "\t", "   ", " \t ", " " * 70])
ends = st.sampled_from(["\n", "\r\n", "  \r\n", "\n\n", "\t\n# remark 1 2 3\n"])
COLUMNS = {name: position for position, name in enumerate(WIDE)}


def table_of(text: str, layout: Layout) -> Table:
    """Return the table that a file of this text gives."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "numbers.txt"
        path.write_bytes(text.encode())
        return read_table(path, layout)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(*[written] * 5), min_size=1, max_size=9), blanks, ends, st.integers(1, 200))
def test_every_way_to_write_a_number_gives_the_bits_of_float(
    rows: list[tuple[str, ...]], blank: str, end: str, block: int
) -> None:
    """Whatever the digits, signs, exponents and blanks, and wherever a block of the file ends."""
    text = "".join(f"{blank if k % 2 else ''}{blank.join(row)}{end}" for k, row in enumerate(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ebsd_table, "_BLOCK", block)
        table = table_of(text, Layout(0, COLUMNS))
    expected = np.array([[float(token) for token in row] for row in rows]).T
    assert np.array_equal(table.wide.view(np.uint64), expected.view(np.uint64))


@pytest.mark.parametrize("separator", [b"", b";"])
def test_more_rows_than_are_parsed_at_once(separator: bytes) -> None:
    """Exact, doubtful, missing and passed-over numbers keep their rows over many groups of lines."""
    count = 3 * ebsd_table.GROUP + 7
    rng = np.random.default_rng(0)
    numbers = [
        [f"{value:.{places}f}" for value, places in zip(rng.normal(0, 500, 5), rng.integers(0, 19, 5), strict=True)]
        for _ in range(count)
    ]
    sign = separator.decode() or " "
    text = "".join(sign.join([*row, "skipped", *(["7"] if k % 3 else [])]) + "\n" for k, row in enumerate(numbers))
    table = table_of(text, Layout(0, {**COLUMNS, "fit": 6}, separator))
    assert np.array_equal(table.wide, np.array(numbers, dtype=float).T)
    assert np.array_equal(table.narrow["fit"], np.where(np.arange(count) % 3, 7, np.nan), equal_nan=True)


@settings(max_examples=150, deadline=None)
@given(st.text(" \t\r\n\x00.5-x;é", max_size=200), st.sampled_from([b"\xff", b"\n", b" ", b"5"]))
def test_nothing_behind_the_text_is_marked(text: str, beyond: bytes) -> None:
    """The marks are those of the regular expression, whatever the buffer still holds behind the text."""
    content = text.encode()
    buffer = np.frombuffer(content + beyond * SLACK, np.uint8).copy()
    marks, ends = np.zeros(len(content) + AT_ONCE, np.uint32), np.zeros(len(content), np.uint32)
    lines, stop = mark_tokens(buffer, len(content), marks, ends)
    whole = content[: content.rfind(b"\n") + 1]
    tokens = [found.span() for found in re.finditer(rb"[^ \t\r\n\0]+", whole)]
    assert stop == len(whole)
    assert ends[:lines].tolist() == [
        sum(end <= feed.start() for _, end in tokens) for feed in re.finditer(rb"\n", whole)
    ]
    assert marks[: 2 * len(tokens)].reshape(-1, 2).tolist() == [list(token) for token in tokens]


def test_fields_between_separators_lose_their_blanks() -> None:
    """An empty field counts, the last of a line only when something stands in it."""
    content = b" 1 ; 2;;x y;\r\n;5\n\n7"
    marks, ends = np.zeros(2 * len(content), np.uint32), np.zeros(len(content), np.uint32)
    lines, stop = mark_fields(np.frombuffer(content + bytes(SLACK), np.uint8), len(content), ord(";"), marks, ends)
    assert (lines, stop) == (3, len(content) - 1)
    assert ends[:lines].tolist() == [4, 6, 6]
    assert marks[:12].tolist() == [1, 2, 5, 6, 7, 7, 8, 11, 14, 14, 15, 16]


@pytest.mark.parametrize(
    "wrong",
    [
        ".",
        "-",
        "-.",
        "--1",
        "-+1",
        "1-",
        "1.2.3",
        "1..",
        "1234567.8.9",
        ".2345678.1234567",
        "12345678.x",
        "1234567890-",
        "0x1",
        "1e",
        "e5",
        "1 2\x000.5x",
    ],
)
def test_what_is_no_number_is_none_behind_one_that_looks_alike(wrong: str) -> None:
    """A value that repeats is taken again, what only resembles it is not."""
    with pytest.raises(ReadError, match="where a number is expected"):
        table_of(f"0. 0. 0. 0. 0.\n{' '.join([wrong] * 5)}\n", Layout(0, COLUMNS))
