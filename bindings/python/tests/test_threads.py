"""Threads, callbacks, forks, Ctrl-C, and the interpreter's end."""

import gc
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import psycopg
import pytest

import vecsink

LONG = 60
VECTOR = np.ones(4, "f4")


def eventually(what, condition):
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def in_threads(count, work):
    failures = []

    def guarded(number):
        try:
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def run(program, *arguments, **variables):
    """A program in an interpreter of its own."""
    source = Path(vecsink.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(source), **variables}
    command = [sys.executable, "-X", "dev", "-c", textwrap.dedent(program), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def test_all_rows_of_many_threads_are_stored(items):
    numbers = []
    with items.sink(buffer_memory=1 << 20) as sink:

        def work(number):
            own = []
            numbers.append(own)
            for row in range(1000):
                own.append(sink.push(id=number * 2000 + row, feature=np.full(4, row, "f4")))
            ids = np.arange(number * 2000 + 1000, number * 2000 + 2000)
            sink.push_batch({"id": ids, "feature": np.full((1000, 4), number, "f4")})

        in_threads(6, work)
    assert sink.stats().rows_written == 12_000
    assert all(own == sorted(own) for own in numbers)
    assert len({number for own in numbers for number in own}) == 6000, "each row has a number of its own"
    wrong = "SELECT count(*) FROM items WHERE id % 2000 < 1000 AND (feature::real[])[1] <> id % 2000"
    assert (items.value("SELECT count(*) FROM items"), items.value(wrong)) == (12_000, 0)


def test_a_sink_closed_while_threads_push_ends_their_pushes(items):
    sink = items.sink(buffer_memory=1 << 20)
    accepted = []

    def work(number):
        row = 0
        while True:
            try:
                sink.push(id=number * 10**9 + row, feature=VECTOR)
            except vecsink.ClosedError:
                return accepted.append(row)
            row += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    eventually("rows", lambda: sink.stats().next > 1000)
    assert sink.close(LONG).rows_written == sink.durable
    for thread in threads:
        thread.join()
    assert items.value("SELECT count(*) FROM items") == sum(accepted) == sink.durable


def test_other_threads_run_while_a_push_waits(items):
    with items.sink(buffer_memory=1 << 20) as sink:
        lock = items.locked()
        waiting = threading.Thread(target=lambda: [sink.push(id=row, feature=VECTOR) for row in range(20_000)])
        waiting.start()
        eventually("a full queue", lambda: sink.stats().held_bytes > 900_000)
        begun, turns = time.monotonic(), 0
        while time.monotonic() < begun + 0.3:
            turns += 1
        assert waiting.is_alive()
        assert turns > 1000
        lock.close()
        waiting.join()


def test_callbacks_are_called_for_every_row_and_may_push_but_not_close(schema):
    schema.execute("CREATE TABLE items (id int PRIMARY KEY, price int CHECK (price >= 0))")
    durable, rejected, refused, here = [], [], [], threading.get_ident()

    def on_durable(number):
        assert threading.get_ident() != here
        durable.append(number)
        if number == 1:
            sink.push(id=100, price=1)
            for forbidden in [lambda: sink.close(), lambda: vecsink.Sink(schema.url, f"{schema.name}.items")]:
                try:
                    forbidden()
                except vecsink.InCallbackError as error:
                    refused.append(error.code)

    sink = schema.sink(on_durable=on_durable, on_rejected=rejected.append)
    sink.push(id=1, price=1)
    eventually("the callback's row", lambda: sink.durable == 2)
    sink.push(id=2, price=-1)
    sink.close(LONG)
    assert refused == [vecsink.Code.IN_CALLBACK] * 2
    assert durable == sorted(set(durable))
    assert durable[-1] == 3
    assert [(row.sequence, row.stage, row.sqlstate) for row in rejected] == [(2, "write", "23514")]
    assert "check" in rejected[0].reason
    assert schema.rows("SELECT id FROM items ORDER BY id") == [(1,), (100,)]


def test_an_exception_of_a_callback_is_logged_and_rows_are_still_written(items, caplog):
    def fail(_):
        raise RuntimeError("mine")

    with items.sink(on_durable=fail) as sink:
        for row in range(3):
            sink.wait_durable(sink.push(id=row, feature=VECTOR), LONG)
    assert items.value("SELECT count(*) FROM items") == 3
    assert "the callback on_durable raised" in caplog.text
    assert "RuntimeError: mine" in caplog.text


def test_the_librarys_log_goes_to_pythons_logging(items, caplog):
    with caplog.at_level(logging.DEBUG, "vecsink"), items.sink() as sink:
        sink.push(id=1, feature=VECTOR)
    assert {record.name for record in caplog.records} == {"vecsink"}
    assert len(caplog.records) > 0
    assert os.environ.get("PGPASSWORD", "no password") not in caplog.text


def test_ctrl_c_ends_a_blocked_push_and_the_sink_goes_on(items):
    sink = items.sink(buffer_memory=1 << 20)
    lock = items.locked()
    taken = 0
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        while True:
            sink.push(id=taken, feature=VECTOR)
            taken += 1
    lock.close()
    sink.push(id=taken, feature=VECTOR)
    assert sink.close(LONG).rows_written in (taken + 1, taken + 2)
    assert items.value("SELECT count(*) FROM items") == taken + 1


@pytest.mark.parametrize("blocked", ["push_batch", "flush", "wait_durable", "close"])
def test_ctrl_c_ends_every_blocked_call(schema, blocked):
    schema.execute("CREATE TABLE items (id bigint PRIMARY KEY, feature vector(256))")
    sink = schema.sink(buffer_memory=1 << 20)
    lock = schema.locked()
    sink.push(id=-1, feature=np.zeros(256, "f4"))
    many = {"id": np.arange(5000), "feature": np.zeros((5000, 256), "f4")}
    calls = {
        "push_batch": lambda: sink.push_batch(many),
        "flush": lambda: sink.flush(),
        "wait_durable": lambda: sink.wait_durable(0),
        "close": lambda: sink.close(LONG),
    }
    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        calls[blocked]()
    assert time.monotonic() - begun < LONG / 2
    lock.close()
    assert sink.close(LONG).rows_written >= 1


def test_ctrl_c_ends_the_wait_for_a_server_that_does_not_answer():
    silent = """
        import os, signal, socket, threading, time, vecsink
        server = socket.create_server(("127.0.0.1", 0))
        threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        try:
            vecsink.Sink(f"postgresql://me:x@127.0.0.1:{server.getsockname()[1]}/x?connect_timeout=100", "t")
        except KeyboardInterrupt:
            print("interrupted")
    """
    ended = run(silent)
    assert ended.stdout == "interrupted\n", ended.stderr
    assert ended.returncode == 0, ended.stderr


def test_a_child_after_a_fork_leaves_its_parents_sink_alone(items):
    program = """
        import gc, os, sys, warnings, vecsink
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork in a process with threads
        url, table = sys.argv[1:]
        sink = vecsink.Sink(url, table)
        sink.push(id=1, feature=[0.0] * 4)
        child = os.fork()
        if child == 0:
            opened = lambda: vecsink.Sink(url, table)  # its parent has threads of the library, so the child can't open one
            for call in [lambda: sink.push(id=2, feature=[0.0] * 4), sink.flush, sink.close, sink.stats, opened]:
                try:
                    call()
                    os._exit(1)
                except vecsink.ForkedError:
                    pass
            del sink
            gc.collect()
            sys.exit(7)  # the usual end of an interpreter, with its atexit functions
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        sink.push(id=4, feature=[0.0] * 4)
        assert sink.close().rows_written == 2
    """
    ended = run(program, items.url, f"{items.name}.items")
    assert ended.returncode == 0, ended.stderr
    assert items.rows("SELECT id FROM items ORDER BY id") == [(1,), (4,)]


def test_children_of_a_parent_that_closed_its_sinks_open_their_own(items):
    program = """
        import os, sys, warnings, vecsink
        warnings.simplefilter("ignore", DeprecationWarning)
        url, table = sys.argv[1:]
        for round in range(5):
            sink = vecsink.Sink(url, table, stream="parent", on_durable=lambda _: None)
            sink.push(id=round, feature=[0.0] * 4)
            sink.close()
            child = os.fork()
            if child == 0:
                with vecsink.Sink(url, table, on_durable=lambda _: None) as own:
                    own.push(id=100 + round, feature=[0.0] * 4)
                os._exit(7)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    """
    ended = run(program, items.url, f"{items.name}.items")
    assert ended.returncode == 0, ended.stderr
    assert items.value("SELECT count(*) FROM items") == 10


def test_pushed_rows_are_written_at_the_end_of_the_interpreter(items):
    program = """
        import sys, vecsink
        heard = []
        sink = vecsink.Sink(*sys.argv[1:], on_durable=lambda number: heard.append((number, sink)))
        for number in range(5000):
            sink.push(id=number, feature=[0.0] * 4)
    """
    ended = run(program, items.url, f"{items.name}.items")
    assert ended.returncode == 0, ended.stderr
    assert "unclosed vecsink.Sink" in ended.stderr
    assert items.value("SELECT count(*) FROM items") == 5000


@pytest.mark.parametrize("end", ["del sink", "pass", "raise SystemExit(0)"])
def test_an_unclosed_sink_is_freed_also_if_warnings_are_errors(items, end):
    program = f"""
        import sys, vecsink
        sink = vecsink.Sink(*sys.argv[1:], linger=20)  # so that the row is written only at the end
        sink.push(id=1, feature=[0.0] * 4)
        {end}
    """
    ended = run(program, items.url, f"{items.name}.items", PYTHONWARNINGS="error")
    assert "ResourceWarning: unclosed vecsink.Sink" in ended.stderr
    assert items.value("SELECT count(*) FROM items") == 1


def test_ctrl_c_in_a_with_block_ends_the_program(items):
    program = """
        import os, signal, sys, threading, vecsink
        threading.Timer(1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with vecsink.Sink(*sys.argv[1:]) as sink:
            number = 0
            while True:
                sink.wait_durable(sink.push(id=number, feature=[0.0] * 4))
                number += 1
    """
    ended = run(program, items.url, f"{items.name}.items")
    assert ended.returncode == -signal.SIGINT, ended.stderr
    assert items.value("SELECT count(*) FROM items") > 0


def test_a_sink_is_freed_when_nothing_refers_to_it(items):
    sink = vecsink.Sink(items.url, f"{items.name}.items")
    sink.push(id=1, feature=VECTOR)
    sink.close()
    gone = weakref.ref(sink)
    del sink
    gc.collect()
    assert gone() is None


def test_the_sink_keeps_no_reference_to_pushed_arrays(items):
    with items.sink() as sink:
        vector, matrix = np.ones(4, "f4"), np.ones((10, 4), "f4")
        references = sys.getrefcount(vector), sys.getrefcount(matrix)
        for _ in range(10):
            sink.push(id=1, feature=vector)
            sink.push_batch({"id": np.arange(10), "feature": matrix})
            with pytest.raises(vecsink.RejectedError):
                sink.push(id="x", feature=vector)
        gc.collect()
        assert (sys.getrefcount(vector), sys.getrefcount(matrix)) == references
        vector.resize(8, refcheck=False)  # fails if something still uses the buffer


def test_a_lost_connection_is_made_again(items):
    """All sessions of the sink are ended while rows come."""
    with items.sink() as sink, psycopg.connect(items.url, autocommit=True) as other:
        cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE %s"
        lost = 0
        for number in range(300):
            sink.push(id=number, feature=VECTOR)
            if number % 100 == 50:
                sink.flush(LONG)
                lost += other.execute(cut, [f"vecsink%{items.name}%"]).fetchone()[0]
        assert lost > 0
    assert items.value("SELECT count(*) FROM items") == 300
