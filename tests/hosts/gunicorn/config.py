"""How gunicorn runs the application: a sink for each worker, opened after the fork and closed at the worker's end."""

import os

control_socket_disable = True
graceful_timeout = 15
preload_app = "APP_PRELOADED" in os.environ
threads = int(os.environ.get("APP_THREADS", 1))
workers = 3

OPENS_BEFORE_THE_FORK = "APP_OPENS_BEFORE" in os.environ
"""What an application must not do."""


def when_ready(server):
    """In the master, before there are workers."""
    if OPENS_BEFORE_THE_FORK:
        import app

        app.open_sink()
        app.push_rows([0])


def post_worker_init(worker):
    if not OPENS_BEFORE_THE_FORK:
        import app

        app.open_sink()


def worker_exit(server, worker):
    """Writes what was taken. Without it the end of the interpreter does so, for at most 5 s."""
    if not OPENS_BEFORE_THE_FORK:
        import app

        app.sink.close(10)


def on_exit(server):
    """In the master again."""
    if OPENS_BEFORE_THE_FORK:
        import app

        app.sink.close(10)
