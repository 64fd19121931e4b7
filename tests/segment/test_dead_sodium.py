"""Search for sodium-grey objects and their connections to the collector."""

from __future__ import annotations

from typing import Literal

import cc3d
import cv2
import numpy as np
import pytest

from sodalite.errors import SegmentationError
from sodalite.phantoms.sections import SectionPhantom, make_section
from sodalite.segment.dead_sodium import SodiumSearch, classify_dead_sodium, find_dead_sodium
from sodalite.segment.sodium_grey import _apply

PLANTED = {
    "spheres": 6,
    "filaments": 5,
    "blobs": 5,
    "active_filaments": 2,
    "pores": 6,
    "cracks": 2,
    "void_fraction": 0.03,
}
HARD = {"curtain": 0.1, "flames": 6, "shading": 0.1, "texture_grey": 3.0}


def _traced(phantom: SectionPhantom) -> np.ndarray:
    """Labels as a trace of the layers gives them: all below the face is electrolyte."""
    labels = phantom.labels.copy()
    labels[np.arange(labels.shape[0])[:, None] + 0.5 >= phantom.electrolyte_row] = 5
    return labels


_SETTINGS = {"smoothing_px": 1.0, "edge_sigma_px": 1.0, "background_px": 150, "min_ecd_px": 6}


def _search(phantom: SectionPhantom, grey: np.ndarray | None = None) -> SodiumSearch:
    return find_dead_sodium(
        phantom.image.data if grey is None else grey,
        _traced(phantom),
        smoothing_px=1.0,
        edge_sigma_px=1.0,
        background_px=150,
        min_ecd_px=6,
        min_separability=4,
    )


def _f1(phantom: SectionPhantom, mask: np.ndarray) -> float:
    """F1 of the objects of 8 px or more, matched by half of their area."""
    truth = cc3d.connected_components(phantom.labels == 4, connectivity=8)
    found = cc3d.connected_components(mask, connectivity=8)
    area = np.bincount(truth.ravel())
    hit = np.bincount(truth[mask], minlength=area.size) > 0.5 * area
    large = area >= np.pi / 4 * 8**2
    hits = int((hit & large)[1:].sum())
    missed = int(large[1:].sum()) - hits
    share = np.bincount(found[truth > 0], minlength=int(found.max()) + 1) / np.bincount(found.ravel())
    wrong = int((share[1:] < 0.3).sum())
    return 2 * hits / (2 * hits + missed + wrong)


@pytest.mark.parametrize(
    ("contrast", "snr", "hard"),
    [("se", 8, {}), ("se", 3, {}), ("se", 4, HARD), ("bse", 5, {}), ("bse", 4, HARD), ("low", 3, {}), ("low", 4, HARD)],
)
def test_planted_objects_are_found(contrast: str, snr: float, hard: dict[str, float]) -> None:
    """F1 is at least 0.9 among pores, cracks, curtains, shading and noise, for bright and for dark sodium."""
    phantom = make_section((480, 700), (0.05, 0.05), seed=1, contrast=contrast, snr=snr, psf_px=1.2, **PLANTED, **hard)
    search = _search(phantom)
    assert search.reason == ""
    assert _f1(phantom, search.detached) >= 0.9


@pytest.mark.parametrize("contrast", ["se", "bse", "low"])
def test_nothing_is_found_where_nothing_is(contrast: str) -> None:
    """Pores, cracks, curtains and noise alone give no dead sodium."""
    phantom = make_section((400, 600), (0.05, 0.05), seed=2, contrast=contrast, snr=3, pores=8, cracks=2, **HARD)
    assert not _search(phantom).detached.any()


def test_a_filament_from_the_layer_is_active() -> None:
    """A filament that reaches the sodium is rooted, an island is not."""
    phantom = make_section((400, 600), (0.05, 0.05), seed=4, active_filaments=3, spheres=3)
    search = _search(phantom)
    below = np.arange(400)[:, None] + 0.5 >= phantom.electrolyte_row
    filaments = (phantom.labels == 2) & below
    assert (search.rooted & filaments).sum() > 0.8 * filaments.sum()
    assert not (search.detached & filaments).any()


def test_equal_greys_are_refused() -> None:
    """Where sodium and electrolyte have one grey, nothing is returned and the reason is told."""
    phantom = make_section((300, 400), (0.05, 0.05), seed=4)
    noise = np.random.default_rng(0).normal(100, 10, phantom.labels.shape)
    search = _search(phantom, noise)
    assert not search.detached.any()
    assert "same grey" in search.reason
    bare = np.full(phantom.labels.shape, 5, np.uint8)
    fields = {"smoothing_px": 1, "edge_sigma_px": 1, "background_px": 99, "min_ecd_px": 6, "min_separability": 4}
    assert "too little" in find_dead_sodium(noise, bare, **fields).reason


