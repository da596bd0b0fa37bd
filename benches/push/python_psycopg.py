"""The other ways into PostgreSQL from Python: python_psycopg.py copy|executemany|pgvector URL SCHEMA.TABLE ROWS DIMS

copy: psycopg's binary COPY from lists; executemany: psycopg's; pgvector: the bulk load that pgvector-python recommends, binary
COPY of numpy vectors, which needs a column of type vector. The rows are made before the clock starts. Prints one JSON object:
rows, and the seconds from the first row until COMMIT is answered.
"""

import json
import sys
import time

import numpy as np
import psycopg


def copy(connection, table, vectors):
    with connection.cursor().copy(f"COPY {table} (id, feature) FROM STDIN WITH (FORMAT BINARY)") as writing:
        writing.set_types(["int8", "float4[]"])
        for number, vector in enumerate(vectors):
            writing.write_row((number, vector))


def executemany(connection, table, vectors):
    insert = f"INSERT INTO {table} (id, feature) VALUES (%s, %s)"
    connection.cursor().executemany(insert, list(enumerate(vectors)))


def pgvector(connection, table, vectors):
    with connection.cursor().copy(f"COPY {table} (id, feature) FROM STDIN WITH (FORMAT BINARY)") as writing:
        writing.set_types(["int8", "vector"])
        for number, vector in enumerate(vectors):
            writing.write_row((number, vector))


def main():
    how, url, table, count, dims = sys.argv[1:]
    vectors = np.random.default_rng(7).standard_normal((int(count), int(dims)), "f4")
    with psycopg.connect(url) as connection:
        if how == "pgvector":
            from pgvector.psycopg import register_vector

            register_vector(connection)
            vectors = list(vectors)
        else:
            vectors = vectors.tolist()
        connection.commit()
        begun, cpu = time.monotonic(), time.process_time()
        {"copy": copy, "executemany": executemany, "pgvector": pgvector}[how](connection, table, vectors)
        connection.commit()
        seconds, cpu = time.monotonic() - begun, time.process_time() - cpu
    print(json.dumps({"rows": int(count), "seconds": seconds, "cpu_seconds": cpu}))


if __name__ == "__main__":
    main()
