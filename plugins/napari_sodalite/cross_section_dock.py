"""The cross-section dock: sodium thickness, voids, contact and dead sodium of one micrograph."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sodalite.calibration_panel import CalibrationPanel
from napari_sodalite.measure_dock import MeasureDock
from napari_sodalite.plots import section_plots
from napari_sodalite.results_panel import Look
from napari_sodalite.section_corrections import SectionCorrections
from napari_sodalite.section_layers import OBJECTS, class_key
from napari_sodalite.section_stages import preview_section, remeasure_stages, run_stages
from napari_sodalite.session import known_of
from sodalite.classes import LAYER_CLASS, SectionClass

if TYPE_CHECKING:
    from napari.layers import Image as ImageLayer
    from napari.layers import Labels

    from napari_sodalite.measurements import Measurement
    from sodalite import CrossSection, Image

_PREVIEW_PX = 2_000_000
_LEAST_COLUMNS = 64


class CrossSectionDock(MeasureDock):
    """Layers, voids and dead sodium of the image in the viewer."""

    correction: SectionCorrections
    kind = "cross-section"
    common = ("layers", "charge_mah_cm2")
    elsewhere = ("tilt_factor",)
    look = Look(
        headlines={
            "thickness_gross_mean": "Gross thickness",
            "void_fraction": "Void fraction",
            "contact_fraction_electrolyte": "Contact",
            "dead_sodium_count": "Dead sodium",
        },
        objects=OBJECTS,
        plots=section_plots,
        plots_show="Thickness profile and void sizes in a dock below the image",
        key=lambda measurement: class_key(
            [*(LAYER_CLASS[name] for name in measurement.recipe.stack), SectionClass.VOID, SectionClass.DEAD_SODIUM]
        ),
        objects_show="The table of voids or dead sodium: a row selects and centres its object",
    )
    run_does = "Trace the layers and measure them"
    preview_title = "Preview the columns in view"
    preview_does = ("Trace what is in view whenever a setting or the view changes; full height, because the layers are "
                    "traced as a whole")  # fmt: skip

    def make_sample_panel(self) -> CalibrationPanel:
        """Return the panel of image, pixel size and tilt."""
        return CalibrationPanel(self.viewer, self.form.fields["tilt_factor"])

    def make_corrections(self) -> SectionCorrections:
        """Return the panel of brush, objects and anchors."""
        return SectionCorrections(self.viewer, self.remeasure, self.undo)

    def run_job(self, recipe: CrossSection, sample: Image) -> tuple[Any, ...]:
        """Return the job of Run."""
        return run_stages, recipe, sample, {}

    def remeasure_job(self, recipe: CrossSection, sample: Image, layer: Labels) -> tuple[Any, ...]:
        """Return the job of Re-measure; moved anchors trace the layers again first."""
        own = known_of(layer).get("role") is None
        traced = None if own or self.session.current is None else self.session.current.traced
        return remeasure_stages, recipe, sample, layer.data, traced, {} if own else self.correction.anchors()

    def preview_job(self, recipe: CrossSection, sample: Image, layer: ImageLayer) -> tuple[Any, ...]:
        """Return the job of the preview: the columns in view."""
        return preview_section, recipe, sample, columns_in_view(layer)

    def doubt(self, measurement: Measurement) -> str:
        """Return a sentence where the recipe names sodium and the picture hardly shows its faces, or none at all."""
        if "sodium" not in measurement.recipe.stack:
            return ""
        name, labels = measurement.result.name, measurement.result.labels["labels"]
        # row by row, up to the first that has some: the window waits for this
        if any(((row == SectionClass.SODIUM) | (row == SectionClass.VOID)).any() for row in labels):
            thickness = measurement.result["thickness_gross_mean"]
            said = thickness.note if math.isnan(thickness.value) else thickness.doubt
            return f"{name}: {said}." if said else ""
        return f"{name}: no sodium was found between the layers; check 'Layers', or paint it and press Re-measure."


def columns_in_view(layer: ImageLayer) -> slice:
    """Return the columns of an image that are in view, about their middle where they are too many for a preview."""
    rows, width = layer.data.shape[:2]
    left, right = (int(corner[1]) for corner in layer.corner_pixels)
    middle, most = (left + right) / 2, max(_LEAST_COLUMNS, _PREVIEW_PX // rows)
    half = min(max(right - left, _LEAST_COLUMNS), most) / 2
    first = int(np.clip(middle - half, 0, max(0, width - 2 * half)))
    return slice(first, min(width, first + int(2 * half)))
