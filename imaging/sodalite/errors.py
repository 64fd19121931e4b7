"""Every error that sodalite raises on purpose, as one tree.

Each message is one sentence that names the file or field, what was found there and what to do::

    SodaliteError
    ├── ReadError               a file cannot be read as what it claims to be
    ├── CalibrationError        a pixel size is missing, zero or contradictory
    │   └── AmbiguousTilt       the header leaves the height factor of a tilted image open
    ├── SegmentationError       the picture does not show what the recipe asks for
    ├── MeasurementError        labels or tables cannot be measured
    └── RecipeError             a recipe, an option or a folder of the user's is wrong
"""


class SodaliteError(Exception):
    """Root of the tree: catch this to catch everything that sodalite raises on purpose."""


class ReadError(SodaliteError):
    """A file cannot be read as what it claims to be."""


class CalibrationError(SodaliteError):
    """A pixel size is missing, zero or contradictory."""


class AmbiguousTilt(CalibrationError):
    """The header leaves open by which factor heights are foreshortened."""


class SegmentationError(SodaliteError):
    """The picture does not show what the recipe asks for."""


class MeasurementError(SodaliteError):
    """Labels or tables cannot be measured."""


class RecipeError(SodaliteError):
    """A recipe, an option or a folder that the user gave is wrong."""
