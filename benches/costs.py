"""What a row, a transaction and a connection cost, at each dimension and with each delivery guarantee. docs/scaling.md computes with it.

Two runs of a job write the same rows in few and in many transactions. CPU time = rows × row + transactions × transaction, for each of
client and server; the two runs give both costs. The broker's time is all for rows."""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

from measure import measured
from throughput import JOB, VECSINK

ROWS = {10: 400_000, 128: 120_000, 768: 24_000}
# Rows of a transaction.
FEW, MANY = 200, 20_000
GUARANTEES = ["at-least-once", "exactly-once"]


class Costs:
    def __init__(self, bench):
        self.bench, self.server = bench, bench.server

    def measure(self, dims, rows, runs):
        """A line for each guarantee."""
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
            folder = Path(name)
            topic = self.bench.topic(self.bench.sample(folder, dims, rows), 1)
            environment = {**self.server.environment, "BROKERS": self.bench.brokers}
            found = {guarantee: {FEW: [], MANY: []} for guarantee in GUARANTEES}
            # By turns, so that a change of the machine's speed affects all of them.
            for _ in range(runs):
                for guarantee, sizes in found.items():
                    for size, figures in sizes.items():
                        command = [VECSINK, "run", self.job(folder, topic, guarantee, size), "--fresh", "--summary", "json"]
                        self.server.ask("TRUNCATE bench.cars")
                        said = []
                        figures.append(measured(command, self.server, self.bench.broker, environment, said))
                        figures[-1]["batches"] = json.loads(said[0].splitlines()[-1])["batches"]
            for guarantee, sizes in found.items():
                job = self.job(folder, topic, guarantee, MANY, bounded=False)
                yield line(dims, rows, guarantee, sizes) | self.connection(job, rows, environment)

    def job(self, folder, topic, guarantee, size, bounded=True):
        options = f" 'batchsize' = '{size}', 'sink.delivery-guarantee' = '{guarantee}',"
        text = JOB.format(batchsize=options, topic=topic).replace("'connectionmaxactive' = '20'", "'connectionmaxactive' = '1'")
        if not bounded:
            text = text.replace(", 'scan.bounded.mode' = 'latest-offset'", "")
        file = folder / f"costs-{guarantee}-{size}-{bounded}.sql"
        file.write_text("SET 'pipeline.name' = 'costs';\n" + text)
        return file

    def connection(self, job, rows, environment):
        """The memory of a server process whose connection has written, not counting what it shares."""
        self.server.ask("TRUNCATE bench.cars")
        process = subprocess.Popen([VECSINK, "run", job, "--fresh", "-qq"], env={**os.environ, **environment})
        try:
            deadline = time.monotonic() + 300
            while int(self.server.ask("SELECT count(*) FROM bench.cars")) < rows:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"the job of {job} has not written {rows} rows")
                time.sleep(0.2)
            pids = self.server.ask("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'vecsink costs/%'").split()
            return {"connection_megabytes": round(max(map(own_memory, pids)), 1)}
        finally:
            process.terminate()
            process.wait()


def own_memory(pid):
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(entry.split()[1]) for entry in lines if entry.startswith("Private_")) / 1024


def middle(figures, key):
    values = sorted(run[key] for run in figures)
    return values[len(values) // 2]


def line(dims, rows, guarantee, sizes):
    few, many = sizes[FEW], sizes[MANY]
    more = middle(few, "batches") - middle(many, "batches")
    result = {"dims": dims, "guarantee": guarantee, "rows": rows, "runs": len(few)}
    for who in ("client", "server"):
        transaction = max(0.0, (middle(few, who) - middle(many, who)) / more)
        row = max(0.0, (middle(many, who) - transaction * middle(many, "batches")) / rows)
        result |= {f"{who}_row_us": round(row * 1e6, 2), f"{who}_transaction_us": round(transaction * 1e6)}
    result["broker_row_us"] = round(middle(many, "broker") / rows * 1e6, 2)
    seconds = max(0.0, (middle(few, "seconds") - middle(many, "seconds")) / more)
    return result | {"transaction_ms": round(seconds * 1e3, 2), "client_megabytes": round(max(run["rss"] for run in many))}
