"""The figures of a sink or pipeline."""

from __future__ import annotations

from ctypes import sizeof
from dataclasses import dataclass, fields

from ._abi import StatsStruct


@dataclass(frozen=True)
class Stats:
    """Counts since the sink or pipeline was opened, and figures of this moment. When all rows are durable, rows_read is the
    sum of rows_written, rows_deleted, rows_superseded, rows_ignored, rows_dead_lettered and rows_unchanged."""

    records_read: int
    """Messages taken from the topics."""
    bytes_read: int
    rows_read: int
    rows_written: int
    rows_deleted: int
    rows_superseded: int
    """Rows replaced in their batch by a later row of the same key."""
    rows_ignored: int
    """Rows left out by the conflict mode."""
    rows_dead_lettered: int
    """Rows rejected, with or without a dead-letter target."""
    parse_errors_ignored: int
    fields_ignored: int
    batches: int
    """Committed transactions that wrote rows."""
    retries: int
    next: int
    """For a sink: the number that the next row would get."""
    durable: int
    """For a sink: every row below this number is durable."""
    lag: int
    """For a pipeline: records of the topics that are not durable yet."""
    held_bytes: int
    """Bytes of rows between push (or read) and COMMIT, roughly."""
    freshness: float | None
    """For the oldest row of the latest commit: the seconds from its push, or its record's timestamp, to the answer to COMMIT.
    None before the first commit."""
    connections: int
    outage: bool
    """Whether the database can't be reached and rows wait for it."""
    age: float
    """Seconds since the sink or pipeline was opened."""
    records_missed: int
    """For a pipeline: offsets that were gone before they could be read."""
    progress_age: float | None
    """For a pipeline: how old the progress that Kafka has stored is, in seconds. Records that became durable after it would
    be read again by the next start. While commits succeed it is near zero."""
    rows_moved: int
    """Rows moved from a child into the table, and so into its vector index (sink.vector-index = behind)."""
    rows_waiting_for_index: int
    """Rows of the table that are in no vector index yet, whichever program wrote them. Queries find them."""
    oldest_waiting: float | None
    """Seconds that the oldest of these rows has waited, as far as this process has seen it. None: no row waits."""
    rows_unchanged: int
    """Rows that were in the table already, exactly so, and were not written again."""
    rows_repeated: int
    """Rows of a named stream that were pushed again although they were durable already. They were dropped, and ``rows_read``
    doesn't count them."""


def room() -> StatsStruct:
    struct = StatsStruct()
    struct.size = sizeof(StatsStruct)
    return struct


def read(struct: StatsStruct) -> Stats:
    apart = ("freshness", "age", "progress_age", "oldest_waiting")
    values = {field.name: getattr(struct, field.name) for field in fields(Stats) if field.name not in apart}
    values["outage"] = bool(struct.outage)
    freshness, progress_age = seconds(struct.freshness_ms), seconds(struct.progress_age_ms)
    waiting = seconds(struct.oldest_waiting_ms)
    return Stats(
        **values,
        freshness=freshness,
        age=struct.age_ms / 1000,
        progress_age=progress_age,
        oldest_waiting=waiting,
    )


def seconds(milliseconds: int) -> float | None:
    """A time in seconds. None if the library has no such time yet, which it says by a negative number."""
    return None if milliseconds < 0 else milliseconds / 1000
