"""The example does what it says, with a real model."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from conftest import PROJECT, skip

import vecsink


def test_the_example_prints_the_nearest_sentences(schema):
    if importlib.util.find_spec("wordllama") is None:
        skip("no wordllama")
    example = PROJECT / "examples" / "python" / "search.py"
    environment = {**os.environ, "PYTHONPATH": str(Path(vecsink.__file__).parents[1])}
    url = f"{schema.url}{'&' if '?' in schema.url else '?'}options=-csearch_path%3D{schema.name},public"
    command = [sys.executable, str(example), url, "a question about pets"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    nearest = "\n".join(ran.stdout.splitlines()[:2])
    assert "puppy" in nearest or "dog" in nearest or "cat" in nearest, ran.stdout
    assert len(ran.stdout.splitlines()) == 3
    assert schema.value("SELECT count(*) FROM sentences WHERE vector_dims(embedding) = 256") == 9
