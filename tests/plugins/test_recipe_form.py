"""The form shows every field of the model and gives back the same recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from qtpy.QtCore import Qt

import sodalite
from napari_sodalite.recipe_form import RecipeForm, label_of

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def form(qtbot: QtBot) -> RecipeForm:
    """Return the form of a cross-section."""
    shown = RecipeForm(sodalite.CrossSection, ("layers", "charge_mah_cm2"))
    qtbot.addWidget(shown)
    return shown


def test_every_field_is_there_and_explained(form: RecipeForm) -> None:
    """No field of the model is missing, and each says what it means."""
    assert list(form.fields) == list(sodalite.CrossSection.model_fields)
    for name, info in sodalite.CrossSection.model_fields.items():
        assert str(info.description).replace("null", "empty") in form.fields[name].toolTip()
    assert "Default: empty." in form.fields["charge_mah_cm2"].toolTip()
    assert "Default: not ticked." in form.fields["destripe"].toolTip()
    assert "Default: 1.0." in form.fields["plating_efficiency"].toolTip()
    assert "Default: 40.0." in form.fields["stiffness_px"].toolTip()


def test_a_recipe_goes_through_the_form_unchanged(form: RecipeForm) -> None:
    """Numbers keep every digit, choices and switches their type."""
    assert form.recipe() == sodalite.CrossSection()
    recipe = sodalite.CrossSection(
        layers="sodium,electrolyte", tilt_factor=1.2360679774997896, connectivity=4, destripe=True, reversed=True,
        charge_mah_cm2=1 / 3, void_seed_sd=1e1, roughness_cutoff_um=None,
    )  # fmt: skip
    form.show_recipe(recipe)
    assert form.recipe() == recipe


def test_a_wrong_value_is_one_sentence(form: RecipeForm, qtbot: QtBot) -> None:
    """The model's own limits speak; nothing is clipped in silence."""
    field = form.fields["void_seed_sd"]
    field.clear()
    with qtbot.waitSignal(form.changed):
        qtbot.keyClicks(field, "900")
    with pytest.raises(
        sodalite.RecipeError, match=r"^Void seed \(s\.d\.\): found 900; write a number above 1 up to 50\.$"
    ):
        form.recipe()
    field.setText("[")
    with pytest.raises(sodalite.RecipeError, match="not readable"):
        form.recipe()


def test_scrolling_past_a_choice_leaves_it(form: RecipeForm, qtbot: QtBot) -> None:
    """Keys change a choice, the wheel does not."""
    form.show()
    qtbot.keyClick(form.fields["connectivity"], Qt.Key.Key_Up)
    assert form.recipe().connectivity == 4


def test_labels_name_the_unit() -> None:
    """The unit at the end of a field's name becomes the unit in brackets."""
    assert label_of("charge_mah_cm2") == "Charge (mAh cm⁻²)"
    assert label_of("roughness_cutoff_um") == "Roughness cutoff (µm)"
    assert label_of("void_min_area_px") == "Void min area (px)"
    assert label_of("layers") == "Layers"
