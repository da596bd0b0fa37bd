"""Wrong calls and values lead to errors, never to a crash or to lost rows."""

import copy
import pickle
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import vecsink

ROW = {"id": 1, "feature": [0.0] * 4}


@pytest.mark.parametrize(
    ("wrong", "kind", "said"),
    [
        ({"id": 1}, vecsink.ShapeError, "the row lacks column feature"),
        ({"id": 1, "featur": [0.0] * 4}, vecsink.ShapeError, "no column featur;.* lacks column feature"),
        ({**ROW, "more": 1}, vecsink.ShapeError, "no column more"),
        ({"id": 1, "feature": [0.0] * 3}, vecsink.RejectedError, "feature.*3 dimensions|feature.*4"),
        ({"id": 1, "feature": np.zeros(5, "f4")}, vecsink.RejectedError, "feature"),
        ({"id": 1, "feature": np.array([0, 1, 2, np.nan], "f4")}, vecsink.RejectedError, "feature"),
        ({"id": 1, "feature": np.zeros(4, "c8")}, vecsink.UnsupportedTypeError, "column feature: an array of complex64"),
        ({"id": 1, "feature": np.zeros(4, "g")}, vecsink.UnsupportedTypeError, "column feature"),
        ({"id": 1, "feature": np.zeros((2, 2), "f4")}, vecsink.RejectedError, "feature"),
        ({"id": 1, "feature": np.ma.masked_array(np.zeros(4, "f4"), [0, 1, 0, 0])}, vecsink.RejectedError, "feature"),
        ({"id": 1, "feature": [0.0, None, 0.0, 0.0]}, vecsink.RejectedError, "feature"),
        ({"id": 1, "feature": [0.0, object(), 0.0, 0.0]}, vecsink.UnsupportedTypeError, "column feature.*object"),
        ({"id": 1, "feature": {1.0, 2.0}}, vecsink.UnsupportedTypeError, "column feature.*set"),
        ({"id": object(), "feature": [0.0] * 4}, vecsink.UnsupportedTypeError, "column id.*object"),
        ({"id": 1j, "feature": [0.0] * 4}, vecsink.UnsupportedTypeError, "column id.*complex"),
        ({"id": "seven", "feature": [0.0] * 4}, vecsink.RejectedError, "id"),
        ({"id": "\ud800", "feature": [0.0] * 4}, vecsink.InvalidArgumentError, "column id.*surrogates"),
        ({"id": None, "feature": [0.0] * 4}, vecsink.RejectedError, "id"),
        ({"id": 2**63, "feature": [0.0] * 4}, vecsink.RejectedError, "id"),
        ({"id": Decimal("1.5"), "feature": [0.0] * 4}, vecsink.RejectedError, "id"),
    ],
    ids=repr,
)
def test_an_invalid_row_is_refused_and_uses_no_number(items, wrong, kind, said):
    with items.sink() as sink:
        with pytest.raises(kind, match=f"(?s){said}") as caught:
            sink.push(**wrong)
        assert not caught.value.retryable
        assert sink.push(**ROW) == 0
    assert items.rows("SELECT id FROM items") == [(1,)]


@pytest.mark.parametrize("wrong", [(), (1,), (1, [0.0] * 4, 3)])
def test_a_row_with_too_few_or_too_many_values_is_refused(items, wrong):
    with items.sink() as sink, pytest.raises(vecsink.ShapeError, match="id, feature"):
        sink.push_values(wrong)


