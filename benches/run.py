#!/usr/bin/env python3
"""The benchmark behind docs/benchmarks.md: throughput, freshness, and both with a vector index, in one run on one machine.

Run it as `make bench`, which starts the servers (durable settings) and puts their addresses in the environment; `make bench
BENCH='--dims 128 --runs 3 --only throughput'` measures a part. Prints tables, and with --keep writes them, CSV files and plots
into docs/.
"""

import argparse
import csv
import json
import os
import subprocess
import sys

import report
from costs import ROWS as COST_ROWS
from costs import Costs
from indexed import Indexed
from measure import Server, broker_pid
from throughput import COLUMNS, ROWS, ROOT, Bench

FORMATS = ["csv", "json", "avro"]

PLOTTED = ["throughput", "hnsw", "freshness", "searchable"]
PARTS = PLOTTED + ["sent-again", "slow-rows", "costs"]
# The page of each part whose results aren't in docs/benchmarks.md.
PAGES = {"costs": "docs/scaling.md"}
# Few rows, because the database takes long to build the graph of the index.
HNSW_ROWS = {10: 20_000, 128: 5_000, 768: 1_500}
# How rows get into the vector index, rows a second, seconds. More than about 1,400 rows/s are more than the index takes inline: there
# the push has to wait, so fewer seconds are enough.
SEARCHABLE = [
    ("inline", 100, 30), ("behind", 100, 30), ("inline", 500, 30), ("behind", 500, 30), ("inline", 1000, 30), ("behind", 1000, 30),
    ("inline", 3000, 10), ("behind", 3000, 30), ("inline", 10_000, 5), ("behind", 10_000, 30),
]
BURSTS = [("none", 100_000), ("inline", 100_000), ("behind", 100_000), ("behind", 300_000)]
# Rows a second, vector index, the producer's linger. With 10,000 requests a second the broker would be the limit. So for that rate
# the producer waits for other rows as long as librdkafka does by default.
FRESHNESS = [(10, "none", 0), (1000, "none", 0), (10_000, "none", 5), (10, "hnsw", 0), (1000, "hnsw", 0)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dims", type=int, nargs="*", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--partitions", type=int, nargs="*", default=[1, 4])
    parser.add_argument("--formats", nargs="*", choices=FORMATS, default=FORMATS, help="json and avro are measured at 128 dimensions")
    parser.add_argument("--rows", type=int, help="at most so many rows, to try the benchmark itself")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=30, help="length of a freshness measurement, on each of its two ways")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--beside", metavar="BINARY", help="another vecsink, for example of an earlier commit, measured in the same run")
    parser.add_argument("--keep", action="store_true", help="write the results into docs/")
    arguments = parser.parse_args()
    brokers = os.environ["VECSINK_TEST_KAFKA"]
    server = Server(os.environ["VECSINK_TEST_PG18"], os.environ["VECSINK_TEST_POSTGRES18_BIN"])
    bench = Bench(server, brokers, broker_pid(brokers), bench_program("consume"), arguments.beside)
    results = {}
    if "throughput" in arguments.only:
        results["throughput"] = throughput(bench, arguments, ROWS, hnsw=False)
    if "hnsw" in arguments.only:
        results["hnsw"] = throughput(bench, arguments, HNSW_ROWS, hnsw=True)
    if "freshness" in arguments.only:
        results["freshness"] = freshness(arguments.seconds)
    if "searchable" in arguments.only:
        results["searchable"] = searchable(arguments.rows)
    if "sent-again" in arguments.only:
        rows = min(100_000, arguments.rows or 100_000)
        results["sent-again"] = printed(Indexed(bench).sent_again(rows, arguments.beside))
    if "slow-rows" in arguments.only:
        rows = min(150_000, arguments.rows or 150_000)
        results["slow-rows"] = printed(Indexed(bench).slow_rows(rows, arguments.beside))
    if "costs" in arguments.only:
        own = Costs(bench)
        rows = {dims: min(COST_ROWS[dims], arguments.rows or COST_ROWS[dims]) for dims in arguments.dims}
        results["costs"] = printed([line for dims in rows for line in own.measure(dims, rows[dims], arguments.runs)])
    if arguments.keep:
        keep(results)
    return 0


