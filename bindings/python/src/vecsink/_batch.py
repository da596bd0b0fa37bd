"""Turns the argument of `push_batch` into columns."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ._column import Column
from ._errors import Error, ShapeError, UnsupportedTypeError
from ._frame import from_series, is_frame, is_series
from ._ndarray import fields, from_ndarray
from ._sequence import from_sequence
from ._value import unsupported


def is_nothing(data: Any) -> bool:
    """Whether there are no rows and no columns: a DataFrame that is made from an empty list of rows has no columns."""
    return is_frame(data) and data.shape == (0, 0)


def columns(data: Any) -> list[Column]:
    """The columns, with their names. All have the same length."""
    numpy = sys.modules.get("numpy")
    if isinstance(data, Mapping):
        named = list(data.items())
    elif is_frame(data):
        # Not data.items(): if two columns have the same name, it doesn't give each of them as one Series.
        named = [(name, data.iloc[:, at]) for at, name in enumerate(data.columns)]
    elif numpy is not None and isinstance(data, numpy.ndarray) and data.dtype.names is not None:
        named = list(fields(data).items())
    else:
        raise unsupported_batch(data)
    found = [_column(name, values) for name, values in named]
    for (name, _), column in zip(named, found):
        if column.rows != found[0].rows:
            raise ShapeError(f"column {name} has {column.rows} rows, column {named[0][0]} has {found[0].rows}", column=name)
    return found


def _column(name: Any, values: Any) -> Column:
    try:
        column = _values(values)
    except Error as error:
        error.column = str(name)
        error.args = (f"column {name}: {error}",)
        raise
    except (TypeError, ValueError, OverflowError) as error:
        raise ShapeError(f"column {name}: {error}", column=str(name)) from error
    column.name(name)
    return column


def _values(values: Any) -> Column:
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(values, numpy.ndarray):
        return from_ndarray(values)
    if is_series(values):
        return from_series(values)
    if isinstance(values, (str, bytes, bytearray, memoryview, Mapping)):
        raise UnsupportedTypeError(f"a {type(values).__name__} can't be a column; give a list of values")
    if isinstance(values, Sequence) or hasattr(values, "typecode"):
        return from_sequence(values)
    for method in ("to_pylist", "to_list"):  # pyarrow's arrays, polars' Series
        if hasattr(values, method):
            return from_sequence(getattr(values, method)())
    if hasattr(values, "__array__") and numpy is not None:
        return from_ndarray(numpy.asarray(values))
    raise unsupported(values, f"a {type(values).__module__}.{type(values).__qualname__}")


def unsupported_batch(data: Any) -> UnsupportedTypeError:
    kind = type(data)
    return UnsupportedTypeError(
        f"a {kind.__module__}.{kind.__qualname__} can't be a batch: give a dict of columns, a structured array, a DataFrame, "
        "or an Arrow table; one row goes through push or push_values"
    )