@pytest.mark.parametrize(
    ("batch", "kind", "said"),
    [
        ({"id": [1, 2], "feature": np.zeros((3, 4), "f4")}, vecsink.ShapeError, "column feature has 3 rows, column id has 2"),
        ({"id": [1]}, vecsink.ShapeError, "no column feature"),
        ({"id": [1], "feature": [[0.0] * 4], "x": [1]}, vecsink.ShapeError, "no column x"),
        ({}, vecsink.ShapeError, ""),
        ({"id": 1, "feature": [[0.0] * 4]}, vecsink.UnsupportedTypeError, "column id"),
        ({"id": "ab", "feature": [[0.0] * 4] * 2}, vecsink.UnsupportedTypeError, "column id: a str can't be a column"),
        ({"id": np.array(1), "feature": [[0.0] * 4]}, vecsink.ShapeError, "column id.*dimensions"),
        ({"id": np.zeros(1, "c8"), "feature": [[0.0] * 4]}, vecsink.UnsupportedTypeError, "column id.*complex64"),
        ({"id": np.zeros(1, "g"), "feature": [[0.0] * 4]}, vecsink.UnsupportedTypeError, "column id"),
        ({"id": np.zeros(1, "V8"), "feature": [[0.0] * 4]}, vecsink.UnsupportedTypeError, "column id"),
        ({"id": [object()], "feature": [[0.0] * 4]}, vecsink.UnsupportedTypeError, "column id: row 0.*object"),
        ({"id": [1, {1}], "feature": [[0.0] * 4] * 2}, vecsink.UnsupportedTypeError, "column id: row 1.*set"),
        ({"id": [1], "feature": np.zeros((1, 0), "f4")}, vecsink.ShapeError, "column feature"),
        (
            {"id": [1], "feature": np.ma.masked_array(np.zeros((1, 4), "f4"), [[0, 1, 0, 0]])},
            *(vecsink.ShapeError, "column feature: row 0.*masked"),
        ),
        ({1: [1], "feature": [[0.0] * 4]}, vecsink.InvalidArgumentError, "name"),
        ({"i\0d": [1], "feature": [[0.0] * 4]}, vecsink.InvalidArgumentError, "NUL"),
        (pd.DataFrame([[1, 2]], columns=["id", "id"]), vecsink.ShapeError, "two columns id|no column feature"),
        (np.zeros((2, 4), "f4"), vecsink.UnsupportedTypeError, "ndarray can't be a batch"),
        ([(1, [0.0] * 4)], vecsink.UnsupportedTypeError, "list can't be a batch"),
        ("items", vecsink.UnsupportedTypeError, "str can't be a batch"),
        (None, vecsink.UnsupportedTypeError, "can't be a batch"),
    ],
    ids=lambda value: repr(value).replace("\n", "")[:60],
)
def test_an_invalid_batch_is_refused_completely(items, batch, kind, said):
    with items.sink() as sink:
        with pytest.raises(kind, match=f"(?s){said}") as caught:
            sink.push_batch(batch)
        assert caught.value.accepted == 0
    assert sink.stats().rows_read == 0


@pytest.mark.parametrize("wrong", [-1, float("nan"), "soon", 1 << 64, -0.5])
def test_sequences_and_time_outs_are_checked(items, wrong):
    with items.sink() as sink:
        if not isinstance(wrong, int) or wrong < 0:
            with pytest.raises((vecsink.InvalidArgumentError, TypeError)):
                sink.push(**ROW, timeout=wrong)
            with pytest.raises((vecsink.InvalidArgumentError, TypeError)):
                sink.flush(wrong)
        with pytest.raises(vecsink.InvalidArgumentError):
            sink.push(**ROW, sequence=wrong)
        with pytest.raises(vecsink.InvalidArgumentError):
            sink.push_batch({"id": [1], "feature": [[0.0] * 4]}, sequence=wrong)
        with pytest.raises(vecsink.InvalidArgumentError):
            sink.wait_durable(wrong)
        with pytest.raises(vecsink.OutOfOrderError):
            sink.push(**ROW, sequence=2**63)
    assert sink.stats().rows_read == 0


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"columns": ["idd"]}, vecsink.TargetError, "did you mean id"),
        ({"columns": "id"}, vecsink.InvalidArgumentError, "not one str"),
        ({"columns": [1]}, vecsink.InvalidArgumentError, "str"),
        ({"options": {"batchsise": 1}}, vecsink.ConfigError, "batchsize"),
        ({"options": {"batchsize": 0}}, vecsink.ConfigError, "batchsize"),
        ({"conflict_mode": "replace"}, vecsink.InvalidArgumentError, "conflict_mode is one of 'upsert', 'ignore', 'strict'"),
        ({"batch_size": 0, "options": {"nope": 1}}, vecsink.ConfigError, "(batchsize.*nope|nope.*batchsize)"),
        ({"buffer_memory": 5}, vecsink.ConfigError, "buffer_memory"),
        ({"buffer_memory": -5}, vecsink.InvalidArgumentError, "buffer_memory"),
        ({"linger": "x"}, vecsink.InvalidArgumentError, "linger"),
        ({"stream": "a\0b"}, vecsink.InvalidArgumentError, "NUL"),
        ({"dead_letter_file": "/no/such/folder/x"}, vecsink.Error, "/no/such/folder"),
    ],
    ids=repr,
)
def test_errors_in_a_sinks_arguments_are_reported_when_it_is_opened(items, options, kind, said):
    with pytest.raises(kind, match=f"(?s){said}"):
        items.sink(**options)


