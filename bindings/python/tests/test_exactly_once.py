"""A stream that is pushed exactly once, into a table without a key."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time

import pytest

import vecsink

ROWS = 6000

HOST = """
import sys, time, vecsink
rows = int(sys.argv[3])
sink = vecsink.Sink(
    sys.argv[1], sys.argv[2], stream="cars", delivery_guarantee="exactly-once", options={"deadletter": "table:rejected"}
)
position = sink.resume_position
for number in range(max(position - 10, 0), rows):
    name = "refused" if number % 100 == 7 else "fine"
    assert sink.push(id=number, name=name, sequence=number) == number
    if number % 100 == 0:
        time.sleep(0.01)
stats = sink.close(60)
assert stats.durable == rows and stats.rows_repeated >= min(position, 10), stats
"""


@pytest.fixture
def table(schema):
    schema.execute("CREATE TABLE items (id bigint, name text CHECK (name <> 'refused'))")
    return schema


def test_a_program_that_is_killed_again_and_again_writes_each_row_once(table):
    host = [sys.executable, "-c", HOST, table.url, f"{table.name}.items", str(ROWS)]
    for kills in range(1, 4):
        running = subprocess.Popen(host)
        deadline = time.monotonic() + 120
        while table.value("SELECT count(*) FROM items") < kills * ROWS // 5:
            assert running.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        running.kill()
        running.wait()
    assert table.value("SELECT count(*) FROM items") < ROWS // 100 * 99
    assert subprocess.run(host, timeout=120).returncode == 0
    assert table.rows("SELECT count(*), count(DISTINCT id), min(id), max(id) FROM items") == [(5940, 5940, 0, 5999)]
    assert table.rows('SELECT count(*), count(DISTINCT "offset") FROM rejected') == [(60, 60)]


def test_a_second_sink_of_a_stream_fences_the_first_and_goes_on(table):
    def opened():
        return table.sink(stream="cars", delivery_guarantee="exactly-once")

    first = opened()
    with pytest.raises(vecsink.ShapeError, match="sequence"):
        first.push(id=0, name="none")
    first.push(id=0, name="first", sequence=0)
    first.wait_durable(0, 60)
    second = opened()
    # Its transaction is rolled back, or it has noticed already when it stored its position.
    with contextlib.suppress(vecsink.FencedError):
        first.push(id=1, name="first", sequence=1)
    with pytest.raises(vecsink.FencedError, match="another sink"):
        first.wait_durable(1, 60)
    with pytest.raises(vecsink.FencedError):
        first.push(id=2, name="first", sequence=2)
    with pytest.raises(vecsink.FencedError):
        first.close(60)
    second.push(id=1, name="second", sequence=1)
    second.close(60)
    assert table.rows("SELECT id, name FROM items ORDER BY id") == [(0, "first"), (1, "second")]


def test_rows_below_the_position_are_dropped_and_counted(table):
    with table.sink(stream="cars", delivery_guarantee="exactly-once") as sink:
        sink.push_batch({"id": list(range(100)), "name": ["a"] * 100}, sequence=0)
    with table.sink(stream="cars", delivery_guarantee="exactly-once") as sink:
        assert sink.resume_position == 100
        assert sink.push(id=5, name="again", sequence=5) == 5
        pushed = sink.push_batch({"id": list(range(90, 110)), "name": ["b"] * 20}, sequence=90)
        assert (pushed.first, pushed.last, pushed.rows) == (90, 109, 20)
        sink.flush(60)
        assert (sink.stats().rows_repeated, sink.stats().rows_read) == (11, 10)
    assert table.rows("SELECT name, count(*) FROM items GROUP BY 1 ORDER BY 1") == [("a", 100), ("b", 10)]


def test_what_is_missing_or_misspelt_is_said(table):
    with pytest.raises(vecsink.ConfigError, match="name of a stream"):
        table.sink(delivery_guarantee="exactly-once")
    with pytest.raises(vecsink.InvalidArgumentError, match="'at-least-once', 'exactly-once'"):
        table.sink(stream="cars", delivery_guarantee="twice")
