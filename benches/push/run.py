#!/usr/bin/env python3
"""How fast vectors get from a program into PostgreSQL: vecsink from Rust, C, C++ and Python, compared with `\\copy` and psycopg.

Run it as `make bench-push`, which starts the servers (durable settings); `make bench-push BENCH='--dims 128 --rows 5000 --runs 1'`
is a small one. Prints tables, and with --keep writes them into docs/.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import report
from measure import Server, measured

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ROWS = {128: 300_000, 768: 60_000}
TABLE = """
DROP SCHEMA IF EXISTS bench CASCADE; CREATE SCHEMA bench;
CREATE TABLE bench.items (id bigint NOT NULL PRIMARY KEY, feature {type} NOT NULL);
ALTER TABLE bench.items ALTER feature SET STORAGE PLAIN
"""
ARRAY, VECTOR = "float4[]", "vector({dims})"
# Slow cases get fewer rows: how many times fewer.
FEWER = {"psycopg executemany": 20, "psycopg copy binary, lists": 5, "vecsink, Python rows": 2}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dims", type=int, nargs="*", default=list(ROWS))
    parser.add_argument("--rows", type=int, help="instead of 300,000 at 128 dims, 60,000 at 768")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=["throughput", "latency"], default=["throughput", "latency"])
    parser.add_argument("--seconds", type=int, default=10, help="length of a latency measurement")
    parser.add_argument("--library", default=str(ROOT / "target/release"), help="the folder with libvecsink.so")
    parser.add_argument("--beside", metavar="FOLDER", help="the folder with another libvecsink.so, for example of an earlier commit: C and C++ "
                        "with it are measured in the same run")
    parser.add_argument("--cases", default="", help="only the cases whose names have these words, and \\copy")
    parser.add_argument("--python", default=sys.executable, help="a Python that has numpy, pandas, psycopg and pgvector")
    parser.add_argument("--keep", action="store_true", help="write the results into docs/")
    arguments = parser.parse_args()
    server = Server(os.environ["VECSINK_TEST_PG18"], os.environ["VECSINK_TEST_POSTGRES18_BIN"])
    server.ask("CREATE EXTENSION IF NOT EXISTS vector")
    results = {}
    # psql reads and writes files on the machine of the client.
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        push = Push(server, Path(folder), arguments)
        if "throughput" in arguments.only:
            results["push"] = []
            for dims in arguments.dims:
                lines = push.dimension(dims, arguments.rows or ROWS.get(dims, 100_000), arguments.runs)
                print(report.header(lines[0]), *map(report.line, lines), sep="\n", flush=True)
                results["push"] += lines
        if "latency" in arguments.only:
            results["push-latency"] = push.latency(arguments.runs, arguments.seconds)
            print(report.header(results["push-latency"][0]), *map(report.line, results["push-latency"]), sep="\n", flush=True)
    if arguments.keep:
        keep(results)


class Push:
    def __init__(self, server, folder, arguments):
        self.server, self.folder, self.python, self.words = server, folder, arguments.python, arguments.cases
        library, beside = Path(arguments.library).resolve(), arguments.beside and Path(arguments.beside).resolve()
        self.url = server.url + ("&" if "?" in server.url else "?") + "sslmode=disable"
        self.environment = {"VECSINK_LIBRARY": str(library / "libvecsink.so"), "PYTHONPATH": str(ROOT / "bindings/python/src")}
        # The programs with each library, by its name in the cases.
        libraries = {"vecsink": library} | ({"vecsink beside": beside} if beside else {})
        each = lambda source: {name: self.compiled(source, name, folder) for name, folder in libraries.items()}
        self.c, self.cpp, self.latency_programs = each("push.c"), each("push.cpp"), each("latency.c")
        self.rust = {"vecsink": bench_program("push")} if self.is_wanted("vecsink, Rust matrix", "vecsink, Rust rows") else {}

    def compiled(self, source, name, library):
        program = self.folder / f"{source}-{name}".replace(".", "-").replace(" ", "-")
        compiler = ["c++", "-std=c++17"] if source.endswith(".cpp") else ["cc", "-std=c11", "-D_GNU_SOURCE"]
        subprocess.run([*compiler, "-O2", "-pthread", "-I", ROOT / "include", HERE / source, "-o", program, "-L", library,
                        "-lvecsink", f"-Wl,-rpath,{library}"], check=True)
        return program

    def is_wanted(self, *labels):
        return any(self.words in label or label.startswith("\\copy") for label in labels)

    def table(self, column, dims):
        self.server.ask(TABLE.format(type=column.format(dims=dims)))

    def dimension(self, dims, rows, runs):
        """Measures all cases at one dimension; returns a line of the result for each."""
        cases = [case for case in self.cases(dims, rows) if self.is_wanted(case[0])]
        found = {case[0]: [] for case in cases}
        self.encode(dims, rows)
        # One run of each case after another, so that a change of the machine's speed affects all of them.
        for _ in range(runs):
            for label, column, count, command in cases:
                self.table(column, dims)
                figures = self.measure(command, count)
                stored = int(self.server.ask("SELECT count(*) FROM bench.items"))
                if stored != count:
                    raise SystemExit(f"{label}: {stored} rows of {count}")
                found[label].append(figures)
        return list(lines(dims, {case[0]: case[2] for case in cases}, found))

    def encode(self, dims, rows):
        """The files for \\copy: rows that vecsink stored."""
        for name, column in (("array", ARRAY), ("vector", VECTOR)):
            self.table(column, dims)
            subprocess.run([self.c["vecsink"], "matrix", self.url, "bench.items", str(rows), str(dims)], check=True, capture_output=True)
            self.server.copy(f"(SELECT * FROM bench.items ORDER BY id) to '{self.folder / name}.bin' (format binary)")

    def cases(self, dims, rows):
        def case(label, column, *command):
            count = rows // FEWER.get(label, 1)
            return label, column, count, [*command, self.url, "bench.items", count, dims]

        def copy(label, column, file):
            command = self.server.psql("-c", f"\\copy bench.items from '{self.folder / file}.bin' (format binary)")
            return label, column, rows, command

        vecsink = [self.python, HERE / "python_vecsink.py"]
        psycopg = [self.python, HERE / "python_psycopg.py"]
        yield copy("\\copy binary", ARRAY, "array")
        for language, programs in (("Rust", self.rust), ("C", self.c), ("C++", self.cpp)):
            for name, program in programs.items():
                yield case(f"{name}, {language} matrix", ARRAY, program, "matrix")
                yield case(f"{name}, {language} rows", ARRAY, program, "rows")
        yield case("vecsink, Python numpy matrix", ARRAY, *vecsink, "matrix")
        yield case("vecsink, Python DataFrame", ARRAY, *vecsink, "frame")
        yield case("vecsink, Python rows", ARRAY, *vecsink, "rows")
        yield case("psycopg copy binary, lists", ARRAY, *psycopg, "copy")
        yield case("psycopg executemany", ARRAY, *psycopg, "executemany")
        yield copy("\\copy binary, vector", VECTOR, "vector")
        for name, program in self.c.items():
            yield case(f"{name}, C matrix, vector", VECTOR, program, "matrix")
        yield case("pgvector-python copy, numpy, vector", VECTOR, *psycopg, "pgvector")

    def measure(self, command, count):
        said = []
        figures = measured(command, self.server, None, self.environment, said)
        # Our programs print how long the pushing took. psql doesn't; its whole time counts.
        own = json.loads(said[0].splitlines()[-1]) if said[0].strip() else {}
        if own and own["rows"] != count:
            raise SystemExit(f"{command}: {own}")
        return {"rate": count / own.get("seconds", figures["seconds"]), "client": own.get("cpu_seconds", figures["client"]) / count,
                "server": figures["server"] / count, "rss": figures["rss"]}

    def latency(self, runs, seconds, producers=4, rate=2000, dims=128):
        found = {name: [] for name in self.latency_programs}
        for _ in range(runs):
            for name, program in self.latency_programs.items():
                self.table(ARRAY, dims)
                command = [program, self.url, "bench.items", producers, rate, seconds, dims]
                done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
                if done.returncode != 0:
                    raise SystemExit(f"latency failed: {done.stderr}")
                found[name].append(json.loads(done.stdout))
        return [self.latency_line(name, runs, producers, rate, dims) for name, runs in found.items()]

    def latency_line(self, name, found, producers, rate, dims):
        middle = {figure: statistics.median(run[figure] for run in found) for figure in found[0]}
        # With a single program its name isn't needed.
        label = {"case": name} if len(self.latency_programs) > 1 else {}
        return {**label, "producers": producers, "rows_per_second": producers * rate, "dims": dims, "runs": len(found),
                "transactions": round(middle["transactions"]),
                **{figure: round(middle[figure], 1) for figure in ("p50_us", "p99_us", "p99.9_us", "most_us", "control_p50_us", "control_p99_us")}}


def lines(dims, counts, runs):
    middle = {label: {key: statistics.median(run[key] for run in found) for key in found[0]} for label, found in runs.items()}
    for label, figures in middle.items():
        copied = middle["\\copy binary, vector" if label.endswith(", vector") else "\\copy binary"]
        yield {
            "dims": dims, "rows": counts[label], "case": label, "runs": len(runs[label]), "rows_per_second": round(figures["rate"]),
            "client_cpu_us_a_row": round(figures["client"] * 1e6, 2), "server_cpu_us_a_row": round(figures["server"] * 1e6, 2),
            "peak_rss_megabytes": round(figures["rss"]), "ratio": round(figures["rate"] / copied["rate"], 2),
        }


def bench_program(name):
    """The path of a bench of Cargo.toml, built."""
    command = ["cargo", "bench", "--profile", "release", "--bench", name, "--no-run", "--quiet", "--message-format", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    messages = map(json.loads, done.stdout.splitlines())
    return next(m["executable"] for m in messages if m["reason"] == "compiler-artifact" and m["target"]["name"] == name and m["executable"])


def keep(results):
    folder = ROOT / "docs/benchmarks"
    folder.mkdir(exist_ok=True)
    for name, found in results.items():
        with open(folder / f"{name}.csv", "w", newline="") as out:
            writer = csv.DictWriter(out, list(found[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(found)
        report.replace(ROOT / "docs/benchmarks.md", name, found)


if __name__ == "__main__":
    sys.exit(main())
