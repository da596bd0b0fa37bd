"""Jobs that read Kafka in this process."""

import os
import signal
import subprocess
import threading
import time
import uuid

import pytest
from conftest import PROJECT, address, skip

import vecsink

LONG = 60


@pytest.fixture
def topic():
    """Makes a topic with these messages. Returns its name and the brokers."""
    brokers = address("VECSINK_TEST_KAFKA")
    command = os.environ.get("VECSINK_TEST_COMMAND", str(PROJECT / "target" / "release" / "vecsink"))
    if not os.path.exists(command):
        skip(f"no {command}")

    def make(lines):
        name = f"py-{uuid.uuid4().hex[:12]}"
        at = ["--brokers", brokers]
        subprocess.run([command, "topic", "create", name, *at], check=True, capture_output=True)
        messages = "".join(f"{line}\n" for line in lines)
        subprocess.run(
            [command, "produce", *at, "--topic", name, "-"], input=messages, text=True, check=True, capture_output=True
        )
        return name, brokers

    return make


def source(topic, brokers, bounded=True):
    options = {
        **{"topic": topic, "properties.bootstrap.servers": brokers, "format": "csv", "csv.field-delimiter": "\t"},
        "scan.startup.mode": "earliest-offset",
    }
    return {**options, "scan.bounded.mode": "latest-offset"} if bounded else options


def lines(count):
    return [f"{number}\t[{number},0.5,1,2]" for number in range(count)]


def test_an_attached_topic_is_written_into_its_table(items, topic):
    columns = {"id": "BIGINT", "feature": "STRING"}
    table = f"{items.name}.items"
    with vecsink.Pipeline.attach(items.url, table, columns=columns, source=source(*topic(lines(500))), name=items.name) as job:
        job.wait(LONG)
        assert job.stats().rows_written == 500
        assert job.stop().rows_written == 500
    assert job.closed
    assert items.value("SELECT count(*) FROM items WHERE (feature::real[])[1] = id") == 500


JOB = """
CREATE TABLE source (id BIGINT, feature STRING) WITH ('connector' = 'kafka', {source});
CREATE TABLE sink (id BIGINT, feature STRING) WITH ('connector' = 'adbpg', 'url' = '${{URL}}', 'targetschema' = '{schema}',
  'tablename' = 'items', 'conflictmode' = 'strict');
INSERT INTO sink SELECT * FROM source;
"""


def sql(schema, topic, brokers, bounded=True):
    options = ", ".join(f"'{name}' = '{value}'" for name, value in source(topic, brokers, bounded).items())
    return JOB.format(source=options, schema=schema.name)


def test_a_job_of_sql_can_be_stopped_and_goes_on_when_it_is_started_again(items, topic):
    text = sql(items, *topic(lines(300)), bounded=False)
    start = {"name": items.name, "variables": {"URL": items.url}, "options": {"sink": {"conflictmode": "upsert"}}}
    with vecsink.Pipeline.from_sql(text, **start) as job:
        assert "running" in repr(job)
        end = time.monotonic() + LONG
        while items.value("SELECT count(*) FROM items") < 300:
            assert time.monotonic() < end
            with pytest.raises(vecsink.TimedOutError):
                job.wait(0.05)
    assert job.stop().rows_written == 300, "stopping again gives the same answer"
    assert "ended" in repr(job)
    with vecsink.Pipeline.from_sql(text, **start, fresh=True, buffer_memory=4 << 20, max_outage=60) as job:
        end = time.monotonic() + LONG
        # The table has the same rows already.
        while job.stats().rows_unchanged < 300:
            assert time.monotonic() < end
            time.sleep(0.02)


def test_the_error_of_a_failed_job_has_the_reason(items, topic):
    items.execute("INSERT INTO items VALUES (7, '[0,0,0,0]')")
    text = sql(items, *topic(lines(10)))
    job = vecsink.Pipeline.from_sql(text, name=items.name, variables={"URL": items.url})
    with pytest.raises(vecsink.Error) as caught:
        job.wait(LONG)
    assert caught.value.code in (vecsink.Code.STRICT, vecsink.Code.TARGET)
    with pytest.raises(vecsink.Error):
        job.stop()
    assert job.closed


def test_ctrl_c_ends_the_wait_for_a_job_and_the_job_runs_on(items, topic):
    columns = {"id": "BIGINT", "feature": "STRING"}
    of = source(*topic(lines(3)), bounded=False)
    with vecsink.Pipeline.attach(items.url, f"{items.name}.items", columns=columns, source=of, name=items.name) as job:
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            job.wait()
        with pytest.raises(vecsink.TimedOutError):
            job.wait(0)


def test_all_errors_of_a_job_are_reported_together():
    wrong = JOB.format(source="'topic' = 't', 'nope' = '1', 'format' = 'xml'", schema="s")
    with pytest.raises(vecsink.ConfigError) as caught:
        vecsink.Pipeline.from_sql(wrong, variables={"URL": "postgresql://me:secret@127.0.0.1:1/x"}, name="n")
    said = str(caught.value)
    assert "nope" in said
    assert "xml" in said
    assert len(said.splitlines()) >= 2
    assert "secret" not in said
    with pytest.raises(vecsink.InvalidArgumentError, match="str"):
        vecsink.Pipeline.from_sql(5)
