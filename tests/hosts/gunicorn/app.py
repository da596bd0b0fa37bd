"""A WSGI application that pushes rows for its clients: POST /rows?first=7&count=20 one by one, POST /batch?… as a batch.

An answer of 200 means that the sink has accepted the rows. They may not be in the table yet; the worker waits for that when it ends.
"""

import os
from array import array
from urllib.parse import parse_qs

import vecsink

sink = None
"""The sink of this process. It is opened when the worker starts (config.py)."""


def open_sink():
    global sink
    sink = vecsink.Sink(os.environ["APP_URL"], os.environ["APP_TABLE"], on_rejected=push_instead)


def push_instead(row):
    # A callback may push.
    sink.push(id=-1 if row.stage == "encode" else -2, name=f"instead of {row.stage}", embedding=embedding(0))


def embedding(number):
    return array("f", [number, 0.5, -1])


def push_rows(ids):
    for number in ids:
        sink.push(id=number, name=f"row {number}", embedding=embedding(number))


def push_batch(ids):
    names, embeddings = [f"row {number}" for number in ids], [embedding(number) for number in ids]
    sink.push_batch({"id": array("q", ids), "name": names, "embedding": embeddings})


def push_bad(ids):
    """Pushes rows that are accepted and then can't be stored."""
    sink.push_batch({"id": [ids[0]], "name": ["no vector"], "embedding": [array("f", [float("nan"), 0, 0])]})
    sink.push(id=ids[0], name="refused", embedding=embedding(0))


def push_by_new_sink(ids):
    """Pushes the rows into a sink that this request opens."""
    open_sink()
    push_rows(ids)


WORK = {"/rows": push_rows, "/batch": push_batch, "/bad": push_bad, "/another": push_by_new_sink}


def application(environ, start_response):
    query = parse_qs(environ["QUERY_STRING"])
    first, count = (int(query[name][0]) for name in ("first", "count"))
    try:
        WORK[environ["PATH_INFO"]](range(first, first + count))
        status, text = "200 OK", str(os.getpid())
    except vecsink.Error as error:
        status, text = "503 Service Unavailable", f"{error.code.name}: {error}"
    start_response(status, [("Content-Type", "text/plain")])
    return [text.encode()]
