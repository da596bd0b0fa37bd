"""Batches of columns: all kinds of numpy, pandas and plain Python, read back from PostgreSQL."""

import uuid
from array import array
from datetime import date, datetime, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import vecsink

MASKED = np.ma.masked_array


def packed(dtype):
    """A column of a structured array without padding, so it is neither contiguous nor aligned."""
    values = np.zeros(3, np.dtype([("pad", "u1"), ("value", dtype)]))
    values["value"] = [1, 2, 3]
    return values["value"]


def unaligned(values):
    """The same elements without gaps, but beginning at an odd address."""
    return np.frombuffer(b"x" + values.tobytes(), values.dtype, offset=1).reshape(values.shape)


def unaligned_field(*dtype):
    """A column of a packed structured array. The distance between two rows is a multiple of the element's size."""
    (_, kind, *width) = spec = ("value", *dtype)
    size = np.dtype((kind, *width) if width else kind).itemsize
    values = np.zeros(3, np.dtype([("pad", "u1"), spec, ("more", f"V{-(size + 1) % np.dtype(kind).itemsize}")]))
    values["value"] = np.arange(3).reshape(3, *[1 for _ in width])
    return values["value"]


COLUMNS = [
    *((f"{sql}", np.array([1, 0, 2], kind), ["1", "0", "2"]) for sql in ["int"] for kind in "bBhHiIqQ"),
    ("bigint", np.arange(6, dtype="i8")[::2], ["0", "2", "4"]),
    ("bigint", np.arange(3)[::-1], ["2", "1", "0"]),
    ("bigint", np.array([1, 2, 3], ">i8"), ["1", "2", "3"]),
    ("bigint", np.broadcast_to(np.int64(7), 3), ["7", "7", "7"]),
    ("bigint", packed("i8"), ["1", "2", "3"]),
    ("real", packed("f4"), ["1", "2", "3"]),
    *(("real", unaligned(np.array([0, 1, 2], kind)), ["0", "1", "2"]) for kind in ["f4", "f8", ">f4", "i2", "u8", "f2"]),
    *(("bigint", unaligned_field(kind), ["0", "1", "2"]) for kind in ["i8", "i4", ">i8", "u2"]),
    ("timestamp", unaligned(np.array([1, "NaT", 0], "M8[s]")), ["1970-01-01 00:00:01", None, "1970-01-01 00:00:00"]),
    ("date", unaligned(np.array([1, "NaT", 0], "M8[D]")), ["1970-01-02", None, "1970-01-01"]),
    ("text", unaligned(np.array(["a", "b", "c"])), ["a", "b", "c"]),
    ("bigint", MASKED(unaligned(np.arange(3)), [0, 1, 0]), ["0", None, "2"]),
    ("numeric", np.array([2**64 - 1, 0, 1], "u8"), ["18446744073709551615", "0", "1"]),
    ("boolean", np.array([True, False, True]), ["true", "false", "true"]),
    ("boolean", MASKED([True, False, True], [0, 1, 0]), ["true", None, "true"]),
    ("real", np.array([0.5, np.nan, np.inf], "f2"), ["0.5", "NaN", "Infinity"]),
    ("real", np.array([0.5, 1, 2], "f4"), ["0.5", "1", "2"]),
    ("double precision", np.array([0.1, np.nan, 2]), ["0.1", "NaN", "2"]),
    ("double precision", MASKED([0.1, 1, 2], [0, 0, 1]), ["0.1", "1", None]),
    ("bigint", MASKED([1, 2, 3], True), [None, None, None]),
    ("text", np.array(["a", "", "\u20ac"]), ["a", "", "\u20ac"]),
    ("text", np.array(["a", None, "b"], object), ["a", None, "b"]),
    ("text", MASKED(["a", "b", "c"], [1, 0, 0]), [None, "b", "c"]),
    ("bytea", np.array([b"a", b"", b"b"]), ["\\x61", "\\x", "\\x62"]),
    ("date", np.array(["2024-01-01", "NaT", "1969-12-31"], "M8[D]"), ["2024-01-01", None, "1969-12-31"]),
    ("date", np.array(["2024-02", "2024-03", "2024-04"], "M8[M]"), ["2024-02-01", "2024-03-01", "2024-04-01"]),
    *(
        (
            "timestamp",
            np.array(["2024-01-01T01:00", "NaT", "1969-12-31"], f"M8[{unit}]"),
            ["2024-01-01 01:00:00", None, "1969-12-31 00:00:00"],
        )
        for unit in ["ns", "us", "ms", "s", "m", "h"]
    ),
    ("interval", np.array([1, "NaT", 0], "m8[s]"), ["00:00:01", None, "00:00:00"]),
    ("bigint", [1, None, 3], ["1", None, "3"]),
    ("numeric", [1, 2**70, -1], ["1", str(2**70), "-1"]),
    ("double precision", [1.5, None, 2.5], ["1.5", None, "2.5"]),
    ("double precision", (1, 2.5, 3), ["1", "2.5", "3"]),
    ("boolean", [True, None, False], ["true", None, "false"]),
    ("text", ["a", None, "\u20ac\x01"], ["a", None, "\u20ac\x01"]),
    ("text", ["", "", ""], ["", "", ""]),
    ("bytea", [b"a", None, b""], ["\\x61", None, "\\x"]),
    ("text", [None, None, None], [None, None, None]),
    ("numeric(6,2)", [Decimal("1.50"), None, Decimal(-2)], ["1.50", None, "-2.00"]),
    ("date", [date(2024, 1, 1), None, date(1969, 12, 31)], ["2024-01-01", None, "1969-12-31"]),
    ("timestamptz", [datetime(2024, 1, 1, tzinfo=timezone.utc)] * 3, ["2024-01-01 00:00:00+00"] * 3),
    ("uuid", [uuid.UUID(int=5)] * 3, [str(uuid.UUID(int=5))] * 3),
    ("jsonb", [{"a": 1}, None, {}], ['{"a": 1}', None, "{}"]),
    ("text[]", [["a"], None, []], ["{a}", None, "{}"]),
    ("int[]", np.array([[1, 2], [3, 4], [5, 6]]), ["{1,2}", "{3,4}", "{5,6}"]),
    ("text[]", np.array([["a", "b"]] * 3), ["{a,b}"] * 3),
    ("bigint", array("i", [1, 2, 3]), ["1", "2", "3"]),
    ("real", array("f", [1, 2, 3]), ["1", "2", "3"]),
    ("vector", np.arange(6, dtype="f4").reshape(3, 2), ["[0,1]", "[2,3]", "[4,5]"]),
    ("vector", np.arange(6, dtype="f8").reshape(3, 2), ["[0,1]", "[2,3]", "[4,5]"]),
    ("halfvec", np.arange(6, dtype="f2").reshape(3, 2), ["[0,1]", "[2,3]", "[4,5]"]),
    ("vector", np.arange(6, dtype=">f4").reshape(3, 2), ["[0,1]", "[2,3]", "[4,5]"]),
    *(
        ("vector", unaligned(np.arange(6, dtype=kind).reshape(3, 2)), ["[0,1]", "[2,3]", "[4,5]"])
        for kind in ["f2", "f4", "f8", ">f4"]
    ),
    *(("vector", unaligned_field(kind, 2), ["[0,0]", "[1,1]", "[2,2]"]) for kind in ["f2", "f4", "f8"]),
    ("vector", [unaligned(np.array([1, 2], "f4"))] * 3, ["[1,2]"] * 3),
    ("vector", [unaligned(np.array([1, 2], "f4")), None, unaligned(np.array([1, 2], "f8"))], ["[1,2]", None, "[1,2]"]),
    ("vector", np.arange(12, dtype="f4").reshape(3, 4)[:, 1:3], ["[1,2]", "[5,6]", "[9,10]"]),
    ("vector", np.arange(12, dtype="f4").reshape(6, 2)[::2], ["[0,1]", "[4,5]", "[8,9]"]),
    ("vector", np.arange(6, dtype="f4").reshape(3, 2)[::-1], ["[4,5]", "[2,3]", "[0,1]"]),
    ("vector", np.arange(6, dtype="f4").reshape(2, 3).T, ["[0,3]", "[1,4]", "[2,5]"]),
    ("vector", np.broadcast_to(np.array([1, 2], "f4"), (3, 2)), ["[1,2]"] * 3),
    ("vector", np.asfortranarray(np.arange(6, dtype="f4").reshape(3, 2)), ["[0,1]", "[2,3]", "[4,5]"]),
    ("vector", MASKED(np.arange(6, dtype="f4").reshape(3, 2), [[0, 0], [1, 1], [0, 0]]), ["[0,1]", None, "[4,5]"]),
    ("vector", [np.array([1, 2], "f4")] * 3, ["[1,2]"] * 3),
    ("vector", [np.array([1, 2], ">f4")] * 3, ["[1,2]"] * 3),
    ("vector", [np.array([1, 2], "f4"), None, np.array([1, 2], "f8")], ["[1,2]", None, "[1,2]"]),
    ("real[]", [np.array([1, 2], "f4"), np.array([], "f4"), np.array([3], "f4")], ["{1,2}", "{}", "{3}"]),
    ("vector", [[1.0, 2.0], None, [3.0, 4.0]], ["[1,2]", None, "[3,4]"]),
    ("vector", [(1, 2), [1.5, 2], (0.5, 1.5)], ["[1,2]", "[1.5,2]", "[0.5,1.5]"]),
    ("vector", [array("f", [1, 2]), None, array("f", [3, 4])], ["[1,2]", None, "[3,4]"]),
    ("real[]", np.ones((3, 1, 2), "f4"), ["{{1,1}}"] * 3),
    ("bigint", pd.Series([1, 2, 3]), ["1", "2", "3"]),
    ("real", pd.Series(unaligned(np.array([1, 2, 3], "f4"))), ["1", "2", "3"]),
    ("bigint", pd.Series([1, None, 3], dtype="Int64"), ["1", None, "3"]),
    ("boolean", pd.Series([True, None, False], dtype="boolean"), ["true", None, "false"]),
    ("double precision", pd.Series([1.5, None, 3]), ["1.5", None, "3"]),
    ("real", pd.Series([1.5, None, 3], dtype="Float32"), ["1.5", None, "3"]),
    ("text", pd.Series(["a", None, "b"]), ["a", None, "b"]),
    ("text", pd.Series(["a", None, "b"], dtype="string"), ["a", None, "b"]),
    ("text", pd.Series(["a", np.nan, "b"], dtype=object), ["a", None, "b"]),
    ("text", pd.Series(["a", None, "b"], dtype="category"), ["a", None, "b"]),
    ("int", pd.Series([3, 4, 3], dtype="category"), ["3", "4", "3"]),
    (
        "timestamp",
        pd.Series(pd.to_datetime(["2024-01-01", None, "1969-12-31"])),
        ["2024-01-01 00:00:00", None, "1969-12-31 00:00:00"],
    ),
    (
        "timestamptz",
        pd.Series(pd.to_datetime(["2024-01-01", None, "2024-01-02"])).dt.tz_localize("Asia/Tokyo"),
        ["2023-12-31 15:00:00+00", None, "2024-01-01 15:00:00+00"],
    ),
    ("vector", pd.Series([np.array([1, 2], "f4")] * 3), ["[1,2]"] * 3),
    ("vector", pd.Series([[1.0, 2.0], None, [3.0, 4.0]]), ["[1,2]", None, "[3,4]"]),
]


