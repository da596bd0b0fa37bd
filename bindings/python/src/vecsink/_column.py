"""One column of a batch as the library reads it: pointers into memory that other objects own."""

from __future__ import annotations

from typing import Any

from . import _abi
from ._abi import ColumnType, Unit
from ._errors import InvalidArgumentError, shown


class Column:
    """`rows` values at `address`. `keep` is the object that owns the memory. It is kept alive for one call of `push_batch`."""

    __slots__ = ("struct", "rows", "keep", "step", "elements_a_row", "offset_step")

    def __init__(
        self,
        kind: ColumnType,
        rows: int,
        address: int,
        length: int,
        *,
        keep: Any,
        itemsize: int = 0,
        stride: int = 1,
        dimension: int = 0,
        unit: Unit = Unit.SECOND,
        scale: int = 0,
        offsets: int = 0,
        offset_bits: int = 64,
    ) -> None:
        self.rows = rows
        self.keep = [keep]
        self.step = itemsize * stride
        self.elements_a_row = stride if itemsize else 0
        self.offset_step = offset_bits // 8 if offsets else 0
        struct = self.struct = _abi.Column()
        struct.type, struct.unit, struct.scale, struct.offset_bits = kind, unit, scale, offset_bits
        struct.data, struct.length, struct.stride, struct.dimension = address or None, length, stride, dimension
        struct.offsets = offsets or None

    def name(self, name: str) -> None:
        if not isinstance(name, str) or "\0" in name:
            raise InvalidArgumentError(f"a column's name is a str without NUL, not {shown(name)}")
        self.struct.name = name.encode()

    def nulls(self, bits: Any | None, address: int) -> None:
        """A bit for each row, 0 for NULL."""
        self.keep.append(bits)
        self.struct.validity = address

    def advance(self, rows: int) -> None:
        """Leaves out this many rows at the start."""
        struct = self.struct
        self.rows -= rows
        if struct.data:
            struct.data += rows * self.step
            struct.length -= min(rows * self.elements_a_row, struct.length)
        if self.offset_step:
            struct.offsets += rows * self.offset_step
        if struct.validity:
            struct.validity_offset += rows
