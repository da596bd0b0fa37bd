"""Writes a Python value in the form that the library reads: three words of 8 bytes, the type in the first one, the value in the
others.

A setter writes the words of one value. The setter for a type is looked for once and kept. Numpy and pandas are never imported
here: a program that has values of theirs has imported them already.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Mapping
from ctypes import addressof, c_char, c_char_p, c_void_p
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Callable
from uuid import UUID

from ._abi import Type
from ._errors import UnsupportedTypeError

NULL, BOOL, I64, F32, F64 = int(Type.NULL), int(Type.BOOL), int(Type.I64), int(Type.F32), int(Type.F64)
STR, BYTES, DECIMAL = int(Type.STR), int(Type.BYTES), int(Type.DECIMAL)
DATE, TIME, TIMESTAMP, INSTANT = int(Type.DATE), int(Type.TIME), int(Type.TIMESTAMP), int(Type.INSTANT)
VECTOR_F32, VECTOR_F64, VECTOR_F16 = int(Type.VECTOR_F32), int(Type.VECTOR_F64), int(Type.VECTOR_F16)
ARRAY = int(Type.ARRAY)

WORDS = 3
"""The number of words of a value."""
BYTES_A_VALUE = 8 * WORDS

EPOCH = datetime(1970, 1, 1)
EPOCH_UTC = datetime(1970, 1, 1, tzinfo=timezone.utc)
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
DIGITS = 38
"""The most digits of a decimal that the library takes as a number. A longer one is passed as text."""

_pointer = c_void_p.from_buffer
_at_buffer = c_char.from_buffer


class Values:
    """Memory for values, and the objects that they point to."""

    __slots__ = ("words", "doubles", "keep", "address", "count")

    def __init__(self, count: int) -> None:
        memory = bytearray(BYTES_A_VALUE * max(count, 1))
        view = memoryview(memory)
        self.words = view.cast("q")
        self.doubles = view.cast("d")
        self.keep: list[Any] = []
        self.address = addressof(_at_buffer(memory))
        self.count = count


Setter = Callable[[Values, int, Any], None]


def put(values: Values, at: int, value: Any) -> None:
    """Writes a value's words from `at` on."""
    setter = SETTERS.get(type(value))
    if setter is None:
        setter = setter_for(type(value))
    setter(values, at, value)


def put_null(values: Values, at: int, value: Any) -> None:
    values.words[at] = NULL


def put_bool(values: Values, at: int, value: Any) -> None:
    words = values.words
    words[at] = BOOL
    words[at + 1] = 1 if value else 0


def put_int(values: Values, at: int, value: Any) -> None:
    words = values.words
    words[at] = I64
    try:
        words[at + 1] = value
    except (ValueError, TypeError):
        put_decimal(values, at, Decimal(int(value)))


def put_float(values: Values, at: int, value: Any) -> None:
    values.words[at] = F64
    values.doubles[at + 1] = value


def put_single(values: Values, at: int, value: Any) -> None:
    values.words[at] = F32
    values.doubles[at + 1] = value


def put_str(values: Values, at: int, value: Any) -> None:
    put_span(values, at, STR, value.encode())


def put_bytes(values: Values, at: int, value: Any) -> None:
    put_span(values, at, BYTES, value)


def put_span(values: Values, at: int, kind: int, data: bytes) -> None:
    start = c_char_p(data)
    values.keep.append(start)
    words = values.words
    words[at] = kind
    words[at + 1] = _pointer(start).value or 0
    words[at + 2] = len(data)


def put_text_of(values: Values, at: int, value: Any) -> None:
    put_span(values, at, STR, str(value).encode())


def put_json(values: Values, at: int, value: Any) -> None:
    put_span(values, at, STR, json.dumps(value, ensure_ascii=False, default=str).encode())


def put_decimal(values: Values, at: int, value: Any) -> None:
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):  # NaN, Infinity
        return put_text_of(values, at, value)
    zeros, scale = max(exponent, 0), max(-exponent, 0)
    if len(digits) + zeros > DIGITS or scale > DIGITS:
        return put_span(values, at, STR, format(value, "f").encode())
    unscaled = int("".join(map(str, digits))) * 10**zeros
    unscaled = -unscaled if sign else unscaled
    low = unscaled & 0xFFFF_FFFF_FFFF_FFFF
    words = values.words
    words[at] = DECIMAL | scale << 32
    words[at + 1] = unscaled >> 64
    words[at + 2] = low - (1 << 64) if low >> 63 else low


