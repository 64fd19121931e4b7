"""Files become layers in true um, results come back as layers, and layers become result folders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import npe2
import numpy as np
import pytest
from napari.layers import Layer

import sodalite
from napari_sodalite.layer_data import KEY, with_background
from napari_sodalite.micrographs import image_of, read_layer, tell_pixel_size
from napari_sodalite.readers import get_reader, read_results
from napari_sodalite.result_layers import result_layers
from napari_sodalite.sample_data import (
    bonded_section,
    coarsening_maps,
    growing_front,
    loose_section,
    stripped_interface,
)
from napari_sodalite.section_layers import CLASSES, DEAD, VOIDS
from napari_sodalite.writer import write_result
from plugins.conftest import LAYERS, write_section

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VENDORS = ("fei", "zeiss", "tescan", "jeol", "imagej")


@pytest.fixture(scope="module")
def result() -> sodalite.Result:
    """Return the result of a small section."""
    image = loose_section()[0][1]["metadata"][KEY]["sample"]
    return sodalite.CrossSection(layers=LAYERS).run(image)


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_vendors_file_comes_in_um(vendor: str, tmp_path: Path) -> None:
    """The layer has the file's pixels, its pixel size as scale in um, and gives the micrograph back."""
    path = write_section(tmp_path / "a.tif", vendor)
    reader = get_reader(str(path))
    assert reader is not None
    layer = Layer.create(*reader(str(path))[0])
    assert layer.scale == pytest.approx((0.05, 0.05), rel=1e-4)
    assert [str(unit) for unit in layer.units] == ["micrometer", "micrometer"]
    assert layer.axis_labels == ("y", "x")
    np.testing.assert_array_equal(layer.data, sodalite.read_image(path).data)
    assert image_of(layer).name == "a.tif"


def test_heights_are_true_where_the_header_decides_the_tilt(tmp_path: Path) -> None:
    """An uncorrected milled face at 54 degrees is stretched by 1 / sin 54."""
    path = write_section(tmp_path / "a.tif", "zeiss", stage_tilt_deg=54.0)
    _, attributes, _ = read_layer(path)
    assert attributes["scale"] == pytest.approx((0.05 / np.sin(np.radians(54)), 0.05), rel=1e-4)


def test_a_file_without_pixel_size_opens_in_pixels_until_it_is_told(tmp_path: Path) -> None:
    """Nothing is guessed: measuring is refused with a sentence, then the user's word counts."""
    path = write_section(tmp_path / "bare.tif", "hitachi")
    (tmp_path / "bare.txt").unlink()
    layer = Layer.create(*read_layer(path))
    assert [str(unit) for unit in layer.units] == ["pixel", "pixel"]
    with pytest.raises(sodalite.CalibrationError, match="no pixel size is known"):
        image_of(layer)
    tell_pixel_size(layer, 0.02)
    assert image_of(layer).spacing_um == (0.02, 0.02)
    assert [str(unit) for unit in layer.units] == ["micrometer", "micrometer"]
    assert image_of(layer).meta.pixel_size_source == "told by the user"


def test_a_layer_of_another_plugin_counts_when_it_has_lengths() -> None:
    """A scale in nm is a calibration, a scale in pixels is none."""
    data = np.random.default_rng(0).integers(0, 255, (20, 30), np.uint8)
    told = Layer.create(data, {"name": "a", "scale": (5, 5), "units": ("nm", "nm")}, "image")
    assert image_of(told).spacing_um == pytest.approx((0.005, 0.005))
    with pytest.raises(sodalite.CalibrationError):
        image_of(Layer.create(data, {"name": "a"}, "image"))


def test_layers_of_a_result_share_scale_and_units(result: sodalite.Result) -> None:
    """One layer without units would switch them off for the whole viewer."""
    layers = [Layer.create(*item) for item in result_layers(result)]
    assert {tuple(layer.scale) for layer in layers} == {result.spacing_um}
    assert {tuple(map(str, layer.units)) for layer in layers} == {("micrometer", "micrometer")}


