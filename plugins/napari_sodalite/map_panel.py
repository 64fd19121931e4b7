"""An EBSD map: its grid, its phases and the axes of its angles; symmetry is asked for where the file is silent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

import sodalite
from napari_sodalite.buttons import Sentence
from napari_sodalite.sample_panel import SamplePanel, same_name
from napari_sodalite.session import known_of

if TYPE_CHECKING:
    from napari.layers import Image as ImageLayer

    from napari_sodalite.recipe_form import RecipeForm
    from sodalite import EbsdMap, Result

_NO_CLEAN_UP: Any = {"replace_spikes": False, "island_pixels": 1, "gap_steps": 0.0}


class MapPanel(SamplePanel):
    """Map, grid, phases, symmetry and axes."""

    nothing = "open an EBSD map with File > Open"

    def __init__(self, viewer: Any, form: RecipeForm) -> None:
        self.grid, self.phases = Sentence(), Sentence()
        super().__init__("Map", "The EBSD map to measure", viewer, (self.grid, self.phases))
        self.form = form
        self._small: tuple[EbsdMap, EbsdMap] | None = None
        self.symmetry = form.fields["symmetry"]
        self.symmetry.setPlaceholderText("Laue group, e.g. m-3m")
        self.rows.addRow("Grid", self.grid)
        self.rows.addRow("Phases", self.phases)
        self.rows.addRow("Symmetry", self.symmetry)
        self.rows.addRow("Axes", form.fields["frame"])
        self.begin()

    def takes(self, layer: ImageLayer) -> bool:
        """Return whether a layer shows an EBSD map."""
        return isinstance(known_of(layer).get("sample"), sodalite.EbsdMap)

    def read(self, layer: ImageLayer) -> EbsdMap:
        """Return the map of a layer."""
        return known_of(layer)["sample"]

    def check(self, sample: EbsdMap) -> None:
        """Do nothing if the symmetry of every phase is known, see `sodalite.Grains.prepare`."""
        try:
            recipe: Any = self.form.recipe().replace(**_NO_CLEAN_UP)
        except sodalite.RecipeError:
            return
        if self._small is None or self._small[0] is not sample:
            self._small = sample, _one_point_a_phase(sample)
        recipe.prepare(self._small[1])

    def fits(self, sample: EbsdMap, result: Result) -> bool:
        """Return whether map and grains have the same name and shape."""
        return same_name(sample, result) and sample.shape == result.labels["labels"].shape

    def describe(self) -> None:
        """Show grid, phases and what is missing."""
        self.grid.say(self.nothing)
        self.phases.say("")
        silent = False
        if self.layer is not None:
            ebsd = self.read(self.layer)
            rows, columns = ebsd.shape
            self.grid.say(f"{columns} × {rows}, {ebsd.grid.lattice}, {_step(ebsd)}")
            self._show_phases(ebsd)
            silent = any(phase.laue_group is None for phase in ebsd.phases)
        self.rows.setRowVisible(self.symmetry, silent or bool(self.symmetry.text()))

    def _show_phases(self, ebsd: EbsdMap) -> None:
        counts = [*ebsd.phase_counts, ebsd.size - sum(ebsd.phase_counts)]
        names = [*(phase.name for phase in ebsd.phases), "not indexed"]
        text = ", ".join(f"{name} {count / ebsd.size:.1%}" for name, count in zip(names, counts, strict=True) if count)
        problem = self.problem()
        unknown = any(phase.laue_group is None for phase in ebsd.phases) and not self.symmetry.text()
        self.phases.say(f"{text}: type the symmetry below" if problem and unknown else text, wrong=bool(problem))
        groups = [f"{phase.name}: Laue group {phase.laue_group or 'not in the file'}" for phase in ebsd.phases]
        frame = f"Angles refer to the axes of: {ebsd.frame}"
        lines = [problem, *groups, frame, *ebsd.warnings]
        self.phases.setToolTip("".join(f"<p>{line}</p>" for line in lines if line))


def _step(ebsd: EbsdMap) -> str:
    x_um, y_um = ebsd.step_um
    if ebsd.grid.lattice == "hex" or np.isclose(x_um, y_um, rtol=1e-3):
        return f"{x_um:.5g} µm"
    return f"{x_um:.5g} × {y_um:.5g} µm"


def _one_point_a_phase(ebsd: EbsdMap) -> EbsdMap:
    """Return a map so small that it can be checked at every keystroke."""
    _, points = np.unique(ebsd.phase_id[:: max(1, ebsd.size // 10**6)], return_index=True)
    points = points * max(1, ebsd.size // 10**6)
    kept = {name: getattr(ebsd, name)[points] for name in ("euler_rad", "phase_id", "x_um", "y_um")}
    return replace(ebsd, **kept, quality={})
