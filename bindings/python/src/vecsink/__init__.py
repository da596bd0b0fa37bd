"""Streams freshly made vectors into PostgreSQL, pgvector and AnalyticDB for PostgreSQL, from inside your program.

    with vecsink.Sink("postgresql://me:secret@db/shop", "public.items") as sink:
        sink.push(id=7, embedding=model.embed("lamp"))                  # one row
        sink.push_many({"id": ids, "embedding": matrix})                # columns and matrices, read in place

`Sink` says the rest. The library's log goes to the logger `vecsink`.
"""

from ._abi import Code
from ._callbacks import Rejected
from ._errors import (
    ArgumentError,
    Closed,
    ConfigError,
    DeadLetterError,
    Error,
    Failed,
    Fenced,
    Forked,
    InCallback,
    InternalError,
    NotDurable,
    OutOfMemory,
    OutOfOrder,
    Position,
    RejectedError,
    ShapeError,
    SourceError,
    Stopped,
    StrictError,
    TargetError,
    TimedOut,
    Unsupported,
    UnsupportedType,
    WouldBlock,
    text,
)
from ._library import lib
from ._pipeline import Pipeline
from ._sink import Pushed, Sink
from ._stats import Stats

__version__ = text(lib.vecsink_version()) or ""

__all__ = [
    "ArgumentError",
    "Closed",
    "Code",
    "ConfigError",
    "DeadLetterError",
    "Error",
    "Failed",
    "Fenced",
    "Forked",
    "InCallback",
    "InternalError",
    "NotDurable",
    "OutOfMemory",
    "OutOfOrder",
    "Pipeline",
    "Position",
    "Pushed",
    "Rejected",
    "RejectedError",
    "ShapeError",
    "Sink",
    "SourceError",
    "Stats",
    "Stopped",
    "StrictError",
    "TargetError",
    "TimedOut",
    "Unsupported",
    "UnsupportedType",
    "WouldBlock",
]
