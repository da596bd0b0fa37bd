"""Single rows: every kind of value, read back from PostgreSQL."""

import enum
import threading
import uuid
from array import array
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import vecsink

EAST = timezone(timedelta(hours=8))
ID = uuid.UUID("12345678-1234-5678-1234-567812345678")


class Color(str, enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


VALUES = [
    ("bigint", 7, "7"),
    ("bigint", -(2**63), "-9223372036854775808"),
    ("bigint", np.int16(-3), "-3"),
    ("bigint", np.uint64(5), "5"),
    ("bigint", Level.HIGH, "3"),
    ("numeric", 2**64 + 1, "18446744073709551617"),
    ("numeric", -(2**100), str(-(2**100))),
    ("numeric", 10**50, str(10**50)),
    ("numeric(12,3)", Decimal("-1234.5"), "-1234.500"),
    ("numeric", Decimal("1E+5"), "100000"),
    ("numeric", Decimal("0.00000000000000000001"), "0.00000000000000000001"),
    ("numeric", Decimal("-0.5"), "-0.5"),
    ("numeric", Decimal("NaN"), "NaN"),
    ("numeric", Decimal("1" * 45), "1" * 45),
    ("boolean", True, "true"),
    ("boolean", np.bool_(False), "false"),
    ("double precision", 0.1, "0.1"),
    ("double precision", np.float64(1e300), "1e+300"),
    ("real", np.float32(0.25), "0.25"),
    ("real", np.float16(0.5), "0.5"),
    ("text", "lamp \U0001f4a1", "lamp \U0001f4a1"),
    ("text", "", ""),
    ("text", Color.RED, "red"),
    ("text", np.str_("x"), "x"),
    ("text", ID, str(ID)),
    ("uuid", ID, str(ID)),
    ("bytea", b"\x00\xff", "\\x00ff"),
    ("bytea", b"", "\\x"),
    ("bytea", bytearray(b"ab"), "\\x6162"),
    ("bytea", memoryview(b"abc")[1:], "\\x6263"),
    ("bytea", np.bytes_(b"q"), "\\x71"),
    ("date", date(1969, 12, 31), "1969-12-31"),
    ("date", np.datetime64("2024-02-29"), "2024-02-29"),
    ("time", time(23, 59, 59, 999999), "23:59:59.999999"),
    ("timetz", time(1, 2, tzinfo=EAST), "01:02:00+08"),
    ("interval", timedelta(days=-1, seconds=3, microseconds=5), "-1 days +00:00:03.000005"),
    ("interval", np.timedelta64(90, "s"), "00:01:30"),
    ("timestamp", datetime(1969, 12, 31, 23, 59, 59, 500000), "1969-12-31 23:59:59.5"),
    ("timestamp", datetime(1, 1, 1), "0001-01-01 00:00:00"),
    ("timestamp", np.datetime64("2024-01-01T00:00:00.25"), "2024-01-01 00:00:00.25"),
    ("timestamp", np.datetime64("2024-01-01T05", "h"), "2024-01-01 05:00:00"),
    ("timestamp", pd.Timestamp("2024-01-01 00:00:00.123456"), "2024-01-01 00:00:00.123456"),
    ("timestamptz", datetime(2024, 1, 1, tzinfo=EAST), "2023-12-31 16:00:00+00"),
    ("timestamptz", pd.Timestamp("2024-01-01", tz="Asia/Tokyo"), "2023-12-31 15:00:00+00"),
    ("jsonb", {"a": [1, None, "x"]}, '{"a": [1, null, "x"]}'),
    ("jsonb", [{"a": 1}], '[{"a": 1}]'),
    ("text[]", ["a", None, 'b"'], '{a,NULL,"b\\""}'),
    ("int[]", [1, 2], "{1,2}"),
    ("int[]", (1, None), "{1,NULL}"),
    ("int[]", np.array([1, 2], "i8"), "{1,2}"),
    ("int[]", [[1, 2], [3, 4]], "{{1,2},{3,4}}"),
    ("bigint[]", array("q", [5]), "{5}"),
    ("real[]", [], "{}"),
    ("real[]", np.ma.masked_array([1.0, 2.0], [False, True]), "{1,NULL}"),
    ("double precision[]", [0.1, 2], "{0.1,2}"),
    ("real[]", np.ones((2, 2), "f4"), "{{1,1},{1,1}}"),
    ("date[]", np.array(["2024-01-01"], "M8[D]"), "{2024-01-01}"),
    ("vector", np.array([1.5, -2], "f4"), "[1.5,-2]"),
    ("vector", np.array([1.5, -2], ">f4"), "[1.5,-2]"),
    ("vector", np.array([1.5, -2], "f8"), "[1.5,-2]"),
    ("vector", np.array([1.5, -2], "f2"), "[1.5,-2]"),
    ("vector", np.array([1.5, 0, -2, 0], "f4")[::2], "[1.5,-2]"),
    ("vector", np.array([1.5, -2], "f4")[::-1], "[-2,1.5]"),
    ("vector", np.ma.masked_array(np.array([1.5, -2], "f4")), "[1.5,-2]"),
    *(("vector", np.frombuffer(b"x" + np.array([1.5, -2], f).tobytes(), f, offset=1), "[1.5,-2]") for f in ["f2", "f4", "f8"]),
    *(
        ("vector", np.frombuffer(bytearray(b"x" + np.array([1.5, -2], f).tobytes()), f, offset=1), "[1.5,-2]")
        for f in ["f2", "f4", "f8", ">f8"]
    ),
    ("vector", np.array([(0, [1.5, -2])], [("pad", "u1"), ("v", "f4", 2)])["v"][0], "[1.5,-2]"),
    ("vector", np.array([1, 2]), "[1,2]"),
    ("vector", array("f", [1.5, -2]), "[1.5,-2]"),
    ("vector", array("d", [1.5, -2]), "[1.5,-2]"),
    ("vector", memoryview(array("f", [1.5, -2])), "[1.5,-2]"),
    ("vector", [1.5, -2], "[1.5,-2]"),
    ("vector", (1, 2.5), "[1,2.5]"),
    ("vector", "[1,2]", "[1,2]"),
    ("halfvec", np.array([1.5, -2], "f2"), "[1.5,-2]"),
    ("sparsevec(3)", [0.0, 1.0, 0.0], "{2:1}/3"),
]
NULLS = [None, pd.NA, pd.NaT, np.datetime64("NaT"), np.timedelta64("NaT"), np.ma.masked]


@pytest.mark.parametrize(("kind", "value", "stored"), VALUES, ids=lambda value: repr(value)[:40])
def test_a_value_of_each_type_is_stored(schema, kind, value, stored):
    schema.execute(f"CREATE TABLE items (value {kind})")
    with schema.sink() as sink:
        sink.push(value=value)
    # Without the cast psycopg would return Python objects.
    assert schema.rows("SELECT value::text FROM items") == [(stored,)]


def test_a_read_only_vector_is_stored(items):
    vector = np.frombuffer(np.arange(4, dtype="f4").tobytes(), "f4")
    assert not vector.flags.writeable
    with items.sink() as sink:
        sink.push(id=1, feature=vector)
    assert items.value("SELECT feature::text FROM items") == "[0,1,2,3]"


@pytest.mark.parametrize("null", NULLS, ids=repr)
def test_none_nat_and_other_missing_values_are_null(schema, null):
    schema.execute("CREATE TABLE items (id int, value timestamp)")
    with schema.sink() as sink:
        sink.push(id=1, value=null)
    assert schema.rows("SELECT * FROM items") == [(1, None)]


def test_rows_are_pushed_by_name_as_a_mapping_or_in_order(schema):
    schema.execute('CREATE TABLE items (id int PRIMARY KEY, "timeout" text, "sequence" int)')
    with schema.sink() as sink:
        assert sink.columns == ("id", "timeout", "sequence")
        assert sink.key == ("id",)
        assert sink.push({"timeout": "a", "sequence": 5}, id=1) == 0
        assert sink.push_values((2, "b", 6)) == 1
        assert sink.push_values([3, "c", None], timeout=5.0) == 2
        assert sink.push({"id": 4, "timeout": "d", "sequence": 8}, sequence=100) == 100
        assert sink.push_values((5, "e", 9)) == 101
    assert schema.rows("SELECT * FROM items ORDER BY id") == [
        *((1, "a", 5), (2, "b", 6), (3, "c", None)),
        *((4, "d", 8), (5, "e", 9)),
    ]


def test_only_the_columns_named_are_pushed(schema):
    schema.execute("CREATE TABLE items (id int PRIMARY KEY, name text DEFAULT 'none', n int)")
    with schema.sink(columns=["n", "id"]) as sink:
        sink.push_values((5, 1))
    assert schema.rows("SELECT id, name, n FROM items") == [(1, "none", 5)]


def test_the_conflict_mode_decides_between_two_rows_of_a_key(schema):
    schema.execute("CREATE TABLE items (id int PRIMARY KEY, name text); INSERT INTO items VALUES (1, 'old')")
    with schema.sink(conflict_mode="ignore") as sink:
        sink.push(id=1, name="new")
    assert sink.stats().rows_ignored == 1
    assert schema.value("SELECT name FROM items") == "old"
    with schema.sink() as sink:
        sink.push(id=1, name="new")
    assert schema.value("SELECT name FROM items") == "new"


def test_when_a_row_is_durable_other_sessions_can_read_it(items):
    with items.sink() as sink:
        for number in range(5):
            sink.wait_durable(sink.push(id=number, feature=[1.0, 2, 3, 4]), timeout=60)
            assert items.value("SELECT count(*) FROM items") == number + 1
        with pytest.raises(vecsink.TimedOutError):
            sink.wait_durable(5, timeout=0.01)
        with pytest.raises((vecsink.TimedOutError, vecsink.WouldBlockError)):
            sink.wait_durable(5, timeout=0)
        assert sink.durable == 5


def test_a_delete_is_carried_out_in_order_among_the_rows_of_its_key(schema):
    schema.execute("CREATE TABLE items (name text, id int PRIMARY KEY); INSERT INTO items VALUES ('old', 1), ('old', 2)")
    with schema.sink(deletes=True) as sink:
        sink.delete(1)
        sink.push(name="new", id=3)
        sink.delete(3)
        sink.delete(2, timeout=10)
        assert sink.push(name="new", id=2) == 4
        with pytest.raises(vecsink.ShapeError):
            sink.delete(1, 2)
        with pytest.raises(vecsink.RejectedError):
            sink.delete("x")
        with pytest.raises(vecsink.UnsupportedTypeError, match="column id"):
            sink.delete(object())
    assert schema.rows("SELECT * FROM items") == [("new", 2)]
    with schema.sink() as sink, pytest.raises(vecsink.ShapeError):
        sink.delete(2)


def test_a_named_stream_goes_on_after_its_last_durable_row(items):
    with items.sink(stream="cars") as sink:
        assert sink.resume_position == 0
        for number in range(10, 20):
            sink.push(id=number, feature=[0.0] * 4, sequence=number)
        with pytest.raises(vecsink.OutOfOrderError) as caught:
            sink.push(id=1, feature=[0.0] * 4, sequence=15)
        assert caught.value.code is vecsink.Code.OUT_OF_ORDER
    with items.sink(stream="cars") as sink:
        assert sink.resume_position == 20


def test_a_stream_opened_again_fences_the_sink_that_had_it(items):
    first = items.sink(stream="cars")
    first.push(id=1, feature=[0.0] * 4)
    first.flush(60)
    items.sink(stream="cars")
    with pytest.raises(vecsink.FailedError):
        for number in range(2, 1000):
            first.push(id=number, feature=[0.0] * 4)
            first.flush(1)
            threading.Event().wait(0.05)  # the sink checks its stream once per second


def test_the_counts_of_the_stats_add_up_to_the_rows_pushed(schema):
    schema.execute("CREATE TABLE items (id int PRIMARY KEY, price int CHECK (price >= 0))")
    with schema.sink() as sink:
        for number in range(100):
            sink.push(id=number % 90, price=number if number != 50 else -1)
    stats = sink.close()
    assert stats.rows_read == 100
    assert stats.rows_written + stats.rows_superseded + stats.rows_dead_lettered == 100
    assert stats.rows_dead_lettered == 1
    assert (stats.next, stats.durable, stats.outage) == (100, 100, False)
    assert stats.freshness is None or stats.freshness >= 0