@pytest.mark.parametrize("factor", [0.25, 40.0])
def test_grey_scale_does_not_matter(factor: float) -> None:
    """Grey levels times a factor give the same objects."""
    phantom = make_section((400, 600), (0.05, 0.05), seed=4, active_filaments=1, spheres=3, snr=5)
    once, other = _search(phantom), _search(phantom, phantom.image.data * factor)
    assert np.array_equal(once.detached, other.detached)
    assert other.separability == pytest.approx(once.separability, rel=1e-4)


def _with_discs(contrasts: list[float]) -> SodiumSearch:
    """Search a flat section, sodium 140 over electrolyte 60, with discs of contrast (sodium: 1) in the electrolyte."""
    labels = np.full((220, 60 * len(contrasts)), 5, np.uint8)
    labels[:60] = 2
    grey = np.where(labels == 2, 140.0, 60.0)
    y, x = np.indices(labels.shape)
    for place, contrast in enumerate(contrasts):
        grey[np.hypot(y - 130, x - 60 * place - 30) <= 10] = 60 + 80 * contrast
    grey = cv2.GaussianBlur(grey, (0, 0), 1.0) + np.random.default_rng(5).normal(0, 6, grey.shape)
    return find_dead_sodium(grey, labels, **_SETTINGS, min_separability=4)


def test_other_greys_on_either_side_are_refused() -> None:
    """Discs of sodium's grey are found; those nearer to the electrolyte or further from it by 40 % are not."""
    found = _with_discs([1.0, 0.62, 1.5, 1.0, 2.0]).detached
    columns = [found[:, 60 * place : 60 * place + 60].any() for place in range(5)]
    assert columns == [True, False, False, True, False]


def test_specks_of_noise_in_a_darker_grain_are_refused() -> None:
    """In a grain half as far from the electrolyte as sodium, noise alone passes for sodium here and there."""
    labels = np.full((260, 300), 5, np.uint8)
    labels[:60] = 2
    grey = np.where(labels == 2, 140.0, 60.0)
    grey[140:190, 180:230] = 60 + 80 * 0.45
    grey[150:162, 30:42] = 140
    grey = cv2.GaussianBlur(grey, (0, 0), 1.0) + np.random.default_rng(5).normal(0, 30, grey.shape)
    found = find_dead_sodium(grey, labels, **_SETTINGS, min_separability=2).detached
    assert found[145:167, 25:47].any()
    assert not found[135:195, 175:235].any()


def test_debris_on_the_lower_frame_is_refused() -> None:
    """Uneven spires that stand on the lower frame are no sodium, nor are the even chips among them."""
    labels = np.full((220, 300), 5, np.uint8)
    labels[:60] = 2
    grey = np.where(labels == 2, 140.0, 60.0)
    rise = np.linspace(100, 230, 60)
    grey[160:, 100:112] = rise[:, None]
    grey[170:182, 118:130] = 140
    grey[120:132, 30:42] = 140
    grey = cv2.GaussianBlur(grey, (0, 0), 1.0) + np.random.default_rng(5).normal(0, 4, grey.shape)
    found = find_dead_sodium(grey, labels, **_SETTINGS, min_separability=4).detached
    assert found[:, 25:50].any()
    assert not found[:, 90:140].any()


def test_what_stands_on_the_floor_of_the_trench_is_refused() -> None:
    """A spire of sodium's grey that rises from outside the electrolyte is no sodium; a disc clear of it is."""
    labels = np.full((220, 300), 5, np.uint8)
    labels[:60], labels[200:] = 2, 0
    grey = np.where(labels == 2, 140.0, 60.0)
    grey[175:200, 200:212] = 140
    grey[120:132, 30:42] = 140
    grey = cv2.GaussianBlur(grey, (0, 0), 1.0) + np.random.default_rng(5).normal(0, 4, grey.shape)
    found = find_dead_sodium(grey, labels, **_SETTINGS, min_separability=4).detached
    assert found[115:137, 25:47].any()
    assert not found[:, 190:225].any()


def test_smallest_object_kept() -> None:
    """An object just above the least diameter is kept and one just below is not."""
    labels = np.full((200, 300), 5, np.uint8)
    labels[:60] = 2
    grey = np.where(labels == 2, 200.0, 100.0)
    y, x = np.indices(labels.shape)
    for column, radius in ((80, 9), (200, 7)):
        grey[(y - 130) ** 2 + (x - column) ** 2 <= radius**2] = 200.0
    grey += np.random.default_rng(1).normal(0, 2, grey.shape)
    fields = {"smoothing_px": 1, "edge_sigma_px": 0.5, "background_px": 150, "min_separability": 4}
    found = find_dead_sodium(grey, labels, min_ecd_px=16.5, **fields).detached
    assert found[130, 80]
    assert not found[130, 200]


