"""The numbers, structs and prototypes of include/vecsink.h. tests/test_abi.py compares this file with the header."""

from __future__ import annotations

from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    Union,
    c_bool,
    c_char_p,
    c_double,
    c_int32,
    c_int64,
    c_size_t,
    c_ssize_t,
    c_uint32,
    c_uint64,
    c_void_p,
)
from enum import IntEnum
from typing import Any


class Code(IntEnum):
    """Why a call failed. Numbers never change; new ones may be added."""

    OK = 0
    INVALID_ARGUMENT = 1
    INVALID_HANDLE = 2
    INVALID_UTF8 = 3
    CONFIG = 4
    SOURCE = 5
    TARGET = 6
    STRICT = 7
    DEAD_LETTER = 8
    STOPPED = 9
    NOT_DURABLE = 10
    WOULD_BLOCK = 11
    TIMED_OUT = 12
    REJECTED = 13
    SHAPE = 14
    OUT_OF_ORDER = 15
    CLOSED = 16
    FAILED = 17
    FENCED = 18
    UNSUPPORTED = 19
    FORKED = 20
    IN_CALLBACK = 21
    INTERNAL = 22
    OUT_OF_MEMORY = 23


class ConflictMode(IntEnum):
    UPSERT = 0
    IGNORE = 1
    STRICT = 2


class ExceptionMode(IntEnum):
    IGNORE = 0
    STRICT = 1


class VectorIndexMode(IntEnum):
    INLINE = 0
    BEHIND = 1
    DEFER = 2


class DeliveryGuarantee(IntEnum):
    AT_LEAST_ONCE = 0
    EXACTLY_ONCE = 1


class LogLevel(IntEnum):
    OFF = 0
    ERROR = 1
    WARN = 2
    INFO = 3
    DEBUG = 4
    TRACE = 5


class Type(IntEnum):
    """The type of a single value."""

    NULL = 0
    BOOL = 1
    I64 = 2
    F32 = 3
    F64 = 4
    STR = 5
    BYTES = 6
    DECIMAL = 7
    DATE = 8
    TIME = 9
    TIMESTAMP = 10
    INSTANT = 11
    VECTOR_F32 = 12
    VECTOR_F64 = 13
    VECTOR_F16 = 14
    ARRAY = 15


class ColumnType(IntEnum):
    """The type of a column of a batch."""

    NULL = 0
    BOOL = 1
    BITS = 2
    I8 = 3
    I16 = 4
    I32 = 5
    I64 = 6
    U8 = 7
    U16 = 8
    U32 = 9
    U64 = 10
    F16 = 11
    F32 = 12
    F64 = 13
    DECIMAL128 = 14
    STR = 15
    BYTES = 16
    STR_POINTERS = 17
    DATE = 18
    TIME = 19
    TIMESTAMP = 20
    INSTANT = 21
    MATRIX_F32 = 22
    MATRIX_F64 = 23
    MATRIX_F16 = 24
    LISTS_F32 = 25
    LISTS_F64 = 26
    LISTS_F16 = 27
    VALUES = 28


class Unit(IntEnum):
    """The unit in which a time is counted."""

    SECOND = 0
    MILLISECOND = 1
    MICROSECOND = 2
    NANOSECOND = 3


NEXT = 2**64 - 1
"""A value for a sequence number: the row gets the next number."""


class Span(Structure):
    _fields_ = [("data", c_void_p), ("length", c_size_t)]


class Decimal128(Structure):
    _fields_ = [("high", c_int64), ("low", c_uint64)]


class ValueUnion(Union):
    _fields_ = [("i64", c_int64), ("f64", c_double), ("span", Span), ("decimal", Decimal128)]


class Value(Structure):
    _fields_ = [("type", c_int32), ("extra", c_uint32), ("as_", ValueUnion)]


class Rejection(Structure):
    _fields_ = [
        ("sequence", c_uint64),
        ("stage", c_char_p),
        ("reason", c_char_p),
        ("column", c_char_p),
        ("sqlstate", c_char_p),
    ]


class Column(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("type", c_int32),
        ("unit", c_int32),
        ("scale", c_int32),
        ("offset_bits", c_int32),
        ("data", c_void_p),
        ("length", c_size_t),
        ("stride", c_size_t),
        ("dimension", c_size_t),
        ("offsets", c_void_p),
        ("bit_offset", c_size_t),
        ("validity", c_void_p),
        ("validity_offset", c_size_t),
        ("reserved", c_uint64 * 2),
    ]


class PushedRows(Structure):
    _fields_ = [("first", c_uint64), ("last", c_uint64), ("rows", c_size_t), ("rejected", c_size_t)]


COUNTERS = (
    "records_read",
    "bytes_read",
    "rows_read",
    "rows_written",
    "rows_deleted",
    "rows_superseded",
    "rows_ignored",
    "rows_dead_lettered",
    "parse_errors_ignored",
    "fields_ignored",
    "batches",
    "retries",
    "next",
    "durable",
    "lag",
    "held_bytes",
)


