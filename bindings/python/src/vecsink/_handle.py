"""The base of sinks and pipelines: a handle of the library. It is freed once, by the process that made it, and not while a
call uses it."""

from __future__ import annotations

import os
import threading
import warnings
import weakref
from ctypes import c_void_p
from typing import Any, Callable

in_callback = threading.local()
"""`in_callback.now`: whether this thread is one of the library's and runs a callback."""


class Ownership:
    """Frees a handle when nothing refers to its object any more, or the interpreter ends."""

    __slots__ = ("pointer", "closed", "_free", "_process", "_kind", "_kept")

    def __init__(self, pointer: c_void_p, free: Callable[[c_void_p], None], kind: str, kept: Any) -> None:
        self.pointer = pointer
        self.closed = False
        self._free = free
        self._process = os.getpid()
        self._kind = kind
        self._kept = kept  # objects that the library points to: callbacks

    def end(self) -> None:
        # After a fork the child has a copy of the memory, but none of the threads: it leaves everything as it is.
        if os.getpid() != self._process:
            return
        try:
            if not self.closed:
                warnings.warn(f"unclosed {self._kind}", ResourceWarning, stacklevel=2)
        finally:  # also if warnings are errors
            self._free_handle()

    def _free_handle(self) -> None:
        if getattr(in_callback, "now", False):
            # In a callback the library frees nothing, because it would wait for this thread. So another thread frees the
            # handle.
            threading.Thread(target=self._free, args=(self.pointer,), name="vecsink").start()
        else:
            self._free(self.pointer)


class Handle:
    """Closing doesn't free the handle, because other threads may be in a call. Their references keep the object and so the
    handle alive."""

    __slots__ = ("_pointer", "_ownership", "__weakref__")

    def __init__(self, pointer: c_void_p, free: Callable[[c_void_p], None], kept: Any = None) -> None:
        self._pointer = pointer
        self._ownership = Ownership(pointer, free, f"vecsink.{type(self).__name__}", kept)
        weakref.finalize(self, self._ownership.end)

    @property
    def closed(self) -> bool:
        return self._ownership.closed

    def __reduce__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} can't be pickled or copied: it belongs to this process")
