"""Arrow by its C Data Interface: pyarrow, polars, and other objects that export it."""

from datetime import date, datetime, time, timezone
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest

import vecsink

KINDS = """CREATE TABLE items (id bigint, yes boolean, price numeric(8, 2), name text, raw bytea, day date, at timestamptz,
           wall timestamp, hour time, small smallint, x real, feature vector(2), tags real[], color text)"""
ROWS = [
    (1, True, Decimal("1.50"), "a", b"x", date(2024, 1, 1), datetime(2024, 1, 1, tzinfo=timezone.utc)),
    (2, None, None, None, None, None, None),
    (3, False, Decimal("-0.25"), "\u20ac and more than what a view holds", b"", date(1969, 12, 31), None),
]
REST = [
    (datetime(2024, 1, 1, 0, 0, 0, 5), time(1, 2, 3), -1, 0.5, [1.0, 2.0], [1.0], "red"),
    (None, None, None, None, None, None, None),
    (datetime(1969, 12, 31), time(0, 0), 7, -0.5, [3.0, 4.0], [], "red"),
]
NAMES = "id yes price name raw day at wall hour small x feature tags color".split()
TYPES = {
    **{"id": pa.int64(), "yes": pa.bool_(), "price": pa.decimal128(8, 2), "name": pa.string(), "raw": pa.binary()},
    **{"day": pa.date32(), "at": pa.timestamp("us", "UTC"), "wall": pa.timestamp("us"), "hour": pa.time64("us")},
    **{"small": pa.int16(), "x": pa.float32(), "feature": pa.list_(pa.float32(), 2), "tags": pa.list_(pa.float32())},
    "color": pa.dictionary(pa.int8(), pa.string()),
}


def table() -> pa.Table:
    rows = [dict(zip(NAMES, first + rest)) for first, rest in zip(ROWS, REST)]
    return pa.Table.from_pylist(rows, pa.schema(TYPES))


def stored(schema) -> list[tuple]:
    query = "SELECT {} FROM items ORDER BY id".format(", ".join("feature::real[]" if n == "feature" else n for n in NAMES))
    return schema.rows(query)


def test_a_table_of_every_type_is_read_back(schema):
    schema.execute(KINDS)
    with schema.sink() as sink:
        assert sink.push_batch(table()) == (0, 2, 3, 0)
    assert stored(schema) == [first + rest for first, rest in zip(ROWS, REST)]


def test_a_polars_data_frame_of_every_type_is_read_back(schema):
    schema.execute(KINDS)
    frame = pl.from_arrow(table())
    assert frame.schema["feature"] == pl.Array(pl.Float32, 2)
    with schema.sink() as sink:
        assert sink.push_batch(frame) == (0, 2, 3, 0)
    assert stored(schema) == [first + rest for first, rest in zip(ROWS, REST)]


class Exporter:
    """An object of another library that exports a record batch."""

    def __init__(self, batch) -> None:
        self.__arrow_c_array__ = batch.__arrow_c_array__


def test_slices_chunks_batches_readers_and_foreign_batches_are_read_in_place(schema):
    schema.execute("CREATE TABLE items (id bigint PRIMARY KEY, name text, feature vector(2))")

    def batch(first, last, small=False):
        kind = pa.list_(pa.float32(), 2)
        arrays = [
            pa.array(range(first, last), pa.int64()),
            pa.array([str(n) if n % 3 else None for n in range(first, last)], pa.string() if small else pa.large_string()),
            pa.array([[n, n + 0.5] for n in range(first, last)], kind),
        ]
        return pa.RecordBatch.from_arrays(arrays, names=["id", "name", "feature"])

    with schema.sink() as sink:
        assert sink.push_batch(batch(0, 100).slice(90)).rows == 10
        assert sink.push_batch(pa.Table.from_batches([batch(100, 200), batch(200, 300)]).slice(50, 100)).rows == 100
        assert sink.push_batch(batch(300, 310, small=True)).rows == 10
        assert sink.push_batch(Exporter(batch(310, 320))).rows == 10
        reader = pa.RecordBatchReader.from_batches(batch(0, 1).schema, [batch(320, 330), batch(330, 330), batch(330, 340)])
        assert sink.push_batch(reader).rows == 20
        rows = 2 * 65_536 + 3  # several calls
        assert sink.push_batch(batch(1000, 1010 + rows).slice(10)).rows == rows
        assert sink.push_batch(batch(0, 0)) == (None, None, 0, 0)
        assert sink.push_batch(pa.table({"id": [], "name": [], "feature": []}, batch(0, 1).schema)).rows == 0
    assert schema.value("SELECT count(*) FROM items") == 10 + 100 + 10 + 10 + 20 + rows
    wrong = """SELECT id FROM items WHERE feature::real[] <> ARRAY[id, id + 0.5]::real[]
               OR name IS DISTINCT FROM CASE WHEN id % 3 = 0 THEN NULL ELSE id::text END LIMIT 5"""
    assert schema.rows(wrong) == []


def test_a_column_of_arrow_or_polars_may_be_a_value_of_a_dict(items):
    with items.sink() as sink:
        sink.push_batch({"id": pa.array([1, 2]), "feature": pl.Series([[1.0, 2, 3, 4], [5.0, 6, 7, 8]])})
    assert items.value("SELECT feature::text FROM items WHERE id = 2") == "[5,6,7,8]"


def test_an_arrow_type_that_has_no_column_type_is_named_in_the_error(items):
    with items.sink() as sink:
        with pytest.raises(vecsink.Error, match="feature"):
            sink.push_batch(pa.table({"id": [1], "feature": pa.array([[[1.0]]])}))
        with pytest.raises(vecsink.ShapeError, match="no column other"):
            sink.push_batch(pa.table({"id": [1], "other": [1]}))
    assert sink.stats().rows_read == 0


def test_an_error_of_the_arrow_stream_is_part_of_the_exception(items):
    def fail():
        yield pa.RecordBatch.from_pydict({"id": [1], "feature": pa.array([[1.0] * 4], pa.list_(pa.float32(), 4))})
        raise ValueError("the disk is gone")

    kinds = pa.schema({"id": pa.int64(), "feature": pa.list_(pa.float32(), 4)})
    with items.sink() as sink, pytest.raises(vecsink.Error, match="the disk is gone") as caught:
        sink.push_batch(pa.RecordBatchReader.from_batches(kinds, fail()))
    assert caught.value.accepted == 1
    assert items.rows("SELECT id FROM items") == [(1,)]


def test_arrow_memory_is_released_after_a_push(schema):
    schema.execute("CREATE TABLE items (id bigint)")
    before = pa.total_allocated_bytes()
    with schema.sink() as sink:
        for _ in range(20):
            sink.push_batch(pa.table({"id": pa.array(range(10_000))}))
            with pytest.raises(vecsink.ShapeError):
                sink.push_batch(pa.table({"wrong": pa.array(range(10_000))}))
    assert pa.total_allocated_bytes() <= before
