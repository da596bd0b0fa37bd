#!/usr/bin/env python3
"""How close vecsink comes to the raw limit: Kafka -> PostgreSQL beside `psql \\copy` of the same rows, in one run.

Run it as `make bench`, which starts the servers (durable settings) and puts their addresses in the environment. Prints, for each dimension,
rows/s, MB/s, CPU seconds of client, server and broker, the client's peak RSS, and the ratio to `\\copy` binary; medians of --runs.
Each run truncates the table and checks the row count, so that no figure comes from rows that aren't there.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
VECSINK = ROOT / "target/release/vecsink"
CARS = ROOT / "target/release/examples/cars"
PSQL = Path(os.environ.get("VECSINK_TEST_POSTGRES18_BIN", "")) / "psql"
SIZES = {10: 1_000_000, 128: 300_000, 768: 60_000}
TICK = os.sysconf("SC_CLK_TCK")

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


class Server:
    """The database, and what its processes have cost."""

    def __init__(self, url):
        self.url = url
        at = urlsplit(url)
        self.environment = {"HOST": f"{at.hostname}:{at.port}", "DBUSER": at.username, "DBPASSWORD": at.password}
        folder = self.ask("SHOW data_directory")
        self.postmaster = int(self.ask("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)"))
        assert folder

    def psql(self, *arguments):
        return [PSQL, "-X", "-q", "-v", "ON_ERROR_STOP=1", *arguments, self.url]

    def ask(self, query):
        return subprocess.run(self.psql("-At", "-c", query), check=True, capture_output=True, text=True).stdout.strip()

    def cpu(self):
        return own_cpu(self.postmaster, children=True) + sum(own_cpu(pid) for pid in children_of(self.postmaster))


def own_cpu(pid, children=False):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11:15 if children else 13]) / TICK


def children_of(pid):
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def broker_pid(address):
    """The Java process that listens there."""
    port = f"{int(address.rsplit(':', 1)[1]):04X}"
    listening = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(":" + port) and fields[3] == "0A":
                listening.add(fields[9])
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                links = [os.readlink(link) for link in (folder / "fd").iterdir()]
            except OSError:
                continue
            if any(link == f"socket:[{inode}]" for inode in listening for link in links):
                return int(folder.name)
    raise SystemExit("no process listens at " + address)


def measured(command, server, broker, environment=None):
    """Runs a command; gives seconds, CPU of client, server and broker, and the client's peak RSS in MB."""
    server.ask("CHECKPOINT")
    server_before, broker_before = server.cpu(), own_cpu(broker)
    started = time.monotonic()
    child = subprocess.Popen(command, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with child:
        out, err = child.communicate()
    seconds = time.monotonic() - started
    return seconds, server.cpu() - server_before, own_cpu(broker) - broker_before, child.returncode, out, err


def client_run(command, server, broker, environment=None):
    """The same through a fork of our own, so that the child's own usage is known exactly."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        result = measured(command, server, broker, environment)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        os.write(write, repr((result, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    (seconds, server_cpu, broker_cpu, code, out, err), client_cpu, rss = eval(text)  # our own repr, from our own child
    if code != 0:
        raise SystemExit(f"{command[0]} failed:\n{out}\n{err}")
    return {"seconds": seconds, "client": client_cpu, "server": server_cpu, "broker": broker_cpu, "rss": rss}


def prepare(server, dims, rows, folder):
    text, binary = folder / "rows.tsv", folder / "rows.bin"
    with open(text, "wb") as out:
        subprocess.run([CARS, "--rows", str(rows), "--dims", str(dims), "--seed", "7"], stdout=out, check=True)
    server.ask("DROP SCHEMA IF EXISTS bench CASCADE; CREATE SCHEMA bench;"
               "CREATE TABLE bench.cars (id bigint NOT NULL, market_time timestamp, color varchar(10), price int,"
               " feature float4[], PRIMARY KEY (id)); ALTER TABLE bench.cars ALTER feature SET STORAGE PLAIN")
    subprocess.run(server.psql("-c", f"\\copy bench.cars from '{text}'"), check=True)
    subprocess.run(server.psql("-c", f"\\copy bench.cars to '{binary}' (format binary)"), check=True)
    return text, binary


def topic_of(text, partitions, brokers):
    topic = f"bench-{uuid.uuid4().hex[:12]}"
    subprocess.run([VECSINK, "topic", "create", topic, "--brokers", brokers, "--partitions", str(partitions)], check=True, capture_output=True)
    subprocess.run([VECSINK, "produce", "--brokers", brokers, "--topic", topic, text], check=True, capture_output=True)
    return topic


def median_of(runs, rows, megabytes):
    middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    return {**middle, "rows/s": rows / middle["seconds"], "MB/s": megabytes / middle["seconds"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dims", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--partitions", type=int, nargs="*", default=[1, 4])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-text", action="store_true", help="leave \\copy text out")
    arguments = parser.parse_args()
    server = Server(os.environ["VECSINK_TEST_PG18"])
    brokers = os.environ["VECSINK_TEST_KAFKA"]
    broker = broker_pid(brokers)
    print(f"{'dims':>4} {'what':26} {'rows/s':>9} {'MB/s':>6} {'client':>7} {'server':>7} {'broker':>7} {'RSS MB':>7} {'ratio':>6} {'bound':>6}", flush=True)
    for dims in arguments.dims:
        rows = SIZES[dims]
        # Readable by the server's user too: \copy reads here, in the client.
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
            text, binary = prepare(server, dims, rows, Path(name))
            megabytes = text.stat().st_size / 1e6
            topics = [(partitions, topic_of(text, partitions, brokers)) for partitions in arguments.partitions]
            cases = [("\\copy binary", server.psql("-c", f"\\copy bench.cars from '{binary}' (format binary)"), None)]
            if not arguments.no_text:
                cases.append(("\\copy text", server.psql("-c", f"\\copy bench.cars from '{text}'"), None))
            for partitions, topic in topics:
                for label, batchsize in (("3000", " 'batchsize' = '3000',"), ("left out", "")):
                    job = Path(name) / f"{topic}-{label.replace(' ', '-')}.sql"
                    job.write_text(JOB.format(batchsize=batchsize, topic=topic))
                    command = [VECSINK, "run", job, "--fresh", "--summary", "json"]
                    cases.append((f"vecsink {partitions}p {label}", command, {**server.environment, "BROKERS": brokers}))
            runs = {label: [] for label, _, _ in cases}
            # Run by run through all cases, so that a drift of the machine's speed touches all alike.
            for _ in range(arguments.runs):
                for label, command, environment in cases:
                    server.ask("TRUNCATE bench.cars")
                    runs[label].append(client_run([str(part) for part in command], server, broker, environment))
                    found = int(server.ask("SELECT count(*) FROM bench.cars"))
                    if found != rows:
                        raise SystemExit(f"{label}: {found} rows of {rows}\n{runs[label][-1]}")
            raw = None
            for label, _, _ in cases:
                middle = median_of(runs[label], rows, megabytes)
                raw = raw or middle
                total = middle["client"] + middle["server"] + middle["broker"]
                bound = (os.cpu_count() or 1) * raw["seconds"] / total if label.startswith("vecsink") else 1.0
                print(f"{dims:>4} {label:26} {middle['rows/s']:>9,.0f} {middle['MB/s']:>6.0f} {middle['client']:>7.2f} {middle['server']:>7.2f}"
                      f" {middle['broker']:>7.2f} {middle['rss']:>7.0f} {middle['rows/s'] / raw['rows/s']:>6.2f} {bound:>6.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
