"""Images written as the software of an instrument writes them: TIFF with vendor tags, or TIFF with a side file.

The layouts follow published sample files of each vendor; numbers are written with nine digits so that what is read back
can be compared, and the traps are kept: a monitor's pixel size in Zeiss, ``DatabarHeight=0`` in FEI, a thumbnail before
the text in TESCAN, a screen's resolution in the resolution tags of all of them.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sodalite.errors import CalibrationError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    import numpy as np

_SQUARE_ONLY: Final = ("zeiss", "jeol", "hitachi")
_COLUMN_ANGLE_DEG: Final = 52.0


class _Shot(NamedTuple):
    """All that the headers tell: (rows, columns) with the bar, (y, x) in um, angles in degrees."""

    shape: tuple[int, int]
    spacing_um: tuple[float, float]
    stage_tilt_deg: float
    tilt_correction: bool
    tilt_correction_angle_deg: float
    databar_rows: int
    dual_beam: bool

    @property
    def scan_rows(self) -> int:
        return self.shape[0] - self.databar_rows


def write_tiff(
    path: str | os.PathLike[str],
    data: np.ndarray,
    spacing_um: tuple[float, float],
    *,
    vendor: str,
    stage_tilt_deg: float = 0.0,
    tilt_correction: bool = False,
    tilt_correction_angle_deg: float = 0.0,
    databar_rows: int = 0,
    dual_beam: bool = True,
) -> Path:
    """Write a picture as an instrument would, with a side file where the vendor uses one; return the picture's path.

    Parameters
    ----------
    path
        Of the TIFF; its folder has to be there.
    data
        ``(y, x)`` uint8 or uint16, the data bar included where there is one.
    spacing_um
        Pixel size (y, x) in um that the header states; zeiss, jeol and hitachi know square pixels only.
    vendor
        One of `VENDORS`.
    stage_tilt_deg, tilt_correction, tilt_correction_angle_deg
        What the header says about tilt, in degrees; jeol and hitachi record the stage alone, imagej nothing.
    databar_rows
        How many of the rows at the foot of `data` are a data bar; zeiss, fibsem_os and imagej have no field for it.
    dual_beam
        Whether the instrument has an ion column.

    Raises
    ------
    CalibrationError
        When the vendor is unknown or cannot express the pixel size.
    """
    import tifffile

    if vendor not in VENDORS:
        raise CalibrationError(f"{vendor}: no such vendor; choose one of {', '.join(VENDORS)}.")
    if vendor in _SQUARE_ONLY and spacing_um[0] != spacing_um[1]:
        raise CalibrationError(f"{vendor}: its header holds one pixel size, not {spacing_um}; give square pixels.")
    shape = (int(data.shape[0]), int(data.shape[1]))
    shot = _Shot(shape, spacing_um, stage_tilt_deg, tilt_correction, tilt_correction_angle_deg, databar_rows, dual_beam)
    target = Path(path)
    tifffile.imwrite(target, data, photometric="minisblack", **_WRITERS[vendor](target, shot))
    return target


def _screen_resolution() -> dict[str, Any]:
    """Return the arguments for a TIFF that carries nothing but the 96 dpi of a screen."""
    return {"resolution": (96, 96), "resolutionunit": "INCH", "metadata": None, "software": False}


def _tagged(code: int, content: bytes, kind: int = 2) -> dict[str, Any]:
    """Return the arguments for a TIFF with one private tag; kind 2 is ASCII, 7 undefined."""
    return _screen_resolution() | {"extratags": [(code, kind, len(content), content, True)]}


def _zeiss(path: Path, shot: _Shot) -> dict[str, Any]:
    rows, columns = shot.shape
    size_m = shot.spacing_um[1] * 1e-6
    monitor_m = size_m * columns / 1024
    block = f"{monitor_m:.9e}\r\n1.000000e+003\r\n6\r\n5.000000e+003\r\n2.3e+000\r\n2.0e-009\r\n4.5e-003\r\n"
    pairs = {
        "DP_DETECTOR_CHANNEL": "Signal A = InLens",
        "DP_IMAGE_STORE": f"Store resolution = {columns} * {rows}",
        "DP_TILT_CORRECTION": f"Tilt Corrn. = {'On' if shot.tilt_correction else 'Off'}",
        "DP_SEM": f"Sem = {'Crossbeam 540' if shot.dual_beam else 'Gemini 300'}",
        "DP_FIB_PRESENT": f"FIB Present = {'Yes' if shot.dual_beam else 'No'}",
        "DP_FIB_IMAGING": "FIB Imaging = SEM",
        "AP_WD": "WD =  4.5 mm",
        "AP_TILT_ANGLE": f"Tilt Angle = {shot.tilt_correction_angle_deg:.7g} °",
        "AP_PIXEL_SIZE": f"Pixel Size = {_zeiss_length(monitor_m)}",
        "AP_WIDTH": f"Width = {_zeiss_length(size_m * columns)}",
        "AP_HEIGHT": f"Height = {_zeiss_length(size_m * rows)}",
        "AP_IMAGE_PIXEL_SIZE": f"Image Pixel Size = {_zeiss_length(size_m)}",
        "AP_STAGE_AT_T": f"Stage at T = {shot.stage_tilt_deg:.7g} °",
        "AP_ACTUALKV": "EHT =  5.00 kV",
        "AP_DATE": "Date :18 Apr 2024",
        "AP_TIME": "Time :22:42:02",
    }
    lines = "".join(f"{name}\r\n{value}\r\n" for name, value in pairs.items())
    text = "0\r\n0\r\n0\r\n" + "".join(block + f"{index}\r\n" for index in (1, 2, 3)) + f"{len(pairs)}\r\n" + lines
    return _tagged(34118, text.encode("cp1252") + b"\0")


def _zeiss_length(metres: float) -> str:
    """Return a length as SmartSEM words it: four digits and a unit from pm to mm."""
    for unit, scale in (("mm", 1e-3), ("µm", 1e-6), ("nm", 1e-9)):
        if metres >= scale:
            return f"{metres / scale:.4g} {unit}"
    return f"{metres / 1e-12:.4g} pm"


def _fei(path: Path, shot: _Shot) -> dict[str, Any]:
    rows, columns = shot.scan_rows, shot.shape[1]
    y_m, x_m = (size * 1e-6 for size in shot.spacing_um)
    field = {"HFW": f"{x_m * columns:.9g}", "VFW": f"{y_m * rows:.9g}"}
    tilt = math.radians(shot.stage_tilt_deg)
    scan = {"InternalScan": "true", "Dwelltime": "3e-05", "PixelWidth": f"{x_m:.9g}", "PixelHeight": f"{y_m:.9g}"}
    system = (
        {"Type": "DualBeam", "SystemType": "Helios 5 CX"} if shot.dual_beam else {"Type": "SEM", "SystemType": "Apreo"}
    )
    ini: dict[str, dict[str, str]] = {
        "User": {"Date": "10/09/2023", "Time": "08:04:59 PM", "User": "user"},
        "System": system | {"Software": "17.22.0.19782"},
        "Beam": {"HV": "5000", "Spot": "", "ScanRotation": "0", "Beam": "EBeam", "Scan": "EScan"},
        "EBeam": {
            "HV": "5000",
            **field,
            "WD": "0.004",
            "TiltCorrectionIsOn": "yes" if shot.tilt_correction else "no",
            "DynamicFocusIsOn": "no",
            "StageTa": f"{tilt:.9g}",
            "TiltCorrectionAngle": f"{math.radians(shot.tilt_correction_angle_deg):.9g}",
            "PreTilt": "0",
        },
        "Scan": scan | {"HorFieldsize": field["HFW"], "VerFieldsize": field["VFW"]},
        "EScan": scan,
        "Stage": {"StageT": f"{tilt:.9g}", "StageTb": "0", "SpecTilt": "0", "WorkingDistance": "0.004"},
        "Image": {"ResolutionX": f"{columns}", "ResolutionY": f"{rows}"},
        "Detectors": {"Number": "1", "Name": "TLD", "Mode": "SE"},
        "PrivateFei": {"BitShift": "0", "DatabarHeight": "0"},
    }
    return _tagged(34682, _sections(ini).encode("latin-1") + b"\0")


def _sections(ini: dict[str, dict[str, str]]) -> str:
    blocks = ("".join(f"{key}={value}\r\n" for key, value in fields.items()) for fields in ini.values())
    return "".join(f"[{name}]\r\n{block}\r\n" for name, block in zip(ini, blocks, strict=True))


def _tescan(path: Path, shot: _Shot) -> dict[str, Any]:
    angle = shot.tilt_correction_angle_deg if shot.tilt_correction else 0.0
    main = {
        "AccFrames": "1",
        "Date": "2016-05-16",
        "Device": "LYRA3 GMU" if shot.dual_beam else "MIRA3 XMU",
        "ImageStripSize": f"{shot.databar_rows}",
        "Magnification": "1080.8",
        "PixelSizeX": f"{shot.spacing_um[1] * 1e-6:.9g}",
        "PixelSizeY": f"{shot.spacing_um[0] * 1e-6:.9g}",
        "Time": "16:03:27",
    }
    sem = {
        "Detector": "SE",
        "Gun": "Schottky",
        "HV": "10.0000e3",
        "StageTilt": f"{shot.stage_tilt_deg:.9g}",
        "TiltCorrection": f"{angle:.9g}",
        "WD": "13.250e-3",
    }
    texts = ["".join(f"{key}={value}\r\n" for key, value in fields.items()) for fields in (main, sem)]
    thumbnail = b"Y\x14\0\0\x01\0\0\0\0\x0cjP  \r\n\x87\n" + bytes(range(128, 256))
    content = thumbnail + texts[0].encode() + b"\xb2\x07\0\0\x02\0" + texts[1].encode() + b"\0"
    return _tagged(50431, content, 7)


def _jeol(path: Path, shot: _Shot) -> dict[str, Any]:
    rows, columns = shot.scan_rows, shot.shape[1]
    size = shot.spacing_um[0]
    bar_px = max(10, columns // 8)
    lines = {
        "$CM_FORMAT": "JEOL-SEM",
        "$CM_VERSION": "1.0",
        "$CM_INSTRUMENT": "JIB-4700F" if shot.dual_beam else "JSM-IT700HR",
        "$CM_DATE": "2025/11/20",
        "$CM_TIME": "13:42:14",
        "$CM_ACCEL_VOLT": "5.00",
        "$CM_MAG": f"{128000 / (size * columns):.0f}",
        "$CM_IMAGE_SIZE": f"{columns} {rows}",
        "$CM_STAGE_POSITION": f"X=5.483, Y=0.831, R=11.2, Z=8.5, T={shot.stage_tilt_deg:.7f}",
        "$CM_FIELD_OF_VIEW": f"{size * columns:.9g}µm {size * rows:.9g}µm",
        "$SM_WD": "9.07",
        "$SM_PNU_HEIGHT": f"{shot.databar_rows}",
        "$$SM_MICRON_BAR": f"{bar_px}",
        "$$SM_MICRON_MARKER": f"{bar_px * size * 1e3:.9f}nm",
    }
    text = "".join(f"{key} {value}\r\n" for key, value in lines.items())
    path.with_suffix(".txt").write_bytes(text.encode("latin-1"))
    return _screen_resolution()


def _hitachi(path: Path, shot: _Shot) -> dict[str, Any]:
    lines = {
        "InstructName": "SU8020",
        "ImageName": path.name,
        "Date": "2024/03/05",
        "Time": "09:58:37",
        "DataSize": f"{shot.shape[1]}x{shot.scan_rows}",
        "PixelSize": f"{shot.spacing_um[0] * 1e3:.9g}",
        "SignalName": "SE(U)",
        "AcceleratingVoltage": "5000 Volt",
        "Magnification": "5000",
        "WorkingDistance": "8100 um",
        "StagePositionR": "0",
        "StagePositionT": f"{shot.stage_tilt_deg:.9g}",
    }
    text = "[SemImageFile]\r\n" + "".join(f"{key}={value}\r\n" for key, value in lines.items())
    path.with_suffix(".txt").write_bytes(text.encode("utf-16"))
    return _screen_resolution()


def _fibsem_os(path: Path, shot: _Shot) -> dict[str, Any]:
    y_m, x_m = (size * 1e-6 for size in shot.spacing_um)
    rows, columns = shot.shape
    tree = {
        "image": {"beam_type": "ELECTRON", "resolution": [columns, rows], "hfw": x_m * columns, "reduced_area": None},
        "version": "v3",
        "pixel_size": {"x": x_m, "y": y_m},
        "microscope_state": {
            "stage_position": {"r": 0.0, "t": math.radians(shot.stage_tilt_deg)},
            "electron_beam": {"voltage": 2000, "working_distance": 0.004},
            "electron_detector": {"type": "ETD"},
        },
        "system": {
            "stage": {"shuttle_pre_tilt": 0.0},
            "ion": {"enabled": shot.dual_beam, "column_tilt": _COLUMN_ANGLE_DEG},
            "info": {"model": "DemoMicroscope"},
        },
    }
    return {"description": json.dumps(tree), "metadata": None, "software": False}


def _imagej(path: Path, shot: _Shot) -> dict[str, Any]:
    y, x = (_rational(1.0 / size) for size in shot.spacing_um)
    resolution = ((x.numerator, x.denominator), (y.numerator, y.denominator))
    return {"imagej": True, "resolution": resolution, "metadata": {"unit": "um"}}


def _rational(value: float) -> Fraction:
    """Return the closest fraction whose parts fit into the 32 bits of a TIFF rational."""
    return Fraction(value).limit_denominator(max(1, min(10**9, int(2**32 / max(value, 1.0)) - 1)))


_WRITERS: Final[dict[str, Callable[[Path, _Shot], dict[str, Any]]]] = {
    "zeiss": _zeiss,
    "fei": _fei,
    "tescan": _tescan,
    "jeol": _jeol,
    "hitachi": _hitachi,
    "fibsem_os": _fibsem_os,
    "imagej": _imagej,
}
VENDORS: Final = tuple(_WRITERS)
"""Vendors whose files `write_tiff` can imitate."""
