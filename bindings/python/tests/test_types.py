"""The package is typed, and written for Python 3.9."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import skip

import vecsink

PACKAGE = Path(__file__).resolve().parents[1]

USE = """
import numpy as np
import vecsink

def rejected(row: vecsink.Rejected) -> None:
    print(row.sequence, row.column)

with vecsink.Sink("postgresql://x", "t", conflict_mode="upsert", on_rejected=rejected) as sink:
    number: int = sink.push(id=1, feature=np.zeros(3, dtype=np.float32), timeout=1.5)
    pushed: vecsink.Pushed = sink.push_batch({"id": np.arange(3)})
    rows: int = pushed.rows
    stats: vecsink.Stats = sink.stats()
    late: "float | None" = stats.freshness
    try:
        sink.wait_durable(number)
    except vecsink.TimedOutError as error:
        code: vecsink.Code = error.code
job: vecsink.Pipeline = vecsink.Pipeline.from_sql("", options={"t": {"batchsize": 5}})
vecsink.Sink("postgresql://x", "t", conflict_mode="never")  # E: arg-type
sink.push_values(5)  # E: arg-type
sink.wait_durable("x")  # E: arg-type
"""


def tool(*command: str, **options) -> subprocess.CompletedProcess:
    ran = subprocess.run([sys.executable, "-m", *command], cwd=PACKAGE, capture_output=True, text=True, **options)
    if f"No module named {command[0]}" in ran.stderr:
        skip(f"no {command[0]}")
    return ran


def test_the_package_is_strictly_typed(tmp_path):
    checked = tool("mypy", "--cache-dir", str(tmp_path))
    assert checked.returncode == 0, checked.stdout


def test_a_type_checker_finds_wrong_arguments_in_a_program(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(USE)
    checked = tool("mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(program))
    expected = [number for number, line in enumerate(USE.splitlines(), 1) if "# E:" in line]
    found = [int(line.split(":")[1]) for line in checked.stdout.splitlines() if "error:" in line]
    assert found == expected, checked.stdout


def test_the_code_is_formatted_and_is_python_3_9():
    for command in [["check"], ["format", "--check"]]:
        checked = tool("ruff", *command, "--no-cache", "src", "tests", "setup.py")
        assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("name", vecsink.__all__)
def test_every_public_name_is_documented(name):
    assert getattr(vecsink, name).__doc__


def test_nothing_is_imported_but_the_standard_library():
    program = "import sys, vecsink; print(sorted({'numpy', 'pandas', 'pyarrow', 'polars'} & sys.modules.keys()))"
    source = str(Path(vecsink.__file__).parents[1])
    import os

    environment = {**os.environ, "PYTHONPATH": source}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert ran.stdout == "[]\n", ran.stderr
