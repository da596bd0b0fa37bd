"""The library's builders, which live only while a sink or a pipeline is opened."""

from __future__ import annotations

import os
from collections.abc import Mapping
from ctypes import byref, c_void_p
from enum import IntEnum
from math import ceil
from typing import Any, Callable, Union

from ._errors import InvalidArgumentError, check, shown
from ._wait import LONGEST, interruptible

Option = Union[str, int, float, bool, "os.PathLike[str]"]
Options = Mapping[str, Option]


def string(value: Any, what: str) -> bytes:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str):
        raise InvalidArgumentError(f"{what} is a str, not {type(value).__name__}")
    if "\0" in value:
        raise InvalidArgumentError(f"{what} has a NUL in it")
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgumentError(f"{what} is not text: {error.reason}") from None


def option(value: Option, name: str) -> bytes:
    """An option's value, spelled as in a job file."""
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, (int, float)):
        value = str(value)
    return string(value, f"option {name}")


def count(value: Any, what: str, unit: int = 1) -> int:
    """A number that isn't negative, converted into the library's unit."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LONGEST * 1000:
        raise InvalidArgumentError(f"{what} is a number from 0 on, not {shown(value)}")
    return ceil(value * unit)


def whole(value: Any, what: str) -> int:
    """A whole number that 32 bits hold."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 32:
        raise InvalidArgumentError(f"{what} is a whole number from 0 on, not {shown(value)}")
    return value


def choice(value: Any, words: type[IntEnum], what: str) -> int:
    """The library's number for one of these words."""
    for word in words:
        if isinstance(value, str) and value.upper().replace("-", "_") == word.name:
            return word.value
    names = ", ".join(repr(word.name.lower().replace("_", "-")) for word in words)
    raise InvalidArgumentError(f"{what} is one of {names}, not {shown(value)}")


class Builder:
    """A builder of the library. It is always freed."""

    def __init__(self, new: Any, free: Any, *arguments: bytes) -> None:
        self._pointer = c_void_p()
        self._free = free
        check(new, *arguments, byref(self._pointer))

    def __enter__(self) -> Builder:
        return self

    def __exit__(self, *_: Any) -> None:
        self._end()

    def _end(self) -> None:
        pointer, self._pointer = self._pointer, c_void_p()
        if pointer.value:
            self._free(pointer)

    def set(self, function: Any, *values: Any) -> None:
        check(function, self._pointer, *values)

    def open(self, finish: Any, free: Callable[[c_void_p], None], kept: Any = None) -> c_void_p:
        """Opens the sink or pipeline. Ctrl-C ends the wait for it. If it is opened after that, it is freed at once."""
        builder = Builder.__new__(Builder)  # a builder for the thread alone, because the thread may live longer than this call
        builder._pointer, builder._free, self._pointer = self._pointer, self._free, c_void_p()

        def call() -> c_void_p:
            opened = c_void_p()
            with builder:
                builder.set(finish, byref(opened))
            return opened

        def too_late(opened: c_void_p, _kept: Any = kept) -> None:
            free(opened)

        return interruptible(call, too_late)
