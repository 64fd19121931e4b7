"""What a recipe says to a wrong value: one plain sentence with the field, what was found and what to write."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

import sodalite
from sodalite.recipe import KINDS, recipe_model

NO_LAYER = "'a' is no layer; choose out of cap, collector, interlayer, sodium, electrolyte."
FAULTS: list[tuple[str, str, Any, str]] = [
    ("cross-section", "charge_mah_cm2", "abc", "found 'abc'; write a number from 0 up to 10000."),
    ("cross-section", "charge_mah_cm2", -1, "found -1; write a number from 0 up to 10000."),
    ("cross-section", "charge_mah_cm2", [1, 2], "found [1, 2]; write a number from 0 up to 10000."),
    ("cross-section", "charge_mah_cm2", float("nan"), "found nan; write a number from 0 up to 10000."),
    ("cross-section", "tilt_factor", "1,25", "found '1,25'; write 1.25, with a point."),
    ("cross-section", "void_min_area_px", 2.5, "found 2.5; write a whole number from 1 up to 1000000."),
    ("cross-section", "void_min_area_px", None, "found nothing; write a whole number from 1 up to 1000000."),
    ("cross-section", "void_min_area_px", True, "found True; write a whole number from 1 up to 1000000."),
    ("cross-section", "connectivity", 6, "found 6; choose one of 4, 8."),
    ("cross-section", "reversed", "perhaps", "found 'perhaps'; write true or false."),
    ("cross-section", "layers", 3, "found 3; write text, such as collector,sodium,electrolyte."),
    ("cross-section", "layers", "a,b", NO_LAYER),
    ("grains", "boundary_deg", 200, "found 200; write a number above 0 and below 180."),
    ("grains", "growth_direction", "east", "found 'east'; choose one of none, up, down, left, right, x, -x, y, -y, z."),
    ("front", "grows_from", "east", "found 'east'; choose one of top, bottom, left, right."),
    ("coarsening", "transform", [1, 2, 3], "found [1, 2, 3]; six numbers a step are needed: xx,xy,x_um,yx,yy,y_um."),
    ("coarsening", "transform", ["a"], "found ['a']; six numbers a step are needed: xx,xy,x_um,yx,yy,y_um."),
    ("stripping", "layers", "a,b", NO_LAYER),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "field", "value", "words"), FAULTS)
def test_a_wrong_value_is_one_sentence(kind: str, field: str, value: Any, words: str) -> None:
    """By call, by `replace` and by a file's fields alike, without the words of the library that checks."""
    model = recipe_model(kind)
    for make in (model, lambda **fields: model().replace(**fields), lambda **fields: model.from_fields(fields)):
        with pytest.raises(sodalite.RecipeError) as caught:
            make(**{field: value})
        assert str(caught.value) == f"{field}: {words}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_type_is_one_sentence_in_every_field(kind: str) -> None:
    """Each names its field and says what to write; nothing that is wrong in kind is taken."""
    for field in recipe_model(kind).model_fields:
        with pytest.raises(sodalite.RecipeError, match=rf"^{field}: .+\.$") as caught:
            recipe_model(kind)(**{field: frozenset("a")})
        assert "nput" not in str(caught.value)


def test_a_long_value_is_cut_short() -> None:
    """A sentence stays a sentence, whatever was pasted into a field."""
    with pytest.raises(sodalite.RecipeError) as caught:
        sodalite.CrossSection(charge_mah_cm2="x" * 5000)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("kind", KINDS)
def test_a_recipe_comes_back_from_its_file(kind: str) -> None:
    """What is written as YAML is read as the same recipe."""
    recipe = recipe_model(kind)()
    fields = yaml.safe_load(recipe.to_yaml())
    assert fields.pop("kind") == kind
    assert type(recipe).from_fields(fields) == recipe
