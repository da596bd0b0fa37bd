"""Every call ends by its deadline while the server is frozen, and a closed sink leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from functools import partial

import psycopg
import pytest
from conftest import PROJECT, address
from test_pipeline import source, topic  # noqa: F401 (a fixture)
from test_threads import eventually, run

import vecsink

GRACE = 1.0
"""How many seconds after its deadline a call may end."""

BIG = "x" * 100_000


class Private:
    """A PostgreSQL server for one test, with a table that rows are pushed into."""

    def __init__(self):
        script = [sys.executable, str(PROJECT / "tests" / "servers" / "servers.py"), "serve", "postgres18"]
        self.process = subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())["VECSINK_TEST_PG18"]
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE items (id bigint PRIMARY KEY, name text)")
        self.impatient = self.url + ("&" if "?" in self.url else "?") + "connect_timeout=2"

    def sink(self, **options):
        return vecsink.Sink(self.impatient, "public.items", buffer_memory=1 << 20, **options)

    def tell(self, command):
        self.process.stdin.write(f"{command} postgres18\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"


@pytest.fixture
def private():
    address("VECSINK_TEST_PG18")  # skips the test if there is no PostgreSQL
    server = Private()
    yield server
    server.tell("thaw")
    server.process.communicate()  # the server ends at the end of its input


class Lateness:
    """Measures by how much the machine itself is late: how much longer sleeps take than they should."""

    def __init__(self):
        self.seconds = 0.0
        threading.Thread(target=self._measure, daemon=True).start()

    def _measure(self):
        while True:
            begun = time.monotonic()
            time.sleep(0.02)
            self.seconds += max(time.monotonic() - begun - 0.021, 0.0)


LATENESS = Lateness()


def timed(deadline, call):
    """The type of the error that the call raises. The call must end in time."""
    begun, late = time.monotonic(), LATENESS.seconds
    try:
        call()
        raised = None
    except (vecsink.Error, KeyboardInterrupt) as error:
        raised = type(error)
    took = time.monotonic() - begun - (LATENESS.seconds - late)
    assert took < deadline + GRACE, (call, took, deadline)
    return raised


def all_are_in_time(calls):
    for name, (deadline, call, expected) in calls.items():
        raised = timed(deadline, call)
        assert raised in (expected if isinstance(expected, tuple) else (expected,)), name


def public(of):
    return {name for name in dir(of) if not name.startswith("_")}


def test_every_call_ends_by_its_deadline_on_a_frozen_server(private, topic):  # noqa: F811
    name, brokers = topic([f"{id}\tfirst" for id in range(100)])
    attach = {"columns": {"id": "BIGINT", "name": "STRING"}, "source": source(name, brokers, bounded=False)}
    sink = private.sink(stream="ends", deletes=True)
    job = vecsink.Pipeline.attach(private.impatient, "public.items", name=f"a {name}", **attach)
    sink.push(id=1, name="one")
    sink.flush()
    private.tell("freeze")

    with pytest.raises(vecsink.WouldBlockError):
        while True:
            sink.push(id=2, name=BIG, timeout=0)
    calls = {
        "push": (0.5, lambda: sink.push(id=2, name=BIG, timeout=0.5), vecsink.TimedOutError),
        "push_values": (0.5, lambda: sink.push_values([2, BIG], timeout=0.5), vecsink.TimedOutError),
        "push_batch": (0.5, lambda: sink.push_batch({"id": [2], "name": [BIG]}, timeout=0.5), vecsink.TimedOutError),
        "delete": (0.5, lambda: sink.delete(1, timeout=0.5), (vecsink.TimedOutError, None)),  # a small row may find room
        "wait_durable": (0.5, lambda: sink.wait_durable(1, timeout=0.5), vecsink.TimedOutError),
        "flush": (0.5, lambda: sink.flush(timeout=0.5), vecsink.TimedOutError),
        "stats": (0, sink.stats, None),
        "durable": (0, lambda: sink.durable, None),
        "resume_position": (0, lambda: sink.resume_position, None),
        "columns": (0, lambda: sink.columns, None),
        "key": (0, lambda: sink.key, None),
        "closed": (0, lambda: sink.closed, None),
        "close": (1, lambda: sink.close(timeout=1), vecsink.NotDurableError),
    }
    assert set(calls) == public(vecsink.Sink)
    all_are_in_time(calls)
    assert timed(2, lambda: private.sink()) is vecsink.TargetError

    started = "CREATE TABLE a (id BIGINT) WITH ('connector' = 'kafka')"
    calls = {
        "attach": (2, lambda: vecsink.Pipeline.attach(private.impatient, "public.items", **attach), vecsink.TargetError),
        "from_sql": (0, lambda: vecsink.Pipeline.from_sql(started), vecsink.ConfigError),
        "wait": (0.5, lambda: job.wait(timeout=0.5), vecsink.TimedOutError),
        "stats": (0, job.stats, None),
        "closed": (0, lambda: job.closed, None),
        "stop": (1, lambda: job.stop(timeout=1), (vecsink.StoppedError, None)),
    }
    assert set(calls) == public(vecsink.Pipeline)
    all_are_in_time(calls)


def test_ctrl_c_ends_the_wait_of_close_on_a_frozen_server(private):
    unwritten, unkept = private.sink(), private.sink(stream="kept a second later")
    unkept.push(id=1, name="one")
    unkept.flush()
    private.tell("freeze")
    unwritten.push(id=2, name="two")
    for sink in unwritten, unkept:
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        assert timed(0.3, partial(sink.close, timeout=60)) is KeyboardInterrupt
    private.tell("thaw")
    for sink in unwritten, unkept:
        sink.close()


def test_a_hundred_closed_sinks_leave_nothing_behind(items):
    name = f"left {uuid.uuid4().hex[:12]}"
    url = items.url + ("&" if "?" in items.url else "?") + f"application_name={name.replace(' ', '%20')}"
    program = """
        import os, sys, time, vecsink

        class Owner:
            def __init__(self, stream):
                self.told = 0
                self.sink = vecsink.Sink(sys.argv[1], sys.argv[2], stream=stream, on_durable=self.tell, on_rejected=self.tell)

            def tell(self, _):
                self.told += 1

            def end(self):
                for id in range(10):
                    self.sink.push_values([id, [1.0, 2.0, 3.0, 4.0]])
                self.sink.close()
                assert self.told > 0

        def left():
            return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))

        first = Owner("first")
        first.end()
        before = left()
        owners = [Owner(f"stream {at}") for at in range(3)]
        for owner in owners:
            owner.end()
        for at in range(97):
            owners.append(Owner(f"another {at}"))
            owners[-1].end()
        deadline = time.monotonic() + 20
        while left() > before and time.monotonic() < deadline:
            time.sleep(0.02)
        now = left()
        assert now[0] <= before[0] and now[1] <= before[1], (before, now)
        print("closed", flush=True)
        sys.stdin.read()
        """
    source_of = os.path.dirname(os.path.dirname(vecsink.__file__))
    host = subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", textwrap.dedent(program), url, f"{items.name}.items"],
        env={**os.environ, "PYTHONPATH": source_of},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert host.stdout.readline() == "closed\n", host.communicate()[1]
    query = f"SELECT count(*) FROM pg_stat_activity WHERE starts_with(application_name, '{name}')"
    eventually("the sessions end", lambda: items.value(query) == 0)
    errors = host.communicate()[1]
    assert (host.returncode, errors) == (0, ""), errors


@pytest.mark.parametrize("held", ["a global", "a cycle", "a thread", "atexit"])
def test_a_closed_sink_that_is_freed_at_the_end_prints_nothing(items, held):
    program = """
        import atexit, sys, threading, vecsink

        class Owner:
            def __init__(self, sink=None):
                self.owner = self
                self.sink = sink or vecsink.Sink(sys.argv[1], sys.argv[2], on_durable=self.tell)

            def tell(self, _):
                self.told = True

        owner = Owner()
        for first in range(0, 20_000, 1000):
            ids = range(first, first + 1000)
            owner.sink.push_batch({"id": list(ids), "feature": [[1.0, 2.0, 3.0, 4.0]] * 1000})
        if sys.argv[3] == "a cycle":
            owner.sink.close()
            del owner
        elif sys.argv[3] == "a thread":
            local = threading.local()
            local.owner = owner
            owner.sink.close()
        elif sys.argv[3] == "atexit":
            atexit.register(owner.sink.close)
        else:
            owner.sink.close()
        """
    ended = run(program, items.url, f"{items.name}.items", held)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr
    assert items.value("SELECT count(*) FROM items") == 20_000
