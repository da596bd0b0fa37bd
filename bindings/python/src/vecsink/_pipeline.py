"""A job that reads Kafka in this process."""

from __future__ import annotations

from collections.abc import Mapping
from ctypes import byref, c_void_p
from types import TracebackType
from typing import Any

from . import _log, _stats
from ._abi import Code
from ._builder import Builder, Option, Options, count, option, string
from ._errors import Error, check, forget, take
from ._handle import Handle
from ._library import lib
from ._stats import Stats
from ._wait import Patience, interruptible


class Pipeline(Handle):
    """A job that runs on threads of the library. ``from_sql`` and ``attach`` start one and return when its first connections
    are up. End it with ``stop``, or use it in a ``with`` block. If it is only dropped, it is abandoned; nothing is lost,
    because the rest is read again at the next start."""

    __slots__ = ()

    @classmethod
    def from_sql(
        cls,
        sql: str,
        *,
        name: str | None = None,
        variables: Mapping[str, str] | None = None,
        options: Mapping[str, Options] | None = None,
        buffer_memory: int | None = None,
        max_outage: float | None = None,
        fresh: bool = False,
    ) -> Pipeline:
        """Starts the job of these Flink SQL statements, which are those of a job file for ``vecsink run``.

        ``name``: the name under which progress is stored, unless the statements give one. ``variables``: the values of
        ``${NAME}`` in option values; other names are taken from the environment. ``options``: for each table the options that
        replace those of the statements. ``max_outage``: how many seconds the database may be unreachable. ``fresh``: start by
        the startup mode, and ignore stored progress."""
        arguments = (string(sql, "sql"),)
        with Builder(lib.vecsink_pipeline_builder_new, lib.vecsink_pipeline_builder_free, *arguments) as builder:
            for table, entries in (options or {}).items():
                for key, value in entries.items():
                    builder.set(lib.vecsink_pipeline_builder_option, string(table, "a table"), *_entry(key, value))
            return cls._start(builder, name, variables, buffer_memory, max_outage, fresh)

    @classmethod
    def attach(
        cls,
        url: str,
        table: str,
        *,
        columns: Mapping[str, str],
        source: Options,
        sink: Options | None = None,
        name: str | None = None,
        variables: Mapping[str, str] | None = None,
        buffer_memory: int | None = None,
        max_outage: float | None = None,
        fresh: bool = False,
    ) -> Pipeline:
        """Reads a topic and writes it into a table, ``schema.table``. ``columns``: the columns of the messages and of the
        table, with their Flink SQL types, such as ``{"id": "BIGINT", "embedding": "ARRAY<FLOAT>"}``. ``source``: options of
        the source, as in a job file: ``topic``, ``properties.bootstrap.servers``, ``format`` …. ``sink``: options of the
        sink: ``conflictmode`` …"""
        arguments = string(url, "url"), string(table, "table")
        with Builder(lib.vecsink_pipeline_builder_attach, lib.vecsink_pipeline_builder_free, *arguments) as builder:
            for column, kind in columns.items():
                builder.set(
                    lib.vecsink_pipeline_builder_column, string(column, "a column's name"), string(kind, "a column's type")
                )
            for key, value in source.items():
                builder.set(lib.vecsink_pipeline_builder_source_option, *_entry(key, value))
            for key, value in (sink or {}).items():
                builder.set(lib.vecsink_pipeline_builder_sink_option, *_entry(key, value))
            return cls._start(builder, name, variables, buffer_memory, max_outage, fresh)

    @classmethod
    def _start(
        cls,
        builder: Builder,
        name: str | None,
        variables: Mapping[str, str] | None,
        buffer_memory: int | None,
        max_outage: float | None,
        fresh: bool,
    ) -> Pipeline:
        _log.follow_logger()
        if name is not None:
            builder.set(lib.vecsink_pipeline_builder_name, string(name, "name"))
        for variable, value in (variables or {}).items():
            builder.set(lib.vecsink_pipeline_builder_variable, string(variable, "a variable"), string(value, variable))
        if buffer_memory is not None:
            builder.set(lib.vecsink_pipeline_builder_buffer_memory, count(buffer_memory, "buffer_memory"))
        if max_outage is not None:
            builder.set(lib.vecsink_pipeline_builder_max_outage, count(max_outage, "max_outage", 1000))
        builder.set(lib.vecsink_pipeline_builder_fresh, bool(fresh))
        return cls(builder.open(lib.vecsink_pipeline_builder_start, lib.vecsink_pipeline_free))

    def __init__(self, pointer: c_void_p) -> None:
        """Use ``from_sql`` or ``attach``."""
        super().__init__(pointer, lib.vecsink_pipeline_free)

    def wait(self, timeout: float | None = None) -> None:
        """Returns when the job has ended: its bounded sources are read, or it was stopped. Raises the error if it failed, and
        TimedOutError if it still runs after ``timeout`` seconds."""
        patience = Patience(timeout)
        while True:
            error = c_void_p()
            code = lib.vecsink_pipeline_wait(self._pointer, patience.slice_ms(), byref(error))
            if code == Code.OK:
                return
            if code != Code.TIMED_OUT or patience.is_over():
                raise take(code, error)
            forget(error)

    def stats(self) -> Stats:
        """The figures of the job."""
        struct = _stats.room()
        check(lib.vecsink_pipeline_stats, self._pointer, byref(struct))
        return _stats.read(struct)

    def stop(self, timeout: float = 25.0) -> Stats:
        """Reads nothing more, writes the rows that were read, and ends the job. StoppedError when that takes longer than
        ``timeout`` seconds; nothing is lost, because the next start goes on. Ctrl-C ends only the wait for the job's end."""
        deadline = int(Patience(timeout).left() * 1000)

        def call() -> Stats:
            struct = _stats.room()
            try:
                check(lib.vecsink_pipeline_stop, self._pointer, deadline, byref(struct))
            finally:
                self._ownership.closed = True
            return _stats.read(struct)

        return interruptible(call, lambda _: None)

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.closed:
            return
        try:
            self.stop()
        except Error:
            if error is None:
                raise
            _log.logger.exception("stopping the job failed, too")

    def __repr__(self) -> str:
        return f"<vecsink.Pipeline, {'ended' if self.closed else 'running'}>"


def _entry(name: Any, value: Option) -> tuple[bytes, bytes]:
    return string(name, "an option's name"), option(value, name)
