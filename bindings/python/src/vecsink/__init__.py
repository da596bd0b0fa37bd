"""Streams freshly made vectors into PostgreSQL, pgvector and AnalyticDB for PostgreSQL, from inside your program.

    with vecsink.Sink("postgresql://me:secret@db/shop", "public.items") as sink:
        sink.push(id=7, embedding=model.embed("lamp"))                  # one row
        sink.push_batch({"id": ids, "embedding": matrix})                # columns and matrices, read in place

See `Sink` for the details. The library's log goes to the logger `vecsink`.
"""

from ._abi import Code
from ._callbacks import Rejected
from ._errors import (
    ClosedError,
    ConfigError,
    DeadLetterError,
    Error,
    FailedError,
    FencedError,
    ForkedError,
    InCallbackError,
    InternalError,
    InvalidArgumentError,
    NotDurableError,
    OutOfMemoryError,
    OutOfOrderError,
    Position,
    RejectedError,
    ShapeError,
    SourceError,
    StoppedError,
    StrictError,
    TargetError,
    TimedOutError,
    UnsupportedError,
    UnsupportedTypeError,
    WouldBlockError,
    text,
)
from ._library import lib
from ._pipeline import Pipeline
from ._sink import Pushed, Sink
from ._stats import Stats

__version__ = text(lib.vecsink_version()) or ""

__all__ = [
    "ClosedError",
    "Code",
    "ConfigError",
    "DeadLetterError",
    "Error",
    "FailedError",
    "FencedError",
    "ForkedError",
    "InCallbackError",
    "InternalError",
    "InvalidArgumentError",
    "NotDurableError",
    "OutOfMemoryError",
    "OutOfOrderError",
    "Pipeline",
    "Position",
    "Pushed",
    "Rejected",
    "RejectedError",
    "ShapeError",
    "Sink",
    "SourceError",
    "Stats",
    "StoppedError",
    "StrictError",
    "TargetError",
    "TimedOutError",
    "UnsupportedError",
    "UnsupportedTypeError",
    "WouldBlockError",
]
