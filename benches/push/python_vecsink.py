"""Pushes vectors with vecsink: python_vecsink.py matrix|frame|rows URL SCHEMA.TABLE ROWS DIMS

The table has the columns (id bigint, feature float4[] or vector). The rows are made before the clock starts. Prints one JSON
object: rows, and the seconds from the first push until all are durable.
"""

import json
import sys
import time

import numpy as np
import vecsink


def matrix(sink, ids, vectors):
    sink.push_batch({"id": ids, "feature": vectors})


def frame(sink, ids, vectors):
    """Pushes a DataFrame as hosts often have it: each value of the vector column is a numpy array."""
    sink.push_batch(FRAME)


def rows(sink, ids, vectors):
    push = sink.push
    for number, vector in enumerate(vectors):
        push(id=number, feature=vector)


def main():
    how, url, table, count, dims = sys.argv[1:]
    count, dims = int(count), int(dims)
    vectors = np.random.default_rng(7).standard_normal((count, dims), "f4")
    ids = np.arange(count)
    if how == "frame":
        global FRAME
        import pandas

        FRAME = pandas.DataFrame({"id": ids, "feature": list(vectors)})
    push = {"matrix": matrix, "frame": frame, "rows": rows}[how]
    with vecsink.Sink(url, table, conflict_mode="ignore") as sink:
        begun, cpu = time.monotonic(), time.process_time()
        push(sink, ids, vectors)
        pushed = time.monotonic() - begun
        sink.flush()
        seconds, cpu = time.monotonic() - begun, time.process_time() - cpu
    assert sink.stats().rows_written == count
    print(json.dumps({"rows": count, "seconds": seconds, "cpu_seconds": cpu, "push_seconds": pushed}))


if __name__ == "__main__":
    main()
