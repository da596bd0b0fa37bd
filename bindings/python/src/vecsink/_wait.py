"""Waiting in slices, so that Ctrl-C has an effect: Python runs a signal's handler only when the call of the library has
returned."""

from __future__ import annotations

import threading
import time
from math import ceil
from typing import Callable, TypeVar

from ._errors import InvalidArgumentError, shown

SLICE_MS = 100
"""The longest time that one call of the library blocks, if the wait can go on with another call."""

LONGEST = 10.0**9
"""In seconds. A longer time-out counts as endless."""

T = TypeVar("T")


class Patience:
    """How much of a time-out is left. A time-out is in seconds; None has no end."""

    __slots__ = ("_deadline", "_none_at_all")

    def __init__(self, timeout: float | None) -> None:
        if timeout is not None and not timeout >= 0:
            raise InvalidArgumentError(f"a time-out is seconds, 0 for none at all, None for no end; not {shown(timeout)}")
        self._none_at_all = timeout == 0
        self._deadline = None if timeout is None or timeout > LONGEST else time.monotonic() + timeout

    def slice_ms(self) -> int:
        """The time-out of the next call."""
        if self._deadline is None:
            return SLICE_MS
        return min(SLICE_MS, ceil(self.left() * 1000)) if not self._none_at_all else 0

    def left(self) -> float:
        return LONGEST if self._deadline is None else max(self._deadline - time.monotonic(), 0.0)

    def is_over(self) -> bool:
        return self._deadline is not None and self.left() <= 0


def interruptible(call: Callable[[], T], too_late: Callable[[T], None]) -> T:
    """Makes a call that can't be split into slices, on a thread of its own, so that Ctrl-C ends the wait for it. If the call
    returns after that, `too_late` gets its result."""
    if threading.current_thread() is not threading.main_thread():
        return call()
    results: list[T] = []
    failures: list[BaseException] = []
    abandoned: list[bool] = []
    done, lock = threading.Event(), threading.Lock()

    def work() -> None:
        try:
            result = call()
            with lock:
                results.append(result)
                late = bool(abandoned)
            if late:
                too_late(result)
        except BaseException as error:  # the waiting thread raises it
            failures.append(error)
        finally:
            done.set()

    threading.Thread(target=work, name="vecsink", daemon=True).start()
    try:
        # The wait is split into slices, because the system may give the signal to another thread. Then nothing wakes this one.
        while not done.wait(SLICE_MS / 1000):
            pass
    except BaseException:
        with lock:
            abandoned.append(True)
            finished = bool(results)
        if finished:
            too_late(results[0])
        raise
    if failures:
        raise failures.pop()  # without a variable for it: see _errors.forget
    return results[0]
