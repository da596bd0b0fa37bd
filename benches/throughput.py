"""How close vecsink comes to a plain COPY: Kafka to PostgreSQL beside `psql \\copy` of the same rows, in one run."""

import os
import statistics
import subprocess
import tempfile
import uuid
from pathlib import Path

from measure import measured

ROOT = Path(__file__).resolve().parent.parent
VECSINK = ROOT / "target/release/vecsink"
CARS = ROOT / "target/release/examples/cars"
ROWS = {10: 1_000_000, 128: 300_000, 768: 60_000}
COLUMNS = ["dims", "rows", "case", "runs", "rows_per_second", "megabytes_per_second", "client_cpu_seconds", "server_cpu_seconds",
           "broker_cpu_seconds", "peak_rss_megabytes", "ratio", "bound"]

TABLE = """
DROP SCHEMA IF EXISTS bench CASCADE; CREATE SCHEMA bench;
CREATE TABLE bench.cars (id bigint NOT NULL, market_time timestamp, color varchar(10), price int, feature float4[], PRIMARY KEY (id));
ALTER TABLE bench.cars ALTER feature SET STORAGE PLAIN
"""
JOB = """
CREATE TABLE vector_ingest (id INT, market_time TIMESTAMP, color VARCHAR(10), price int, feature VARCHAR)
WITH ('connector' = 'adbpg-nightly-1.13', 'url' = 'jdbc:postgresql://${{HOST}}/postgres', 'tablename' = 'cars',
      'username' = '${{DBUSER}}', 'password' = '${{DBPASSWORD}}', 'targetschema' = 'bench',{batchsize}
      'connectionmaxactive' = '20', 'conflictmode' = 'ignore', 'exceptionmode' = 'ignore');
CREATE TABLE vector_kafka (id INT, market_time TIMESTAMP, color VARCHAR(10), price int, feature string)
WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = '${{BROKERS}}', 'topic' = '{topic}', 'format' = 'csv',
      'csv.field-delimiter' = '\\t', 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');
INSERT INTO vector_ingest SELECT * FROM vector_kafka;
"""
# The other message formats, at this dimension only: their vectors are arrays of floats.
FORMAT_DIMS = 128
FORMAT_JOB = JOB.replace("feature VARCHAR)", "feature ARRAY<FLOAT>)").replace("feature string)", "feature ARRAY<FLOAT>)") \
    .replace("'format' = 'csv',\n      'csv.field-delimiter' = '\\t',", "'format' = '{format}',\n     ") \
    .replace("vector_kafka (id INT, market_time TIMESTAMP,", "vector_kafka (id INT, market_time TIMESTAMP(3),")
HNSW = "CREATE INDEX ON bench.cars USING hnsw ((feature::vector({dims})) vector_l2_ops)"