def throughput(bench, arguments, rows, hnsw):
    print(report.header(COLUMNS), flush=True)
    lines = []
    for dims in arguments.dims:
        count = min(rows[dims], arguments.rows or rows[dims])
        partitions = arguments.partitions[:1] if hnsw else arguments.partitions
        formats = ["csv"] if hnsw else arguments.formats
        part = bench.dimension(dims, count, partitions, arguments.runs, hnsw, formats)
        lines += part
        print(*map(report.line, part), sep="\n", flush=True)
    return lines


def freshness(seconds):
    lines = []
    for rate, index, linger in FRESHNESS:
        command = [bench_program("freshness"), "--rate", rate, "--seconds", seconds, "--before", 0, "--index", index, "--linger", linger, "--json"]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
        lines.append({"rows_per_second": rate, "linger_ms": linger, "vector_index": index, **figures(json.loads(done.stdout.splitlines()[-1]))})
        print(report.line(lines[-1]) if len(lines) > 1 else f"{report.header(lines[0])}\n{report.line(lines[0])}", flush=True)
    return lines


def searchable(most):
    """How soon a vector query returns a row, 128 dimensions behind 100,000 rows."""
    runs = [(mode, ["--rate", rate, "--seconds", seconds], f"{rate:,} rows/s") for mode, rate, seconds in SEARCHABLE]
    for mode, rows in BURSTS:
        rows = min(rows, most or rows)
        runs.append((mode, ["--burst", rows, *(["--until-indexed"] if mode != "none" else [])], f"burst of {rows:,}"))
    lines = []
    for mode, load, what in runs:
        command = [bench_program("searchable"), "--mode", mode, "--before", min(100_000, most or 100_000), "--dims", 128, *load, "--json"]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        own, query = found["searchable_ms"] or {}, found["query_ms"] or {}
        lines.append({
            "load": what, "vector_index": mode, "searchable_p50_ms": own.get("p50", ""), "searchable_p99_ms": own.get("p99", ""),
            "searchable_p99.9_ms": own.get("p999", ""), "all_searchable_s": found["all_searchable_seconds"],
            "all_indexed_s": found["all_indexed_seconds"] or "", "query_p50_ms": query.get("p50", ""), "query_p99_ms": query.get("p99", ""), "recall@10": round(found["recall_mean"], 3),
        })
        print(report.line(lines[-1]) if len(lines) > 1 else f"{report.header(lines[0])}\n{report.line(lines[0])}", flush=True)
    return lines


def printed(lines):
    print(report.header(lines[0]), *map(report.line, lines), sep="\n", flush=True)
    return lines


def figures(measured):
    """Those of a run beside those of the bare loop, in milliseconds, and how much faster rows could come."""
    vecsink, bare = measured["ms"]["vecsink"], measured["ms"]["bare"]
    found = {}
    for share in ("p50", "p99"):
        own, limit = vecsink["committed"][share], bare["committed"][share]
        found |= {f"{share}_ms": round(own, 1), f"bare_{share}_ms": round(limit, 1), f"{share}_ratio": round(own / limit, 2)}
    return found | {"seen_p99_ms": round(vecsink["seen"]["p99"], 1), "one_connection_rows/s": measured["rows_per_second_alone"]}


def bench_program(name):
    """The path of a bench of Cargo.toml, built."""
    command = ["cargo", "bench", "--profile", "release", "--features", "internals", "--bench", name, "--no-run", "--quiet"]
    command += ["--message-format", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    messages = map(json.loads, done.stdout.splitlines())
    return next(m["executable"] for m in messages if m["reason"] == "compiler-artifact" and m["target"]["name"] == name and m["executable"])


def keep(results):
    folder = ROOT / "docs/benchmarks"
    folder.mkdir(exist_ok=True)
    for name, lines in results.items():
        with open(folder / f"{name}.csv", "w", newline="") as out:
            writer = csv.DictWriter(out, list(lines[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(lines)
        report.replace(ROOT / PAGES.get(name, "docs/benchmarks.md"), name, lines)
        if name in PLOTTED:
            report.plot(folder / f"{name}.svg", name, lines)


if __name__ == "__main__":
    sys.exit(main())