def put_datetime(values: Values, at: int, value: Any) -> None:
    """A datetime with a zone is an instant, one without a zone is for `timestamp`."""
    words = values.words
    if value.tzinfo is None or value.utcoffset() is None:
        kind, since = TIMESTAMP, value - EPOCH
    else:
        kind, since = INSTANT, value - EPOCH_UTC
    nanoseconds = since.microseconds * 1000 + getattr(value, "nanosecond", 0)  # pandas' Timestamp has them
    words[at] = kind | nanoseconds << 32
    words[at + 1] = since.days * 86_400 + since.seconds


def put_date(values: Values, at: int, value: Any) -> None:
    words = values.words
    words[at] = DATE
    words[at + 1] = value.toordinal() - EPOCH_ORDINAL


def put_time(values: Values, at: int, value: Any) -> None:
    if value.tzinfo is not None:  # for timetz, which has no binary form here
        return put_span(values, at, STR, value.isoformat().encode())
    words = values.words
    words[at] = TIME
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    words[at + 1] = seconds * 1_000_000_000 + value.microsecond * 1000


def put_timedelta(values: Values, at: int, value: Any) -> None:
    """Passed as a text that the type `interval` reads."""
    text = f"{value.days} days {value.seconds}.{value.microseconds:06} seconds"
    put_span(values, at, STR, text.encode())


VECTOR_CODES = {"f": VECTOR_F32, "d": VECTOR_F64, "e": VECTOR_F16}


def put_array(values: Values, at: int, value: Any) -> None:
    """An `array.array` of the standard library."""
    kind = VECTOR_CODES.get(value.typecode)
    if kind is None:
        return put_list(values, at, value.tolist())
    words = values.words
    words[at + 1], words[at + 2] = value.buffer_info()
    words[at] = kind


def put_list(values: Values, at: int, value: Any) -> None:
    if value and type(value[0]) is float:
        try:
            floats = array("d", value)
        except (TypeError, OverflowError):  # not all elements are numbers
            pass
        else:
            values.keep.append(floats)
            return put_array(values, at, floats)
    if value and isinstance(value[0], dict):  # for json: no SQL array has dicts as elements
        return put_json(values, at, value)
    elements = Values(len(value))
    for index, element in enumerate(value):
        put(elements, WORDS * index, element)
    values.keep.append(elements)
    words = values.words
    words[at] = ARRAY
    words[at + 1] = elements.address
    words[at + 2] = len(value)


def put_buffer(values: Values, at: int, value: Any) -> None:
    """A bytearray or memoryview: bytes, or a vector if its format says that it contains floats."""
    view = memoryview(value)
    if view.ndim == 1 and view.format in VECTOR_CODES:
        return put_array(values, at, _kept(values, array("d" if view.format == "e" else view.format, view.tolist())))
    if view.format not in ("B", "b", "c"):
        raise unsupported(value, f"a buffer of format {view.format!r}")
    put_span(values, at, BYTES, view.tobytes())


def _kept(values: Values, value: Any) -> Any:
    values.keep.append(value)
    return value


def put_ndarray(values: Values, at: int, value: Any) -> None:
    """A float vector in place. It is copied only if its elements have gaps between them or aren't aligned."""
    dtype = value.dtype
    kind = _dtypes.get(dtype)
    if kind is None or value.ndim != 1:
        return _put_other_ndarray(values, at, value)
    words = values.words
    try:
        address = addressof(_at_buffer(value))
    except (TypeError, ValueError):  # read only, with gaps, empty
        address = None
    if address is None or (address & 7 and not value.flags.aligned):
        value = _kept(values, _numpy().require(value, requirements="CA"))
        address = value.__array_interface__["data"][0]
    words[at + 1] = address
    words[at] = kind
    words[at + 2] = len(value)


def _put_other_ndarray(values: Values, at: int, value: Any) -> None:
    numpy = _numpy()
    if value.ndim == 0:
        return put(values, at, value[()])
    if value.ndim == 1 and value.dtype.kind == "f":
        code = value.dtype.newbyteorder("=").char
        if code not in VECTOR_CODES:
            raise unsupported(value, f"an array of {value.dtype}")
        _dtypes.setdefault(numpy.dtype(code), VECTOR_CODES[code])
        if value.dtype != numpy.dtype(code):
            value = _kept(values, value.astype(code))
        elif value.dtype not in _dtypes:
            raise unsupported(value, f"an array of {value.dtype}")
        return put_ndarray(values, at, value)
    if value.dtype.kind in "biuOUf":
        return put_list(values, at, [*value] if value.ndim > 1 else value.tolist())
    if value.dtype.kind in "MS":
        return put_list(values, at, [*value])
    raise unsupported(value, f"an array of {value.dtype}")