def test_object_tables_have_one_row_a_label_and_one_for_the_background(result: sodalite.Result) -> None:
    """So napari's table, its hover text and its selection agree."""
    layers = {item.attributes["metadata"][KEY]["role"]: item for item in result_layers(result)}
    for role, name in ((VOIDS, "voids"), (DEAD, "dead_sodium")):
        features, table = layers[role].attributes["features"], result.tables[name]
        assert len(features) == len(table) + 1
        assert np.isnan(features["area_um2"][0])
        np.testing.assert_array_equal(features["area_um2"][1:], table.sort_values("label")["area_um2"])
    assert len(with_background(result.tables["voids"].iloc[:0], 0)) == 1


def test_a_saved_result_comes_back(result: sodalite.Result, tmp_path: Path) -> None:
    """Writer, folder reader and `load_result` agree."""
    layers: Any = [(item.data, item.attributes, item.kind) for item in result_layers(result)]
    files = write_result(str(tmp_path / "out"), layers)
    assert {"values.csv", "labels.tif", "provenance.json"} <= {file.rpartition("/")[2] for file in files}
    reader = get_reader(str(tmp_path / "out"))
    assert reader is not None
    again = reader(str(tmp_path / "out"))
    np.testing.assert_array_equal(again[0].data, result.labels["labels"])
    assert get_reader(str(tmp_path)) is None


def test_a_section_without_objects_comes_back(tmp_path: Path) -> None:
    """Tables without rows have forgotten in their files which columns are numbers."""
    from sodalite.phantoms.sections import make_section

    phantom = make_section((160, 200), (0.05, 0.05), seed=1, collector_um=2.0, sodium_um=3.0, snr=8.0)
    found = sodalite.CrossSection(layers="collector,sodium,electrolyte").run(phantom.image)
    assert found.tables["dead_sodium"].empty
    for layer in read_results(str(found.save(tmp_path / "bare"))):
        assert layer.data is None or len(layer.data)


def test_edited_classes_are_not_written_as_if_they_were_measured(result: sodalite.Result, tmp_path: Path) -> None:
    """The numbers would not belong to the labels."""
    data, attributes, kind = next(i for i in result_layers(result) if i.attributes["metadata"][KEY]["role"] == CLASSES)
    edited = data.copy()
    edited[0, 0] = 9
    with pytest.raises(sodalite.MeasurementError, match="Re-measure"):
        write_result(str(tmp_path), [(edited, attributes, kind)])
    with pytest.raises(sodalite.MeasurementError, match="press Run"):
        write_result(str(tmp_path), [(edited, {}, kind)])


def test_sample_data_are_calibrated() -> None:
    """Both samples open in true um."""
    for (data, attributes, kind), *_ in (bonded_section(), loose_section()):
        assert kind == "image"
        assert data.ndim == 2
        assert attributes["units"] == ("um", "um")


def test_the_sample_series_is_read_step_by_step() -> None:
    """The slider shows every step in um; the folder behind it is what the dock measures."""
    data, attributes, _ = coarsening_maps()[0]
    assert data.shape == (5, 1080, 1440, 3)
    assert attributes["units"] == ("pixel", "um", "um")
    assert all(np.asarray(step).std() > 20 for step in data)
    folder = attributes["metadata"][KEY]["folder"]
    assert len(sodalite.Coarsening().read(folder).steps) == len(data)


@pytest.mark.parametrize("sample", [stripped_interface, growing_front])
def test_the_sample_micrographs_have_a_slider(sample: Callable[[], list[Any]]) -> None:
    """In um, a step a place on the slider."""
    data, attributes, kind = sample()[0]
    assert kind == "image"
    assert len(data) == len(attributes["metadata"][KEY]["sample"].steps) > 5
    assert attributes["units"] == ("pixel", "um", "um")


def test_the_manifest_is_valid() -> None:
    """Npe2 finds the installed manifest and every name in it."""
    manifest = npe2.PluginManifest.from_distribution("sodalite")
    manifest.validate_imports()
    assert {widget.display_name for widget in manifest.contributions.widgets or ()} == {
        "Cross-section",
        "EBSD grains",
        "EBSD coarsening",
        "Stripping series",
        "Growth front",
        "Batch",
    }