@pytest.mark.parametrize(("kind", "values", "stored"), COLUMNS, ids=lambda value: repr(value).replace("\n", "")[:50])
def test_a_column_of_each_type_is_stored_with_its_values(schema, kind, values, stored):
    schema.execute(f"CREATE TABLE items (id int, value {kind})")
    with schema.sink() as sink:
        pushed = sink.push_batch({"value": values, "id": np.arange(3)})
    assert pushed == (0, 2, 3, 0)
    assert [value for _, value in schema.rows("SELECT id, value::text FROM items ORDER BY id")] == stored


def test_a_matrix_is_read_in_place(items):
    """A copy of it would show in the process's memory."""
    rows = 3 * 65_536 + 5  # more than one call's
    matrix = np.random.default_rng(7).random((rows, 4), "f4")
    with items.sink() as sink:
        pushed = sink.push_batch({"id": np.arange(rows), "feature": matrix})
    assert pushed == (0, rows - 1, rows, 0)
    count, total = items.rows("SELECT count(*), sum((feature::real[])[4]::float8) FROM items")[0]
    assert count == rows
    assert total == pytest.approx(float(matrix[:, 3].astype("f8").sum()))
    for number in [0, 65_535, 65_536, rows - 1]:
        stored = items.value(f"SELECT feature::real[] FROM items WHERE id = {number}")
        assert (np.array(stored, "f4") == matrix[number]).all()


