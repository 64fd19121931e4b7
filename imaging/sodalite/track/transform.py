"""Plane transforms between the steps of a series, in um."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from sodalite.errors import MeasurementError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self


@dataclass(frozen=True, slots=True, eq=False)
class Transform:
    """Where the points of one step lie in another.

    Attributes
    ----------
    matrix
        ``(2, 3)`` float64: ``(x, y)`` of the moving step goes to ``matrix[:, :2] @ (x, y) + matrix[:, 2]`` of the
        reference, um. The origin of each step is the centre of the point in its row 0 and column 0, x to the right,
        y down.
    kind
        ``identity``, ``rigid``, ``affine`` or ``given``.
    source
        What the steps were compared by: ``picture``, ``boundaries``, ``grains`` (their orientations, where boundaries
        moved too far to tell), ``given`` or ``none``.
    residual_um
        Median distance between what belongs together after the transform, um; NaN when not measured.
    overlap_fraction
        Share of the smaller step that lies inside the other after the transform; NaN when not measured.
    """

    matrix: np.ndarray
    kind: Literal["identity", "rigid", "affine", "given"] = "given"
    source: Literal["picture", "boundaries", "grains", "given", "none"] = "given"
    residual_um: float = float("nan")
    overlap_fraction: float = float("nan")

    def __post_init__(self) -> None:
        if self.matrix.shape != (2, 3) or not np.isfinite(self.matrix).all():
            raise MeasurementError(f"transform: found an array of shape {self.matrix.shape}; give 2 x 3 numbers in um.")
        if abs(float(np.linalg.det(self.matrix[:, :2]))) < 1e-6:
            raise MeasurementError("transform: the matrix flattens the plane; give one that can be inverted.")

    @classmethod
    def identity(cls) -> Self:
        """Return the transform that leaves every point where it is."""
        return cls(np.eye(2, 3), "identity", "none", 0.0, 1.0)

    @classmethod
    def given(cls, matrix: np.ndarray | Sequence[Sequence[float]]) -> Self:
        """Return a transform told by the user.

        Raises
        ------
        MeasurementError
            When `matrix` is no invertible 2 x 3 matrix.
        """
        return cls(np.asarray(matrix, dtype=np.float64))

    @property
    def rotation_deg(self) -> float:
        """Angle by which the rotation part turns x towards y (clockwise on the map), degrees."""
        left, _, right = np.linalg.svd(self.matrix[:, :2])
        turn = left @ right
        return float(np.degrees(np.arctan2(turn[1, 0], turn[0, 0])))

    def apply(self, points_um: np.ndarray) -> np.ndarray:
        """Return where points ``(n, 2)``, x and y in um, of the moving step lie in the reference."""
        return points_um @ self.matrix[:, :2].T + self.matrix[:, 2]

    def inverse(self) -> Self:
        """Return the transform from the reference to the moving step."""
        back = np.linalg.inv(self.matrix[:, :2])
        return replace(self, matrix=np.column_stack((back, -back @ self.matrix[:, 2])))

    def after(self, first: Transform) -> Self:
        """Return the transform that applies `first`, then this one; residuals add as errors do."""
        linear = self.matrix[:, :2]
        matrix = np.column_stack((linear @ first.matrix[:, :2], self.apply(first.matrix[:, 2][None])[0]))
        kind = self.kind if first.kind == "identity" else first.kind if self.kind == "identity" else "affine"
        if {self.kind, first.kind} <= {"rigid", "identity"}:
            kind = "rigid" if "rigid" in (self.kind, first.kind) else "identity"
        residual = float(np.hypot(self.residual_um, first.residual_um))
        overlap = min(self.overlap_fraction, first.overlap_fraction)
        return replace(self, matrix=matrix, kind=kind, residual_um=residual, overlap_fraction=overlap)