class Bench:
    def __init__(self, server, brokers, broker, consume, beside=None):
        self.server, self.brokers, self.broker, self.consume = server, brokers, broker, consume
        self.binaries = {"vecsink": VECSINK} | ({"vecsink beside": beside} if beside else {})

    def dimension(self, dims, rows, partitions, runs, hnsw=False, formats=("csv",)):
        """Measures all cases at one dimension; returns a line of the result for each."""
        # psql reads and writes files on the machine of the client.
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
            folder = Path(name)
            text = self.sample(folder, dims, rows)
            topics = {count: self.topic(text, count) for count in partitions}
            cases = self.raw_cases(folder, text) if not hnsw else self.raw_cases(folder, text)[:1]
            cases += [(f"consume only, {count} partition{'s' * (count > 1)}", [self.consume, self.brokers, topic, rows], {}, False)
                      for count, topic in topics.items() if not hnsw]
            if "csv" in formats:
                cases += self.vecsink_cases(folder, topics)
            if dims == FORMAT_DIMS and not hnsw:
                cases += [self.format_case(folder, form, dims, rows) for form in formats if form != "csv"]
            if hnsw:
                self.server.ask("CREATE EXTENSION IF NOT EXISTS vector; TRUNCATE bench.cars; " + HNSW.format(dims=dims))
            measured_runs = {case[0]: [] for case in cases}
            # One run of each case after another, so that a change of the machine's speed affects all of them.
            for _ in range(runs):
                for label, command, environment, writes in cases:
                    self.server.ask("TRUNCATE bench.cars")
                    measured_runs[label].append(measured(command, self.server, self.broker, environment))
                    found = int(self.server.ask("SELECT count(*) FROM bench.cars"))
                    if writes and found != rows:
                        raise SystemExit(f"{label}: {found} rows of {rows}")
            return list(lines(dims, rows, text.stat().st_size, measured_runs))

    def sample(self, folder, dims, rows):
        text = folder / "rows.tsv"
        with open(text, "wb") as out:
            subprocess.run([CARS, "--rows", str(rows), "--dims", str(dims), "--seed", "7"], stdout=out, check=True)
        self.server.ask(TABLE)
        self.server.copy(f"bench.cars from '{text}'")
        half = f"(SELECT * FROM bench.cars WHERE id {{}} {rows // 2} ORDER BY id)"
        for name, rows_of in (("all", "bench.cars"), ("first", half.format("<=")), ("second", half.format(">"))):
            self.server.copy(f"{rows_of} to '{folder / name}.bin' (format binary)")
        return text

    def topic(self, text, partitions):
        topic = self.empty_topic(partitions)
        subprocess.run([VECSINK, "produce", "--brokers", self.brokers, "--topic", topic, text], check=True, capture_output=True)
        return topic

    def empty_topic(self, partitions):
        topic = f"bench-{uuid.uuid4().hex[:12]}"
        subprocess.run([VECSINK, "topic", "create", topic, "--brokers", self.brokers, "--partitions", str(partitions)], check=True,
                       capture_output=True)
        return topic

    def raw_cases(self, folder, text):
        def copy(file, options=""):
            return self.server.psql("-c", f"\\copy bench.cars from '{file}' {options}")
        first, second = copy(folder / "first.bin", "(format binary)"), copy(folder / "second.bin", "(format binary)")
        script = f"{quoted(first)} & {quoted(second)} && wait $!"
        both = ["sh", "-c", script]
        return [
            ("\\copy binary", copy(folder / "all.bin", "(format binary)"), {}, True),
            ("\\copy binary, 2 connections", both, {}, True),
            ("\\copy text", copy(text), {}, True),
        ]

    def vecsink_cases(self, folder, topics):
        for partitions, topic in topics.items():
            for label, batchsize in (("batchsize 3000", " 'batchsize' = '3000',"), ("batchsize left out", "")):
                job = folder / f"{topic}-{len(batchsize)}.sql"
                job.write_text(JOB.format(batchsize=batchsize, topic=topic))
                environment = {**self.server.environment, "BROKERS": self.brokers}
                for name, binary in self.binaries.items():
                    case = f"{name}, {partitions} partition{'s' * (partitions > 1)}, {label}"
                    yield case, [binary, "run", job, "--fresh", "--summary", "json"], environment, True

    def format_case(self, folder, form, dims, rows):
        """The same cars as messages of another format, in a topic of one partition."""
        topic = self.empty_topic(1)
        subprocess.run([CARS, "--rows", str(rows), "--dims", str(dims), "--seed", "7", "--brokers", self.brokers, "--topic", topic,
                        "--format", form], check=True)
        job = folder / f"{topic}.sql"
        job.write_text(FORMAT_JOB.format(batchsize="", topic=topic, format=form))
        environment = {**self.server.environment, "BROKERS": self.brokers}
        return f"vecsink, {form}, 1 partition", [VECSINK, "run", job, "--fresh", "--summary", "json"], environment, True


def quoted(command):
    return " ".join("'" + str(part).replace("'", "'\\''") + "'" for part in command)


def lines(dims, rows, size, runs):
    raw = None
    for label, figures in runs.items():
        middle = {key: statistics.median(run[key] for run in figures) for key in figures[0]}
        raw = raw or middle
        total = middle["client"] + middle["server"] + middle["broker"]
        is_ours = label.startswith("vecsink")
        yield {
            "dims": dims, "rows": rows, "case": label, "runs": len(figures),
            "rows_per_second": round(rows / middle["seconds"]), "megabytes_per_second": round(size / 1e6 / middle["seconds"], 1),
            "client_cpu_seconds": round(middle["client"], 2), "server_cpu_seconds": round(middle["server"], 2),
            "broker_cpu_seconds": round(middle["broker"], 2), "peak_rss_megabytes": round(middle["rss"]),
            "ratio": round(raw["seconds"] / middle["seconds"], 2),
            "bound": round((os.cpu_count() or 1) * raw["seconds"] / total, 2) if is_ours else "",
        }
