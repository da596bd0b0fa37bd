"""A table that rows are pushed into."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from ctypes import byref, c_char_p, c_int64, c_size_t, c_uint64, c_void_p
from operator import itemgetter
from types import TracebackType
from typing import Any, Callable, Literal, NamedTuple

from . import _arrow, _batch, _log, _stats
from ._abi import NEXT, Code, ConflictMode, DeliveryGuarantee, ExceptionMode, PushedRows, VectorIndexMode
from ._abi import Column as ColumnStruct
from ._builder import Builder, Option, choice, count, option, string, whole
from ._callbacks import Rejected, durable_callback, rejected_callback
from ._column import Column
from ._errors import ClosedError, Error, InvalidArgumentError, ShapeError, check, forget, shown, take, text
from ._frame import is_frame
from ._handle import Handle, in_callback
from ._library import lib, untyped
from ._stats import Stats
from ._value import SETTERS, WORDS, Values, put, setter_for
from ._wait import SLICE_MS, Patience, interruptible

ConflictModeName = Literal["upsert", "ignore", "strict"]
ExceptionModeName = Literal["ignore", "strict"]
VectorIndexModeName = Literal["inline", "behind", "defer"]
DeliveryGuaranteeName = Literal["at-least-once", "exactly-once"]

ROWS_A_CALL = 65_536
"""How many rows of a batch one call of the library takes. Between two calls Python handles signals, such as Ctrl-C."""

_push = untyped("vecsink_sink_push")
_delete = untyped("vecsink_sink_delete")
_NEXT, _SLICE = c_uint64(NEXT), c_int64(SLICE_MS)
_OK, _TIMED_OUT = int(Code.OK), int(Code.TIMED_OUT)


class Pushed(NamedTuple):
    """A batch that was accepted."""

    first: int | None
    """The number of its first row; ``last`` is that of its last row. None without rows. If no other thread pushes at the same
    time, all numbers between them belong to the batch."""
    last: int | None
    rows: int
    rejected: int
    """How many of the rows can't be stored. `on_rejected` is called for each."""


class _Row:
    """The memory that one push needs. It is made once and used again by later pushes, by one at a time."""

    __slots__ = ("values", "error", "sequence", "arguments")

    def __init__(self, sink: c_void_p, width: int) -> None:
        self.values = Values(width)
        self.error, self.sequence = c_void_p(), c_uint64()
        self.arguments = self.waiting(sink, _NEXT, _SLICE)

    def waiting(self, sink: c_void_p, sequence: c_uint64, timeout: c_int64) -> tuple[Any, ...]:
        """The arguments of the call, all as ctypes objects, which need no conversion when the function is called."""
        values = self.values
        out, error = byref(self.sequence), byref(self.error)
        return sink, c_void_p(values.address), c_size_t(values.count), sequence, timeout, out, error


