"""Finds and loads the shared library."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from pathlib import Path
from typing import Any

from ._abi import PROTOTYPES

VERSION = (0, 1)
"""Major and minor version of the ABI that this package was written for."""


def _candidates() -> list[str]:
    """Where the library may be, best first: the file that the environment names, the wheel's own, the installed one."""
    named = os.environ.get("VECSINK_LIBRARY")
    if named:
        return [named]
    carried = Path(__file__).with_name("libvecsink.so")
    if carried.exists():
        return [str(carried)]
    installed = ctypes.util.find_library("vecsink")
    return [installed] if installed else []


def _load() -> Any:
    candidates = _candidates()
    if not candidates:
        raise ImportError(
            "vecsink: libvecsink.so is not there. The wheel that `pip install ./bindings/python` builds carries it; "
            "otherwise name the file in the environment variable VECSINK_LIBRARY"
        )
    try:
        # CDLL releases the GIL during each call.
        library = ctypes.CDLL(candidates[0])
        for name, (gives, *takes) in PROTOTYPES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = gives, takes
    except (OSError, AttributeError) as error:
        raise ImportError(f"vecsink: {candidates[0]} can't be used: {error}") from error
    number = library.vecsink_version_number()
    found = (number >> 16, number >> 8 & 0xFF)
    if found != VERSION:
        raise ImportError(
            f"vecsink: {candidates[0]} is version {found[0]}.{found[1]}, this package needs {VERSION[0]}.{VERSION[1]}"
        )
    return library


lib: Any = _load()


def untyped(name: str) -> Any:
    """The function without its prototype, for calls whose arguments are ctypes objects already. Such a call takes half the
    time."""
    function = lib[name]
    function.restype = ctypes.c_int32
    return function
