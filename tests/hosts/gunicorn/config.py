"""Settings of gunicorn. Each worker has a sink, which is opened after the fork and closed at the worker's end."""

import os

control_socket_disable = True
graceful_timeout = 15
preload_app = "APP_PRELOADED" in os.environ
threads = int(os.environ.get("APP_THREADS", 1))
workers = 3

OPENS_BEFORE_THE_FORK = "APP_OPENS_BEFORE" in os.environ
"""Whether the master opens a sink before the fork, which an application must not do."""


def when_ready(server):
    """Called in the master, before there are workers."""
    if OPENS_BEFORE_THE_FORK:
        import app

        app.open_sink()
        app.push_rows([0])


def post_worker_init(worker):
    if not OPENS_BEFORE_THE_FORK:
        import app

        app.open_sink()


def worker_exit(server, worker):
    """Writes the rows that were accepted. Otherwise they would be written at the end of the interpreter, within at most 5 s."""
    if not OPENS_BEFORE_THE_FORK:
        import app

        app.sink.close(10)


def on_exit(server):
    """Called in the master, after the workers have ended."""
    if OPENS_BEFORE_THE_FORK:
        import app

        app.sink.close(10)
