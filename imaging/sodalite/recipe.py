"""The frozen recipe: one flat model from which forms, options, YAML and provenance derive."""

from __future__ import annotations

import re
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from sodalite.errors import RecipeError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from sodalite.result import Result

PixelSize = float | tuple[float, float] | None

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "cross-section": "sodalite.pipelines.cross_section:CrossSection",
        "grains": "sodalite.pipelines.grains:Grains",
        "coarsening": "sodalite.pipelines.coarsening:Coarsening",
        "stripping": "sodalite.pipelines.stripping:Stripping",
        "front": "sodalite.pipelines.front:Front",
    }
)
"""Recipe kind -> where its model lives; a model is imported when its kind is asked for."""
_ALIKE = 0.7
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_MOST_LETTERS = 60


class Recipe(BaseModel):
    """Settings of one pipeline and the pipeline itself.

    A subclass adds fields in the order of the steps, each with limits, a description and its unit, and the three
    methods `segment`, `measure` and `run`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    kind: ClassVar[str]
    extensions: ClassVar[frozenset[str]] = frozenset()
    """Ends of file names, in lower case, that a folder is searched for."""
    pairs: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """End of a file name -> end of the file beside it that stands for both."""
    takes_folders: ClassVar[bool] = False
    """Whether an input is a series: a folder of files in place of a file."""
    labels_hold: ClassVar[Literal["classes", "objects"]] = "classes"
    """Whether corrected labels are ids of `SectionClass` or numbers of objects."""
    compiled: ClassVar[str] = ""
    """A module of compiled functions that every run calls, if there are so many that a first run waits for them."""

    def __init__(self, /, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise RecipeError(_first_fault(type(self), error)) from error

    @field_validator("*", mode="before")
    @classmethod
    def _yes_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise PydanticCustomError("no_number", "yes and no are no numbers")
        return value

    @classmethod
    def takes(cls, path: Path) -> bool:
        """Return whether a file found in a folder by its ending is meant to be measured."""
        return True

    def read(self, path: str | os.PathLike[str], *, page: int = 0, pixel_size_um: PixelSize = None) -> Any:
        """Return the sample that a file holds, as `run` takes it.

        Parameters
        ----------
        path
            The file.
        page
            Page or scan of a file with several.
        pixel_size_um
            One size, or (x, y), told by the user; None leaves it to the file.
        """
        raise NotImplementedError

    def run(self, sample: Any, labels: Any = None) -> Result:
        """Return everything the pipeline measures on `sample`; on the given `labels` instead of its own, if any."""
        raise NotImplementedError

    def replace(self, **changes: Any) -> Self:
        """Return a validated copy with the named fields changed.

        Raises
        ------
        RecipeError
            When a field does not exist or a value is outside its limits.
        """
        return self.from_fields(self.model_dump() | changes)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Return the recipe with these fields; those not named keep their defaults.

        Raises
        ------
        RecipeError
            One sentence on the first field that is unknown or outside its limits.
        """
        return cls(**{str(name): value for name, value in fields.items()})

    def to_yaml(self) -> str:
        """Return the recipe as YAML, every field with its meaning and limits as a comment."""
        lines = [f"# {line}" for line in (type(self).__doc__ or "").strip().split("\n\n")[0].splitlines()]
        lines.append(f"kind: {self.kind}")
        for name, info in type(self).model_fields.items():
            value = yaml.safe_dump(getattr(self, name), default_flow_style=True).removesuffix("\n...\n").strip()
            lines += ["", f"# {info.description}{limits_text(type(self), name)}", f"{name}: {value}"]
        return "\n".join(lines) + "\n"


def limits_text(model: type[Recipe], field: str) -> str:
    """Return the limits of a field in brackets, such as `` [from 0 up to 10]``, or nothing where it has none."""
    branch = _schema(model, field)
    if "enum" in branch:
        return f" [{', '.join(map(str, branch['enum']))}]"
    words = _range_words(branch).strip()
    return f" [{words}]" if words else ""


def _schema(model: type[Recipe], field: str) -> dict[str, Any]:
    """Return what the model's JSON schema says of a field that has a value."""
    schema: dict[str, Any] = model.model_json_schema()["properties"][field]
    return next((part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"), schema)


def recipe_model(kind: str) -> type[Recipe]:
    """Return the recipe model of a kind.

    Raises
    ------
    RecipeError
        When there is no such kind.
    """
    if kind not in KINDS:
        raise RecipeError(f"{kind}: no such recipe kind; choose one of {', '.join(KINDS)}.")
    module, _, name = KINDS[kind].partition(":")
    return getattr(import_module(module), name)


def load_recipe(source: str | os.PathLike[str]) -> Recipe:
    """Return the recipe of a kind (its defaults) or of a YAML file.

    Raises
    ------
    RecipeError
        When the kind is unknown, or the file is missing, is no YAML mapping or holds a wrong field.
    """
    if str(source) in KINDS:
        return recipe_model(str(source))()
    path = Path(source)
    if not path.is_file():
        raise RecipeError(f"{source}: neither a recipe kind ({', '.join(KINDS)}) nor a YAML file; name one of them.")
    try:
        fields = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise RecipeError(f"{path}: not readable as YAML ({_yaml_fault(error)}); correct it there.") from error
    if not isinstance(fields, dict) or "kind" not in fields:
        raise RecipeError(f"{path}: no field 'kind'; start from `sodalite recipe cross-section > {path.name}`.")
    try:
        return recipe_model(str(fields.pop("kind"))).from_fields(fields)
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from error


def _yaml_fault(error: Exception) -> str:
    """Return what is wrong with a YAML file and in which line."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    return " ".join(str(error).split()) if mark is None else f"line {mark.line + 1}: {problem}"


def _first_fault(model: type[Recipe], error: ValidationError) -> str:
    fault = error.errors()[0]
    name = ".".join(str(part) for part in fault["loc"][:1])
    if fault["type"] == "extra_forbidden":
        near = get_close_matches(name, model.model_fields, 1, _ALIKE)
        meant = f"did you mean {near[0]}?" if near else f"fields are {', '.join(model.model_fields)}."
        return f"{name}: no such field in a {model.kind} recipe; {meant}"
    reason = str(fault["msg"]).removeprefix("Value error, ").rstrip(".")
    if not fault["loc"]:
        return f"{reason}."
    given = fault["input"]
    advice = reason[:1].lower() + reason[1:] if fault["type"] == "value_error" else _advice(_schema(model, name), given)
    return f"{name}: found {'nothing' if given is None else _shortened(repr(given))}; {advice}."


def _advice(schema: Mapping[str, Any], given: Any) -> str:
    """Return what to write into a field instead of what was given."""
    if "enum" in schema:
        return f"choose one of {', '.join(map(str, schema['enum']))}"
    if schema["type"] == "boolean":
        return "write true or false"
    if schema["type"] == "string":
        return "write text" + (f", such as {schema['default']}" if schema.get("default") else "")
    if isinstance(given, str) and _DECIMAL_COMMA.fullmatch(given.strip()):
        return f"write {given.strip().replace(',', '.')}, with a point"
    return f"write a {'whole ' if schema['type'] == 'integer' else ''}number{_range_words(schema)}"


def _range_words(schema: Mapping[str, Any]) -> str:
    words = (
        ("minimum", "from"),
        ("exclusiveMinimum", "above"),
        ("maximum", "up to"),
        ("exclusiveMaximum", "and below"),
    )
    limits = [f"{word} {schema[name]:.15g}" for name, word in words if name in schema]
    return "".join(f" {limit}" for limit in limits)


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]} …"
