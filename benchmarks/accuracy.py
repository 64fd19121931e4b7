"""How near the cross-section pipeline comes to the planted truth: ``python -m benchmarks.accuracy [--coverage 200]``.

Without options every phantom of the suite is segmented and measured, and the worst deviation at each SNR stands beside
its target. ``--coverage N`` draws N random fields instead and counts how often the 95 % intervals of void_fraction and
contact_fraction_electrolyte hold the expected value. The exit code is 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import fnmatch
import math
import sys
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.classes import SectionClass
from sodalite.errors import SodaliteError
from sodalite.image import Image
from sodalite.phantoms import fields
from sodalite.phantoms.optics import Optics, take_picture
from sodalite.phantoms.suite import SUITE, make_named

if TYPE_CHECKING:
    from sodalite.phantoms.sections import SectionPhantom
    from sodalite.result import Result

LEAST_ECD_PX = 10.0
"""Void fractions are held to their target where the mean void is at least this wide."""
LEAST_RQ_PX = 2.0
"""Roughness is held to its target where it is at least this high."""


class Score(NamedTuple):
    """Deviations of one phantom from its truth; NaN where a phantom has nothing of the kind."""

    name: str
    snr: float
    thickness_bias_px: float
    rq_error_percent: float
    rmse_px: float
    void_error_points: float
    false_void_percent: float
    contact_error_points: float
    dead_found: float
    dead_true: float
    dead_matched: float
    shapes_right: float
    thickness_um: float


class Target(NamedTuple):
    """Largest deviation allowed for one column of `Score` at SNR 8 and at SNR 3."""

    column: str
    at_snr_8: float
    at_snr_3: float


TARGETS = (
    Target("thickness_bias_px", 0.5, 1.0),
    Target("rq_error_percent", 5.0, 5.0),
    Target("rmse_px", 1.0, 1.0),
    Target("void_error_points", 0.5, 0.5),
    Target("false_void_percent", 0.05, 0.05),
    Target("contact_error_points", 1.0, 1.0),
)
LEAST_F1 = 0.9
LEAST_SHAPES_RIGHT = 0.9
COVERAGE = (0.92, 0.98)
SAME_UM_PERCENT = 0.5


def measure(phantom: SectionPhantom) -> Result:
    """Return what the pipeline measures on a phantom when told its layers and its tilt."""
    from sodalite import CrossSection

    return CrossSection(layers=",".join(phantom.scene.layers)).run(phantom.true_image)


def value(result: Result, quantity: str) -> float:
    """Return a measured value, NaN when it is withheld or absent."""
    try:
        return float(result[quantity].value)
    except KeyError:
        return math.nan


def score(phantom: SectionPhantom, result: Result) -> Score:
    """Return the deviations of a result from the phantom's truth."""
    truth, (height_um, width_um) = phantom.truth, phantom.spacing_um
    ecd_px = truth.get("void_ecd_mean", math.nan) / math.sqrt(height_um * width_um)
    voids = 100 * (value(result, "void_fraction") - truth["void_fraction"])
    contact = 100 * (value(result, "contact_fraction_electrolyte") - truth["contact_fraction_electrolyte"])
    found, true, matched, right = dead_sodium_matches(phantom, result)
    return Score(
        name=phantom.image.name,
        snr=phantom.optics.snr,
        thickness_bias_px=(value(result, "thickness_gross_mean") - truth["thickness_gross_mean"]) / height_um,
        rq_error_percent=rq_error_percent(phantom, result),
        rmse_px=max(face_rmse_px(phantom, result)),
        void_error_points=voids if ecd_px >= LEAST_ECD_PX else math.nan,
        false_void_percent=voids if truth["void_count"] == 0 else math.nan,
        contact_error_points=contact,
        dead_found=found,
        dead_true=true,
        dead_matched=matched,
        shapes_right=right,
        thickness_um=value(result, "thickness_gross_mean"),
    )


def face_rmse_px(phantom: SectionPhantom, result: Result) -> tuple[float, float]:
    """Return the root mean square distance in rows of the two traced faces from the true ones."""
    profile = result.tables["profile"]
    rows = {"collector_z_um": phantom.collector_row, "electrolyte_z_um": phantom.electrolyte_row}
    off = [profile[name].to_numpy(float) / phantom.spacing_um[0] - row for name, row in rows.items()]
    return tuple(math.sqrt(np.nanmean(np.square(face))) for face in off)  # type: ignore[return-value]