def put_masked(values: Values, at: int, value: Any) -> None:
    numpy = _numpy()
    if value is numpy.ma.masked:
        return put_null(values, at, value)
    mask = numpy.ma.getmaskarray(value)
    if not mask.any():
        return put_ndarray(values, at, value.data)
    if mask.all():
        return put_null(values, at, value)
    put_list(values, at, value.tolist())  # masked elements become None, which SQL arrays take and vectors don't


def put_datetime64(values: Values, at: int, value: Any) -> None:
    numpy = _numpy()
    if numpy.isnat(value):
        return put_null(values, at, value)
    unit, step = numpy.datetime_data(value.dtype)
    words = values.words
    if unit in ("Y", "M", "W", "D"):
        words[at] = DATE
        words[at + 1] = int(value.astype("M8[D]").astype("i8"))
        return
    per_second = _COUNTS.get(unit)
    if per_second is None or step != 1:
        value, per_second = value.astype("M8[s]" if unit in ("h", "m", "s") else "M8[ns]"), 1
        per_second = 1 if unit in ("h", "m", "s") else _COUNTS["ns"]
    seconds, rest = divmod(int(value.astype("i8")), per_second)
    words[at] = TIMESTAMP | rest * (1_000_000_000 // per_second) << 32
    words[at + 1] = seconds


_COUNTS = {"s": 1, "ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}

SETTERS: dict[type, Setter] = {
    type(None): put_null,
    bool: put_bool,
    int: put_int,
    float: put_float,
    str: put_str,
    bytes: put_bytes,
    Decimal: put_decimal,
    datetime: put_datetime,
    date: put_date,
    time: put_time,
    timedelta: put_timedelta,
    UUID: put_text_of,
    list: put_list,
    tuple: put_list,
    array: put_array,
    bytearray: put_buffer,
    memoryview: put_buffer,
}
"""The setters, by exact type. Types of other libraries and subclasses are added when a value of them comes for the first
time."""

_dtypes: dict[Any, int] = {}
"""Numpy's float types, added when they come for the first time."""


def _numpy() -> Any:
    return sys.modules["numpy"]


def setter_for(kind: type) -> Setter:
    """Finds the setter for a type that comes for the first time."""
    setter = _numpy_setter(kind) or _pandas_setter(kind) or _subclass_setter(kind)
    if setter is None:
        raise UnsupportedTypeError(f"a value of type {kind.__module__}.{kind.__qualname__} can't be stored in a column")
    SETTERS[kind] = setter
    return setter


def _numpy_setter(kind: type) -> Setter | None:
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if issubclass(kind, numpy.ma.MaskedArray):
        return put_masked
    if issubclass(kind, numpy.ndarray):
        return put_ndarray
    if not issubclass(kind, numpy.generic):
        return None
    if issubclass(kind, numpy.bool_):
        return put_bool
    if issubclass(kind, numpy.timedelta64):
        return lambda values, at, value: put(values, at, value.astype("m8[us]").item())
    if issubclass(kind, numpy.integer):
        return lambda values, at, value: put_int(values, at, int(value))
    if issubclass(kind, (numpy.float16, numpy.float32)):
        return put_single
    if issubclass(kind, numpy.datetime64):
        return put_datetime64
    return None


def _pandas_setter(kind: type) -> Setter | None:
    pandas = sys.modules.get("pandas")
    if pandas is not None and issubclass(kind, (type(pandas.NA), type(pandas.NaT))):
        return put_null
    return None


def _subclass_setter(kind: type) -> Setter | None:
    # bool before int, datetime before date.
    for base in (bool, int, float, str, bytes, datetime, date, time, timedelta, Decimal, UUID, list, tuple, array, bytearray):
        if issubclass(kind, base):
            return SETTERS[base]
    if issubclass(kind, Mapping):
        return put_json if issubclass(kind, dict) else lambda values, at, value: put_json(values, at, dict(value))
    if hasattr(kind, "__array__") and "numpy" in sys.modules:  # tensors of other libraries, on the CPU
        return lambda values, at, value: put(values, at, _kept(values, _numpy().asarray(value)))
    return None


def unsupported(value: Any, what: str) -> UnsupportedTypeError:
    return UnsupportedTypeError(f"{what} can't be stored in a column")
