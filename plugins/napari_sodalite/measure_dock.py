"""What the docks have in common: sample, settings, run, results, corrections, save; the command line's own code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from napari.utils.notifications import show_error, show_info, show_warning
from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QScrollArea, QTabWidget, QVBoxLayout, QWidget

import sodalite
from napari_sodalite.buttons import Button, Sentence
from napari_sodalite.correction_panel import NO_RESULT
from napari_sodalite.footer import Footer
from napari_sodalite.jobs import Jobs, sentence_of
from napari_sodalite.layer_turns import bring_up, show_layers
from napari_sodalite.measurements import Measurement, Opened, opening_stages
from napari_sodalite.preview import Preview
from napari_sodalite.recipe_form import RecipeForm
from napari_sodalite.results_panel import Look, ResultsPanel
from napari_sodalite.scale_bar import scale_bar_of
from napari_sodalite.session import known_of, session_of
from napari_sodalite.writer import save_run
from sodalite.recipe import recipe_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.layers import Labels

    from napari_sodalite.correction_panel import CorrectionPanel
    from napari_sodalite.sample_panel import SamplePanel
    from napari_sodalite.series_panel import SeriesPanel

    Job = tuple[Any, ...]

_RESULTS = 1
_WIDTH_PX = 412
"""Enough for the longest name of a quantity beside its value and its interval; the image keeps half of 1366 pixels."""


class MeasureDock(QWidget):
    """One vertical flow; a subclass names its parts and says what its buttons start.

    Attributes
    ----------
    kind
        Of the recipe.
    common, elsewhere
        Fields of the recipe that come first, and those that its form leaves out; the sample's panel shows most of them.
    look
        How results are shown.
    run_does, preview_title, preview_does
        Tooltip of Run, and title and tooltip of the preview's switch; without a title there is no preview.
    """

    kind: ClassVar[str]
    common: ClassVar[tuple[str, ...]]
    elsewhere: ClassVar[tuple[str, ...]]
    look: ClassVar[Look]
    run_does: ClassVar[str]
    preview_title: ClassVar[str] = ""
    preview_does: ClassVar[str] = ""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self.session = session_of(self.viewer, self.kind)
        self.jobs = Jobs(self)
        self.form = RecipeForm(recipe_model(self.kind), self.common, self.elsewhere)
        self.calibration = self.make_sample_panel()
        self.results = ResultsPanel(self.viewer, self.look, self.save)
        self.correction = self.make_corrections()
        self.footer = Footer(self.run, self.cancel)
        self.footer.run.does = self.run_does
        self.preview = Preview(
            self.viewer, self.preview_title, self.preview_does, self._preview_job, self.footer.say, self
        )
        self._given_up = False
        self._origin: Any = None
        self._spoken_of: Any = None
        self._lay_out()
        self._connect()
        scale_bar_of(self.viewer).want()
        self._restyle()
        self._show_state()

    # --- what a kind of dock decides -----------------------------------------------------------------------------

    def make_sample_panel(self) -> SamplePanel | SeriesPanel:
        """Return the panel of the sample."""
        raise NotImplementedError

    def make_corrections(self) -> CorrectionPanel:
        """Return the panel of corrections."""
        raise NotImplementedError

    def run_job(self, recipe: Any, sample: Any) -> Job:
        """Return the generator that measures a sample, and what to call it with."""
        raise NotImplementedError

    def remeasure_job(self, recipe: Any, sample: Any, layer: Labels) -> Job:
        """Return the generator that measures the labels of a layer, and what to call it with."""
        raise NotImplementedError

    def preview_job(self, recipe: Any, sample: Any, layer: Any) -> Job:
        """Return the function that segments what is in view of the sample's layer, and what to call it with."""
        raise NotImplementedError

    def doubt(self, measurement: Measurement) -> str:
        """Return a sentence about what looks wrong in a result; empty where nothing does."""
        return ""

    # --- what the buttons do -------------------------------------------------------------------------------------

    def run(self) -> None:
        """Segment and measure the chosen sample; what was corrected by hand is given up at the second press only."""
        if self.correction.unmeasured() and not self._given_up:
            self._given_up = True
            self._fail("Run would take back your corrections: press Re-measure (F6) to measure them, or Run once more.")
            return
        self._start(self.run_job)

    def remeasure(self) -> None:
        """Measure the corrected labels."""
        layer = self.correction.chosen()
        if layer is not None:
            self._start(lambda recipe, sample: self.remeasure_job(recipe, sample, layer))

    def cancel(self) -> None:
        """End the job that runs at its next stage."""
        self.footer.say("Cancelling after this stage …")
        self.jobs.cancel()

    def undo(self) -> None:
        """Bring back the result before the last one."""
        before = self.session.undo()
        if before is not None:
            self._show(before, "The result before is back.")

    def save(self) -> None:
        """Write the result as a run's folder, with the recipe beside it."""
        now = self.session.current
        if now is not None and self.correction.unmeasured():
            self._fail(f"{now.result.name}: your corrections are not measured yet; press Re-measure (F6), then save.")
            return
        folder = self._ask_folder("Folder for the result") if now is not None else ""
        if now is None or not folder:
            return
        self.footer.busy("Saving …")
        self.jobs.start(save_run, Path(folder), now.recipe, now.sample, now.result)

    def open_result(self) -> None:
        """Show an earlier result folder."""
        folder = self._ask_folder("Result folder of a sample (it holds labels.tif)")
        if folder:
            self.open_folder(folder)

    def open_folder(self, folder: str) -> None:
        """Show the result in a folder over the sample it was measured on, where that is open."""
        if self.jobs.running:
            return
        self.footer.busy("Opening …")
        self.jobs.start(opening_stages, folder, self.kind, self.calibration.candidates(), self.calibration.fits)
        self._show_state()

    def load_recipe(self) -> None:
        """Take the settings from a YAML file."""
        path, _ = QFileDialog.getOpenFileName(self, "Recipe", "", "Recipes (*.yaml *.yml)")
        try:
            recipe = sodalite.load_recipe(path) if path else None
            if recipe is not None and recipe.kind != self.kind:
                raise sodalite.RecipeError(f"{path}: a recipe of the kind {recipe.kind}; choose one of {self.kind}.")
        except sodalite.SodaliteError as error:
            self._fail(sentence_of(error))
            return
        if recipe is not None:
            self.form.show_recipe(recipe)

    def save_recipe(self) -> None:
        """Write the settings as YAML."""
        from sodalite.batch.files import write_text

        path, _ = QFileDialog.getSaveFileName(self, "Recipe", "recipe.yaml", "Recipes (*.yaml)")
        if path:
            self._with_recipe(lambda recipe: write_text(Path(path), recipe.to_yaml()))

    # --- how the dock answers ------------------------------------------------------------------------------------

    def _start(self, plan: Any) -> None:
        if self.jobs.running:
            return
        try:
            work, *given = plan(self.form.recipe(), self.calibration.sample())
        except sodalite.SodaliteError as error:
            self._fail(sentence_of(error))
            return
        self.preview.clear()
        self._given_up = False
        self._origin = self.calibration.origin
        self.footer.busy("Starting …")
        self.jobs.start(work, *given)
        self._show_state()

    def _arrive(self, brought: Any) -> None:
        if isinstance(brought, Path):
            self.footer.say(f"Saved to {brought}.")
            show_info(f"Saved to {brought}.")
            return
        if isinstance(brought, Opened):
            brought = brought.measurement
            self.form.show_recipe(brought.recipe)
            words = "Opened."
        else:
            brought = brought._replace(origin=self._origin)
            words = "Measured."
        self.session.put(brought)
        self._show(brought, words, self.doubt(brought))

    def _show(self, measurement: Measurement, words: str, doubt: str = "") -> None:
        self.footer.say("Showing the layers …")
        self.jobs.take_turns(self._shown(measurement, words, doubt))
        self._show_state()

    def _shown(self, measurement: Measurement, words: str, doubt: str) -> Iterator[None]:
        """Yield between the pieces of showing a measurement everywhere."""
        yield from show_layers(self.viewer, measurement)
        self._settle(measurement)
        self.tabs.setCurrentIndex(_RESULTS)
        self.footer.say(doubt or words, wrong=bool(doubt))
        if doubt:
            show_warning(doubt)

    def _take_over(self, measurement: Measurement) -> None:
        """Follow a result whose layers the batch dock has shown."""
        if isalive(self):
            self.form.show_recipe(measurement.recipe)
            self._settle(measurement)
            self._show_state()

    def _settle(self, measurement: Measurement) -> None:
        """Choose the sample whose layers are shown, and show the numbers."""
        if measurement.origin is not None:
            self.calibration.choose(measurement.origin)
            self._bring_up()
        self.results.show_measurement(measurement)
        self.correction.refresh()

    def _bring_up(self) -> None:
        """Let the chosen picture lie on top, what was measured on it above."""
        current, chosen = self.session.current, self.calibration.origin
        own = None if current is None or current.origin != chosen else current.result
        bring_up(self.viewer, self.calibration.layer, own)

    def _fail(self, sentence: str) -> None:
        self.footer.say(sentence, wrong=True)
        show_error(sentence)

    def _end(self) -> None:
        if isalive(self):
            self.footer.rest()
            self._show_state()

    def _corrected(self) -> None:
        self._given_up = False
        self.footer.say("Corrected by hand: press Re-measure (F6) to measure it.")

    def _settings_changed(self) -> None:
        self.footer.say("")
        self.calibration.refresh()
        self.preview.ask()

    def _sample_changed(self) -> None:
        """Take back what was wrong with another sample."""
        if self._spoken_of != self.calibration.origin and self.footer.status.wrong:
            self.footer.say("")
        self._spoken_of = self.calibration.origin
        self._show_state()

    def _show_state(self) -> None:
        """Say of every button whether it can be pressed, and why not."""
        wrong = self._with_recipe(lambda _: None)
        busy = "a job is running; cancel it or wait" if self.jobs.running else ""
        problem = self.calibration.problem()
        foreign = self._foreign()
        self.footer.run.allow(busy or wrong or problem)
        self.footer.wait_for("" if busy else wrong or problem)
        late = "the result is being shown" if self.jobs.showing else "nothing is running"
        self.footer.cancel.allow("" if self.jobs.running and not self.jobs.showing else late)
        self.results.allow(busy or ("" if self.session.current is not None else NO_RESULT))
        self.open.allow(busy)
        missing = "there are no labels; press Run first" if self.correction.chosen() is None else ""
        chosen_foreign = "" if self.correction.chosen_is_own() else foreign
        self.correction.remeasure.allow(busy or wrong or missing or chosen_foreign or problem)
        self.correction.hold(foreign)
        self.results.tell_whose(foreign if self.calibration.origin is not None else "")
        self.correction.undo.allow(busy or ("" if self.session.previous is not None else "there is no earlier result"))

    def _foreign(self) -> str:
        """Return why what is shown cannot be corrected: it was measured on something else than what is chosen."""
        current, layer = self.session.current, self.correction.chosen()
        result = None if layer is None else known_of(layer).get("result")
        if result is not None and (current is None or result is not current.result):
            return "the layer belongs to a result that was opened beside the dock; press 'Open an earlier result…'"
        if current is None or (current.origin is not None and current.origin == self.calibration.origin):
            return ""
        if current.origin is None:
            return f"the result is that of {current.result.name}; open that, then its result again"
        return f"the result is that of {current.result.name}; choose that above, or press Run for what is chosen"

    def _with_recipe(self, use: Any) -> str:
        """Do something with the recipe of the form; return what is wrong with the form instead, if anything."""
        try:
            self.session.recipe = self.form.recipe()
        except sodalite.RecipeError as error:
            self.session.recipe = None
            self.footer.say(sentence_of(error), wrong=True)
            return sentence_of(error)
        use(self.session.recipe)
        return ""

    def _preview_job(self) -> Job | None:
        layer = self.calibration.layer
        if self.jobs.running or layer is None:
            return None
        return self.preview_job(self.form.recipe(), self.calibration.sample(), layer)

    def _ask_folder(self, title: str) -> str:
        return QFileDialog.getExistingDirectory(self, title)

    # --- how it looks --------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.setMinimumWidth(_WIDTH_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.setSpacing(4)
        column.addWidget(self.calibration)
        self.tabs = QTabWidget()
        for widget, title in ((self._settings(), "2  Settings"), (self.results, "3  Results"),
                              (self.correction, "4  Correct")):  # fmt: skip
            self.tabs.addTab(_scrolling(widget), title)
        self.preview.switch.setVisible(bool(self.preview_title))
        column.addWidget(self.tabs, stretch=1)
        column.addWidget(self.footer)

    def _settings(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(6, 6, 6, 6)
        files = QHBoxLayout()
        for text, does, press in (
            ("Load…", "Take the settings from a recipe file", self.load_recipe),
            ("Save…", "Write the settings as a recipe file that the command line runs", self.save_recipe),
            ("Defaults", "Take back every change of the settings",
             lambda: self.form.show_recipe(self.form.model())),
        ):  # fmt: skip
            files.addWidget(Button(text, does, press))
        column.addLayout(files)
        column.addWidget(self.form)
        told = Sentence()
        told.say("Point at a name to read what a setting means.")
        column.addWidget(told)
        column.addWidget(self.preview.switch)
        self.open = Button("Open an earlier result…", "Show layers and numbers of a result folder", self.open_result)
        column.addWidget(self.open)
        column.addStretch(1)
        return page

    def _connect(self) -> None:
        self.form.changed.connect(self._settings_changed)
        self.calibration.changed.connect(self._sample_changed)
        self.calibration.picked.connect(self._bring_up)
        self.correction.changed.connect(self._show_state)
        self.correction.corrected.connect(self._corrected)
        self.jobs.stepped.connect(self.footer.show_step)
        self.jobs.done.connect(self._arrive)
        self.jobs.failed.connect(self._fail)
        self.jobs.ended.connect(self._end)
        self.viewer.events.theme.connect(self._restyle)
        self.session.listen(self._take_over)

    def _restyle(self) -> None:
        if isalive(self):
            dark = self.viewer.theme != "light"
            for part in (self.calibration, self.footer, self.results):
                part.restyle(dark)


def _scrolling(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(widget)
    return area