def test_nulls_texts_and_lists_stay_in_their_rows_if_a_batch_takes_several_calls(schema):
    """If a batch takes several calls, each call begins in the middle of the bitmap and of the offsets."""
    rows = 2 * 65_536 + 77
    schema.execute("CREATE TABLE items (id int PRIMARY KEY, name text, n int, list real[], mixed text)")
    numbers = list(range(rows))
    with schema.sink() as sink:
        sink.push_batch(
            {
                "id": numbers,
                "name": [str(number) if number % 3 else None for number in numbers],
                "n": MASKED(np.arange(rows), np.arange(rows) % 7 == 0),
                "list": [[float(number)] * (number % 3) for number in numbers],
                "mixed": [number % 2 == 0 or str(number) for number in numbers],
            }
        )
    wrong = schema.rows(
        """SELECT id FROM items WHERE name IS DISTINCT FROM CASE WHEN id % 3 = 0 THEN NULL ELSE id::text END
           OR n IS DISTINCT FROM CASE WHEN id % 7 = 0 THEN NULL ELSE id END
           OR list IS DISTINCT FROM array_fill(id::real, ARRAY[id % 3])
           OR mixed IS DISTINCT FROM CASE WHEN id % 2 = 0 THEN 'true' ELSE id::text END LIMIT 5"""
    )
    assert wrong == []
    assert schema.value("SELECT count(*) FROM items") == rows


