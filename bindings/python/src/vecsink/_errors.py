"""The exceptions."""

from __future__ import annotations

from ctypes import byref, c_char_p, c_int32, c_int64, c_void_p
from typing import Any, ClassVar, NamedTuple

from ._abi import Code
from ._library import lib


class Position(NamedTuple):
    """A record's position in Kafka. For a pushed row the topic is ``push:<stream>``, and the offset is the row's number."""

    topic: str
    partition: int
    offset: int


class Error(Exception):
    """Any error that the library reports. The text says what happened, where, and what to do."""

    code: Code = Code.INTERNAL
    """The library's code for the error. Some classes stand for several codes."""
    sqlstate: str | None = None
    """The database's SQLSTATE. For a value that the library refused it is the one that the database would have given."""
    column: str | None = None
    position: Position | None = None
    retryable: bool = False
    """Whether the same call may succeed later."""
    in_doubt: bool = False
    """Whether rows that were accepted before may or may not be in the database."""
    accepted: int = 0
    """For a batch: how many of its first rows were accepted before the error. Push the others again."""

    _default: ClassVar[Code] = Code.INTERNAL

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = self._default
        for name, value in details.items():
            setattr(self, name, value)


class InvalidArgumentError(Error, ValueError):
    """An argument that is not allowed: a negative time-out, a NUL in a name, a value out of range."""

    _default = Code.INVALID_ARGUMENT


class UnsupportedTypeError(Error, TypeError):
    """A value of a type that no column takes."""

    _default = Code.INVALID_ARGUMENT


class ShapeError(Error, ValueError):
    """The row or batch doesn't have the sink's columns, or its columns differ in length."""

    _default = Code.SHAPE


class ConfigError(Error, ValueError):
    """Options or SQL are wrong; all errors, each on its line. Nothing was opened."""

    _default = Code.CONFIG


class SourceError(Error):
    """Kafka refused or lacks something."""

    _default = Code.SOURCE


class TargetError(Error):
    """The database refused or lacks something."""

    _default = Code.TARGET


class StrictError(Error):
    """A row can't be written, and the sink's mode is strict: the sink has failed."""

    _default = Code.STRICT


class DeadLetterError(Error):
    """The dead-letter target can't be written."""

    _default = Code.DEAD_LETTER


class RejectedError(Error, ValueError):
    """The table could never store this row. The row was not accepted, and got no number. The sink goes on."""

    _default = Code.REJECTED


class WouldBlockError(Error, BlockingIOError):
    """There is no room now, and the call was told not to wait."""

    _default = Code.WOULD_BLOCK


class TimedOutError(Error, TimeoutError):
    """The time-out was over before the call had done its work."""

    _default = Code.TIMED_OUT


class OutOfOrderError(Error, ValueError):
    """A sequence number that isn't above those that were accepted already."""

    _default = Code.OUT_OF_ORDER


class ClosedError(Error):
    """The sink or pipeline was closed."""

    _default = Code.CLOSED


class FailedError(Error):
    """The sink has failed earlier and takes no more rows. Rows from ``durable`` on may not be in the database."""

    _default = Code.FAILED


class FencedError(FailedError):
    """Another process has opened this stream, or this sink's stream was opened again."""

    _default = Code.FENCED


class NotDurableError(Error):
    """The sink was closed before everything was written. The rest may or may not be in the database."""

    _default = Code.NOT_DURABLE


class StoppedError(Error):
    """The job ended before everything was written. Nothing is lost: the rest is read again at the next start."""

    _default = Code.STOPPED


class UnsupportedError(Error, NotImplementedError):
    """The library was built without a feature that the call needs."""

    _default = Code.UNSUPPORTED


class ForkedError(Error):
    """The sink belongs to the parent process. Or the parent had a sink open at the fork, and then this process can't open
    any. Open sinks in processes that were forked before the parent opened one or after it closed all, or that were
    spawned."""

    _default = Code.FORKED


class InCallbackError(Error):
    """A callback must not make this call."""

    _default = Code.IN_CALLBACK


class InternalError(Error):
    """A bug of the library; please report it."""

    _default = Code.INTERNAL


class OutOfMemoryError(Error, MemoryError):
    """There isn't enough memory now for a large row."""

    _default = Code.OUT_OF_MEMORY


def shown(value: Any) -> str:
    """A wrong argument as text for a message. A long text is shortened. (Python can't print a number of 5000 digits at all.)"""
    try:
        text = repr(value)
    except ValueError:
        return f"a huge {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:50]}… ({len(text)} characters)"


CLASSES: dict[Code, type[Error]] = {
    Code.INVALID_ARGUMENT: InvalidArgumentError,
    Code.INVALID_HANDLE: ClosedError,
    Code.INVALID_UTF8: InvalidArgumentError,
    Code.CONFIG: ConfigError,
    Code.SOURCE: SourceError,
    Code.TARGET: TargetError,
    Code.STRICT: StrictError,
    Code.DEAD_LETTER: DeadLetterError,
    Code.STOPPED: StoppedError,
    Code.NOT_DURABLE: NotDurableError,
    Code.WOULD_BLOCK: WouldBlockError,
    Code.TIMED_OUT: TimedOutError,
    Code.REJECTED: RejectedError,
    Code.SHAPE: ShapeError,
    Code.OUT_OF_ORDER: OutOfOrderError,
    Code.CLOSED: ClosedError,
    Code.FAILED: FailedError,
    Code.FENCED: FencedError,
    Code.UNSUPPORTED: UnsupportedError,
    Code.FORKED: ForkedError,
    Code.IN_CALLBACK: InCallbackError,
    Code.INTERNAL: InternalError,
    Code.OUT_OF_MEMORY: OutOfMemoryError,
}


def text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "replace")


def take(code: int, pointer: c_void_p) -> Error:
    """The exception for a failed call; frees the library's error object."""
    if not pointer.value:
        name = text(lib.vecsink_code_name(code))
        return _class_of(code)(f"the library gave {name} without saying why", code=_known(code))
    try:
        return _class_of(code)(
            text(lib.vecsink_error_message(pointer)) or "",
            code=_known(lib.vecsink_error_code(pointer)),
            sqlstate=text(lib.vecsink_error_sqlstate(pointer)),
            column=text(lib.vecsink_error_column(pointer)),
            position=_position(pointer),
            retryable=lib.vecsink_error_is_retryable(pointer),
            in_doubt=lib.vecsink_error_is_in_doubt(pointer),
            accepted=lib.vecsink_error_accepted(pointer),
        )
    finally:
        forget(pointer)


def forget(pointer: c_void_p) -> None:
    """Frees an error that isn't raised. To raise one, raise the result of `take` directly, without a variable for it: the
    traceback refers to the variables, so the exception would refer to itself, and all of them would live until the next
    garbage collection."""
    lib.vecsink_error_free(pointer)
    pointer.value = None


def _known(code: int) -> Code:
    return Code(code) if code in Code.__members__.values() else Code.INTERNAL


def _class_of(code: int) -> type[Error]:
    return CLASSES.get(_known(code), Error)


def _position(pointer: c_void_p) -> Position | None:
    topic, partition, offset = c_char_p(), c_int32(), c_int64()
    if not lib.vecsink_error_position(pointer, byref(topic), byref(partition), byref(offset)):
        return None
    return Position(text(topic.value) or "", partition.value, offset.value)


def check(function: Any, *arguments: Any) -> None:
    """Calls a function of the library whose last argument is the place for its error. Raises the error."""
    error = c_void_p()
    code = function(*arguments, byref(error))
    if code != 0:
        raise take(code, error)
