"""A series of images: its layer, the folder or film that it comes from, and what is known of its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QWidget

import sodalite
from napari_sodalite.buttons import Button, Sentence
from napari_sodalite.image_series_layers import read_series_layer
from napari_sodalite.jobs import Jobs, sentence_of
from napari_sodalite.layer_turns import made
from napari_sodalite.micrographs import told_size_um
from napari_sodalite.sample_panel import SamplePanel, same_name
from napari_sodalite.session import known_of
from sodalite.image_series import ImageSeries

if TYPE_CHECKING:
    from napari.layers import Image as ImageLayer

    from napari_sodalite.layer_data import LayerData
    from napari_sodalite.recipe_form import RecipeForm
    from sodalite import Result

_FILMS = "Stacks and films (*.tif *.tiff *.avi *.mp4 *.mov *.mkv)"

_LEFT_OPEN = {"tilt_factor": "from the files", "frame_interval_s": "from series.csv"}
"""Field -> where its value comes from as long as it is empty."""


class ImageSeriesPanel(SamplePanel):
    """Layer, folder or film, steps and pixel size; with `films` a single file may hold the steps, too."""

    nothing = "press Folder… and choose where the images of the series are"

    def __init__(self, viewer: Any, form: RecipeForm, *, films: bool) -> None:
        self.steps = Sentence()
        super().__init__("Series", "The series of images to measure, with a slider over its steps", viewer,
                         (self.steps,))  # fmt: skip
        self.form = form
        for name, words in _LEFT_OPEN.items():
            if name in form.fields:
                form.fields[name].setPlaceholderText(words)
        self.pixel_size = QLineEdit()
        self.pixel_size.setPlaceholderText("from the files")
        self.pixel_size.setToolTip("Width of a pixel in um, of all images, where their files do not tell it; "
                                   "Enter reads them again")  # fmt: skip
        self.pixel_size.returnPressed.connect(self._open_again)
        self.jobs = Jobs(self)
        self.jobs.done.connect(self._show)
        self.jobs.failed.connect(lambda sentence: self.steps.say(_in_the_dock(sentence), wrong=True))
        self._path = ""
        self.rows.addRow("Open", self._openers(films))
        self.rows.addRow("Steps", self.steps)
        self.rows.addRow("Pixel size", self.pixel_size)
        self.begin()

    def _openers(self, films: bool) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        does = "Images of one place in the order of their names, or with series.csv (file, time_h, charge_mAh_cm2 …)"
        row.addWidget(Button("Folder…", does, self._pick_folder))
        if films:
            row.addWidget(Button("Stack or film…", "One file with all frames", self._pick_film))
        return line

    def open_path(self, path: str) -> None:
        """Read a folder, stack or film and show it."""
        if self.jobs.running:
            return
        try:
            told = self.pixel_size.text().strip()
            size_um = told_size_um(told) if told else None
            fields = self.form.recipe().model_dump()
        except sodalite.SodaliteError as error:
            self.steps.say(sentence_of(error), wrong=True)
            return
        self._path = path
        self.steps.say("Reading the images …")
        self.jobs.start(read_series_layer, self.form.model.kind, fields, path, size_um)

    def takes(self, layer: ImageLayer) -> bool:
        """Return whether a layer shows a series of images."""
        return isinstance(known_of(layer).get("sample"), ImageSeries)

    def read(self, layer: ImageLayer) -> ImageSeries:
        """Return the series of a layer.

        Raises
        ------
        CalibrationError
            When nobody has told the pixel size.
        """
        known = known_of(layer)
        if known.get("problem"):
            raise sodalite.CalibrationError(
                f"{layer.name}: no pixel size is known; type it in um into 'Pixel size' and press Enter."
            )
        return known["sample"]

    def check(self, sample: ImageSeries) -> None:
        """Do nothing if at least two images can be read, and the form says from where a front grows.

        Raises
        ------
        SodaliteError
            When the series cannot be measured.
        """
        if len(sample.read) < 2:
            fault = next((step.error for step in sample.steps if step.error), "")
            raise sodalite.ReadError(f"{sample.name}: two images are needed. {fault}".strip())
        grows_from = self.form.fields.get("grows_from")
        if grows_from is not None and getattr(self.form.recipe(), "grows_from", None) is None:
            raise sodalite.RecipeError("Grows from: choose the side at which the substrate lies, in the settings.")

    def fits(self, sample: ImageSeries, result: Result) -> bool:
        """Return whether series and result have one name and the same steps."""
        measured = {record["file"] for record in result.provenance["steps"]}
        return same_name(sample, result) and measured <= {step.name for step in sample.steps}

    def describe(self) -> None:
        """Show what is known of the steps."""
        if self.layer is None:
            self.steps.say(self.nothing)
            return
        try:
            series = self.read(self.layer)
        except sodalite.CalibrationError as error:
            self.steps.say(sentence_of(error), wrong=True)
            return
        self.steps.say(_words(series), wrong=len(series.read) < 2)
        faults = "".join(f"<p>{_in_the_dock(step.error)}</p>" for step in series.steps if step.error)
        self.steps.setToolTip(faults or self.steps.text())

    def _show(self, item: LayerData) -> None:
        for shown in [layer for layer in self.viewer.layers if known_of(layer).get("path") == self._path]:
            self.viewer.layers.remove(shown)
        self.viewer.layers.append(made(item))
        self.viewer.reset_view()
        self.viewer.dims.set_current_step(0, 0)

    def _open_again(self) -> None:
        path = self._path or (known_of(self.layer).get("path", "") if self.layer is not None else "")
        if path:
            self.open_path(path)

    def _pick_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of the series")
        if folder:
            self.open_path(folder)

    def _pick_film(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Stack or film", "", _FILMS)
        if path:
            self.open_path(path)


def _in_the_dock(fault: str) -> str:
    """Return why images were not read; an option of the command line is a field."""
    return fault.replace("with --pixel-size-um X or X,Y", "into 'Pixel size' below and press Enter")


def _words(series: ImageSeries) -> str:
    count, read = len(series.steps), series.read
    words = [f"{count} images" if len(read) == count else f"{len(read)} of {count} images readable"]
    if read:
        image = read[0].image
        assert image is not None
        words.append(f"{image.data.shape[-1]} × {image.data.shape[-2]}, {image.spacing_um[-1]:.5g} µm")
    charges = [step.charge_mah_cm2 for step in series.steps]
    times = [step.time_h for step in series.steps]
    for values, unit in ((charges, "mAh\u00a0cm⁻²"), (times, "h")):
        if values[0] is not None and values[-1] is not None:
            words.append(f"{values[0]:.3g} to {values[-1]:.3g} {unit}")
    return ", ".join(words if len(words) > 2 else [*words, "times and charges unknown"])