class StatsStruct(Structure):
    _fields_ = [
        ("size", c_size_t),
        *((name, c_uint64) for name in COUNTERS),
        ("freshness_ms", c_int64),
        ("connections", c_uint32),
        ("outage", c_uint32),
        ("age_ms", c_int64),
        ("records_missed", c_uint64),
        ("progress_age_ms", c_int64),
        ("rows_moved", c_uint64),
        ("rows_waiting_for_index", c_uint64),
        ("oldest_waiting_ms", c_int64),
        ("rows_unchanged", c_uint64),
        ("rows_repeated", c_uint64),
    ]


class ArrowSchema(Structure):
    """A struct of the Arrow C Data Interface."""


ArrowSchema._fields_ = [
    ("format", c_char_p),
    ("name", c_char_p),
    ("metadata", c_void_p),
    ("flags", c_int64),
    ("n_children", c_int64),
    ("children", c_void_p),
    ("dictionary", c_void_p),
    ("release", c_void_p),
    ("private_data", c_void_p),
]


class ArrowArray(Structure):
    _fields_ = [
        ("length", c_int64),
        ("null_count", c_int64),
        ("offset", c_int64),
        ("n_buffers", c_int64),
        ("n_children", c_int64),
        ("buffers", c_void_p),
        ("children", c_void_p),
        ("dictionary", c_void_p),
        ("release", c_void_p),
        ("private_data", c_void_p),
    ]


class ArrowArrayStream(Structure):
    _fields_ = [
        ("get_schema", c_void_p),
        ("get_next", c_void_p),
        ("get_last_error", c_void_p),
        ("release", c_void_p),
        ("private_data", c_void_p),
    ]


LogCallback = CFUNCTYPE(None, c_void_p, c_int32, c_void_p, c_size_t)
DurableCallback = CFUNCTYPE(None, c_void_p, c_uint64)
RejectedCallback = CFUNCTYPE(None, c_void_p, POINTER(Rejection))

_CODE = c_int32
_ERROR = POINTER(c_void_p)
_OUT = POINTER(c_void_p)
_SEQUENCE = POINTER(c_uint64)

