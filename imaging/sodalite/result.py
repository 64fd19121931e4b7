"""What a pipeline returns: numbers, tables, labels and where they come from; saved to and loaded from a folder."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sodalite.errors import MeasurementError
from sodalite.quantity import Quantity, column_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd

VALUE_COLUMNS = ("image", "quantity", "value", "unit", "low", "high", "n", "note")
_STRIP_ROWS, _DEFLATE_LEVEL = 256, 2
FLOAT_FORMAT = "%.8g"
"""Eight digits: more than any micrograph supports, few enough to read the same on every machine."""


@dataclass(frozen=True)
class Result:
    """Everything measured on one sample.

    Attributes
    ----------
    values
        The numbers, in the order of the glossary.
    tables
        Table name -> one row an object or a column position.
    labels
        Name -> label image ``([z,] y, x)``; ``labels`` holds the classes, others object numbers from 1.
    spacing_um
        True pixel size along each axis of the labels.
    provenance
        What was read, decided and set; serialisable as JSON.
    name
        Name of the sample, the first column of every table.
    arrays
        Array name -> numbers that lie on no raster, such as the grain of each point of a hexagonal map.
    """

    values: tuple[Quantity, ...]
    tables: Mapping[str, pd.DataFrame]
    labels: Mapping[str, np.ndarray]
    spacing_um: tuple[float, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    name: str = "image"
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __getitem__(self, quantity: str) -> Quantity:
        for item in self.values:
            if item.quantity == quantity:
                return item
        raise KeyError(f"{quantity}: not measured here; measured are {', '.join(q.quantity for q in self.values)}.")

    def __iter__(self) -> Iterator[Quantity]:
        return iter(self.values)

    def to_frame(self) -> pd.DataFrame:
        """Return the long table of the numbers, one row a number, with the columns `VALUE_COLUMNS`."""
        import pandas as pd

        rows = [(self.name, q.quantity, q.value, q.unit, q.low, q.high, q.n, q.note) for q in self.values]
        return pd.DataFrame(rows, columns=list(VALUE_COLUMNS))

    def to_summary(self) -> pd.DataFrame:
        """Return the wide table: one row, columns named quantity_unit."""
        import pandas as pd

        row = {"image": self.name} | {column_name(q.quantity): q.value for q in self.values}
        return pd.DataFrame([row])

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write values.csv, summary.csv, tables, labels, arrays and provenance.json; return the folder.

        Every file is written under a temporary name and renamed, provenance last: a folder that has it is complete.
        """
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        write_csv(target / "values.csv", self.to_frame())
        write_csv(target / "summary.csv", self.to_summary())
        for name, table in self.tables.items():
            write_csv(target / f"{name}.csv", _with_image(table, self.name))
        for name, labels in self.labels.items():
            write_labels(target / f"{name}.tif", labels, self.spacing_um)
        for name, array in self.arrays.items():
            write_array(target / f"{name}.npy", array)
        record = {
            "name": self.name,
            "spacing_um": list(self.spacing_um),
            "tables": list(self.tables),
            "labels": list(self.labels),
            "arrays": list(self.arrays),
            "provenance": self.provenance,
        }
        write_json(target / "provenance.json", record)
        return target


def load_result(folder: str | os.PathLike[str]) -> Result:
    """Return the result that `Result.save` wrote into `folder`.

    Raises
    ------
    MeasurementError
        When the folder holds no complete result.
    """
    import pandas as pd
    import tifffile

    source = Path(folder)
    try:
        record = json.loads((source / "provenance.json").read_text(encoding="utf-8"))
        values = pd.read_csv(
            source / "values.csv", keep_default_na=False, na_values={"value": [""], "low": [""], "high": [""]}
        )
        tables = {name: pd.read_csv(source / f"{name}.csv").drop(columns="image") for name in record["tables"]}
        labels = {name: tifffile.imread(source / f"{name}.tif") for name in record["labels"]}
        arrays = {name: np.load(source / f"{name}.npy") for name in record.get("arrays", ())}
    except (OSError, ValueError, KeyError) as error:
        raise MeasurementError(f"{source}: no complete result folder ({error}); run the image again.") from error
    quantities = tuple(
        Quantity(str(r.quantity), float(r.value), float(r.low), float(r.high), int(r.n), str(r.note))  # type: ignore[arg-type]
        for r in values.itertuples()
    )
    spacing_um = tuple(record["spacing_um"])
    return Result(quantities, tables, labels, spacing_um, record["provenance"], record["name"], arrays)


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table with `FLOAT_FORMAT` and Unix line ends, whole or not at all."""
    _replace(
        path, lambda temporary: table.to_csv(temporary, index=False, float_format=FLOAT_FORMAT, lineterminator="\n")
    )


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record as JSON, whole or not at all; NaN becomes null."""
    text = json.dumps(_plain(record), indent=1, ensure_ascii=False) + "\n"
    _replace(path, lambda temporary: temporary.write_text(text, "utf-8", "backslashreplace"))


def write_labels(path: Path, labels: np.ndarray, spacing_um: tuple[float, ...]) -> None:
    """Write labels as a zlib-compressed ImageJ-readable TIFF whose tags carry the pixel size in um."""
    import tifffile

    y_um, x_um = spacing_um[-2:]
    metadata = {"axes": "ZYX"[-labels.ndim :], "unit": "um", "spacing_um": list(spacing_um)}
    _replace(
        path,
        lambda temporary: tifffile.imwrite(
            temporary,
            _strips(labels),
            shape=labels.shape,
            dtype=labels.dtype,
            rowsperstrip=_STRIP_ROWS,
            compression="zlib",
            resolution=(1e4 / x_um, 1e4 / y_um),
            resolutionunit="CENTIMETER",
            metadata=metadata,
            software="sodalite",
        ),
    )


def _strips(labels: np.ndarray) -> Iterator[bytes]:
    """Yield the strips of a TIFF of labels, deflated: this way they take a sixth of the time that tifffile takes."""
    from imagecodecs import zlibng_encode

    for page in labels.reshape(-1, *labels.shape[-2:]):
        for row in range(0, page.shape[0], _STRIP_ROWS):
            yield bytes(zlibng_encode(page[row : row + _STRIP_ROWS].tobytes(), level=_DEFLATE_LEVEL))


def write_array(path: Path, array: np.ndarray) -> None:
    """Write an array as .npy, whole or not at all."""

    def write(temporary: Path) -> None:
        with temporary.open("wb") as stream:
            np.save(stream, array, allow_pickle=False)

    _replace(path, write)


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _with_image(table: pd.DataFrame, name: str) -> pd.DataFrame:
    copy = table.copy()
    copy.insert(0, "image", name)
    return copy


def _plain(value: Any) -> Any:
    if isinstance(value, dict) or hasattr(value, "items"):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (np.generic,)):
        return _plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
