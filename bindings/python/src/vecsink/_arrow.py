"""Record batches by Arrow's C Data Interface. The object that has them exports them. Nothing is copied, and pyarrow isn't
needed."""

from __future__ import annotations

import ctypes
from collections.abc import Generator, Iterator
from ctypes import CFUNCTYPE, POINTER, byref, c_char_p, c_int, c_void_p, cast, memmove, sizeof
from typing import Any

from ._abi import ArrowArray, ArrowArrayStream, ArrowSchema
from ._errors import Error

_capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_capsule_pointer.restype, _capsule_pointer.argtypes = c_void_p, [ctypes.py_object, c_char_p]

_Release = CFUNCTYPE(None, c_void_p)
_GetNext = CFUNCTYPE(c_int, POINTER(ArrowArrayStream), c_void_p)
_GetLastError = CFUNCTYPE(c_char_p, POINTER(ArrowArrayStream))


def exports(data: Any) -> bool:
    return hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__")


class Batch:
    """A record batch that this object owns. The library gets structs that borrow its memory, so that the rest of the batch
    can be pushed again. The release callback of these structs only marks them as released."""

    def __init__(self, schema: ArrowSchema, array: ArrowArray) -> None:
        self._schema, self._array = schema, array
        self.rows: int = array.length

    def borrow(self, first: int, rows: int) -> tuple[ArrowArray, ArrowSchema]:
        array, schema = _copy(self._array), _copy(self._schema)
        array.offset += first
        array.length = rows
        array.null_count = 0 if self._array.null_count == 0 else -1
        array.release = _address(_release_array)
        schema.release = _address(_release_schema)
        return array, schema


def batches(data: Any) -> Generator[Batch, None, None]:
    """The record batches of a table, a stream or one batch. Each is valid until the next one is asked for."""
    if hasattr(data, "__arrow_c_stream__"):
        capsule = data.__arrow_c_stream__()
        yield from _of_stream(ArrowArrayStream.from_address(_capsule_pointer(capsule, b"arrow_array_stream")))
        del capsule
    else:
        schema, array = data.__arrow_c_array__()
        # The capsules release the structs when they are deleted.
        yield Batch(
            ArrowSchema.from_address(_capsule_pointer(schema, b"arrow_schema")),
            ArrowArray.from_address(_capsule_pointer(array, b"arrow_array")),
        )
        del schema, array


def _of_stream(stream: ArrowArrayStream) -> Iterator[Batch]:
    schema = ArrowSchema()
    _ask(stream, stream.get_schema, schema)
    try:
        while True:
            array = ArrowArray()
            _ask(stream, stream.get_next, array)
            if not array.release:
                return
            try:
                yield Batch(schema, array)
            finally:
                _release(array)
    finally:
        _release(schema)


def _ask(stream: ArrowArrayStream, function: int, out: ArrowSchema | ArrowArray) -> None:
    code = cast(function, _GetNext)(stream, byref(out))
    if code:
        said = cast(stream.get_last_error, _GetLastError)(stream)
        raise Error(f"the Arrow stream failed: {said.decode('utf-8', 'replace') if said else f'error {code}'}")


def _release(struct: ArrowSchema | ArrowArray) -> None:
    if struct.release:
        cast(struct.release, _Release)(byref(struct))


def _copy(struct: Any) -> Any:
    copy = type(struct)()
    memmove(byref(copy), byref(struct), sizeof(struct))
    return copy


def _mark_array(pointer: int) -> None:
    ArrowArray.from_address(pointer).release = None


def _mark_schema(pointer: int) -> None:
    ArrowSchema.from_address(pointer).release = None


_release_array, _release_schema = _Release(_mark_array), _Release(_mark_schema)


def _address(function: Any) -> int:
    return cast(function, c_void_p).value or 0