class Sink(Handle):
    """A table that rows are pushed into.

    ``url`` is ``postgresql://user:password@host/database`` as libpq reads it, or ``jdbc:postgresql://…``; ``table`` is
    ``schema.table``. ``columns``: the columns that rows have, in their order. Default: all columns of the table, except those
    that the database generates.

    A push encodes the row, gives it a number and returns. The library commits it on threads of its own, milliseconds later if
    there is little to do. A pushed row is durable once ``durable`` is above its number: it is committed, was left out
    by the conflict mode, or was rejected. **Only from then on a row is safe.** Rows of one key that one thread pushes
    are written in their order. All methods may be called by any number of threads.

    ``user`` and ``password`` are used instead of the URL's. ``conflict_mode``: whether a row replaces the row with its key
    (the default), or is left out, or is an error. ``exception_mode``: whether a row that can't be stored is rejected (the
    default; ``dead_letter_file`` keeps such rows as JSON Lines), or makes the sink fail. ``batch_size``: the most rows in one
    transaction; by default the sink finds the best number while it runs. ``connections``: the most connections, by default
    20. ``vector_dimension``: the length of every vector, for tables whose types and indexes don't say it.
    ``vector_normalize``: whether vectors are scaled to length 1. ``vector_index``: how rows get into the table's vector
    index: ``inline`` (the default), ``behind`` or ``defer``. ``delivery_guarantee``: ``at-least-once`` (the default) or
    ``exactly-once``, which needs ``stream`` and a ``sequence`` of your own for each row. ``application_name``: the name of the
    sessions in ``pg_stat_activity``; with ``stream``, ``/`` and 16 digits follow, which are other ones for each sink.
    ``stream`` names the rows' stream, for a host that numbers its rows itself: see ``resume_position``.
    ``deletes``: whether ``delete`` will be called. ``buffer_memory``: the most bytes of rows between push and COMMIT, by
    default 64 MiB; when they are used up, pushes wait. ``linger``: how many seconds a row waits for other rows of its
    transaction. ``max_outage``: how many seconds the database may be unreachable before the sink fails. ``options``: any
    other sink option, by the name that it has in a job file.

    ``on_durable(durable)`` and ``on_rejected(rejected)`` are called by a thread of the library. They may push, but must not
    close the sink. Exceptions that they raise are logged.

    Use it in a ``with`` block, or ``close`` it. A child process made by ``fork`` can't use it. It can open a sink of its own
    only if its parent had none open at the fork: close all sinks before, or start processes first, or with ``spawn``.
    """

    __slots__ = ("columns", "key", "_rows", "_width", "_order", "_closing")

    columns: tuple[str, ...]
    """The columns that rows have, in this order."""
    key: tuple[str, ...]
    """The columns whose values ``delete`` takes, in this order. Empty if the table has no key."""

    def __init__(
        self,
        url: str,
        table: str,
        *,
        columns: Iterable[str] | None = None,
        user: str | None = None,
        password: str | None = None,
        conflict_mode: ConflictModeName | None = None,
        exception_mode: ExceptionModeName | None = None,
        batch_size: int | None = None,
        connections: int | None = None,
        dead_letter_file: str | os.PathLike[str] | None = None,
        vector_dimension: int | None = None,
        vector_normalize: bool | None = None,
        vector_index: VectorIndexModeName | None = None,
        delivery_guarantee: DeliveryGuaranteeName | None = None,
        application_name: str | None = None,
        stream: str | None = None,
        deletes: bool = False,
        buffer_memory: int | None = None,
        linger: float | None = None,
        max_outage: float | None = None,
        on_durable: Callable[[int], Any] | None = None,
        on_rejected: Callable[[Rejected], Any] | None = None,
        options: Mapping[str, Option] | None = None,
    ) -> None:
        _log.follow_logger()
        arguments = string(url, "url"), string(table, "table")
        with Builder(lib.vecsink_sink_builder_new, lib.vecsink_sink_builder_free, *arguments) as builder:
            if columns is not None:
                if isinstance(columns, str):
                    raise InvalidArgumentError("columns are names, not one str")
                names = [string(name, "a column's name") for name in columns]
                builder.set(lib.vecsink_sink_builder_columns, (c_char_p * len(names))(*names), len(names))
            for name, value in (options or {}).items():
                builder.set(lib.vecsink_sink_builder_option, string(name, "an option's name"), option(value, name))
            if user is not None:
                builder.set(lib.vecsink_sink_builder_user, string(user, "user"))
            if password is not None:
                builder.set(lib.vecsink_sink_builder_password, string(password, "password"))
            if conflict_mode is not None:
                builder.set(lib.vecsink_sink_builder_conflict_mode, choice(conflict_mode, ConflictMode, "conflict_mode"))
            if exception_mode is not None:
                builder.set(lib.vecsink_sink_builder_exception_mode, choice(exception_mode, ExceptionMode, "exception_mode"))
            if batch_size is not None:
                builder.set(lib.vecsink_sink_builder_batch_size, whole(batch_size, "batch_size"))
            if connections is not None:
                builder.set(lib.vecsink_sink_builder_connections, whole(connections, "connections"))
            if dead_letter_file is not None:
                builder.set(lib.vecsink_sink_builder_dead_letter_file, string(dead_letter_file, "dead_letter_file"))
            if vector_dimension is not None:
                builder.set(lib.vecsink_sink_builder_vector_dimension, whole(vector_dimension, "vector_dimension"))
            if vector_normalize is not None:
                builder.set(lib.vecsink_sink_builder_vector_normalize, bool(vector_normalize))
            if vector_index is not None:
                builder.set(lib.vecsink_sink_builder_vector_index, choice(vector_index, VectorIndexMode, "vector_index"))
            if delivery_guarantee is not None:
                guarantee = choice(delivery_guarantee, DeliveryGuarantee, "delivery_guarantee")
                builder.set(lib.vecsink_sink_builder_delivery_guarantee, guarantee)
            if application_name is not None:
                builder.set(lib.vecsink_sink_builder_application_name, string(application_name, "application_name"))
            if stream is not None:
                builder.set(lib.vecsink_sink_builder_stream, string(stream, "stream"))
            builder.set(lib.vecsink_sink_builder_deletes, bool(deletes))
            if buffer_memory is not None:
                builder.set(lib.vecsink_sink_builder_buffer_memory, count(buffer_memory, "buffer_memory"))
            if linger is not None:
                builder.set(lib.vecsink_sink_builder_linger, count(linger, "linger", 1_000_000))
            if max_outage is not None:
                builder.set(lib.vecsink_sink_builder_max_outage, count(max_outage, "max_outage", 1000))
            kept: list[Any] = []
            if on_durable is not None:
                kept.append(durable_callback(on_durable))
                builder.set(lib.vecsink_sink_builder_on_durable, kept[-1], None)
            if on_rejected is not None:
                kept.append(rejected_callback(on_rejected))
                builder.set(lib.vecsink_sink_builder_on_rejected, kept[-1], None)
            pointer = builder.open(lib.vecsink_sink_builder_open, lib.vecsink_sink_free, kept)
        super().__init__(pointer, lib.vecsink_sink_free, kept)
        self.columns = _names(pointer, lib.vecsink_sink_column_count, lib.vecsink_sink_column_name)
        self.key = _names(pointer, lib.vecsink_sink_key_count, lib.vecsink_sink_key_name)
        self._width = len(self.columns)
        self._order = _in_order(self.columns)
        self._rows: list[_Row] = []
        self._closing = False

    # -- pushing

    def push(
        self,
        row: Mapping[str, Any] | None = None,
        /,
        *,
        sequence: int | None = None,
        timeout: float | None = None,
        **columns: Any,
    ) -> int:
        """Pushes one row and returns its number. Give the columns by name, ``push(id=7, feature=embedding)``, or as a
        mapping, for column names that aren't Python identifiers.

        Waits while there is no room, ``timeout`` seconds at most (TimedOutError), or not at all with 0 (WouldBlockError).
        ``sequence`` is a number of your own, above all earlier numbers. A row that the table could never store is not accepted
        (RejectedError).

        A vector is a numpy array of float16, 32 or 64, an ``array.array`` of 'f' or 'd' (neither is copied first), or a list.
        A datetime with a zone is an instant, one without a zone is for ``timestamp``. None, NaT, pandas' NA and numpy's
        masked are NULL. dicts become JSON. Another thread must not change or resize an array during the call."""
        if row is not None:
            columns = {**row, **columns}
        if len(columns) != self._width:
            raise self._misfit(columns)
        try:
            values = self._order(columns)
        except KeyError:
            raise self._misfit(columns) from None
        return self._send(values, sequence, timeout)

    def push_values(self, values: Sequence[Any], /, *, sequence: int | None = None, timeout: float | None = None) -> int:
        """Pushes one row, a sequence of values in the order of ``columns``. For the rest see ``push``."""
        values = tuple(values)  # so they stay alive, even if the list is changed
        if len(values) != self._width:
            columns = ", ".join(self.columns)
            raise ShapeError(f"the row has {len(values)} values, the sink has {self._width} columns: {columns}")
        return self._send(values, sequence, timeout)

    def _send(self, row: Sequence[Any], sequence: int | None, timeout: float | None) -> int:
        if self._closing:
            raise _closed()
        try:
            buffers = self._rows.pop()
        except IndexError:
            buffers = _Row(self._pointer, self._width)
        values = buffers.values
        at = 0
        try:
            for value in row:
                setter = SETTERS.get(type(value)) or setter_for(type(value))
                setter(values, at, value)
                at += WORDS
        except (Error, TypeError, ValueError, OverflowError) as error:
            raise _of_column(error, self.columns[at // WORDS]) from error
        if sequence is None and timeout is None:
            code = _push(*buffers.arguments)
            if code != _OK:
                self._go_on(_push, buffers, code, None, None)
        else:
            self._go_on(_push, buffers, _TIMED_OUT, sequence, timeout)
        if values.keep:
            values.keep.clear()
        number = buffers.sequence.value
        self._rows.append(buffers)  # from now on another thread may use them
        return number

    def _go_on(self, function: Any, buffers: _Row, code: int, sequence: int | None, timeout: float | None) -> None:
        """Calls until there is room, slice by slice."""
        patience = Patience(timeout)
        number = _NEXT if sequence is None else c_uint64(_sequence(sequence))
        while code == _TIMED_OUT:
            if buffers.error:  # the error of the call before
                if self._closing:
                    raise _closed()
                if patience.is_over():
                    raise take(code, buffers.error)
                forget(buffers.error)
            code = function(*buffers.waiting(self._pointer, number, c_int64(patience.slice_ms())))
        if code != _OK:
            raise take(code, buffers.error)

    def push_batch(self, data: Any, /, *, sequence: int | None = None, timeout: float | None = None) -> Pushed:
        """Pushes a batch of rows that is given as columns: a dict of columns, a structured array, a pandas DataFrame (without
        its index), or anything that exports Arrow: pyarrow's Table and RecordBatch, polars' DataFrame …

        A column of vectors is a matrix, whose rows are the vectors, or a list of vectors. Numpy arrays and Arrow are
        read in place. A numpy array is copied first only if its elements are out of order in memory, unaligned, or in the
        other byte order.

        Rows get rising numbers, or the numbers from ``sequence`` on. A row that can't be stored is accepted and then
        rejected, and the batch goes on; if ``exception_mode`` is strict, the batch ends before it instead. When the batch
        ends early, its first ``error.accepted`` rows were accepted."""
        first = None if sequence is None else _sequence(sequence)
        total = _Total(first)
        patience = Patience(timeout)
        try:
            if _is_arrow(data):
                # The generator holds memory of other objects, so it is closed at once, also when a call fails.
                with closing(_arrow.batches(data)) as batches:
                    for batch in batches:
                        self._push_arrow(batch, total, patience)
            elif not _batch.is_nothing(data):
                self._push_columns(_batch.columns(data), total, patience)
        except Error as error:
            error.accepted = total.rows
            raise
        return Pushed(total.first, total.last, total.rows, total.rejected)

    def _push_columns(self, columns: list[Column], total: _Total, patience: Patience) -> None:
        structs = (ColumnStruct * len(columns))()
        left = columns[0].rows if columns else 0
        while True:
            for at, column in enumerate(columns):
                structs[at] = column.struct
            rows = min(left, ROWS_A_CALL)
            pushed = self._push_part(lib.vecsink_sink_push_batch, (structs, len(columns), rows), total, patience)
            left -= pushed
            if left == 0:
                return
            for column in columns:
                column.advance(pushed)

    def _push_arrow(self, batch: _arrow.Batch, total: _Total, patience: Patience) -> None:
        done = 0
        while done < batch.rows or batch.rows == 0:
            array, schema = batch.borrow(done, min(batch.rows - done, ROWS_A_CALL))
            done += self._push_part(lib.vecsink_sink_push_arrow, (byref(array), byref(schema)), total, patience)
            if batch.rows == 0:
                return

    def _push_part(self, function: Any, rows: tuple[Any, ...], total: _Total, patience: Patience) -> int:
        """Makes one call and returns how many rows were accepted. It is an error if there is no room when the time-out is
        over."""
        if self._closing:
            raise _closed()
        pushed, error = PushedRows(), c_void_p()
        wait = patience.slice_ms()
        code = function(self._pointer, *rows, total.next(), wait, byref(pushed), byref(error))
        total.add(pushed)
        if code != _OK:
            if code != _TIMED_OUT or patience.is_over():
                raise take(code, error)
            forget(error)
        return int(pushed.rows)

    def delete(self, *key: Any, sequence: int | None = None, timeout: float | None = None) -> int:
        """Deletes the row with this key, whose values are given in the order of ``key``. It is not an error if there is no
        such row. Returns a number, as a push does. The delete is carried out in its order among the rows of its key. The sink
        must have been opened with ``deletes=True``."""
        if self._closing:
            raise _closed()
        buffers = _Row(self._pointer, len(key))
        for at, value in enumerate(key):
            try:
                put(buffers.values, WORDS * at, value)
            except (Error, TypeError, ValueError, OverflowError) as error:
                raise _of_column(error, self.key[at] if at < len(self.key) else f"{at + 1} of the key") from error
        self._go_on(_delete, buffers, _TIMED_OUT, sequence, timeout)
        return buffers.sequence.value

    def _misfit(self, columns: Mapping[str, Any]) -> ShapeError:
        unknown = [name for name in columns if name not in self.columns]
        missing = [name for name in self.columns if name not in columns]
        said = [f"the sink has no column {name}" for name in unknown]
        said += [f"the row lacks column {name} (None is NULL)" for name in missing]
        return ShapeError(f"{'; '.join(said)}; the sink's columns are {', '.join(self.columns)}")

    # -- durability

    @property
    def durable(self) -> int:
        """The first number that isn't durable yet: every row below it is committed, was left out by the conflict mode, or was
        rejected."""
        return int(lib.vecsink_sink_durable(self._pointer))

    @property
    def resume_position(self) -> int:
        """The first row of a named stream that must be pushed again: all rows below this number are durable. 0 for a new
        stream, and for a sink without a stream name. Rows below it that are pushed again are dropped, and counted as
        ``rows_repeated``."""
        return int(lib.vecsink_sink_resume_position(self._pointer))

    def wait_durable(self, sequence: int, timeout: float | None = None) -> None:
        """Returns when the row with this number is durable. The row may be one that another thread has not pushed yet.
        TimedOutError if it isn't durable in time, ClosedError if the sink was closed before it was pushed."""
        _wait_for(self._pointer, _sequence(sequence), Patience(timeout))

    def flush(self, timeout: float | None = None) -> None:
        """Writes all pushed rows at once, and returns when they are durable. TimedOutError if they aren't durable in time."""
        self._flush(Patience(timeout))

    def _flush(self, patience: Patience) -> None:
        end = self.stats().next
        error = c_void_p()
        code = lib.vecsink_sink_flush(self._pointer, 0, byref(error))
        if code != _OK:
            if code not in (Code.TIMED_OUT, Code.WOULD_BLOCK):
                raise take(code, error)
            forget(error)
        if end > 0:
            _wait_for(self._pointer, end - 1, patience)

    def stats(self) -> Stats:
        """The figures of the sink."""
        struct = _stats.room()
        check(lib.vecsink_sink_stats, self._pointer, byref(struct))
        return _stats.read(struct)

    # -- the end

    def close(self, timeout: float = 25.0) -> Stats:
        """Takes no more rows, and waits until all pushed rows are durable and the last callbacks are made. NotDurableError if
        that takes longer than ``timeout`` seconds. Closing again gives the same result. A callback must not call this.

        With ``vector_index="defer"`` this also builds the vector indexes that the sink has dropped, so give it enough time.
        TargetError if the time wasn't enough: all rows are durable, and the next sink of the table builds the indexes."""
        if getattr(in_callback, "now", False):
            return self._end(0.0)  # the library refuses this
        patience = Patience(timeout)
        self._closing = True
        try:
            # Ctrl-C ends this wait. The sink is still open then, and may be closed again.
            self._flush(patience)
        except Error:
            pass  # closing raises it, too
        # The last callbacks and storing a stream's position take time, too. After Ctrl-C a thread goes on closing the sink.
        return interruptible(lambda: self._end(patience.left()), lambda _: None)

    def _end(self, left: float) -> Stats:
        struct = _stats.room()
        try:
            check(lib.vecsink_sink_close, self._pointer, int(left * 1000), byref(struct))
        except Error as error:
            self._ownership.closed = error.code not in (Code.IN_CALLBACK, Code.FORKED)
            raise
        self._ownership.closed = True
        return _stats.read(struct)

    def __enter__(self) -> Sink:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.close()
        except Error:
            if error is None:
                raise
            _log.logger.exception("closing the sink failed, too")

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"durable {self.durable}"
        return f"<vecsink.Sink of {', '.join(self.columns)}; {state}>"


class _Total:
    """The sum of what the calls for the parts of a batch returned."""

    def __init__(self, start: int | None) -> None:
        self._start = start
        self.first: int | None = None
        self.last: int | None = None
        self.rows = self.rejected = 0

    def next(self) -> int:
        return NEXT if self._start is None else self._start + self.rows

    def add(self, part: PushedRows) -> None:
        if part.rows:
            self.first = part.first if self.first is None else self.first
            self.last = part.last
            self.rows += part.rows
            self.rejected += part.rejected


def _is_arrow(data: Any) -> bool:
    # A pandas DataFrame exports Arrow by copying; its columns are read in place instead.
    return _arrow.exports(data) and not is_frame(data)


def _names(pointer: c_void_p, length: Any, name: Any) -> tuple[str, ...]:
    return tuple(text(name(pointer, at)) or "" for at in range(length(pointer)))


def _in_order(columns: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    if len(columns) == 1:
        only = columns[0]
        return lambda row: (row[only],)
    return itemgetter(*columns) if columns else lambda row: ()


def _closed() -> ClosedError:
    return ClosedError("the sink is closed")


def _sequence(number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < NEXT:
        raise InvalidArgumentError(f"a sequence number is an int from 0 on, not {shown(number)}")
    return number


def _of_column(error: Exception, column: str) -> Error:
    if isinstance(error, Error):
        return type(error)(f"column {column}: {error}", column=column)
    return InvalidArgumentError(f"column {column}: {error}", column=column)


def _wait_for(pointer: c_void_p, sequence: int, patience: Patience) -> None:
    while True:
        error = c_void_p()
        wait = patience.slice_ms()
        code = lib.vecsink_sink_wait_durable(pointer, sequence, wait, byref(error))
        if code == _OK:
            return
        if code != _TIMED_OUT or patience.is_over():
            raise take(code, error)
        forget(error)
