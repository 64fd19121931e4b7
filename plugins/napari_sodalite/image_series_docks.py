"""The docks of series of images: voids that open while sodium is stripped, and the front of a deposit that grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from napari_sodalite.image_series_layers import OPENINGS, TIP_KEY, TIPS
from napari_sodalite.image_series_panel import ImageSeriesPanel
from napari_sodalite.image_series_stages import remeasure_stages, run_stages
from napari_sodalite.measure_dock import MeasureDock
from napari_sodalite.plots import front_plots, stripping_plots
from napari_sodalite.results_panel import Look
from napari_sodalite.section_layers import class_key
from napari_sodalite.session import known_of
from napari_sodalite.step_corrections import StepCorrections
from sodalite.classes import LAYER_CLASS, SectionClass

if TYPE_CHECKING:
    from napari.layers import Labels

    from napari_sodalite.measurements import Measurement
    from sodalite import Recipe
    from sodalite.image_series import ImageSeries

_FRONT_CLASSES = (SectionClass.COLLECTOR, SectionClass.SODIUM, SectionClass.ELECTROLYTE)
_IN_A_FRONT = {"collector": "collector (substrate)", "sodium": "sodium (deposit)"}
"""Class -> what it is while a deposit grows."""


class ImageSeriesDock(MeasureDock):
    """What both series have in common; a subclass names its classes.

    Attributes
    ----------
    films
        Whether one file may hold all steps.
    paints
        Classes that a correction may paint.
    """

    films: ClassVar[bool]
    paints: ClassVar[tuple[SectionClass, ...]]

    def make_sample_panel(self) -> ImageSeriesPanel:
        """Return the panel of layer, folder and steps."""
        return ImageSeriesPanel(self.viewer, self.form, films=self.films)

    def make_corrections(self) -> StepCorrections:
        """Return the panel of the brush."""
        return StepCorrections(self.viewer, self.paints, self.remeasure, self.undo)

    def run_job(self, recipe: Recipe, sample: ImageSeries) -> tuple[Any, ...]:
        """Return the job of Run."""
        return run_stages, recipe, sample, known_of(self.calibration.layer)

    def remeasure_job(self, recipe: Recipe, sample: ImageSeries, layer: Labels) -> tuple[Any, ...]:
        """Return the job of Re-measure."""
        current, steps = self.session.current, known_of(layer).get("steps")
        known = known_of(self.calibration.layer)
        return remeasure_stages, recipe, sample, known, layer.data, steps, current and current.traced

    def doubt(self, measurement: Measurement) -> str:
        """Return what went wrong with single steps."""
        failed = measurement.result.provenance["failed_steps"]
        return " ".join(fault["message"] for fault in failed.values())


class StrippingDock(ImageSeriesDock):
    """Voids between sodium and electrolyte, step by step."""

    kind = "stripping"
    common = ("layers", "current_ma_cm2", "tilt_factor")
    elsewhere = ()
    look = Look(
        headlines={
            "void_area_last": "Void area, last",
            "contact_fraction_last": "Contact, last",
            "void_capacity_ratio": "Voids per capacity",
            "void_opened_count": "Voids opened",
        },
        objects=(OPENINGS,),
        objects_title="Voids",
        key=lambda measurement: class_key(
            [*(LAYER_CLASS[name] for name in measurement.recipe.section.stack), SectionClass.VOID]
        ),
        plots=stripping_plots,
        plots_show="Void area over the charge, and where along the interface voids open, in a dock below the images",
        objects_show="The table of voids: when each is seen and how it grows; a row centres its void in such a step",
    )
    run_does = "Lay the images over each other, find the voids of every step and follow them"
    films = False
    paints = (SectionClass.COLLECTOR, SectionClass.SODIUM, SectionClass.VOID, SectionClass.ELECTROLYTE)


class FrontDock(ImageSeriesDock):
    """The front of a deposit, frame by frame."""

    kind = "front"
    common = ("grows_from", "frame_interval_s", "current_ma_cm2", "tilt_factor")
    elsewhere = ()
    look = Look(
        headlines={
            "front_thickness_last": "Thickness, last",
            "growth_rate": "Growth rate",
            "largest_protrusion_last": "Largest protrusion",
            "dendrite_count_last": "Dendrites, last",
        },
        objects=(),
        objects_title="Protrusions",
        marks=(TIPS,),
        key=lambda _: [
            *(entry._replace(words=_IN_A_FRONT.get(entry.words, entry.words)) for entry in class_key(_FRONT_CLASSES)),
            *TIP_KEY,
        ],
        plots=front_plots,
        plots_show="The front in all frames, and its thickness over time, in a dock below the frames",
        objects_show="The table of protrusions; a row brings its tip into view, in its frame",
    )
    run_does = "Lay the frames over each other and follow the front"
    films = True
    paints = _FRONT_CLASSES
