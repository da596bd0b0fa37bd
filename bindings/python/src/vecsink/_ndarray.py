"""Columns from numpy arrays. They are read in place if their memory has a form that the library can read."""

from __future__ import annotations

import sys
from typing import Any

from ._abi import ColumnType, Unit
from ._column import Column
from ._errors import ShapeError, UnsupportedTypeError
from ._sequence import from_sequence

_SCALARS = {
    **{"b1": ColumnType.BOOL, "i1": ColumnType.I8, "i2": ColumnType.I16, "i4": ColumnType.I32, "i8": ColumnType.I64},
    **{"u1": ColumnType.U8, "u2": ColumnType.U16, "u4": ColumnType.U32, "u8": ColumnType.U64},
    **{"f2": ColumnType.F16, "f4": ColumnType.F32, "f8": ColumnType.F64},
}
_MATRICES = {2: ColumnType.MATRIX_F16, 4: ColumnType.MATRIX_F32, 8: ColumnType.MATRIX_F64}
LISTS = {2: ColumnType.LISTS_F16, 4: ColumnType.LISTS_F32, 8: ColumnType.LISTS_F64}
"""By the number of bytes of an element."""
_UNITS = {"s": Unit.SECOND, "ms": Unit.MILLISECOND, "us": Unit.MICROSECOND, "ns": Unit.NANOSECOND}


def from_ndarray(values: Any, valid: Any = None) -> Column:
    """A vector of scalars or a matrix: each row of the matrix is a vector. `valid`: an array of bools, False for NULL."""
    numpy = sys.modules["numpy"]
    if values.ndim == 0:
        raise ShapeError("an array without dimensions can't be a column")
    if isinstance(values, numpy.ma.MaskedArray):
        values, valid = _unmasked(numpy, values, valid)
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    if values.ndim == 1 and values.dtype.kind == "M":
        column, valid = _times(numpy, values, valid)
    elif values.ndim == 1 and values.dtype.str[1:] in _SCALARS:
        column = _strided(numpy, values, _SCALARS[values.dtype.str[1:]])
    elif values.ndim == 2 and values.dtype.kind == "f" and values.dtype.itemsize in _MATRICES:
        column = _matrix(numpy, values)
    else:
        return from_sequence(_listed(values, valid))
    if valid is not None:
        bits = numpy.packbits(valid, bitorder="little")
        column.nulls(bits, _address(bits))
    return column


def _unmasked(numpy: Any, values: Any, valid: Any) -> tuple[Any, Any]:
    """The data of a masked array, and which rows are not masked. In a matrix only whole rows may be masked."""
    mask = numpy.ma.getmaskarray(values)
    if values.ndim > 1:
        whole = mask.reshape(len(values), -1).all(axis=1) if values.size else numpy.zeros(len(values), bool)
        parts = mask.reshape(len(values), -1).any(axis=1) & ~whole
        if parts.any():
            raise ShapeError(f"row {int(parts.argmax())}: some elements of the vector are masked; mask all or none")
        mask = whole
    if not mask.any():
        return values.data, valid
    return values.data, ~mask if valid is None else valid & ~mask


def _strided(numpy: Any, values: Any, kind: ColumnType, unit: Unit = Unit.SECOND) -> Column:
    itemsize, (stride,) = values.itemsize, values.strides
    if stride <= 0 or stride % itemsize or not values.flags.aligned:
        values = in_order(numpy, values)
        stride = itemsize
    rows, step = len(values), stride // itemsize
    length = (rows - 1) * step + 1 if rows else 0
    return Column(kind, rows, _address(values), length, keep=values, itemsize=itemsize, stride=step, unit=unit)


def _matrix(numpy: Any, values: Any) -> Column:
    itemsize, (rows, dimension) = values.itemsize, values.shape
    if dimension == 0:
        raise ShapeError("a matrix of vectors without elements")
    stride, inner = values.strides
    if (inner != itemsize and dimension > 1) or stride < dimension * itemsize or stride % itemsize or not values.flags.aligned:
        values = in_order(numpy, values)
        stride = dimension * itemsize
    step = stride // itemsize
    length = (rows - 1) * step + dimension if rows else 0
    kind = _MATRICES[itemsize]
    return Column(kind, rows, _address(values), length, keep=values, itemsize=itemsize, stride=step, dimension=dimension)


def _times(numpy: Any, values: Any, valid: Any) -> tuple[Column, Any]:
    unit, step = numpy.datetime_data(values.dtype)
    missing = numpy.isnat(values)
    if missing.any():
        valid = ~missing if valid is None else valid & ~missing
    if unit in ("Y", "M", "W", "D"):
        days = values.astype("M8[D]").astype("i8")
        days[missing] = 0
        if days.size and not (days.min() >= -(2**31) and days.max() < 2**31):
            raise ShapeError("a date beyond what a column can hold")
        return _strided(numpy, days.astype("i4"), ColumnType.DATE), valid
    if unit not in _UNITS or step != 1:
        unit = "s" if unit in ("h", "m", "s") else "ns"
        values = values.astype(f"M8[{unit}]")
    return _strided(numpy, values.view("i8"), ColumnType.TIMESTAMP, _UNITS[unit]), valid


def _listed(values: Any, valid: Any) -> list[Any]:
    """An array that the library can't read in place, as Python objects."""
    if values.dtype.kind not in "biufOUSMmT" or values.dtype.char in "gG":
        raise UnsupportedTypeError(f"an array of {values.dtype} can't be stored in a column")
    if values.dtype.kind in "Mm":
        rows = list(values.astype("m8[us]") if values.dtype.kind == "m" else values)
    else:
        rows = values.tolist()
    if valid is None:
        return rows
    return [row if there else None for row, there in zip(rows, valid.tolist())]


def in_order(numpy: Any, values: Any) -> Any:
    """The array itself if its elements have no gaps between them and are aligned, otherwise a copy. (`ascontiguousarray`
    doesn't copy unaligned memory.)"""
    return numpy.require(values, requirements="CA")


def _address(values: Any) -> int:
    address: int = values.__array_interface__["data"][0]
    return address


def fields(values: Any) -> dict[str, Any]:
    """The columns of a structured array. They share its memory."""
    if values.ndim != 1:
        raise ShapeError(f"a structured array of {values.ndim} dimensions; a batch has one")
    return {name: values[name] for name in values.dtype.names}


def as_instants(values: Any, valid: Any | None = None) -> Column:
    """A column of instants from datetime64 values in UTC."""
    column = from_ndarray(values, valid)
    if column.struct.type == ColumnType.TIMESTAMP:
        column.struct.type = ColumnType.INSTANT
    return column
