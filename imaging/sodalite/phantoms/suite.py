"""A fixed set of named phantom sections that span what real images show, for accuracy tables and tests."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sodalite.phantoms.sections import SectionPhantom, make_section

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHAPE = (480, 720)
_PIXEL_UM = 0.03
_ROUGH: Mapping[str, Any] = {"collector_rq_um": 0.10, "electrolyte_rq_um": 0.12, "correlation_um": 1.2}
_BASE: Mapping[str, Any] = {
    "collector_um": 3.2,
    "sodium_um": 5.4,
    "void_diameter_um": 0.66,
    "dead_um": 0.8,
    "pore_um": 0.2,
    "clearance_um": 0.2,
    "lens_width_um": 1.6,
    "lens_height_um": 0.42,
    "grain_um": 3.0,
    **_ROUGH,
}
_SCENES: Mapping[str, Mapping[str, Any]] = {
    "void_free": {},
    "bulk_voids": {"void_fraction": 0.05},
    "lenses": {"electrolyte_lenses": 4, "collector_lenses": 2},
    "gaps": {"gap_um": 0.45, "gap_runs": 2, "gap_share": 0.5},
    "dead_sodium": {"spheres": 5, "filaments": 4, "blobs": 4, "sodium_um": 3.6, "collector_um": 2.0},
    "connected": {"spheres": 3, "filaments": 2, "active_filaments": 2, "pores": 8, "cracks": 2, "sodium_um": 3.6},
    "sloped": {"slope_deg": 7.0, "void_fraction": 0.02},
    "rough": {"collector_rq_um": 0.3, "electrolyte_rq_um": 0.36, "correlation_um": 1.5},
    "curtained": {"void_fraction": 0.03, "curtain": 0.03, "flames": 3, "shading": 0.06, "grain_grey": 5.0,
                  "texture_grey": 2.0},
    "charged": {"void_fraction": 0.03, "charging_grey": 10.0, "rim_grey": 25.0, "shine_through": 0.3},
    "thin": {"sodium_um": 0.75, "collector_rq_um": 0.04, "electrolyte_rq_um": 0.05},
    "missing": {"missing_runs": 2, "missing_um": 2.4, "sodium_um": 2.7},
    "capped": {"layers": ("cap", "collector", "interlayer", "sodium", "electrolyte"), "cap_um": 1.6,
               "collector_um": 2.0, "interlayer_um": 0.45, "sodium_um": 4.5, "void_fraction": 0.02},
    "realistic": {"void_fraction": 0.03, "void_aspect_ratio": 1.6, "void_spread": 0.45, "electrolyte_lenses": 2,
                  "curtain": 0.02, "flames": 2, "shading": 0.04, "rim_grey": 25.0, "shine_through": 0.25,
                  "grain_grey": 5.0, "texture_grey": 2.5, "pores": 6, "spheres": 2, "filaments": 1},
    "unplated": {"layers": ("collector", "electrolyte"), "gap_um": 1.2, "gap_runs": 2, "gap_share": 0.6},
    "sine": {"sine_um": (0.3, 3.0), "collector_rq_um": 0.0, "electrolyte_rq_um": 0.0},
}  # fmt: skip


def _entries() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name -> arguments of `make_section`; seeds follow the scene, so that pictures of one scene share it."""
    for seed, (scene, fields) in enumerate(_SCENES.items(), start=1):
        common = {**_BASE, **fields, "seed": seed}
        for contrast in ("se", "bse"):
            for snr in (8.0, 3.0):
                yield f"{scene}_{contrast}_snr{snr:.0f}", {**common, "contrast": contrast, "snr": snr}
    for scene in ("void_free", "bulk_voids", "rough"):
        seed = list(_SCENES).index(scene) + 1
        for snr in (8.0, 3.0):
            yield f"{scene}_low_snr{snr:.0f}", {**_BASE, **_SCENES[scene], "seed": seed, "contrast": "low", "snr": snr}
    yield from _other_views()


def _other_views() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the scene with bulk voids at a tilt, with oblong pixels and with a data bar."""
    common = {**_BASE, **_SCENES["bulk_voids"], "seed": list(_SCENES).index("bulk_voids") + 1}
    views: dict[str, dict[str, Any]] = {
        "tilt52": {"shape": (378, 720), "tilt_deg": 52.0},
        "tilt54": {"shape": (388, 720), "tilt_deg": 54.0},
        "anisotropic": {"shape": (378, 720), "spacing_um": (0.0381, _PIXEL_UM)},
    }
    for view, fields in views.items():
        for contrast in ("se", "bse"):
            for snr in (8.0, 3.0):
                yield f"{view}_{contrast}_snr{snr:.0f}", {**common, **fields, "contrast": contrast, "snr": snr}
    yield "databar_se_snr8", {**common, "shape": (550, 720), "databar_rows": 70, "bits": 16}


SUITE: Mapping[str, Mapping[str, Any]] = MappingProxyType(dict(_entries()))
"""Name -> arguments of `make_section`. The name says scene, contrast and SNR."""


def make_named(name: str) -> SectionPhantom:
    """Return the phantom of `SUITE` called `name`.

    Raises
    ------
    KeyError
        When the suite has no such phantom.
    """
    fields = dict(SUITE[name])
    shape = fields.pop("shape", _SHAPE)
    spacing_um = fields.pop("spacing_um", (_PIXEL_UM, _PIXEL_UM))
    return make_section(shape, spacing_um, name=name, **fields)


def make_sections(n: int, *, seed: int) -> list[SectionPhantom]:
    """Return `n` phantoms that go round the suite with new scenes: the k-th has the seed ``seed + k``."""
    phantoms = []
    for k, name in zip(range(n), _endless(list(SUITE)), strict=False):
        fields = {**SUITE[name], "seed": seed + k}
        shape, spacing_um = fields.pop("shape", _SHAPE), fields.pop("spacing_um", (_PIXEL_UM, _PIXEL_UM))
        phantoms.append(make_section(shape, spacing_um, name=f"{name}_{k}", **fields))
    return phantoms


def _endless(names: list[str]) -> Iterator[str]:
    while True:
        yield from names
