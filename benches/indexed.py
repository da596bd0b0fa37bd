"""Two loads that a vector index makes slow: rows that are sent again, few of them changed, and rows that each cost the server a
millisecond without using a CPU."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from throughput import CARS, HNSW, TABLE, VECSINK

DIMS = 128
# One row in so many is changed.
CHANGED = 20
COLUMNS = ["id", "market_time", "color", "price", "feature"]

JOB = """
CREATE TABLE car_sink (id INT, market_time TIMESTAMP, color VARCHAR(10), price int, feature VARCHAR)
WITH ('connector' = 'adbpg-nightly-1.13', 'url' = 'jdbc:postgresql://${{HOST}}/postgres', 'tablename' = '{table}',
      'username' = '${{DBUSER}}', 'password' = '${{DBPASSWORD}}', 'targetschema' = 'bench', {options}
      'connectionmaxactive' = '20');
CREATE TABLE car_topic (id INT, market_time TIMESTAMP, color VARCHAR(10), price int, feature string)
WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = '${{BROKERS}}', 'topic' = '{topic}', 'format' = 'csv',
      'csv.field-delimiter' = '\\t', 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');
INSERT INTO car_sink SELECT * FROM car_topic;
"""
UPSERT = "'conflictmode' = 'upsert',"


class Indexed:
    def __init__(self, bench):
        self.bench, self.server = bench, bench.server

    def run(self, binary, table, topic, options):
        """Runs a job to its end; returns the seconds it took and the bytes of WAL it wrote."""
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
            job = Path(folder) / "job.sql"
            job.write_text(JOB.format(table=table, topic=topic, options=options))
            before, started = self.server.ask("SELECT pg_current_wal_insert_lsn()"), time.monotonic()
            environment = {**os.environ, **self.server.environment, "BROKERS": self.bench.brokers}
            command = [str(binary), "run", str(job), "--fresh", "--summary", "json"]
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            seconds = time.monotonic() - started
        if done.returncode != 0:
            raise SystemExit(f"{binary} failed:\n{done.stdout}\n{done.stderr}")
        return seconds, int(self.server.ask(f"SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '{before}')::bigint"))

    def sent_again(self, rows, beside=None):
        """Upserts of rows that are in the table already. In one of CHANGED rows, a column has another value."""
        cases = [("all rows written", beside or VECSINK, "" if beside else "'sink.skip-unchanged' = 'false',", "cars"),
                 ("only changed rows written", VECSINK, "", "cars_compared")]
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
            folder = Path(name)
            text, other = (self.sample(folder / f"{seed}.tsv", rows, seed) for seed in (7, 8))
            lines = []
            for column, checkpoint in (("price", False), ("feature", False), ("price", True)):
                topic = self.bench.topic(self.with_changes(folder, text, other, column), 1)
                self.server.ask(TABLE)
                for *_, table in cases:
                    self.table(table, text)
                for what, binary, options, table in cases:
                    if checkpoint:
                        self.server.ask("CHECKPOINT")
                    seconds, wal = self.run(binary, table, topic, UPSERT + options)
                    first = lines[-1] if table != "cars" else {"seconds": seconds, "wal_megabytes": wal / 1e6}
                    lines.append({"upsert": what, "rows": rows, "changed": f"{column} of {rows // CHANGED:,}",
                                  "after_a_checkpoint": "yes" if checkpoint else "no", "seconds": round(seconds, 2),
                                  "wal_megabytes": round(wal / 1e6, 1), "times_as_fast": round(first["seconds"] / seconds, 1),
                                  "share_of_wal": round(wal / 1e6 / first["wal_megabytes"], 3)})
                sums = [self.server.ask(f"SELECT md5(string_agg(c::text, ',' ORDER BY id)) FROM bench.{table} c") for *_, table in cases]
                if sums[0] != sums[1]:
                    raise SystemExit("the two tables differ")
        return lines

    def sample(self, text, rows, seed):
        with open(text, "wb") as out:
            subprocess.run([CARS, "--rows", str(rows), "--dims", str(DIMS), "--seed", str(seed), "--embeddings"], stdout=out, check=True)
        return text

    def with_changes(self, folder, text, other, column):
        """The rows of `text`, some of them with the value that `other` has in a column."""
        place = COLUMNS.index(column)
        changed = folder / "changed.tsv"
        with open(text, "rb") as base, open(other, "rb") as source, open(changed, "wb") as out:
            for number, (line, new) in enumerate(zip(base, source)):
                if number % CHANGED == 0:
                    values = line.split(b"\t")
                    values[place] = new.split(b"\t")[place]
                    line = b"\t".join(values)
                out.write(line)
        return changed

    def table(self, name, text):
        if name != "cars":
            self.server.ask(f"CREATE TABLE bench.{name} (LIKE bench.cars INCLUDING ALL)")
        self.server.copy(f"bench.{name} from '{text}'")
        self.server.ask(f"SET maintenance_work_mem = '512MB'; CREATE EXTENSION IF NOT EXISTS vector; {HNSW.format(dims=DIMS)}"
                        .replace("bench.cars", f"bench.{name}"))

    def slow_rows(self, rows, beside=None):
        """Inserts into a table whose trigger sleeps a millisecond for each row, as the maintenance of an index would take on a machine
        with many cores. INSERTs of psql show what is possible at most."""
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
            topic = self.bench.topic(self.sample(Path(name) / "rows.tsv", rows, 7), 1)
        lines = [self.slow_inserts(connections) for connections in (1, 20)]
        for what, binary in [("vecsink", VECSINK)] + ([("vecsink beside", beside)] if beside else []):
            lines.append(self.slow_job(what, binary, topic, rows))
        return lines

    def slow_table(self):
        self.server.ask(TABLE)
        # A sleep of half a millisecond takes the server a whole one.
        self.server.ask("""
            ALTER TABLE bench.cars ADD inserted timestamptz DEFAULT clock_timestamp();
            CREATE FUNCTION bench.wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.0005); RETURN NEW; END';
            CREATE TRIGGER wait BEFORE INSERT ON bench.cars FOR EACH ROW EXECUTE FUNCTION bench.wait()""")

    def slow_inserts(self, connections, rows=3000):
        self.slow_table()
        started = time.monotonic()
        insert = "INSERT INTO bench.cars (id) SELECT generate_series({}, {})"
        inserts = [subprocess.Popen(self.server.psql("-c", insert.format(first, first + rows - 1)))
                   for first in range(0, rows * connections, rows)]
        if any([insert.wait() != 0 for insert in inserts]):
            raise SystemExit("an INSERT failed")
        seconds = time.monotonic() - started
        return {"case": "psql, INSERT", "connections": connections, "rows": rows * connections, "seconds": round(seconds, 1),
                "rows_per_second": round(rows * connections / seconds), "longest_transaction_ms": ""}

    def slow_job(self, what, binary, topic, rows):
        self.slow_table()
        started = self.server.ask("SELECT clock_timestamp()")
        seconds, _ = self.run(binary, "cars", topic, "'conflictmode' = 'ignore', 'exceptionmode' = 'ignore',")
        since = f"extract(epoch FROM inserted - '{started}')"
        found, in_second_5 = self.server.ask(
            f"SELECT count(*), count(*) FILTER (WHERE {since} >= 4 AND {since} < 5) FROM bench.cars").split("|")
        if int(found) != rows:
            raise SystemExit(f"{found} rows of {rows}")
        # Rows of a transaction have the same xmin. The first transactions are left out, because the job doesn't know yet how long a row
        # takes.
        longest = self.server.ask(
            f"SELECT max(1000 * (last - first)) FILTER (WHERE first >= 2) FROM "
            f"(SELECT min({since}) AS first, max({since}) AS last FROM bench.cars GROUP BY xmin) x")
        return {"case": f"{what}, 5th second", "connections": 20, "rows": rows, "seconds": round(seconds, 1),
                "rows_per_second": int(in_second_5), "longest_transaction_ms": round(float(longest or 0))}
