"""The batch dock: a folder measured with one recipe in a process of its own, each result a click away."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error
from qtpy.compat import isalive
from qtpy.QtCore import QProcess, Qt, QUrl
from qtpy.QtGui import QBrush, QColor, QDesktopServices
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

import sodalite
from napari_sodalite.buttons import RED, Button
from napari_sodalite.footer import Footer
from napari_sodalite.image_series_layers import read_series_layer
from napari_sodalite.jobs import Jobs, sentence_of
from napari_sodalite.layer_turns import bring_up, made, show_layers
from napari_sodalite.measurements import opened
from napari_sodalite.micrographs import image_layer, told_size_um
from napari_sodalite.readers import get_reader
from napari_sodalite.result_layers import SERIES_OF_IMAGES
from napari_sodalite.scale_bar import scale_bar_of
from napari_sodalite.session import known_of, session_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sodalite.layer_data import LayerData
    from napari_sodalite.measurements import Measurement
    from sodalite import Recipe

_FOLDER, _SOURCE = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
_KIND_NAMES = {
    "cross-section": "settings of the Cross-section dock",
    "grains": "settings of the EBSD grains dock",
    "coarsening": "settings of the EBSD coarsening dock",
    "stripping": "settings of the Stripping series dock",
    "front": "settings of the Growth front dock",
}
_MEASURED, _KEPT, _WAITING = "measured", "kept", "waiting"


class BatchDock(QWidget):
    """Input folder, output folder, recipe, Run; a row an image."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self.process: QProcess | None = None
        self._unread = b""
        self._pixel_size_um: float | None = None
        self.rows: dict[str, int] = {}
        self.images, self.out, self.recipe, self.pixel_size = (QLineEdit() for _ in range(4))
        self.kind = QComboBox()
        self.workers = QSpinBox()
        self.figures, self.resume = QCheckBox("figures"), QCheckBox("keep finished")
        self.table = QTableWidget(0, 2)
        self.report = Button("Open report", "Show report.html of this run in the browser", self.open_report)
        self.footer = Footer(self.run, self.cancel)
        self.jobs = Jobs(self)
        self.jobs.done.connect(self._open)
        self.jobs.failed.connect(self._fail)
        self._lay_out()
        for field in (self.images, self.out, self.recipe):
            field.textChanged.connect(self._show_state)
        self.table.itemClicked.connect(self._open_row)
        self.viewer.events.theme.connect(self._restyle)
        self._restyle()
        self._show_state()

    def _lay_out(self) -> None:
        self.setMinimumWidth(360)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        box = QGroupBox("1  Folder and recipe")
        rows = QFormLayout(box)
        rows.setContentsMargins(8, 4, 8, 6)
        rows.addRow(
            "Images", _with_button(self.images, "Folder that is searched for images or EBSD maps", self._pick_images)
        )
        rows.addRow("Results", _with_button(self.out, "Empty folder for the results", self._pick_out))
        self.images.setPlaceholderText("folder of images, maps or series")
        self.out.setPlaceholderText("empty folder")
        self.recipe.setPlaceholderText("recipe.yaml")
        for kind, name in _KIND_NAMES.items():
            self.kind.addItem(name, kind)
        self.kind.setToolTip("Whose settings are used as long as no recipe file is named")
        rows.addRow("Recipe", self.kind)
        rows.addRow("or file", _with_button(self.recipe, "Recipe file; it decides what is measured", self._pick_recipe))
        self.pixel_size.setPlaceholderText("from the files")
        self.pixel_size.setToolTip("Width of a pixel in um, of all images of the folder; for files that do not tell it")
        rows.addRow("Pixel size (µm)", self.pixel_size)
        rows.addRow("Processes", self._options())
        column.addWidget(box)
        self._prepare_table()
        column.addWidget(self.table, stretch=1)
        column.addWidget(self.report)
        column.addWidget(self.footer)
        self.footer.run.does = "Measure every image of the folder in a process of its own"
        self.footer.cancel.does = "End the run; what is measured is kept, 'keep finished' goes on later"

    def _options(self) -> QWidget:
        self.workers.setRange(0, 256)
        self.workers.setSpecialValueText("all")
        self.workers.setMaximumWidth(90)
        self.workers.setToolTip("How many images are measured at a time")
        self.figures.setToolTip("Draw each image's thickness profile and void sizes too")
        self.resume.setToolTip("Finish an earlier run: results that are still right are kept")
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self.workers, self.figures, self.resume):
            row.addWidget(widget)
        return line

    def _prepare_table(self) -> None:
        self.table.setHorizontalHeaderLabels(["Image", "State"])
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(22)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.table.setColumnWidth(0, 170)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setToolTip("Click a measured image to open it with its result; a failed one says why")

    # --- what the buttons do -------------------------------------------------------------------------------------

    def run(self) -> None:
        """Start the process."""
        try:
            recipe, told = self._recipe(), self.pixel_size.text().strip()
            self._pixel_size_um = told_size_um(told) if told else None
        except sodalite.SodaliteError as error:
            self._fail(sentence_of(error))
            return
        order = {
            "inputs": [self.images.text()],
            "out": self.out.text(),
            "kind": recipe.kind,
            "recipe": recipe.model_dump(mode="json"),
            "pixel_size_um": self._pixel_size_um,
            "figures": self.figures.isChecked(),
            "resume": self.resume.isChecked(),
            "workers": self.workers.value() or None,
        }
        self.table.setRowCount(0)
        self.rows.clear()
        self._unread = b""
        self.process = QProcess(self)
        self.process.readyReadStandardOutput.connect(self._read)
        self.process.finished.connect(self._end)
        self.process.start(sys.executable, ["-m", "napari_sodalite.batch_process"])
        self.process.write(json.dumps(order).encode() + b"\n")
        self.footer.busy("Starting the workers …")
        self._show_state()

    def cancel(self) -> None:
        """Let the process end; the tables of what is measured are written first."""
        if self.process is not None:
            self.footer.say("Cancelling; the tables of what is measured are written …")
            self.process.closeWriteChannel()

    def open_report(self) -> None:
        """Show the report in the browser."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(self.out.text(), "report.html").absolute())))

    def open_image(self, source: str, folder: str) -> None:
        """Open an image of the run with its result."""
        if not self.jobs.running:
            self.jobs.start(_read_back, source, folder, self._pixel_size_um)

    # --- how the dock answers ------------------------------------------------------------------------------------

    def _open(self, brought: tuple[LayerData, Measurement]) -> None:
        self.jobs.take_turns(self._shown(*brought))

    def _shown(self, layer: LayerData, found: Measurement) -> Iterator[None]:
        for shown in [item for item in self.viewer.layers if known_of(item).get("path") == layer.known["path"]]:
            self.viewer.layers.remove(shown)
            yield
        picture = made(layer)
        self.viewer.layers.append(picture)
        scale_bar_of(self.viewer).want()
        found = found._replace(origin=layer.known.get("folder", picture))
        yield from show_layers(self.viewer, found)
        bring_up(self.viewer, picture, found.result)
        session_of(self.viewer, found.recipe.kind).show(found)
        self.viewer.reset_view()
        self.footer.say(f"{found.result.name} is open.")

    def _recipe(self) -> Recipe:
        if self.recipe.text():
            return sodalite.load_recipe(self.recipe.text())
        kind = self.kind.currentData()
        return session_of(self.viewer, kind).recipe or sodalite.load_recipe(kind)

    def _read(self) -> None:
        if self.process is None:
            return
        self._unread += bytes(self.process.readAllStandardOutput().data())
        *lines, self._unread = self._unread.split(b"\n")
        for line in lines:
            self._hear(json.loads(line))

    def _hear(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "inputs":
                self._list(event["inputs"])
            case "image":
                self._mark(event)
            case "end":
                self.footer.say(f"{event['measured']} of {event['found']} images measured.")
            case "cancelled":
                self.footer.say("Cancelled; what was measured is kept.")
            case "error":
                self._fail(event["message"])

    def _list(self, inputs: list[list[str]]) -> None:
        self.table.setRowCount(len(inputs))
        self.footer.bar.setRange(0, len(inputs))
        for row, (image, source, folder) in enumerate(inputs):
            item = QTableWidgetItem(image)
            item.setToolTip(source)
            item.setData(_FOLDER, folder)
            item.setData(_SOURCE, source)
            self.table.setItem(row, 0, item)
            self.table.setItem(row, 1, QTableWidgetItem(_WAITING))
            self.rows[image] = row
        self.footer.say(f"Measuring {len(inputs)} images …")

    def _mark(self, event: dict[str, Any]) -> None:
        state = self.table.item(self.rows[event["image"]], 1)
        failure = _in_the_dock(event["failure"] or "", event["image"])
        state.setText(failure or (_KEPT if event["kept"] else _MEASURED))
        state.setToolTip(failure or "Click to open")
        self._colour(state)
        self.footer.bar.setValue(event["done"])
        self.footer.say(f"{event['done']} of {event['total']} …")

    def _open_row(self, item: QTableWidgetItem) -> None:
        first, state = self.table.item(item.row(), 0), self.table.item(item.row(), 1).text()
        if state in (_MEASURED, _KEPT):
            self.open_image(first.data(_SOURCE), first.data(_FOLDER))
        else:
            self.footer.say(f"{first.text()}: {state}", wrong=state != _WAITING)

    def _end(self) -> None:
        if not isalive(self) or self.process is None:
            return
        self._read()
        crash = bytes(self.process.readAllStandardError().data()).decode(errors="replace").strip()
        self.process.deleteLater()
        self.process = None
        if self.footer.status.text().endswith("…"):
            self._fail(f"The run ended by itself ({(crash.splitlines() or ['no message'])[-1]}); run it again.")
        self.footer.rest()
        self._show_state()

    def _fail(self, sentence: str) -> None:
        self.footer.say(sentence, wrong=True)
        show_error(sentence)

    def _show_state(self) -> None:
        missing = "" if self.images.text() else "choose the folder of the images"
        missing = missing or ("" if self.out.text() else "choose a folder for the results")
        busy = "a run is under way; cancel it or wait" if self.process is not None else ""
        self.footer.run.allow(busy or missing)
        self.footer.wait_for("" if busy else missing)
        self.footer.cancel.allow("" if self.process is not None else "nothing is running")
        written = Path(self.out.text() or ".", "report.html").is_file()
        self.report.allow("" if written else "there is no report in the results folder yet")

    def _restyle(self) -> None:
        if isalive(self):
            self.footer.restyle(self.viewer.theme != "light")
            for row in range(self.table.rowCount()):
                self._colour(self.table.item(row, 1))

    def _colour(self, state: QTableWidgetItem) -> None:
        """Show a failure in red."""
        fine = state.text() in (_MEASURED, _KEPT, _WAITING)
        state.setForeground(QBrush() if fine else QBrush(QColor(RED[self.viewer.theme != "light"])))

    def _pick_images(self) -> None:
        self.images.setText(QFileDialog.getExistingDirectory(self, "Folder of the images") or self.images.text())

    def _pick_out(self) -> None:
        self.out.setText(QFileDialog.getExistingDirectory(self, "Folder for the results") or self.out.text())

    def _pick_recipe(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Recipe", "", "Recipes (*.yaml *.yml)")
        self.recipe.setText(path or self.recipe.text())


def _in_the_dock(failure: str, image: str) -> str:
    """Return why an image failed, without its name, which stands beside; an option of the command line is a field."""
    return failure.removeprefix(f"{image}: ").replace("with --pixel-size-um X or X,Y", "into 'Pixel size' above")


def _read_back(source: str, folder: str, pixel_size_um: float | None) -> tuple[LayerData, Measurement]:
    """Return the layer of an image of the run, and its result."""
    result = sodalite.load_result(folder)
    kind = result.provenance["kind"]
    if kind in SERIES_OF_IMAGES:
        layer = read_series_layer(kind, result.provenance["recipe"], source, pixel_size_um)
        return layer, opened(result, layer.known["sample"])
    read = get_reader(source)
    if read is None:
        raise sodalite.ReadError(f"{source}: no image or map; it was replaced after the run.")
    (layer,) = read(source)
    if layer.known.get("problem") and pixel_size_um is not None:
        layer = image_layer(sodalite.read_image(source, pixel_size_um=pixel_size_um), path=source)
    return layer, opened(result, layer.known["sample"])


def _with_button(field: QLineEdit, what: str, pick: Any) -> QWidget:
    field.setToolTip(what)
    line = QWidget()
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 0, 0, 0)
    button = Button("…", what, pick)
    button.setMaximumWidth(32)
    row.addWidget(field)
    row.addWidget(button)
    return line
