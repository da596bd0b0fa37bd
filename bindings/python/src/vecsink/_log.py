"""The library's log goes to the logger `vecsink` of Python's `logging`."""

from __future__ import annotations

import atexit
import logging
import os
from contextlib import suppress
from ctypes import string_at
from typing import Any

from ._abi import LogCallback, LogLevel
from ._errors import UnsupportedError, check
from ._library import lib

logger = logging.getLogger("vecsink")

_LEVELS = {
    LogLevel.ERROR: logging.ERROR,
    LogLevel.WARN: logging.WARNING,
    LogLevel.INFO: logging.INFO,
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.TRACE: 5,
}
_at = -1


def _tell(_: Any, level: int, message: int, length: int) -> None:
    try:
        logger.log(_LEVELS.get(LogLevel(level), logging.ERROR), "%s", string_at(message, length).decode("utf-8", "replace"))
    except BaseException:  # no exception may get into the library
        pass


_callback = LogCallback(_tell)


def follow_logger() -> None:
    """Tells the library the logger's level, so that it makes no lines that the logger would drop. Called whenever a sink or
    pipeline is opened."""
    global _at
    wanted = next((level for level in sorted(_LEVELS, reverse=True) if logger.isEnabledFor(_LEVELS[level])), LogLevel.OFF)
    if wanted != _at:
        with suppress(UnsupportedError):  # a Rust program around this interpreter has a logger of its own
            check(lib.vecsink_log_set, int(wanted), _callback, None)
        _at = wanted


def _forget() -> None:
    """Called in a child after a fork: there the library has no log callback."""
    global _at
    _at = -1


os.register_at_fork(after_in_child=_forget)


@atexit.register
def _silence() -> None:
    """Removes the log callback, so that the library doesn't call into Python when the interpreter ends."""
    lib.vecsink_log_set(int(LogLevel.OFF), LogCallback(), None, None)
