"""Calls Python functions from the library's callbacks, which come on a thread of the library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Callable

from ._abi import DurableCallback, RejectedCallback
from ._errors import text
from ._handle import in_callback
from ._log import logger


@dataclass(frozen=True)
class Rejected:
    """A row that was accepted and then could not be stored."""

    sequence: int
    stage: str
    """`encode`: the value can't be stored in the column; `write`: the database refused the row."""
    reason: str
    column: str | None
    sqlstate: str | None


@contextmanager
def _guarded(name: str) -> Iterator[None]:
    """Logs exceptions of a callback, so that none gets into the library."""
    in_callback.now = True
    try:
        yield
    except BaseException:
        logger.exception("the callback %s raised; rows are still written", name)
    finally:
        in_callback.now = False


def durable_callback(call: Callable[[int], Any]) -> Any:
    def tell(_: Any, durable: int) -> None:
        with _guarded("on_durable"):
            call(durable)

    return DurableCallback(tell)


def rejected_callback(call: Callable[[Rejected], Any]) -> Any:
    def tell(_: Any, pointer: Any) -> None:
        with _guarded("on_rejected"):
            row = pointer.contents
            stage, reason = text(row.stage) or "", text(row.reason) or ""
            call(Rejected(row.sequence, stage, reason, text(row.column), text(row.sqlstate)))

    return RejectedCallback(tell)