def test_an_error_about_a_wrong_url_does_not_contain_its_password(items):
    for url in ["mysql://me:secret@host/x", "postgresql://me:secret@127.0.0.1:1/x", "x", "", "postgresql://\0"]:
        with pytest.raises(vecsink.Error) as caught:
            vecsink.Sink(url, "t")
        assert "secret" not in str(caught.value)
    with pytest.raises(vecsink.TargetError, match="did you mean items"):
        items.sink("itms")


def test_calls_of_a_closed_sink_raise_closed_error(items):
    sink = items.sink(deletes=True)
    assert "durable 0" in repr(sink)
    sink.push(**ROW)
    first = sink.close()
    assert first.rows_written == 1
    assert sink.close().rows_written == 1, "closing again gives the same answer"
    assert sink.closed
    sink.wait_durable(0)
    with pytest.raises(vecsink.ClosedError, match="row 1 was never pushed"):
        sink.wait_durable(1)
    assert "closed" in repr(sink)
    for call in [
        lambda: sink.push(**ROW),
        lambda: sink.push(**ROW, timeout=0),
        lambda: sink.push_values((1, [0.0] * 4)),
        lambda: sink.push_batch({"id": [1], "feature": [[0.0] * 4]}),
        lambda: sink.delete(1),
    ]:
        with pytest.raises(vecsink.ClosedError):
            call()
    assert sink.durable == 1
    sink.flush(1)
    assert sink.stats().rows_written == 1


def test_closing_in_too_little_time_reports_from_which_row_on_rows_may_be_missing(items):
    sink = items.sink()
    sink.push(**ROW)
    sink.flush(60)
    lock = items.locked()
    sink.push(id=2, feature=[0.0] * 4)
    with pytest.raises(vecsink.NotDurableError) as caught:
        sink.close(0.2)
    assert caught.value.in_doubt
    assert sink.closed
    lock.close()


def test_under_strict_the_sink_fails_with_the_rows_number(schema):
    schema.execute("CREATE TABLE items (id int PRIMARY KEY, price int CHECK (price >= 0))")
    sink = schema.sink(exception_mode="strict")
    sink.push(id=1, price=-1)
    with pytest.raises((vecsink.StrictError, vecsink.FailedError)):
        sink.wait_durable(0, 60)
    with pytest.raises(vecsink.FailedError) as caught:
        sink.push(id=2, price=2)
    assert caught.value.in_doubt
    with pytest.raises(vecsink.StrictError) as caught:
        sink.close()
    assert caught.value.position == (caught.value.position.topic, 0, 0)
    assert caught.value.code is vecsink.Code.STRICT


def test_a_with_block_that_raises_closes_its_sink_and_the_exception_goes_on(items, caplog):
    with pytest.raises(KeyError, match="mine"), items.sink() as sink:
        sink.push(**ROW)
        raise KeyError("mine")
    assert sink.closed
    assert items.value("SELECT count(*) FROM items") == 1


