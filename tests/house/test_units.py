"""Units stand in names, and the names are true: with pixels twice as large each output moves as its unit says."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from sodalite import GLOSSARY, CrossSection, Result
from sodalite.glossary import GLOSSARY_OF
from sodalite.phantoms.suite import make_named
from sodalite.quantity import column_name
from sodalite.recipe import KINDS, limits_text, recipe_model

POWER_OF_UNIT = {
    "": 0, "deg": 0, "um": 1, "um2": 2, "um-1": -1, "mm-2": -2, "mAh cm-2": 1, "um2/h": 2, "um/h": 1,
    "um2/(mAh cm-2)": 1, "min": 0, "um/min": 1, "um/min/(mA cm-2)": 1,
}  # fmt: skip
POWER_OF_SUFFIX = {"_um": 1, "_um2": 2, "_mm2": -2, "_mah_cm2": 1}
PHANTOMS = ("realistic_se_snr8", "dead_sodium_bse_snr8")
LAYERS = "collector,sodium,electrolyte"


def power(name: str) -> int:
    """Return the power of length in the unit at the end of a name."""
    return next((power for suffix, power in POWER_OF_SUFFIX.items() if name.endswith(suffix)), 0)


@pytest.fixture(scope="module", params=PHANTOMS)
def pair(request: pytest.FixtureRequest) -> tuple[Result, Result]:
    """Return a phantom's result, and that of the same picture with pixels and recipe twice as large."""
    image = make_named(request.param).true_image
    recipe = CrossSection(layers=LAYERS, charge_mah_cm2=1.2)
    fields = recipe.model_dump()
    larger = {
        name: value * 2.0 ** power(name)
        for name, value in fields.items()
        if isinstance(value, float | int) and not isinstance(value, bool) and power(name)
    }
    doubled = image.replace(spacing_um=tuple(2 * size for size in image.spacing_um))
    return recipe.run(image), recipe.replace(**larger).run(doubled)


def test_numbers_follow_their_unit(pair: tuple[Result, Result]) -> None:
    """Each value and each end of its interval moves by the power of length in its unit, counts stay."""
    small, large = pair
    for before, after in zip(small.values, large.values, strict=True):
        factor = 2.0 ** POWER_OF_UNIT[before.unit]
        for one, two in ((before.value, after.value), (before.low, after.low), (before.high, after.high)):
            assert two == pytest.approx(one * factor, rel=1e-6, abs=1e-9, nan_ok=True), before.quantity
        assert after.n == before.n, before.quantity


def test_columns_follow_their_suffix(pair: tuple[Result, Result]) -> None:
    """Each column of each table moves by the suffix of its name."""
    small, large = pair
    assert list(small.tables) == list(large.tables)
    for name, table in small.tables.items():
        for column in table.columns:
            if table[column].dtype.kind not in "if":
                assert list(table[column]) == list(large.tables[name][column]), f"{name}.{column}"
                continue
            wanted = table[column].to_numpy(float) * 2.0 ** power(column)
            found = large.tables[name][column].to_numpy(float)
            np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-9, err_msg=f"{name}.{column}")


def test_labels_stay(pair: tuple[Result, Result]) -> None:
    """The classes of the pixels do not depend on the unit of length."""
    for name, labels in pair[0].labels.items():
        np.testing.assert_array_equal(pair[1].labels[name], labels)


def test_the_glossary_is_complete_both_ways(pair: tuple[Result, Result]) -> None:
    """Every quantity that the glossary has for cross-sections is emitted, and nothing else."""
    assert {item.quantity for item in pair[0].values} == set(GLOSSARY_OF["cross-section"])


@pytest.mark.parametrize("name", GLOSSARY)
def test_definitions_are_whole(name: str) -> None:
    """Each definition has a known unit, one sentence and a source; its column is spelled as columns are."""
    unit, meaning, standard = GLOSSARY[name]
    assert unit in POWER_OF_UNIT
    assert meaning.endswith(".")
    assert standard
    assert re.fullmatch(r"[a-z][a-z0-9_]*(-\d)?", column_name(name))


@pytest.mark.parametrize("kind", KINDS)
def test_recipe_fields_are_described_and_limited(kind: str) -> None:
    """Every field has a description; numbers have limits; there are few enough to read."""
    model = recipe_model(kind)
    assert len(model.model_fields) <= 24
    for name, info in model.model_fields.items():
        assert info.description, name
        default = info.default
        if isinstance(default, float | int) and not isinstance(default, bool):
            assert limits_text(model, name), name
            assert math.isfinite(default), name