def rq_error_percent(phantom: SectionPhantom, result: Result) -> float:
    """Return the worse relative error of the two faces' Rq about their lines; unfiltered, so that no cut-off enters."""
    errors = []
    for side, face in (("collector", "collector_z_um"), ("electrolyte", "electrolyte_z_um")):
        true = phantom.truth.get(f"roughness_rq_{side}", 0.0)
        if true >= LEAST_RQ_PX * phantom.spacing_um[0]:
            z = result.tables["profile"][face].to_numpy(float)
            x = np.flatnonzero(np.isfinite(z))
            height = z[x] - np.polynomial.Polynomial.fit(x, z[x], 1)(x)
            errors.append(100 * (math.sqrt(np.mean(height**2)) / true - 1))
    return max(errors, key=abs, default=math.nan)


def dead_sodium_matches(phantom: SectionPhantom, result: Result) -> tuple[float, float, float, float]:
    """Return how many dead-sodium objects were found, planted, matched (IoU at least 0.5) and given the right shape."""
    import cc3d

    true = cc3d.connected_components(phantom.labels == SectionClass.DEAD_SODIUM, connectivity=8)
    found = cc3d.connected_components(np.asarray(result.labels["labels"]) == SectionClass.DEAD_SODIUM, connectivity=8)
    matched = right = 0
    for label in range(1, int(true.max()) + 1):
        mask = true == label
        inside = found[mask]
        best = int(np.bincount(inside[inside > 0]).argmax()) if (inside > 0).any() else 0
        other = found == best
        if best and np.count_nonzero(mask & other) >= 0.5 * np.count_nonzero(mask | other):
            matched += 1
            right += _shape_at(phantom.objects, mask, phantom, "kind") == _shape_at(
                result.tables["dead_sodium"], other, phantom, "shape"
            )
    return float(found.max()), float(true.max()), float(matched), float(right)


def _shape_at(table: object, mask: np.ndarray, phantom: SectionPhantom, column: str) -> str:
    """Return the entry of the table's object whose centre is nearest to that of the mask."""
    z_um, x_um = (
        float(axis.mean() + 0.5) * step for axis, step in zip(np.nonzero(mask), phantom.spacing_um, strict=True)
    )
    distance = np.hypot(table["x_um"] - x_um, table["z_um"] - z_um).to_numpy()  # type: ignore[index]
    return str(table[column].iloc[int(distance.argmin())])  # type: ignore[index]


def run_suite(pattern: str) -> tuple[list[Score], list[str]]:
    """Return the scores of the suite's phantoms that match, and what failed."""
    scores, failures = [], []
    for name in fnmatch.filter(SUITE, pattern):
        phantom = make_named(name)
        try:
            scores.append(score(phantom, measure(phantom)))
        except SodaliteError as error:
            failures.append(f"{name}: {error}")
    return scores, failures


def print_suite(scores: list[Score], failures: list[str]) -> bool:
    """Print a line a phantom and the worst of each column beside its target; return whether all targets are met."""
    columns = [target.column for target in TARGETS]
    print(f"{'phantom':28}" + "".join(f"{name:>21}" for name in columns) + f"{'dead found/true/match/shape':>30}")
    for row in scores:
        cells = "".join(f"{getattr(row, name):21.3f}" for name in columns)
        dead = f"{row.dead_found:.0f}/{row.dead_true:.0f}/{row.dead_matched:.0f}/{row.shapes_right:.0f}"
        print(f"{row.name:28}{cells}{dead:>30}")
    verdicts = [_print_worst(scores, snr) for snr in (8.0, 3.0)] + [_print_same_um(scores)]
    for failure in failures:
        print(f"FAILED {failure}")
    return all(verdicts) and not failures


def _print_worst(scores: list[Score], snr: float) -> bool:
    """Print the worst and the median absolute deviation at one SNR; return whether the targets hold."""
    rows = [row for row in scores if row.snr == snr]
    if not rows:
        return True
    print(f"\nSNR {snr:g}, {len(rows)} phantoms")
    good = True
    for target in TARGETS:
        seen = [(abs(getattr(row, target.column)), row.name) for row in rows]
        seen = [(math.inf if row[0] != row[0] and target.column == "rmse_px" else row[0], row[1]) for row in seen]
        known = [pair for pair in seen if not math.isnan(pair[0])]
        if known:
            worst, name = max(known)
            bound = target.at_snr_8 if snr == 8 else target.at_snr_3
            good &= _verdict(f"{target.column}, worst ({name})", worst, bound, worst <= bound)
            print(f"    median {float(np.median([pair[0] for pair in known])):.3f} of {len(known)}")
    return _print_dead(rows) and good


def _print_dead(rows: list[Score]) -> bool:
    true, found, matched, right = (
        sum(getattr(row, name) for row in rows) for name in ("dead_true", "dead_found", "dead_matched", "shapes_right")
    )
    if not true:
        return True
    f1 = 2 * matched / (true + found)
    good = _verdict("dead sodium F1", f1, LEAST_F1, f1 >= LEAST_F1)
    shapes = right / matched if matched else 0.0
    return _verdict("dead sodium shapes right", shapes, LEAST_SHAPES_RIGHT, shapes >= LEAST_SHAPES_RIGHT) and good


