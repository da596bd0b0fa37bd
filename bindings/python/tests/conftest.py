"""A real PostgreSQL server with pgvector. Each test has a schema of its own in it."""

from __future__ import annotations

import os
import signal
import uuid
from pathlib import Path

import psycopg
import pytest

import vecsink

PROJECT = Path(__file__).resolve().parents[3]

# If a shell starts the tests in the background, they ignore Ctrl-C. But some tests send it to themselves.
signal.signal(signal.SIGINT, signal.default_int_handler)


def address(variable: str) -> str:
    """The address of a server, from tests/servers/servers.py. Without it the test is skipped, and the skipped test is
    counted."""
    value = os.environ.get(variable)
    if value:
        return value
    skip(f"no {variable}, see `make test`")


def skip(why: str):
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    counted = os.environ.get("VECSINK_TEST_SKIPPED")
    if counted:
        with open(counted, "a") as file:
            file.write(f"SKIPPED {os.environ.get('PYTEST_CURRENT_TEST')}: {why}\n")
    pytest.skip(why)


class Schema:
    def __init__(self, url: str) -> None:
        self.url, self.name = url, f"py_{uuid.uuid4().hex[:12]}"
        self.connection = psycopg.connect(url, autocommit=True)
        self.connection.execute(f"CREATE SCHEMA {self.name}")
        self.connection.execute(f"SET search_path TO {self.name}, public; SET timezone TO 'UTC'")
        self.sinks: list[vecsink.Sink] = []

    def execute(self, statements: str) -> None:
        self.connection.execute(statements)

    def rows(self, query: str) -> list[tuple]:
        return self.connection.execute(query).fetchall()

    def value(self, query: str):
        return self.rows(query)[0][0]

    def sink(self, table: str = "items", **options) -> vecsink.Sink:
        sink = vecsink.Sink(self.url, f"{self.name}.{table}", **options)
        self.sinks.append(sink)
        return sink

    def locked(self, table: str = "items") -> psycopg.Connection:
        """A connection whose transaction keeps writers out of a table."""
        connection = psycopg.connect(self.url)
        connection.execute(f"LOCK TABLE {self.name}.{table}")
        return connection

    def drop(self) -> None:
        for sink in self.sinks:
            if not sink.closed:
                try:
                    sink.close(5)
                except vecsink.Error:
                    pass
        self.connection.execute(f"DROP SCHEMA {self.name} CASCADE")
        self.connection.close()


@pytest.fixture(scope="session")
def url() -> str:
    url = address("VECSINK_TEST_PG18")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(7)")  # two sessions that make the same extension at once disturb each other
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    return url


@pytest.fixture
def schema(url):
    schema = Schema(url)
    yield schema
    schema.drop()


@pytest.fixture
def items(schema):
    """A schema with the usual table."""
    schema.execute("CREATE TABLE items (id bigint PRIMARY KEY, feature vector(4))")
    return schema
