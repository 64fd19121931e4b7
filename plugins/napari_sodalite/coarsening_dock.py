"""The coarsening dock: grains tracked through a series of EBSD maps, their growth and what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sodalite.grain_corrections import GrainCorrections
from napari_sodalite.measure_dock import MeasureDock
from napari_sodalite.plots import series_plots
from napari_sodalite.results_panel import Look
from napari_sodalite.series_layers import EVENT_KEY, EVENTS, TRACKS
from napari_sodalite.series_panel import SeriesPanel
from napari_sodalite.series_stages import remeasure_stages, run_stages
from napari_sodalite.session import known_of

if TYPE_CHECKING:
    from pathlib import Path

    from napari.layers import Labels

    from napari_sodalite.measurements import Measurement
    from sodalite.pipelines.coarsening import Coarsening


class CoarseningDock(MeasureDock):
    """Growth of the grains in a folder of maps; a slider goes through the steps."""

    kind = "coarsening"
    common = ("boundary_deg", "min_pixels", "transform")
    elsewhere = ("frame",)
    look = Look(
        headlines={
            "growth_constant": "Growth constant",
            "growth_exponent": "Exponent",
            "tracked_fraction": "Tracked",
            "vanished_count": "Vanished",
        },
        objects=(TRACKS,),
        objects_title="Tracks",
        key=lambda _: EVENT_KEY,
        plots=series_plots,
        plots_show="Mean size over time and the size distributions in a dock below the maps",
        objects_show="The table of tracks: when each grain is seen, how it grows and how it ends; a row centres its "
        "grain in a step where it is seen. With the layer of events chosen, the table of events",
        marks=(EVENTS,),
    )
    run_does = "Find the grains of all steps, track and measure them"

    def make_sample_panel(self) -> SeriesPanel:
        """Return the panel of the folder."""
        return SeriesPanel(self.viewer, self.form)

    def make_corrections(self) -> GrainCorrections:
        """Return the panel that merges and deletes grains in the step that is shown."""
        does = "Track and fit again, with the corrected grains of each step as they are"
        where = " in the step that is shown"
        return GrainCorrections(self.viewer, TRACKS, self.remeasure, self.undo, where=where, does=does)

    def run_job(self, recipe: Coarsening, sample: Path) -> tuple[Any, ...]:
        """Return the job of Run."""
        return run_stages, recipe, sample

    def remeasure_job(self, recipe: Coarsening, sample: Path, layer: Labels) -> tuple[Any, ...]:
        """Return the job of Re-measure."""
        current = self.session.current
        return remeasure_stages, recipe, sample, layer.data, known_of(layer), current and current.traced

    def doubt(self, measurement: Measurement) -> str:
        """Return what went wrong with single steps."""
        told = measurement.result.provenance
        failed = told["failed_steps"] | told["untracked_steps"]
        return " ".join(fault["message"] for fault in failed.values())
