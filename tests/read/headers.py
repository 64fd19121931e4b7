"""Two real headers of Thermo Fisher instruments, cut to the sections that matter, and TIFFs that carry a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tifffile

if TYPE_CHECKING:
    from pathlib import Path

HYDRA = """[User]
Date=10/09/2023
Time=08:04:59 PM
[System]
Type=DualBeam
Software=17.22.0.19782
SystemType=Helios 5 Hydra CX
[Beam]
HV=2000
Beam=EBeam
Scan=EScan
[EBeam]
HV=2000
HFW=2.243E-05
VFW=1.088E-05
WD=0.00396297
TiltCorrectionIsOn=yes
DynamicFocusIsOn=yes
StageTa=0.907553
TiltCorrectionAngle=-0.663242
PreTilt=0
[Scan]
PixelWidth=1e-08
PixelHeight=1e-08
HorFieldsize=2.243E-05
VerFieldsize=1.088E-05
[EScan]
PixelWidth=1e-08
PixelHeight=1e-08
[Stage]
StageT=0.907553
SpecTilt=0
[Image]
ResolutionX=3072
ResolutionY=2048
[Detectors]
Name=TLD
[PrivateFei]
DatabarHeight=
"""
NANOLAB = (
    HYDRA.replace("TiltCorrectionAngle=-0.663242\nPreTilt=0\n", "TiltCorrectionAngle=0\n")
    .replace("0.907553", "0.90756")
    .replace("Helios 5 Hydra CX", "Helios NanoLab")
    .replace("1e-08", "2.5e-009")
    .replace("HFW=2.243E-05\nVFW=1.088E-05", "HFW=2.56e-006\nVFW=2.21e-006")
    .replace("HorFieldsize=2.243E-05\nVerFieldsize=1.088E-05", "HorFieldsize=2.56e-006\nVerFieldsize=2.21e-006")
    .replace("ResolutionX=3072\nResolutionY=2048", "ResolutionX=1024\nResolutionY=884")
)


def pixels(rows: int = 48, columns: int = 64) -> np.ndarray:
    """Return noise, uint8."""
    return np.random.default_rng(5).integers(0, 256, (rows, columns)).astype(np.uint8)


def tagged(path: Path, code: int, text: str | bytes, data: np.ndarray | None = None, kind: int = 2) -> Path:
    """Write a TIFF with one private tag and the resolution of a screen."""
    content = text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode("cp1252")
    tifffile.imwrite(
        path,
        pixels() if data is None else data,
        metadata=None,
        resolution=(96, 96),
        resolutionunit="INCH",
        extratags=[(code, kind, len(content), content, True)],
    )
    return path


def fei(path: Path, text: str, data: np.ndarray | None = None) -> Path:
    """Write a TIFF with an FEI header whose resolution is that of the picture."""
    rows, columns = (pixels() if data is None else data).shape
    for size in ("ResolutionX=3072\nResolutionY=2048", "ResolutionX=1024\nResolutionY=884"):
        text = text.replace(size, f"ResolutionX={columns}\nResolutionY={rows}")
    return tagged(path, 34682, text, data)