PROTOTYPES: dict[str, tuple[Any, ...]] = {
    # name: type of the result, types of the arguments
    "vecsink_version": (c_char_p,),
    "vecsink_version_number": (c_uint32,),
    "vecsink_code_name": (c_char_p, _CODE),
    "vecsink_error_code": (_CODE, c_void_p),
    "vecsink_error_message": (c_char_p, c_void_p),
    "vecsink_error_sqlstate": (c_char_p, c_void_p),
    "vecsink_error_column": (c_char_p, c_void_p),
    "vecsink_error_is_retryable": (c_bool, c_void_p),
    "vecsink_error_is_in_doubt": (c_bool, c_void_p),
    "vecsink_error_position": (c_bool, c_void_p, POINTER(c_char_p), POINTER(c_int32), POINTER(c_int64)),
    "vecsink_error_accepted": (c_size_t, c_void_p),
    "vecsink_error_free": (None, c_void_p),
    "vecsink_log_set": (_CODE, c_int32, LogCallback, c_void_p, _ERROR),
    "vecsink_sink_builder_new": (_CODE, c_char_p, c_char_p, _OUT, _ERROR),
    "vecsink_sink_builder_columns": (_CODE, c_void_p, POINTER(c_char_p), c_size_t, _ERROR),
    "vecsink_sink_builder_option": (_CODE, c_void_p, c_char_p, c_char_p, _ERROR),
    "vecsink_sink_builder_user": (_CODE, c_void_p, c_char_p, _ERROR),
    "vecsink_sink_builder_password": (_CODE, c_void_p, c_char_p, _ERROR),
    "vecsink_sink_builder_conflict_mode": (_CODE, c_void_p, c_int32, _ERROR),
    "vecsink_sink_builder_exception_mode": (_CODE, c_void_p, c_int32, _ERROR),
    "vecsink_sink_builder_batch_size": (_CODE, c_void_p, c_uint32, _ERROR),
    "vecsink_sink_builder_connections": (_CODE, c_void_p, c_uint32, _ERROR),
    "vecsink_sink_builder_dead_letter_file": (_CODE, c_void_p, c_char_p, _ERROR),
    "vecsink_sink_builder_vector_dimension": (_CODE, c_void_p, c_size_t, _ERROR),
    "vecsink_sink_builder_vector_normalize": (_CODE, c_void_p, c_bool, _ERROR),
    "vecsink_sink_builder_vector_index": (_CODE, c_void_p, c_int32, _ERROR),
    "vecsink_sink_builder_delivery_guarantee": (_CODE, c_void_p, c_int32, _ERROR),
    "vecsink_sink_builder_application_name": (_CODE, c_void_p, c_char_p, _ERROR),
    "vecsink_sink_builder_stream": (_CODE, c_void_p, c_char_p, _ERROR),
    "vecsink_sink_builder_deletes": (_CODE, c_void_p, c_bool, _ERROR),
    "vecsink_sink_builder_linger": (_CODE, c_void_p, c_uint64, _ERROR),
    "vecsink_sink_builder_buffer_memory": (_CODE, c_void_p, c_size_t, _ERROR),
    "vecsink_sink_builder_max_outage": (_CODE, c_void_p, c_uint64, _ERROR),
    "vecsink_sink_builder_on_durable": (_CODE, c_void_p, DurableCallback, c_void_p, _ERROR),
    "vecsink_sink_builder_on_rejected": (_CODE, c_void_p, RejectedCallback, c_void_p, _ERROR),
    "vecsink_sink_builder_open": (_CODE, c_void_p, _OUT, _ERROR),
    "vecsink_sink_builder_free": (None, c_void_p),
    "vecsink_sink_open": (_CODE, c_char_p, c_char_p, _OUT, _ERROR),
    "vecsink_sink_column_count": (c_size_t, c_void_p),
    "vecsink_sink_column_name": (c_char_p, c_void_p, c_size_t),
    "vecsink_sink_column_index": (c_ssize_t, c_void_p, c_char_p),
    "vecsink_sink_key_count": (c_size_t, c_void_p),
    "vecsink_sink_key_name": (c_char_p, c_void_p, c_size_t),
    "vecsink_sink_push": (_CODE, c_void_p, c_void_p, c_size_t, c_uint64, c_int64, _SEQUENCE, _ERROR),
    "vecsink_sink_delete": (_CODE, c_void_p, c_void_p, c_size_t, c_uint64, c_int64, _SEQUENCE, _ERROR),
    "vecsink_row_new": (_CODE, c_void_p, _OUT, _ERROR),
    "vecsink_row_set": (_CODE, c_void_p, c_size_t, POINTER(Value), _ERROR),
    "vecsink_row_set_named": (_CODE, c_void_p, c_char_p, POINTER(Value), _ERROR),
    "vecsink_row_clear": (_CODE, c_void_p, _ERROR),
    "vecsink_sink_push_row": (_CODE, c_void_p, c_void_p, c_uint64, c_int64, _SEQUENCE, _ERROR),
    "vecsink_row_free": (None, c_void_p),
    "vecsink_sink_push_batch": (
        *(_CODE, c_void_p, POINTER(Column), c_size_t, c_size_t, c_uint64, c_int64),
        *(POINTER(PushedRows), _ERROR),
    ),
    "vecsink_sink_push_arrow": (
        *(_CODE, c_void_p, POINTER(ArrowArray), POINTER(ArrowSchema), c_uint64, c_int64),
        *(POINTER(PushedRows), _ERROR),
    ),
    "vecsink_sink_durable": (c_uint64, c_void_p),
    "vecsink_sink_resume_position": (c_uint64, c_void_p),
    "vecsink_sink_wait_durable": (_CODE, c_void_p, c_uint64, c_int64, _ERROR),
    "vecsink_sink_flush": (_CODE, c_void_p, c_int64, _ERROR),
    "vecsink_sink_stats": (_CODE, c_void_p, POINTER(StatsStruct), _ERROR),
    "vecsink_sink_close": (_CODE, c_void_p, c_int64, POINTER(StatsStruct), _ERROR),
    "vecsink_sink_free": (None, c_void_p),
    "vecsink_pipeline_builder_new": (_CODE, c_char_p, _OUT, _ERROR),
    "vecsink_pipeline_builder_attach": (_CODE, c_char_p, c_char_p, _OUT, _ERROR),
    "vecsink_pipeline_builder_column": (_CODE, c_void_p, c_char_p, c_char_p, _ERROR),
    "vecsink_pipeline_builder_source_option": (_CODE, c_void_p, c_char_p, c_char_p, _ERROR),
    "vecsink_pipeline_builder_sink_option": (_CODE, c_void_p, c_char_p, c_char_p, _ERROR),
    "vecsink_pipeline_builder_option": (_CODE, c_void_p, c_char_p, c_char_p, c_char_p, _ERROR),
    "vecsink_pipeline_builder_name": (_CODE, c_void_p, c_char_p, _ERROR),
    "vecsink_pipeline_builder_variable": (_CODE, c_void_p, c_char_p, c_char_p, _ERROR),
    "vecsink_pipeline_builder_buffer_memory": (_CODE, c_void_p, c_size_t, _ERROR),
    "vecsink_pipeline_builder_max_outage": (_CODE, c_void_p, c_uint64, _ERROR),
    "vecsink_pipeline_builder_fresh": (_CODE, c_void_p, c_bool, _ERROR),
    "vecsink_pipeline_builder_start": (_CODE, c_void_p, _OUT, _ERROR),
    "vecsink_pipeline_builder_free": (None, c_void_p),
    "vecsink_pipeline_wait": (_CODE, c_void_p, c_int64, _ERROR),
    "vecsink_pipeline_stats": (_CODE, c_void_p, POINTER(StatsStruct), _ERROR),
    "vecsink_pipeline_stop": (_CODE, c_void_p, c_int64, POINTER(StatsStruct), _ERROR),
    "vecsink_pipeline_free": (None, c_void_p),
}
