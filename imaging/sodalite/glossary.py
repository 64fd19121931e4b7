"""Every quantity that sodalite emits: its unit, its meaning and the standard or source that defines it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Definition(NamedTuple):
    """What a quantity means: its unit (empty for a pure number), one sentence, and the source of the definition."""

    unit: str
    meaning: str
    standard: str


_CHORDS = "ISO 9220:2022; vertical chords, one a pixel column"
_PROFILE = "ISO 21920-2; Gaussian filter of ISO 16610-21"
_DELESSE = "ASTM E1245; Delesse: area fraction = volume fraction on a random section"
_RENEWAL = "run-length (renewal) interval on the logit scale"
_SECTION = "2D section: an upper bound, because a connection out of the plane is not seen"
_FARADAY = "Faraday: 3.6 M / (z F rho); 8.8614 um per mAh cm-2 at 0.968 g cm-3"
_LOCAL = "Hildebrand and Ruegsegger 1997, 10.1046/j.1365-2818.1997.1340694.x"

_CROSS_SECTION = {
    "thickness_gross_mean": Definition("um", "Mean distance from the collector face to the electrolyte face along z, voids included.", _CHORDS),
    "thickness_gross_median": Definition("um", "Median of the gross thickness over the pixel columns.", _CHORDS),
    "thickness_gross_sd": Definition("um", "Standard deviation of the gross thickness over the pixel columns.", _CHORDS),
    "thickness_gross_min": Definition("um", "Smallest gross thickness; an extreme value that falls with the length looked at.", _CHORDS),
    "thickness_gross_max": Definition("um", "Largest gross thickness; an extreme value that grows with the length looked at.", _CHORDS),
    "thickness_gross_p5": Definition("um", "5th percentile of the gross thickness.", _CHORDS),
    "thickness_gross_p95": Definition("um", "95th percentile of the gross thickness.", _CHORDS),
    "thickness_net_mean": Definition("um", "Area of the sodium between the faces divided by interface length: the gross thickness less voids and fragments of other layers; closes a charge balance.", _CHORDS),
    "thickness_normal_mean": Definition("um", "Mean distance from one face to the other along the normal of the smoothed mean interface.", "ISO 1463; ASTM B487"),
    "thickness_local_mean": Definition("um", "Area mean of the diameter of the largest disc that fits into the layer and holds the point.", _LOCAL),
    "thickness_cv": Definition("", "Standard deviation of the gross thickness divided by its mean.", _CHORDS),
    "coverage": Definition("", "Share of the interface length that carries more sodium than the least thickness counted.", "lineal fraction, L_L = A_A"),
    "roughness_rq_collector": Definition("um", "Root mean square height of the collector face about its straight line, below the declared cut-off.", _PROFILE),
    "roughness_rq_electrolyte": Definition("um", "Root mean square height of the electrolyte face about its straight line, below the declared cut-off.", _PROFILE),
    "roughness_ra_collector": Definition("um", "Mean absolute height of the collector face about its straight line, below the declared cut-off.", _PROFILE),
    "roughness_ra_electrolyte": Definition("um", "Mean absolute height of the electrolyte face about its straight line, below the declared cut-off.", _PROFILE),
    "void_fraction": Definition("", "Void area divided by void and sodium area, between the traced faces of the sodium layer.", _DELESSE),
    "void_count": Definition("", "Number of voids inside the traced sodium layer.", "ASTM E1245"),
    "void_ecd_mean": Definition("um", "Number mean of the voids' equivalent circle diameter 2 sqrt(A / pi), voids cut by the border left out.", "ISO 13322-1"),
    "void_density_mm2": Definition("mm-2", "Voids per area of the traced sodium layer, voids included.", "ASTM E1245"),
    "contact_fraction_electrolyte": Definition("", "Share of the electrolyte face's arc length that carries sodium and has no void within the contact distance.", _RENEWAL),
    "contact_fraction_collector": Definition("", "Share of the collector face's arc length that carries sodium and has no void within the contact distance.", _RENEWAL),
    "longest_void_run": Definition("um", "Longest uninterrupted arc length of the electrolyte face that is not in contact.", "run length"),
    "current_focusing": Definition("", "Mean current density at the places in contact relative to a face without voids: 1 / contact fraction.", "1 / contact_fraction_electrolyte"),
    "gap_mean": Definition("um", "Mean opening between the collector side and the electrolyte side over the whole length, closed places counted as zero.", "vertical opening of the voids that touch an interface"),
    "gap_max": Definition("um", "Largest opening between the collector side and the electrolyte side.", "vertical opening of the voids that touch an interface"),
    "gap_open_fraction": Definition("", "Share of the interface length with an opening above the detection limit.", "rule of three when none is found"),
    "gap_detection_limit": Definition("um", "Smallest opening that this image can show.", "two pixels, or twice the width of the edge"),
    "dead_sodium_count": Definition("", "Sodium-grey objects without an electronic path to the collector in this section.", _SECTION),
    "dead_sodium_spherical_count": Definition("", "Dead-sodium objects that are round and compact.", _SECTION),
    "dead_sodium_filamentary_count": Definition("", "Dead-sodium objects that are long, or branched and open.", _SECTION),
    "dead_sodium_irregular_count": Definition("", "Dead-sodium objects that are neither round nor filamentary, or too small to tell.", _SECTION),
    "dead_sodium_fraction": Definition("", "Dead-sodium area divided by the electrolyte area looked at, the objects included.", _DELESSE),
    "dead_sodium_density_mm2": Definition("mm-2", "Dead-sodium objects per electrolyte area looked at, the objects included.", "ASTM E1245"),
    "dead_sodium_equivalent_thickness": Definition("um", "Dead-sodium area divided by interface length, in this section.", _SECTION),
    "dead_sodium_charge": Definition("mAh cm-2", "Charge that the dead sodium holds per interface area.", _FARADAY),
    "theoretical_thickness": Definition("um", "Thickness of dense sodium that the charge passed would give at the stated plating efficiency.", _FARADAY),
    "packing_density": Definition("", "Theoretical thickness divided by the gross thickness.", _FARADAY),
    "closure_residual": Definition("um", "Theoretical thickness less the net thickness and the dead sodium: sodium that the image does not show.", _FARADAY),
    "sodium_void_separability": Definition("", "Distance of the grey levels of sodium and void in units of their pooled standard deviation (d').", "signal detection theory"),
}  # fmt: skip

_WHOLE = "grains that no cutting border touches"
_E112 = "ASTM E112"
_ISO_EBSD = "ISO 13067:2020"
_MILES = "Miles 1974; Lantuejoul 1980; Serra 1982, Image Analysis and Mathematical Morphology"
_BOUNDARY = "smoothed boundary lines, length-weighted"
_FIBRE = "random expectation m (1 - cos 15) / 2 for a family of m directions"

_GRAINS = {
    "grain_count": Definition("", "Number of grains with at least the least number of points, those cut by a border included.", _ISO_EBSD),
    "indexed_fraction": Definition(
        "", "Share of the points in the map's file that have an orientation; places without a point do not count.", _ISO_EBSD
    ),
    "ecd_mean": Definition("um", "Number mean of the equivalent circle diameter 2 sqrt(A / pi) of whole grains.", _ISO_EBSD),
    "ecd_area_weighted_mean": Definition("um", "Mean equivalent circle diameter of whole grains, each weighted with its area.", "sum(A D) / sum(A); " + _WHOLE),
    "ecd_median": Definition("um", "Median equivalent circle diameter of whole grains.", _ISO_EBSD),
    "ecd_geometric_mean": Definition("um", "Geometric mean of the equivalent circle diameter of whole grains: the median of a lognormal distribution.", "lognormal fit by moments of the logarithm"),
    "ecd_geometric_sd": Definition("", "Geometric standard deviation of the equivalent circle diameter of whole grains, a factor.", "lognormal fit by moments of the logarithm"),
    "ecd_max": Definition("um", "Equivalent circle diameter of the largest whole grain; an extreme value that grows with the area looked at.", "ASTM E930"),
    "grain_area_mean": Definition("um2", "Number mean of the area of whole grains.", _ISO_EBSD),
    "grain_area_mean_unbiased": Definition("um2", "Mean grain area with each whole grain weighted by the inverse of its chance not to be cut.", _MILES),
    "astm_g_planimetric": Definition("", "ASTM grain size number from the number of grains per area: 1 inside, 1/2 intercepted, 1/4 at corners.", _E112 + ", planimetric: G = -3.321928 log10 A - 2.954, A in mm2"),
    "astm_g_e2627": Definition("", "ASTM grain size number from the mean area of whole grains of at least 100 points.", "ASTM E2627: G = -3.3223 log10 A - 2.995, A in mm2; 0.04 below E112 at the same area"),
    "astm_g_intercept": Definition("", "ASTM grain size number from the geometric mean of the mean intercepts along x and y.", _E112 + ", intercept: G = -6.643856 log10 l - 3.288, l in mm; 0.16 to 0.36 above the planimetric number by definition"),
    "intercept_mean_x": Definition("um", "Mean lineal intercept of grains along the map's x axis, one half off a chord and half a step off its length for each end that a border cuts.", _E112),
    "intercept_mean_y": Definition("um", "Mean lineal intercept of grains along the map's y axis, one half off a chord and half a step off its length for each end that a border cuts.", _E112),
    "aspect_ratio_mean": Definition("", "Number mean of the square root of the ratio of the principal second moments of whole grains.", "ISO 13067:2020; moments of area"),
    "columnarity": Definition("", "Share of the grains' area in grains that span at least 80 % of the local film thickness (C1).", "relative height between the film's faces"),
    "boundary_alignment": Definition("", "Mean of cos(2 phi) with phi between boundary and growth direction: 1 along it, 0 at random, -1 across (C2).", _BOUNDARY),
    "boundary_length_density": Definition("um-1", "Length of grain boundaries per area of grains.", _BOUNDARY + "; pixel edges would be 4 / pi too long"),
    "misorientation_mean": Definition("deg", "Mean disorientation across grain boundaries, weighted with their length.", "disorientation under the proper point group"),
    "low_angle_fraction": Definition("", "Share of the boundary length with a disorientation up to 15 degrees.", "2 to 15 degrees, from the grain threshold on"),
    "sigma3_fraction": Definition("", "Share of the boundary length within 8.66 degrees of 60 degrees about <111>.", "Brandon 1966, 10.1016/0001-6160(66)90168-4"),
    "gos_mean": Definition("deg", "Mean over grains of the grain orientation spread: the mean disorientation of points to their grain's mean.", "grain orientation spread"),
    "kam_mean": Definition("deg", "Mean over points of the kernel average misorientation to their next neighbours within the grain.", "first neighbours, boundaries left out"),
    "texture_100_fraction": Definition("", "Share of the grains' area with a <100> direction within 15 degrees of the growth direction; at random 10.222 %.", _FIBRE),
    "texture_110_fraction": Definition("", "Share of the grains' area with a <110> direction within 15 degrees of the growth direction; at random 20.445 %.", _FIBRE),
    "texture_111_fraction": Definition("", "Share of the grains' area with a <111> direction within 15 degrees of the growth direction; at random 13.630 %.", _FIBRE),
}  # fmt: skip

_OPENED = "dark by the image's own greys and darker than in the first image"
_AS_SEEN = "what the images show; another place may differ"
_LAST = "last measured image"
_STEPS = Definition("", "Steps of the series that could be measured.", "count")

_STRIPPING = {
    "stripped_charge": Definition("mAh cm-2", "Charge stripped between the first and the last image that could be measured.", "as told in series.csv, or time and current"),
    "void_area_first": Definition("um2", "Area of the voids in the first image; zero where it shows none.", _OPENED),
    "void_area_last": Definition("um2", "Area of the voids in the last image.", _OPENED),
    "void_thickness_last": Definition("um", "Void area in the last image divided by the width looked at: the thickness of sodium that the voids stand for.", "A / L"),
    "void_capacity_ratio": Definition("", "Void area a width, opened since the first image, over the thickness of dense sodium that was stripped: 0 all made good, 1 every atom leaves a void.", "kappa = (A_void / L) / t_stripped; " + _FARADAY),
    "void_onset_charge": Definition("mAh cm-2", "Stripped charge at which the first void shows, half-way between the image without and the image with one.", "bracketed by two images"),
    "contact_fraction_first": Definition("", "Share of the electrolyte face's arc length in contact with sodium in the first image.", _RENEWAL),
    "contact_fraction_last": Definition("", "Share of the electrolyte face's arc length in contact with sodium in the last image.", _RENEWAL),
    "longest_void_run_last": Definition("um", "Longest uninterrupted voided arc length along the electrolyte face in the last image.", "run length"),
    "void_zone_depth_last": Definition("um", "Height above the electrolyte face below which 95 % of the void area lie in the last image.", "quantile of the void area over its height"),
    "void_count_last": Definition("", "Number of voids in the last image.", _LAST),
    "void_opened_count": Definition("", "Voids that opened where the image before shows none.", _AS_SEEN),
    "void_closed_count": Definition("", "Voids whose place is without a void in the next image.", _AS_SEEN),
    "void_merged_count": Definition("", "Voids that grew into a larger one.", _AS_SEEN),
    "void_shrunk_count": Definition("", "Times that a void lost a fifth of its area or more, or closed, while sodium was stripped: a sign of redeposition.", _AS_SEEN),
    "drift_max": Definition("um", "Largest shift between an image and the first one, taken out before measuring.", "Lucas and Kanade 1981, on the electrolyte alone"),
    "measured_step_count": _STEPS,
}  # fmt: skip

_GROWTH = "D^n - D0^n = K t; least squares on log D, profile-likelihood interval"
_TRACKS = "tracks of grains from overlap and orientation"
_HILLERT = "Hillert 1965, 10.1016/0001-6160(65)90200-2"
_VON_NEUMANN = "von Neumann 1952; Mullins 1956, 10.1063/1.1722511; a diagnostic in a section"

_COARSENING = {
    "measured_step_count": _STEPS,
    "ecd_mean_first": Definition("um", "Number mean of the equivalent circle diameter of whole grains in the first step.", _ISO_EBSD),
    "ecd_mean_last": Definition("um", "Number mean of the equivalent circle diameter of whole grains in the last step.", _ISO_EBSD),
    "ecd_area_weighted_mean_first": Definition("um", "Mean equivalent circle diameter of whole grains in the first step, each weighted with its area.", "sum(A D) / sum(A); " + _WHOLE),
    "ecd_area_weighted_mean_last": Definition("um", "Mean equivalent circle diameter of whole grains in the last step, each weighted with its area.", "sum(A D) / sum(A); " + _WHOLE),
    "growth_constant": Definition("um2/h", "K of D^2 - D0^2 = K t, from the number mean of the diameters, border and gaps corrected for.", _GROWTH),
    "growth_constant_area_weighted": Definition("um2/h", "K of D^2 - D0^2 = K t, from the area-weighted mean of the diameters, border and gaps corrected for.", _GROWTH),
    "growth_constant_charge": Definition("um2/(mAh cm-2)", "K of D^2 - D0^2 = K q with the charge q in place of time.", _GROWTH),
    "growth_constant_step": Definition("um2", "K of D^2 - D0^2 = K s with the number s of the step in place of time.", _GROWTH),
    "growth_exponent": Definition("", "Exponent n that fits D^n - D0^n = K t best; withheld where its interval is wider than 4, or would be expected to be.", _GROWTH),
    "tracked_fraction": Definition("", "Share of the grains of each step but the last that are found in a later step, those that left the view not counted.", _TRACKS),
    "vanished_count": Definition("", "Grains that were there and are not any more, or have fewer points than a grain needs, inside the view.", _TRACKS),
    "appeared_count": Definition("", "Grains that are there and were not before, or had fewer points than a grain needs, inside the view.", _TRACKS),
    "merged_count": Definition("", "Grains that became one with a neighbour.", _TRACKS),
    "split_count": Definition("", "Grains that parted from another one.", _TRACKS),
    "left_view_count": Definition("", "Grains whose place the next step does not show.", _TRACKS),
    "boundary_velocity": Definition("um/h", "Mean over boundary length of the area that a boundary swept per length and time, without its sign.", "swept area / (length x time) of each pair of grains in registered steps"),
    "boundary_displacement": Definition("um", "Mean over boundary length of the area that a boundary swept per length from one step to the next, without its sign.", "swept area / length of each pair of grains in registered steps"),
    "hillert_mobility": Definition("um2/h", "alpha M gamma of dA/dt = 2 pi alpha M gamma (R / R_c - 1), from the area rates of whole grains.", _HILLERT),
    "hillert_critical_ratio": Definition("", "Size at which grains neither grow nor shrink, divided by the mean size of whole grains.", _HILLERT),
    "von_neumann_mobility": Definition("um2/h", "M gamma of dA/dt = (pi / 3) M gamma (n - 6), from the slope of area rates over the number n of neighbours.", _VON_NEUMANN),
    "von_neumann_neighbours": Definition("", "Number of neighbours at which grains neither grow nor shrink.", _VON_NEUMANN),
    "size_ratio_max": Definition("", "Largest diameter of a whole grain divided by the mean diameter, over all steps.", _HILLERT),
    "self_similarity_ks": Definition("", "Largest distance between the distribution of D / <D> of a step and that of the first one.", "two-sample Kolmogorov-Smirnov"),
    "abnormal_count": Definition("", "Grains above three mean diameters of the others whose share of the area has risen.", "normal growth keeps the distribution of D / <D>"),
    "registration_residual": Definition("um", "Largest misfit of two registered steps: median over blocks of the shift that would fit the block better.", "block-wise cross-correlation"),
    "registration_overlap_fraction": Definition("", "Smallest share of a step that lies in the step before it.", "after registration"),
}  # fmt: skip

_FRONT_OF = (
    "what has changed since the first frame and hangs together with the substrate; what lies under an overhang counts"
)
_LINE = "height about the front's straight line, " + _PROFILE
_STANDS_OUT = "above the line of the front without its protrusions by 3 robust sd and the least height"

_FRONT = {
    "measured_step_count": _STEPS,
    "front_thickness_last": Definition("um", "Mean distance from the substrate to the outermost front in the last frame.", _FRONT_OF),
    "growth_rate": Definition("um/min", "Slope of the mean thickness over time.", "least squares over all frames"),
    "growth_rate_per_current": Definition("um/min/(mA cm-2)", "Growth rate divided by the current density.", "growth_rate / current_ma_cm2"),
    "growth_over_theory": Definition("", "Growth rate divided by that of dense metal at the same current: above 1 a porous deposit, below 1 charge that plated nothing here.", _FARADAY),
    "front_rq_first": Definition("um", "Root mean square height of the front in the first frame.", _LINE),
    "front_rq_last": Definition("um", "Root mean square height of the front in the last frame.", _LINE),
    "largest_protrusion_last": Definition("um", "Height of the front's highest point above its straight line in the last frame.", _LINE),
    "protrusion_count_last": Definition("", "Places where the front stands out in the last frame.", _STANDS_OUT),
    "dendrite_count_last": Definition("", "Protrusions in the last frame that are higher than the aspect limit times their width at half height.", _STANDS_OUT),
    "dendrite_onset_time": Definition("min", "Time of the first frame from which on every frame shows a dendrite-like protrusion.", "bracketed by two frames"),
    "front_seen_fraction": Definition("", "Share of the last frame's columns in which the front is seen and not under a glaring spot.", "count of columns"),
}  # fmt: skip

GLOSSARY_OF: Mapping[str, Mapping[str, Definition]] = MappingProxyType(
    {
        "cross-section": MappingProxyType(_CROSS_SECTION),
        "grains": MappingProxyType(_GRAINS),
        "stripping": MappingProxyType(_STRIPPING),
        "front": MappingProxyType(_FRONT),
        "coarsening": MappingProxyType(_COARSENING),
    }
)
"""Kind of recipe -> the quantities that it emits."""

GLOSSARY: Mapping[str, Definition] = MappingProxyType(_CROSS_SECTION | _GRAINS | _STRIPPING | _FRONT | _COARSENING)
"""Quantity name -> its definition."""
