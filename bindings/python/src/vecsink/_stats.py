"""What a sink or pipeline has done and is doing."""

from __future__ import annotations

from ctypes import sizeof
from dataclasses import dataclass, fields

from ._abi import StatsStruct


@dataclass(frozen=True)
class Stats:
    """Counts since it was opened, and how things are now. rows_read is the sum of what was written, deleted, superseded,
    ignored, dead-lettered and unchanged, once nothing is on its way."""

    records_read: int
    """Messages taken from the topics."""
    bytes_read: int
    rows_read: int
    rows_written: int
    rows_deleted: int
    rows_superseded: int
    """Replaced within their batch by a later row of the same key."""
    rows_ignored: int
    """Left out by the conflict mode."""
    rows_dead_lettered: int
    """Rejected, with or without a dead-letter target."""
    parse_errors_ignored: int
    fields_ignored: int
    batches: int
    """Transactions."""
    retries: int
    next: int
    """Of a sink: the number the next row would get."""
    durable: int
    """Of a sink: everything below is durable."""
    lag: int
    """Of a pipeline: records that are not durable yet."""
    held_bytes: int
    """Of rows on their way, roughly."""
    freshness: float | None
    """Seconds that the oldest row of the latest commit took; None before the first."""
    connections: int
    outage: bool
    """The database is away and rows wait for it."""
    age: float
    """Seconds since it was opened."""
    records_missed: int
    """Of a pipeline: offsets that were gone before they could be read."""
    progress_age: float | None
    """Of a pipeline: how old the progress is that Kafka has stored, in seconds. What became durable after that would be read
    again by the next start. Near zero while progress is stored."""
    rows_moved: int
    """Moved from a child into the table, and so into its vector index (sink.vector-index = behind)."""
    rows_waiting_for_index: int
    """Rows of the table that are in no vector index yet, whoever wrote them. Queries find them."""
    oldest_waiting: float | None
    """Seconds that the oldest of them has waited, as far back as this process has looked; None: there are none."""
    rows_unchanged: int
    """Rows that were in the table already, exactly so, and were not written again."""


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
    """Below zero there is none yet."""
    return None if milliseconds < 0 else milliseconds / 1000
