"""The EBSD dock: grain size, columnarity, boundaries and texture of one map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sodalite.grain_corrections import GrainCorrections
from napari_sodalite.grain_layers import GRAINS
from napari_sodalite.grain_stages import preview_grains, remeasure_stages, run_stages
from napari_sodalite.map_panel import MapPanel
from napari_sodalite.measure_dock import MeasureDock
from napari_sodalite.plots import grain_plots
from napari_sodalite.results_panel import Look
from napari_sodalite.session import known_of

if TYPE_CHECKING:
    from napari.layers import Image as ImageLayer
    from napari.layers import Labels

    from napari_sodalite.measurements import Measurement
    from sodalite import EbsdMap, Grains

_PREVIEW_POINTS = 500_000


class GrainsDock(MeasureDock):
    """Grains of the EBSD map in the viewer."""

    correction: GrainCorrections
    kind = "grains"
    common = ("boundary_deg", "min_pixels", "fill", "growth_direction")
    elsewhere = ("symmetry", "frame", "columns")
    """What columns of a table mean is settled when its file is read: before there is a dock."""
    look = Look(
        headlines={
            "grain_count": "Grains",
            "ecd_mean": "Mean diameter",
            "columnarity": "Columnarity",
            "indexed_fraction": "Indexed",
        },
        objects=(GRAINS,),
        objects_title="Grains",
        plots=grain_plots,
        plots_show="Grain sizes, directions of boundaries and the key of the colours in a dock below the map",
        objects_show="The table of grains: a row selects and centres its grain",
    )
    run_does = "Find the grains and measure them"
    preview_title = "Preview the grains in view"
    preview_does = "Find the grains of the points in view whenever a setting or the view changes"

    def make_sample_panel(self) -> MapPanel:
        """Return the panel of map, grid and phases."""
        return MapPanel(self.viewer, self.form)

    def make_corrections(self) -> GrainCorrections:
        """Return the panel that merges and deletes grains."""
        does = "Measure the corrected grains as they are; they are numbered anew, without gaps"
        return GrainCorrections(self.viewer, GRAINS, self.remeasure, self.undo, does=does)

    def run_job(self, recipe: Grains, sample: EbsdMap) -> tuple[Any, ...]:
        """Return the job of Run."""
        return run_stages, recipe, sample

    def remeasure_job(self, recipe: Grains, sample: EbsdMap, layer: Labels) -> tuple[Any, ...]:
        """Return the job of Re-measure."""
        current = self.session.current
        return remeasure_stages, recipe, sample, layer.data, known_of(layer), current and current.traced

    def preview_job(self, recipe: Grains, sample: EbsdMap, layer: ImageLayer) -> tuple[Any, ...]:
        """Return the job of the preview: the points in view."""
        return preview_grains, recipe, sample, window_in_view(layer, sample)

    def doubt(self, measurement: Measurement) -> str:
        """Return a sentence where no grain is large enough to count."""
        result = measurement.result
        if result["grain_count"].value > 0:
            return ""
        return f"{result.name}: no grain has min_pixels points; lower it, or check the phases and the symmetry."


def window_in_view(layer: ImageLayer, ebsd: EbsdMap) -> tuple[float, float, float, float]:
    """Return what is in view as top, left, bottom, right in um, its middle where it holds too many points."""
    first, last = (np.array([layer.data_to_world((*corner[:2],))[-2:]]).ravel() for corner in layer.corner_pixels)
    middle, half = (first + last) / 2, np.abs(last - first) / 2
    points = float(np.prod(2 * half / ebsd.spacing_um))
    half *= min(1.0, (_PREVIEW_POINTS / max(points, 1.0)) ** 0.5)
    (top, left), (bottom, right) = middle - half, middle + half
    return float(top), float(left), float(bottom), float(right)
