"""Numbers of labelled sections that nobody drew by a rule: fragments, specks, and objects on the wrong side."""

from __future__ import annotations

import math

import numpy as np
import pytest

import sodalite
from sodalite.classes import SectionClass as Is
from sodalite.pipelines.section_scene import without_enclosed

SPACING_UM = (0.05, 0.05)
PIXEL_UM2 = SPACING_UM[0] * SPACING_UM[1]


def _section() -> np.ndarray:
    """Return 200 rows of collector, sodium from row 50 to 130, and electrolyte, in 300 columns."""
    labels = np.full((200, 300), Is.ELECTROLYTE, np.uint8)
    labels[:50], labels[50:130] = Is.COLLECTOR, Is.SODIUM
    return labels


def _measure(labels: np.ndarray) -> sodalite.Result:
    grey = np.array([0, 220, 120, 30, 120, 200, 60, 160, 10, 20], np.uint8)[labels]
    return sodalite.CrossSection(charge_mah_cm2=0.5).run(sodalite.Image(grey, SPACING_UM), labels=labels)


def _value(result: sodalite.Result, name: str) -> float:
    return float(result[name].value)


@pytest.mark.parametrize("material", [Is.ELECTROLYTE, Is.COLLECTOR, Is.DEAD_SODIUM])
def test_a_fragment_in_the_sodium_is_no_face(material: Is) -> None:
    """The faces pass it by; it is no sodium unless it hangs on the sodium around it."""
    labels = _section()
    labels[80:100, 100:140] = material
    result = _measure(labels)
    lost_um = 0.0 if material == Is.DEAD_SODIUM else 20 * 40 / 300 * SPACING_UM[0]
    assert _value(result, "thickness_gross_mean") == pytest.approx(4.0)
    assert _value(result, "thickness_net_mean") == pytest.approx(4.0 - lost_um)
    assert _value(result, "contact_fraction_electrolyte") == 1.0
    assert _value(result, "dead_sodium_fraction") == 0.0


@pytest.mark.parametrize("material", [Is.SODIUM, Is.VOID])
def test_what_the_collector_encloses_is_not_in_the_layer(material: Is) -> None:
    """Sodium or a void in a pore of the collector is neither thickness nor a void of the layer."""
    labels = _section()
    labels[10:20, 100:110] = material
    result, plain = _measure(labels), _measure(_section())
    for name in ("thickness_gross_mean", "thickness_net_mean", "void_count", "void_fraction", "gap_mean"):
        assert _value(result, name) == _value(plain, name)


def test_specks_move_no_face() -> None:
    """Single pixels of any class anywhere leave the faces where they were."""
    labels, rng = _section(), np.random.default_rng(3)
    speck = rng.random(labels.shape) < 0.002
    speck[[0, 49, 50, 129, 130, -1]] = speck[:, [0, -1]] = False
    labels[speck] = rng.choice([Is.COLLECTOR, Is.SODIUM, Is.ELECTROLYTE], np.count_nonzero(speck))
    result = _measure(labels)
    assert _value(result, "thickness_gross_mean") == pytest.approx(4.0, abs=2e-3)
    sodium = np.count_nonzero(labels[50:130] == Is.SODIUM) / 300 * SPACING_UM[0]
    assert _value(result, "thickness_net_mean") == pytest.approx(sodium, abs=2e-3)


def test_a_film_under_the_sodium_is_no_thickness() -> None:
    """An interlayer between sodium and electrolyte ends the layer; one above the sodium begins it."""
    labels = _section()
    labels[40:50] = labels[122:130] = Is.INTERLAYER
    result = _measure(labels)
    assert _value(result, "thickness_gross_mean") == pytest.approx(72 * SPACING_UM[0])
    assert _value(result, "thickness_net_mean") == pytest.approx(72 * SPACING_UM[0])


def test_clean_labels_are_left_alone() -> None:
    """Nothing is given to another side where each column runs through the stack once; an islet of sodium stays."""
    labels = _section()
    assert without_enclosed(labels) is labels
    labels[50:130, :120] = labels[50:130, 180:] = Is.ELECTROLYTE
    assert (without_enclosed(labels) == labels).all()


def test_counts_and_areas_are_those_of_the_same_objects() -> None:
    """Sodium cut off in the electrolyte is dead; what touches the layer is not, whatever it was labelled as."""
    labels = _section()
    labels[150:160, 50:60] = Is.SODIUM
    labels[130:140, 200:210] = Is.DEAD_SODIUM
    labels[170:180, 100:110] = Is.VOID
    result = _measure(labels)
    assert _value(result, "dead_sodium_count") == 1
    assert _value(result, "dead_sodium_equivalent_thickness") == pytest.approx(100 * PIXEL_UM2 / (300 * SPACING_UM[1]))
    assert _value(result, "void_count") == len(result.tables["voids"]) == 0
    assert (result.labels["labels"] == labels).all()
    table = result.tables["dead_sodium"]
    assert table.loc[~table["path_to_collector"], "area_um2"].sum() == pytest.approx(100 * PIXEL_UM2)
    assert "leaves out" in result["thickness_net_mean"].note


def test_dead_sodium_in_a_shell_within_the_layer_is_counted() -> None:
    """Sodium that a shell of electrolyte cuts off inside the layer is dead and not in the net thickness."""
    labels = _section()
    labels[80:100, 100:140] = Is.ELECTROLYTE
    labels[85:95, 110:130] = Is.DEAD_SODIUM
    result = _measure(labels)
    assert _value(result, "dead_sodium_equivalent_thickness") == pytest.approx(200 / 300 * SPACING_UM[0])
    assert _value(result, "thickness_net_mean") == pytest.approx(4.0 - 800 / 300 * SPACING_UM[0])


def test_no_layer_has_no_voids() -> None:
    """Collector upon electrolyte: no void is counted, and what has no meaning without sodium is withheld."""
    labels = _section()
    labels[labels == Is.SODIUM] = Is.ELECTROLYTE
    result = _measure(labels)
    assert _value(result, "void_count") == 0
    assert math.isnan(_value(result, "void_fraction"))


def test_a_column_of_void_is_not_covered() -> None:
    """A third of the interface holds a void from face to face: the gross thickness is there, the sodium is not."""
    labels = _section()
    labels[50:130, 100:200] = Is.VOID
    result = _measure(labels)
    assert _value(result, "thickness_gross_mean") == pytest.approx(4.0)
    assert _value(result, "coverage") == pytest.approx(2 / 3)
