"""The data bar under a micrograph: a scale bar and lines of text in a font of 5 x 7 dots."""

from __future__ import annotations

import numpy as np

_FONT = {
    "0": "0e11131519110e", "1": "040c040404040e", "2": "0e11010204081f", "3": "1f02040201110e",
    "4": "02060a121f0202", "5": "1f101e0101110e", "6": "0608101e11110e", "7": "1f010204080808",
    "8": "0e11110e11110e", "9": "0e11110f01020c", ".": "00000000000c0c", "=": "00001f001f0000",
    "A": "0e11111f111111", "D": "1e11111111111e", "E": "1f10101e10101f", "H": "1111111f111111",
    "M": "111b1515111111", "S": "0f10100e01011e", "T": "1f040404040404", "V": "11111111110a04",
    "W": "11111115151b11", "X": "11110a040a1111", "a": "00000e010f110f", "e": "00000e111f100e",
    "g": "000f11110f010e", "i": "0400040404040e", "k": "10101214181412", "l": "0c04040404040e",
    "m": "00001a15151511", "n": "00001e11111111", "o": "00000e1111110e", "t": "08081c08080906",
    "u": "0000111111130d", "d": "01010d1311110f", "h": "10101619111111", " ": "00000000000000",
}  # fmt: skip


def draw_databar(shape: tuple[int, int], *, pixel_um: float, detector: str = "SE2") -> np.ndarray:
    """Return a bar ``(y, x)`` of greys 0 to 255: a black frame on white, a scale bar and two lines of text.

    Parameters
    ----------
    shape
        Rows and columns of the bar.
    pixel_um
        Width of a pixel; the scale bar is the roundest length below a fifth of the picture.
    detector
        Name of the detector, as the text says it.
    """
    rows, columns = shape
    bar = np.full(shape, 255.0)
    bar[[0, -1]] = bar[:, [0, -1]] = 0
    zoom = max(1, rows // 24)
    length_um = _round_length(columns * pixel_um / 5)
    length = round(length_um / pixel_um)
    foot = rows - max(4, rows // 4)
    bar[foot, 20 : 20 + length] = 0
    bar[foot - rows // 10 : foot + rows // 10 + 1, [20, 20 + length]] = 0
    texts = (
        (f"{length_um:g} um", rows // 6, 20),
        ("EHT = 5.00 kV", rows // 6, columns * 2 // 5),
        (f"Signal A = {detector}", rows * 4 // 7, columns * 2 // 5),
        ("WD = 5.0 mm", rows // 6, columns * 7 // 10),
        (f"Width = {columns * pixel_um:.1f} um", rows * 4 // 7, columns * 7 // 10),
    )
    for text, top, left in texts:
        _write(bar, text, top, left, zoom)
    return bar


def _round_length(longest: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at most `longest`."""
    power = 10.0 ** np.floor(np.log10(longest))
    return float(power * max(step for step in (1, 2, 5) if step * power <= longest))


def _write(bar: np.ndarray, text: str, top: int, left: int, zoom: int) -> None:
    """Burn text into the bar; what does not fit is cut."""
    glyphs = [_glyph(letter) for letter in text]
    line = np.concatenate([np.pad(glyph, ((0, 0), (0, 1))) for glyph in glyphs], axis=1)
    line = np.kron(line, np.ones((zoom, zoom)))
    target = bar[top : top + line.shape[0], left : left + line.shape[1]]
    target[line[: target.shape[0], : target.shape[1]] > 0] = 0


def _glyph(letter: str) -> np.ndarray:
    rows = bytes.fromhex(_FONT.get(letter, _FONT[" "]))
    return np.unpackbits(np.frombuffer(rows, np.uint8)[:, None], axis=1)[:, 3:]