def test_a_structured_array_is_read_in_place(schema):
    schema.execute("CREATE TABLE items (id bigint, name text, feature vector(3))")
    batch = np.zeros(2, np.dtype([("id", "i8"), ("name", "U5"), ("feature", "f4", 3)]))
    batch["id"], batch["name"], batch["feature"] = [1, 2], ["a", "b"], [[1, 2, 3], [4, 5, 6]]
    with schema.sink() as sink:
        sink.push_batch(batch)
        sink.push_batch(batch.view(np.recarray))
    assert schema.rows("SELECT id, name, feature::text FROM items ORDER BY id LIMIT 3") == [
        *((1, "a", "[1,2,3]"), (1, "a", "[1,2,3]")),
        (2, "b", "[4,5,6]"),
    ]


def test_a_data_frame_is_pushed_without_its_index(schema):
    schema.execute("CREATE TABLE items (id bigint, price double precision, name text, feature vector(2))")
    frame = pd.DataFrame(
        {"id": [1, 2], "price": [0.5, None], "name": ["a", None], "feature": [np.ones(2, "f4"), np.zeros(2, "f4")]},
        index=[7, 8],
    )
    with schema.sink() as sink:
        sink.push_batch(frame)
        sink.push_batch(frame[frame.id > 1])
    assert schema.rows("SELECT id, price, name, feature::text FROM items ORDER BY id") == [
        (1, 0.5, "a", "[1,1]"),
        *((2, None, None, "[0,0]"), (2, None, None, "[0,0]")),
    ]


def test_an_empty_batch_pushes_nothing(items):
    with items.sink() as sink:
        nothing = (None, None, 0, 0)
        assert sink.push_batch({"id": np.arange(0), "feature": np.zeros((0, 4), "f4")}) == nothing
        assert sink.push_batch({"id": [], "feature": []}) == nothing
        assert sink.push_batch(pd.DataFrame({"id": [], "feature": []})) == nothing


def test_a_bad_row_is_rejected_alone_or_ends_the_batch_depending_on_the_mode(items):
    batch = {"id": [1, 2, 3], "feature": [[1.0] * 4, [1.0], [3.0] * 4]}
    heard = []
    with items.sink(on_rejected=heard.append) as sink:
        assert sink.push_batch(batch, sequence=70) == (70, 72, 3, 1)
    assert [(row.sequence, row.column, row.stage) for row in heard] == [(71, "feature", "encode")]
    assert items.value("SELECT count(*) FROM items") == 2
    items.execute("TRUNCATE items")
    with items.sink(exception_mode="strict") as sink:
        with pytest.raises(vecsink.RejectedError) as caught:
            sink.push_batch(batch)
        assert (caught.value.accepted, caught.value.column) == (1, "feature")
    assert items.rows("SELECT id FROM items") == [(1,)]


def test_a_batch_that_finds_no_room_reports_how_many_rows_were_accepted_and_can_be_continued(schema):
    schema.execute("CREATE TABLE items (id bigint PRIMARY KEY, feature vector(256))")
    rows = 3000
    ids, matrix = np.arange(rows), np.full((rows, 256), 0.5, "f4")
    with schema.sink(buffer_memory=1 << 20) as sink:
        lock = schema.locked()
        with pytest.raises(vecsink.WouldBlockError) as caught:
            sink.push_batch({"id": ids, "feature": matrix}, timeout=0)
        done = caught.value.accepted
        assert 500 < done < 1500
        assert caught.value.retryable
        with pytest.raises(vecsink.TimedOutError) as caught:
            sink.push_batch({"id": ids[done:], "feature": matrix[done:]}, timeout=0.25)
        assert isinstance(caught.value, TimeoutError)
        done += caught.value.accepted
        lock.close()
        assert sink.push_batch({"id": ids[done:], "feature": matrix[done:]}).rows == rows - done
    assert schema.value("SELECT count(*) FROM items") == rows
