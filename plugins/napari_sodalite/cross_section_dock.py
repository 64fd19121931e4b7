"""The cross-section dock: image, settings, run, results, corrections, save; the same code as the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.notifications import show_error, show_info, show_warning
from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QScrollArea, QTabWidget, QVBoxLayout, QWidget

import sodalite
from napari_sodalite.buttons import Button
from napari_sodalite.calibration_panel import CalibrationPanel
from napari_sodalite.correction_panel import CorrectionPanel
from napari_sodalite.footer import Footer
from napari_sodalite.jobs import Jobs, sentence_of
from napari_sodalite.preview import Preview
from napari_sodalite.recipe_form import RecipeForm
from napari_sodalite.results_panel import ResultsPanel
from napari_sodalite.session import known_of, session_of, show_layers
from napari_sodalite.stages import Measurement, opened, remeasure_stages, run_stages
from napari_sodalite.writer import save_run
from sodalite.classes import SectionClass

if TYPE_CHECKING:
    from sodalite import CrossSection

_COMMON = ("layers", "charge_mah_cm2")
_SETTINGS, _RESULTS, _CORRECT = range(3)


class CrossSectionDock(QWidget):
    """Sodium thickness, voids, contact and dead sodium of the image in the viewer."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self.session = session_of(self.viewer)
        self.jobs = Jobs(self)
        self.form = RecipeForm(sodalite.CrossSection, _COMMON, elsewhere=("tilt_factor",))
        self.calibration = CalibrationPanel(self.viewer, self.form.fields["tilt_factor"])
        self.results = ResultsPanel(self.viewer, self.save)
        self.correction = CorrectionPanel(self.viewer, self.remeasure, self.undo)
        self.footer = Footer(self.run, self.cancel)
        self.preview = Preview(self.viewer, self._preview_input, self.footer.say, self)
        self._lay_out()
        self._connect()
        self._restyle()
        self._show_state()

    def _lay_out(self) -> None:
        self.setMinimumWidth(360)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.setSpacing(4)
        column.addWidget(self.calibration)
        self.tabs = QTabWidget()
        for widget, title in ((self._settings(), "2  Settings"), (self.results, "3  Results"),
                              (self.correction, "4  Correct")):  # fmt: skip
            self.tabs.addTab(_scrolling(widget), title)
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
        column.addWidget(self.preview.switch)
        self.open = Button("Open an earlier result…", "Show layers and numbers of a result folder", self.open_result)
        column.addWidget(self.open)
        column.addStretch(1)
        return page

    def _connect(self) -> None:
        self.form.changed.connect(self._settings_changed)
        self.calibration.changed.connect(self._show_state)
        self.correction.changed.connect(self._show_state)
        self.jobs.stepped.connect(self.footer.show_step)
        self.jobs.done.connect(self._arrive)
        self.jobs.failed.connect(self._fail)
        self.jobs.ended.connect(self._end)
        self.viewer.events.theme.connect(self._restyle)

    # --- what the buttons do -------------------------------------------------------------------------------------

    def run(self) -> None:
        """Segment and measure the chosen image."""
        self._start(lambda recipe, image: (run_stages, recipe, image, {}))

    def remeasure(self) -> None:
        """Measure the corrected classes; moved anchors trace the layers again first."""
        layer = self.correction.chosen()
        if layer is None:
            return
        labels = np.array(layer.data)
        own = known_of(layer).get("role") is None
        traced = labels if own or self.session.current is None else self.session.current.traced
        anchors = {} if own else self.correction.anchors()
        self._start(lambda recipe, image: (remeasure_stages, recipe, image, labels, traced, anchors))

    def cancel(self) -> None:
        """End the job that runs at its next stage."""
        self.footer.say("Cancelling after this stage …")
        self.jobs.cancel()

    def undo(self) -> None:
        """Bring back the result before the last one."""
        before = self.session.undo()
        if before is not None:
            self._show(before)
            self.footer.say("The result before is back.")

    def save(self) -> None:
        """Write the result as a run's folder, with the recipe beside it."""
        now = self.session.current
        folder = self._ask_folder("Folder for the result") if now is not None else ""
        if now is None or not folder:
            return
        self._saving = Path(folder)
        self.footer.busy("Saving …")
        self.jobs.start(save_run, self._saving, now.recipe, now.image, now.result)

    def open_result(self) -> None:
        """Show an earlier result folder."""
        folder = self._ask_folder("Result folder of an image (it holds labels.tif)")
        if folder:
            self.open_folder(folder)

    def open_folder(self, folder: str) -> None:
        """Show the result in a folder over the image it was measured on, where that is open."""
        try:
            result = sodalite.load_result(folder)
            image = self.calibration.image() if self.calibration.layer is not None else None
            fits = image is not None and (image.data.shape == result.labels["labels"].shape)
            found = opened(result, image if fits else None)
        except (sodalite.SodaliteError, KeyError) as error:
            self._fail(sentence_of(error))
            return
        self.form.show_recipe(found.recipe)
        self._arrive(found)

    def load_recipe(self) -> None:
        """Take the settings from a YAML file."""
        path, _ = QFileDialog.getOpenFileName(self, "Recipe", "", "Recipes (*.yaml *.yml)")
        try:
            recipe = sodalite.load_recipe(path) if path else None
            if recipe is not None and recipe.kind != self.form.model.kind:
                raise sodalite.RecipeError(f"{path}: a recipe of the kind {recipe.kind}; choose a cross-section's.")
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
            work, *given = plan(self.form.recipe(), self.calibration.image())
        except sodalite.SodaliteError as error:
            self._fail(sentence_of(error))
            return
        self.preview.clear()
        self.footer.busy("Starting …")
        self.jobs.start(work, *given)
        self._show_state()

    def _arrive(self, brought: Any) -> None:
        if isinstance(brought, Path):
            self.footer.say(f"Saved to {brought}.")
            show_info(f"Saved to {brought}.")
            return
        self.session.put(brought)
        self._show(brought)
        self.tabs.setCurrentIndex(_RESULTS)
        self.footer.say("Measured." if brought.image is not None else "Opened.")
        missing = _without_sodium(brought)
        if missing:
            self.footer.say(missing, wrong=True)
            show_warning(missing)

    def _show(self, measurement: Measurement) -> None:
        show_layers(self.viewer, measurement)
        self.results.show_result(measurement.result)
        self._show_state()

    def _fail(self, sentence: str) -> None:
        self.footer.say(sentence, wrong=True)
        show_error(sentence)

    def _end(self) -> None:
        if isalive(self):
            self.footer.rest()
            self._show_state()

    def _settings_changed(self) -> None:
        self.footer.say("")
        self.calibration.refresh()
        self.preview.ask()

    def _show_state(self) -> None:
        """Say of every button whether it can be pressed, and why not."""
        wrong = self._with_recipe(lambda _: None)
        busy = "a job is running; cancel it or wait" if self.jobs.running else ""
        self.footer.run.allow(busy or wrong or self.calibration.problem())
        self.footer.cancel.allow("" if self.jobs.running else "nothing is running")
        nothing = "" if self.session.current is not None else "there is no result; press Run first"
        self.results.allow(nothing or busy)
        self.correction.remeasure.allow(busy or wrong or self._why_not_remeasure())
        self.correction.undo.allow(busy or ("" if self.session.previous is not None else "there is no earlier result"))

    def _why_not_remeasure(self) -> str:
        if self.correction.chosen() is None:
            return "there are no labels; press Run first"
        return self.calibration.problem()

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

    def _preview_input(self) -> tuple[CrossSection, Any] | None:
        if self.jobs.running or self.calibration.layer is None:
            return None
        try:
            return self.form.recipe(), self.calibration.layer  # type: ignore[return-value]
        except sodalite.RecipeError:
            return None

    def _ask_folder(self, title: str) -> str:
        return QFileDialog.getExistingDirectory(self, title)

    def _restyle(self) -> None:
        if isalive(self):
            dark = self.viewer.theme != "light"
            for part in (self.calibration, self.footer, self.results):
                part.restyle(dark)


def _without_sodium(measurement: Measurement) -> str:
    """Return a sentence where the recipe names sodium and the picture shows none."""
    labels = measurement.result.labels["labels"]
    if "sodium" not in measurement.recipe.stack or np.isin(labels, (SectionClass.SODIUM, SectionClass.VOID)).any():
        return ""
    name = measurement.result.name
    return f"{name}: no sodium was found between the layers; check 'Layers', or paint it and press Re-measure."


def _scrolling(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(widget)
    return area