@pytest.fixture
def scene() -> tuple[np.ndarray, np.ndarray]:
    """Return labels with collector, sodium and electrolyte, and a mask with one object of each state."""
    labels = np.full((60, 80), 5, np.uint8)
    labels[:20], labels[20:30] = 1, 2
    grey = np.zeros(labels.shape, bool)
    grey[30:36, 5:8] = True
    grey[8:12, 20:26] = True
    grey[40:46, 20:26] = True
    labels[38:50, 40:52] = 8
    grey[40:46, 43:48] = True
    grey[40:45, 76:] = True
    return labels, grey


def test_states_by_hand(scene: tuple[np.ndarray, np.ndarray]) -> None:
    """A root is active, a filled pore of the collector ionically isolated, islands isolated or enclosed."""
    labels, grey = scene
    found = classify_dead_sodium(grey, labels, connectivity=4)
    state = {
        int(found.objects[y, x]): name
        for (y, x), name in {
            (33, 6): "active",
            (10, 22): "ionically isolated",
            (42, 22): "electronically isolated",
            (42, 45): "enclosed",
            (42, 78): "undetermined",
        }.items()
    }
    assert dict(zip(found.table["label"], found.table["state"], strict=True)) == state
    assert list(found.table["path_to_collector"]) == [
        name in ("active", "ionically isolated") for name in found.table["state"]
    ]
    assert found.count_range == (3, 3)
    assert np.array_equal(found.dead, (found.objects > 0) & (np.arange(60)[:, None] >= 37))


def test_diagonal_contact_makes_the_range(scene: tuple[np.ndarray, np.ndarray]) -> None:
    """An object that touches sodium at a corner is dead at 4- and active at 8-connectivity."""
    labels, grey = scene
    labels[30, 60] = 2
    grey[31:35, 61:65] = True
    four, eight = (classify_dead_sodium(grey, labels, connectivity=n) for n in (4, 8))
    assert four.count_range == eight.count_range == (3, 4)
    assert four.dead[32, 62]
    assert not eight.dead[32, 62]


def test_data_bar_cuts_like_the_frame(scene: tuple[np.ndarray, np.ndarray]) -> None:
    """Islands that stand on the data bar are undetermined, as those at the frame."""
    labels, grey = scene
    labels[46:] = 0
    found = classify_dead_sodium(grey, labels, connectivity=4).table
    assert (found["state"] == "undetermined").sum() == 3


def test_mirror(scene: tuple[np.ndarray, np.ndarray]) -> None:
    """A mirrored section has the same states."""
    labels, grey = scene
    once = classify_dead_sodium(grey, labels, connectivity=8).table["state"]
    other = classify_dead_sodium(grey[:, ::-1], labels[:, ::-1], connectivity=8).table["state"]
    assert sorted(once) == sorted(other)


def test_empty_and_wrong_input() -> None:
    """No candidate gives an empty table; a wrong connectivity or shape is refused."""
    labels = np.full((10, 12), 5, np.uint8)
    nothing = np.zeros(labels.shape, bool)
    found = classify_dead_sodium(nothing, labels, connectivity=8)
    assert len(found.table) == 0
    assert found.count_range == (0, 0)
    with pytest.raises(SegmentationError, match="connectivity"):
        classify_dead_sodium(nothing, labels, connectivity=6)  # type: ignore[arg-type]
    with pytest.raises(SegmentationError, match="sodium_grey"):
        classify_dead_sodium(nothing[1:], labels, connectivity=8)


@pytest.mark.parametrize("width", [37, 511, 512, 1025, 3001])
def test_shading_is_interpolated_strip_by_strip_to_the_bit(width: int) -> None:
    """What spares a second picture in memory changes no pixel."""
    rng = np.random.default_rng(width)
    coarse = rng.uniform(0.5, 2, (9, max(2, width // 14))).astype(np.float32)
    picture = rng.uniform(0, 255, (200, width)).astype(np.float32)
    whole = picture * cv2.resize(coarse, (width, 200), interpolation=cv2.INTER_LINEAR)
    _apply(np.multiply, picture, coarse)
    assert np.array_equal(picture, whole)


@pytest.mark.parametrize("connectivity", [4, 8])
def test_objects_are_numbered_as_they_first_occur(connectivity: Literal[4, 8]) -> None:
    """Along the rows from above, whatever blocks and threads the labelling works in; they are those of cc3d."""
    grey = np.random.default_rng(3).random((301, 403)) < 0.2
    found = classify_dead_sodium(grey, np.full(grey.shape, 5, np.uint8), connectivity=connectivity).objects
    _, first = np.unique(found[grey], return_index=True)
    assert (np.diff(first) > 0).all()
    other = cc3d.connected_components(grey, connectivity=connectivity)
    assert np.unique(np.stack((found, other)).reshape(2, -1), axis=1).shape[1] == found.max() + 1 == other.max() + 1