def _verdict(what: str, seen: float, bound: float, good: bool) -> bool:
    print(f"  {what:62} {seen:9.3f}  target {bound:g}  {'reached' if good else 'MISSED'}")
    return good


def _print_same_um(scores: list[Score]) -> bool:
    """Print how tilted and oblong pictures of one scene differ from the square one in thickness and void fraction."""
    found = {row.name: row for row in scores}
    base = found.get("bulk_voids_se_snr8")
    if base is None:
        return True
    print("\nthe same scene at tilt 0, 52, 54 and with pixels of 1 : 1.27")
    good = True
    for name in ("tilt52_se_snr8", "tilt54_se_snr8", "anisotropic_se_snr8"):
        if name in found:
            off = 100 * abs(found[name].thickness_um / base.thickness_um - 1)
            good &= _verdict(f"{name}: thickness_gross_mean, percent", off, SAME_UM_PERCENT, off <= SAME_UM_PERCENT)
            voids = found[name].void_error_points - base.void_error_points
            print(f"    void_fraction differs by {voids:+.3f} points")
    return good


_SHAPE = (360, 1000)
_PIXEL_UM = 0.05
_FACES = (60, 280)


def random_section(kind: str, seed: int) -> tuple[np.ndarray, float, str]:
    """Return labels ``(y, x)`` of a section with random voids, the expected value and the quantity's name."""
    labels = np.full(_SHAPE, SectionClass.ELECTROLYTE, np.uint8)
    labels[: _FACES[0]] = SectionClass.COLLECTOR
    labels[_FACES[0] : _FACES[1]] = SectionClass.SODIUM
    if kind == "voids":
        density = fields.boolean_disc_density_um2(0.03, 0.5)
        size = (_FACES[1] - _FACES[0], _SHAPE[1])
        void = fields.boolean_disc_field(size, (_PIXEL_UM,) * 2, density_um2=density, radius_um=0.5, seed=seed)
        labels[_FACES[0] : _FACES[1]][void] = SectionClass.VOID
        return labels, 0.03, "void_fraction"
    line = fields.renewal_interface(
        _SHAPE[1], _PIXEL_UM, mean_void_um=1.2, mean_contact_um=3.8, least_um=0.5, seed=seed
    )
    labels[_FACES[1] - 10 : _FACES[1], line.voided] = SectionClass.VOID
    return labels, line.contact_fraction, "contact_fraction_electrolyte"


def picture_of(labels: np.ndarray, seed: int) -> Image:
    """Return the picture of labels at SNR 8."""
    shares = {kind: (labels == kind).astype(float) for kind in SectionClass}
    spacing_um = (_PIXEL_UM, _PIXEL_UM)
    data = take_picture(shares, np.zeros(labels.shape), optics=Optics(snr=8.0), spacing_um=spacing_um, seed=seed)
    return Image(data, spacing_um, f"draw {seed}")


def print_coverage(draws: int, *, from_picture: bool) -> bool:
    """Print how often intervals hold the expected value; return whether within the target."""
    from sodalite import CrossSection

    recipe = CrossSection(layers="collector,sodium,electrolyte")
    print(f"95 % intervals over {draws} draws, {'segmented pictures' if from_picture else 'true labels'}")
    good = True
    for kind in ("voids", "runs"):
        held, widths = 0, []
        for seed in range(draws):
            labels, expected, quantity = random_section(kind, seed)
            image = picture_of(labels, seed)
            got = recipe.run(image)[quantity] if from_picture else recipe.run(image, labels=labels)[quantity]
            held += got.low <= expected <= got.high
            widths.append(got.high - got.low)
        share = held / draws
        low, high = COVERAGE
        good &= _verdict(f"{quantity} (target {low} to {high})", share, low, low <= share <= high)
        print(f"    median width {float(np.nanmedian(widths)):.4f}")
    return good


def main() -> int:
    """Return the exit code of the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--coverage", type=int, metavar="N", help="count how often intervals hold over N random draws")
    parser.add_argument(
        "--from-picture", action="store_true", help="with --coverage: segment pictures instead of true labels"
    )
    parser.add_argument("--only", default="*", metavar="PATTERN", help="phantoms of the suite to run, such as '*_snr3'")
    options = parser.parse_args()
    if options.coverage:
        return 0 if print_coverage(options.coverage, from_picture=options.from_picture) else 1
    return 0 if print_suite(*run_suite(options.only)) else 1


if __name__ == "__main__":
    sys.exit(main())
