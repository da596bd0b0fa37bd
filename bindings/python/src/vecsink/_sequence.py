"""Columns from Python's own sequences: lists of numbers, texts, vectors, or of anything."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from ctypes import c_char_p, c_void_p
from itertools import accumulate, chain
from typing import Any

from ._abi import ColumnType
from ._column import Column
from ._errors import UnsupportedTypeError
from ._value import BYTES_A_VALUE, WORDS, Values, put

_ARRAY_TYPES = {
    **{"b": ColumnType.I8, "h": ColumnType.I16, "i": ColumnType.I32, "B": ColumnType.U8, "H": ColumnType.U16},
    **{"I": ColumnType.U32, "q": ColumnType.I64, "Q": ColumnType.U64, "l": ColumnType.I64, "L": ColumnType.U64},
    **{"f": ColumnType.F32, "d": ColumnType.F64},
}
_LISTS = {"f": ColumnType.LISTS_F32, "d": ColumnType.LISTS_F64}


def from_sequence(values: Sequence[Any]) -> Column:
    if isinstance(values, array):
        return from_array(values)
    kinds = set(map(type, values))
    if type(None) in kinds:
        kinds.discard(type(None))
        valid: list[bool] | None = [value is not None for value in values]
    else:
        valid = None
    column = _of_one_type(values, kinds.pop(), valid) if len(kinds) == 1 else None
    if column is None:
        return from_anything(values)
    if valid is not None:
        bits = bitmap(valid)
        column.nulls(bits, bits.buffer_info()[0])
    return column


def _of_one_type(values: Sequence[Any], kind: type, valid: list[bool] | None) -> Column | None:
    """The column of values that are all of one type, or None. A None gets some value, because `valid` marks it as NULL. Without
    a result the caller has to pass the values one by one."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and issubclass(kind, numpy.ndarray):
        return None if valid is not None or kind is not numpy.ndarray else _vectors(numpy, values)
    if kind is str or kind is bytes:
        return from_texts([value or kind() for value in values] if valid else values, kind)
    if kind is int or kind is float:
        try:
            return from_array(array("q" if kind is int else "d", [value or 0 for value in values] if valid else values))
        except OverflowError:
            return None
    if kind is list or kind is tuple:
        lists = [value or () for value in values] if valid else values
        if set(map(type, chain.from_iterable(lists))) != {float}:
            return None
        return from_lists(array("d", chain.from_iterable(lists)), [len(value) for value in lists])
    if kind is array:
        arrays = [value for value in values if value is not None]
        codes = {value.typecode for value in arrays}
        if len(codes) != 1 or not codes <= _LISTS.keys():
            return None
        elements = array(codes.pop())
        for value in arrays:
            elements.extend(value)
        return from_lists(elements, [0 if value is None else len(value) for value in values])
    return None


def from_array(values: array[Any]) -> Column:
    kind = _ARRAY_TYPES.get(values.typecode)
    if kind is None:
        raise UnsupportedTypeError(f"an array of type {values.typecode!r} can't be a column")
    address, length = values.buffer_info()
    return Column(kind, length, address, length, keep=values, itemsize=values.itemsize)


def from_texts(values: Sequence[Any], kind: type) -> Column:
    if kind is str:
        data = "".join(values).encode()
        lengths = [len(value) for value in values]
        if sum(lengths) != len(data):  # not all ASCII
            lengths = [len(value.encode()) for value in values]
    else:
        data = b"".join(values)
        lengths = [len(value) for value in values]
    offsets = array("q", accumulate(lengths, initial=0))
    start = c_char_p(data)
    address = c_void_p.from_buffer(start).value or 0
    of = ColumnType.STR if kind is str else ColumnType.BYTES
    return Column(of, len(values), address, len(data), keep=(start, offsets), offsets=offsets.buffer_info()[0])


def from_lists(elements: array[Any], lengths: list[int]) -> Column:
    offsets = array("q", accumulate(lengths, initial=0))
    address, length = elements.buffer_info()
    keep = (elements, offsets)
    return Column(_LISTS[elements.typecode], len(lengths), address, length, keep=keep, offsets=offsets.buffer_info()[0])


def _vectors(numpy: Any, values: Sequence[Any]) -> Column | None:
    """A column of numpy vectors. They are copied once, into one array."""
    from ._ndarray import LISTS, from_ndarray  # that module imports this one, too

    first = values[0]
    if first.ndim != 1 or any(value.dtype != first.dtype or value.ndim != 1 for value in values):
        return None
    if first.dtype.kind != "f" or first.dtype.itemsize not in LISTS:
        return None
    elements = numpy.concatenate(values)
    if elements.dtype.byteorder == ">":
        elements = elements.astype(elements.dtype.newbyteorder("="))
    lengths = {len(value) for value in values}
    if len(lengths) == 1 and len(first):
        return from_ndarray(elements.reshape(len(values), len(first)))
    offsets = array("q", accumulate(map(len, values), initial=0))
    address = elements.__array_interface__["data"][0]
    keep, at = (elements, offsets), offsets.buffer_info()[0]
    return Column(LISTS[elements.dtype.itemsize], len(values), address, len(elements), keep=keep, offsets=at)


def from_anything(values: Sequence[Any]) -> Column:
    """A column of single values. It is slower, but takes every value that `push` takes."""
    cells = Values(len(values))
    for row, value in enumerate(values):
        try:
            put(cells, WORDS * row, value)
        except (UnsupportedTypeError, UnicodeError, ValueError, TypeError) as error:
            error.args = (f"row {row}: {error}",)
            raise
    return Column(ColumnType.VALUES, len(values), cells.address, len(values), keep=cells, itemsize=BYTES_A_VALUE)


def bitmap(bits: Sequence[bool]) -> array[int]:
    """A bit for each bool, the lowest bit of a byte first."""
    packed = array("B", bytes(len(bits) // 8 + 1))
    for at, bit in enumerate(bits):
        if bit:
            packed[at >> 3] |= 1 << (at & 7)
    return packed
