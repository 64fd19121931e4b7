"""Cross-sections: thickness, voids, contact and dead sodium of one micrograph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from sodalite.classes import LAYER_NAMES, SectionClass
from sodalite.errors import MeasurementError
from sodalite.recipe import PixelSize, Recipe

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from sodalite.image import Image
    from sodalite.result import Result


class CrossSection(Recipe):
    """Settings of a cross-section: which layers it shows, and how they are found and measured.

    Lengths in px are pixels of the image; the other units are in the names.
    """

    kind: ClassVar[str] = "cross-section"
    extensions: ClassVar[frozenset[str]] = frozenset({".tif", ".tiff", ".png", ".bmp"})
    compiled: ClassVar[str] = "sodalite.measure.local_thickness"

    layers: str = Field(
        "collector,sodium,electrolyte",
        description="Layers from the top of the image to its bottom, comma-separated, out of "
        f"{', '.join(LAYER_NAMES)}; those absent from the image are left out",
    )
    reversed: bool = Field(False, description="Whether the image shows the named stack upside down")
    tilt_factor: float | None = Field(
        None, gt=0, le=10, description="True height divided by the height in the image; null leaves it to the header"
    )
    scale_uncertainty_percent: float = Field(
        2.0, ge=0, le=50, description="Standard uncertainty of the pixel size in percent of it"
    )
    site_selected: bool = Field(
        True, description="Whether the place was chosen, so that an area fraction is no volume fraction"
    )
    destripe: bool = Field(False, description="Whether curtains are taken out before the layers are traced")
    stiffness_px: float = Field(
        40.0, gt=0, le=1000, description="Width in px below which a bump of an interface needs strong evidence"
    )
    anchor_reach_px: float = Field(
        15.0,
        ge=1,
        le=500,
        description="How far in px an interface may run from the line between two anchors; beside an anchor 3 px",
    )
    void_seed_sd: float = Field(
        5.0, gt=1, le=50, description="Depth of a void's core below the sodium, in standard deviations of its grey"
    )
    void_grow_sd: float = Field(
        2.0, gt=0.5, le=50, description="Depth to which a void is followed from its core, in the same unit"
    )
    void_min_area_px: int = Field(30, ge=1, le=1_000_000, description="Area in px of the smallest void counted")
    contact_distance_px: float = Field(
        2.0, gt=0, le=100, description="Distance in px within which a void interrupts the contact of a face"
    )
    roughness_cutoff_um: float | None = Field(
        None, gt=0, description="Cut-off of roughness against waviness in um; null keeps all but the straight line"
    )
    least_thickness_um: float | None = Field(
        None,
        ge=0,
        description="Thickness in um above which a place counts as covered; null takes 3 px or a tenth of the "
        "theoretical thickness, whichever is more",
    )
    dead_sodium_min_ecd_px: float = Field(
        6.0, ge=2, le=1000, description="Equivalent circle diameter in px of the smallest dead-sodium object counted"
    )
    connectivity: Literal[4, 8] = Field(8, description="Neighbours that count as an electronic connection")
    round_circularity: float = Field(0.80, gt=0, le=1, description="Least circularity of a spherical object")
    round_aspect_ratio: float = Field(1.5, ge=1, description="Largest aspect ratio of a spherical object")
    long_aspect_ratio: float = Field(3.0, ge=1, description="Least aspect ratio of a filamentary object")
    open_solidity: float = Field(0.80, gt=0, le=1, description="Solidity below which a branched object is filamentary")
    charge_mah_cm2: float | None = Field(
        None, ge=0, le=1e4, description="Charge passed per area in mAh cm-2; null leaves out the sodium inventory"
    )
    plating_efficiency: float = Field(1.0, gt=0, le=1, description="Share of the charge that plated sodium")
    density_g_cm3: float = Field(0.968, gt=0, le=25, description="Density of the deposit in g cm-3")

    @model_validator(mode="after")
    def _layers_make_sense(self) -> Self:
        names = self.layer_names
        unknown = [name for name in names if name not in LAYER_NAMES]
        if unknown:
            raise ValueError(f"layers: {unknown[0]!r} is no layer; choose out of {', '.join(LAYER_NAMES)}")
        if len(set(names)) < len(names):
            raise ValueError("layers: a layer is named twice; name each once, from top to bottom")
        places = [LAYER_NAMES.index(name) for name in names]
        if places not in (sorted(places), sorted(places, reverse=True)):
            raise ValueError(
                f"layers: {self.layers} is no order of a cell; keep {' - '.join(LAYER_NAMES)} or reverse it"
            )
        if "electrolyte" not in names or len(names) < 2:
            raise ValueError("layers: name the electrolyte and at least one layer upon it")
        if self.void_grow_sd > self.void_seed_sd:
            raise ValueError("void_grow_sd: above void_seed_sd; a void is followed to shallower greys than its core")
        return self

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Layers from top to bottom as the recipe spells them."""
        return tuple(name.strip() for name in self.layers.split(",") if name.strip())

    @property
    def upside_down(self) -> bool:
        """Whether the electrolyte lies above the other layers in the image."""
        return (self.layer_names[0] == "electrolyte") != self.reversed

    @property
    def stack(self) -> tuple[str, ...]:
        """Layers from the collector side to the electrolyte."""
        names = self.layer_names
        return names[::-1] if names[0] == "electrolyte" else names

    def read(self, path: str | os.PathLike[str], *, page: int = 0, pixel_size_um: PixelSize = None) -> Image:
        """Return the micrograph of a file, see `sodalite.read_image`.

        Raises
        ------
        ReadError, CalibrationError
            When the file is no micrograph, or nothing tells its pixel size.
        """
        from sodalite.read import read_image

        return read_image(path, page=page, pixel_size_um=pixel_size_um)

    def segment(self, sample: Image, anchors: Mapping[str, Any] | None = None) -> np.ndarray:
        """Return the class of every pixel: ``(y, x)`` uint8 ids of `SectionClass`, the data bar outside.

        Parameters
        ----------
        sample
            A micrograph ``(y, x)``.
        anchors
            Interface such as ``sodium/electrolyte`` -> ``(n, 2)`` points (x, row) in pixels through which it runs.

        Raises
        ------
        SegmentationError
            When the image is too small for the layers, or an anchor names an interface that the recipe has not.
        """
        from sodalite.pipelines.section_labels import segment_section

        return segment_section(self, _flat(sample), anchors or {}).labels

    def measure(self, sample: Image, labels: np.ndarray) -> Result:
        """Return every quantity of the cross-section, measured on the given classes.

        The grey levels only serve to place the labelled faces between pixels, by less than a pixel.

        Parameters
        ----------
        sample
            The micrograph that was labelled.
        labels
            ``(y, x)`` ids of `SectionClass`, one a pixel of the micrograph.

        Raises
        ------
        AmbiguousTilt
            When the header leaves the true heights open and no `tilt_factor` is set.
        MeasurementError
            When labels and image differ in shape, or a label is no class.
        """
        from sodalite.pipelines.section_numbers import measure_section

        return measure_section(self, _flat(sample), _checked(labels, sample))

    def run(self, sample: Image, labels: np.ndarray | None = None, anchors: Mapping[str, Any] | None = None) -> Result:
        """Return the result of `segment` and `measure`; given labels are measured as they are.

        Raises
        ------
        AmbiguousTilt
            When the header leaves the true heights open and no `tilt_factor` is set.
        SegmentationError, MeasurementError
            As `segment` and `measure`.
        """
        from sodalite.pipelines.section_labels import segment_section
        from sodalite.pipelines.section_numbers import measure_section
        from sodalite.read import correct_tilt

        sample = correct_tilt(_flat(sample), self.tilt_factor)
        if labels is not None:
            return measure_section(self, sample, _checked(labels, sample))
        found = segment_section(self, sample, anchors or {})
        return measure_section(self, sample, found.labels, found)


def _flat(sample: Image) -> Image:
    if sample.data.ndim != 2:
        raise MeasurementError(f"{sample.name}: {sample.data.ndim} axes; a cross-section is one image (y, x).")
    return sample


def _checked(labels: np.ndarray, sample: Image) -> np.ndarray:
    if labels.shape != sample.data.shape:
        raise MeasurementError(
            f"{sample.name}: labels of shape {labels.shape} for an image of {sample.data.shape}; label this very image."
        )
    strange = set(np.unique(labels).tolist()) - {int(item) for item in SectionClass}
    if strange:
        raise MeasurementError(f"{sample.name}: label {min(strange)} is no class; ids are 0 to {max(SectionClass)}.")
    return labels.astype(np.uint8)