def test_dead_letters_are_kept_in_a_file(items, tmp_path):
    file = tmp_path / "dead_letters.jsonl"
    with items.sink(dead_letter_file=file) as sink:
        assert sink.push_batch({"id": [1, 2], "feature": [[1.0] * 4, [1.0]]}).rejected == 1
    assert file.read_text().count('"column":"feature"') == 1


def test_a_sink_is_neither_copied_nor_pickled(items):
    with items.sink() as sink:
        for attempt in [copy.copy, copy.deepcopy, pickle.dumps]:
            with pytest.raises(TypeError, match="Sink"):
                attempt(sink)
        with pytest.raises(AttributeError):
            sink.colums = ()


def test_an_error_has_its_class_code_and_details(items):
    with items.sink() as sink, pytest.raises(vecsink.Error) as caught:
        sink.push(id=1, feature=[0.0])
    error = caught.value
    assert isinstance(error, (vecsink.RejectedError, ValueError))
    assert (error.code, error.column, error.sqlstate) == (vecsink.Code.REJECTED, "feature", "22000")
    assert error.position is None
    assert (error.retryable, error.in_doubt, error.accepted) == (False, False, 0)


def test_a_sink_that_is_dropped_open_writes_what_was_pushed_and_warns(items):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sink = vecsink.Sink(items.url, f"{items.name}.items")
        sink.push(**ROW)
        del sink
    assert [warning.category for warning in caught] == [ResourceWarning]
    assert items.value("SELECT count(*) FROM items") == 1


@pytest.mark.parametrize(
    ("columns", "kind", "said"),
    [
        (["id", "id"], vecsink.ConfigError, "column 'id' is listed twice; name each column once"),
        ([], vecsink.ShapeError, "the list of columns is empty: name those that rows have, or leave it out for all"),
    ],
    ids=repr,
)
def test_errors_about_wrong_lists_of_columns_name_the_mistake(items, columns, kind, said):
    with pytest.raises(kind) as caught:
        items.sink(columns=columns)
    assert said in str(caught.value)
    assert "casesensitive" not in str(caught.value)


def test_an_empty_list_of_rows_is_an_empty_batch(items):
    with items.sink() as sink:
        assert sink.push_batch(pd.DataFrame([])) == (None, None, 0, 0)
        with pytest.raises(vecsink.ShapeError, match="the batch has no columns"):
            sink.push_batch(pd.DataFrame(index=[1, 2]))


HUGE = 10**300


@pytest.mark.parametrize(
    "call",
    [
        lambda sink: sink.push(id=1, feature=[1e300] * 4),
        lambda sink: sink.push(id=1, feature=np.full(4, -1e300)),
        lambda sink: sink.push(id=1e300, feature=[0.0] * 4),
        lambda sink: sink.push(id=HUGE, feature=[0.0] * 4),
        lambda sink: sink.push(**ROW, sequence=-HUGE),
        lambda sink: sink.push(**ROW, sequence=10**5000),
        lambda sink: sink.push(**ROW, timeout=-HUGE),
        lambda sink: sink.push_batch({"x" * 5000 + "\0": [1]}),
    ],
)
def test_huge_numbers_and_names_are_short_in_an_error(items, call):
    with items.sink() as sink:
        with pytest.raises(vecsink.Error) as caught:
            call(sink)
        assert len(str(caught.value)) < 250


@pytest.mark.parametrize("option", ["buffer_memory", "linger", "max_outage"])
@pytest.mark.parametrize(
    "huge",
    [HUGE, -HUGE, 10**5000, float("inf"), float("nan")],
    ids=lambda huge: str(huge)[:9] if isinstance(huge, float) else "int",
)
def test_a_huge_option_is_short_in_an_error(items, option, huge):
    with pytest.raises(vecsink.InvalidArgumentError) as caught:
        items.sink(**{option: huge})
    assert len(str(caught.value)) < 150
