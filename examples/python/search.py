"""Embeds sentences with a small model, streams them into PostgreSQL with pgvector, and finds the nearest by SQL.

    pip install ./bindings/python wordllama 'psycopg[binary]'
    python examples/python/search.py postgresql://me:secret@localhost/postgres "a question"
"""

import sys
from pathlib import Path

import psycopg
import vecsink
import wordllama

SENTENCES = [
    "The kitchen lamp flickers whenever the fridge starts.",
    "A cat sleeps on the warm windowsill all afternoon.",
    "Shares of the chip maker fell after its earnings report.",
    "The hikers reached the summit before sunrise.",
    "Our dog barks at every bicycle that passes.",
    "The central bank raised interest rates again.",
    "Fresh bread smells best in the early morning.",
    "She repaired the old radio with a soldering iron.",
]
TABLE = "CREATE TABLE IF NOT EXISTS sentences (id bigint PRIMARY KEY, body text NOT NULL, embedding vector(256) NOT NULL)"
NEAREST = "SELECT body, embedding <=> %s::vector AS distance FROM sentences ORDER BY distance LIMIT 3"


def main(url: str, question: str) -> None:
    # The package contains the model's weights: 256 dimensions, no GPU, nothing to download.
    model = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("CREATE EXTENSION IF NOT EXISTS vector")
        database.execute(TABLE)
        schema = database.execute("SELECT current_schema").fetchone()[0]

        with vecsink.Sink(url, f"{schema}.sentences", on_rejected=lambda row: print("rejected:", row.reason)) as sink:
            # The model's matrix is read in place, without a copy.
            batch = {"id": list(range(len(SENTENCES))), "body": SENTENCES, "embedding": model.embed(SENTENCES)}
            pushed = sink.push_batch(batch)
            # One more row, pushed alone, as a service would do that embeds each text of its users.
            body = "The puppy chased the neighbour's kitten."
            last = sink.push(id=pushed.rows, body=body, embedding=model.embed(body)[0])
            # After this, every query finds the row.
            sink.wait_durable(last, timeout=30)

        vector = "[" + ",".join(map(str, model.embed(question)[0])) + "]"
        for body, distance in database.execute(NEAREST, [vector]):
            print(f"{distance:.3f}  {body}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
