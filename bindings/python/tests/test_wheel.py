"""`pip install ./bindings/python` builds a wheel that carries the library, for any Python 3 of this platform."""

import os
import platform
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from vecsink import _library

PACKAGE = Path(__file__).resolve().parents[1]


def pip(*arguments, **variables):
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    return subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel is built with the library under test, so that cargo doesn't build the library again."""
    folder = tmp_path_factory.mktemp("wheel")
    built = pip("wheel", PACKAGE, "--no-deps", "--no-build-isolation", "-w", folder, VECSINK_BUILD_LIBRARY=_library.lib._name)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = folder.iterdir()
    return wheel


def test_the_wheel_fits_any_python_3_of_this_platform(wheel):
    assert wheel.name.endswith(f"-py3-none-linux_{platform.machine()}.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = next(archive.read(name).decode() for name in names if name.endswith("METADATA"))
    assert {"vecsink/libvecsink.so", "vecsink/py.typed", "vecsink/_sink.py"} <= names
    assert "Requires-Dist" not in metadata, "numpy and its like are the program's own choice"
    assert "Requires-Python: >=3.9" in metadata


def test_an_installed_wheel_brings_its_library(wheel, tmp_path):
    installed = pip("install", wheel, "--no-deps", "--target", tmp_path)
    assert installed.returncode == 0, installed.stderr
    environment = {name: value for name, value in os.environ.items() if name != "VECSINK_LIBRARY"}
    environment["PYTHONPATH"] = str(tmp_path)
    program = "import vecsink; from vecsink import _library; print(vecsink.__version__, _library.lib._name)"
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert ran.stdout.split() == [wheel.name.split("-")[1], str(tmp_path / "vecsink" / "libvecsink.so")], ran.stderr


def test_without_cargo_the_build_says_what_to_install(tmp_path):
    built = pip("wheel", PACKAGE, "--no-deps", "--no-build-isolation", "-w", tmp_path, PATH=str(Path(sys.executable).parent))
    assert built.returncode != 0
    assert "cargo is not on the PATH" in built.stdout + built.stderr


def test_without_its_library_the_package_raises_an_error_that_says_so(tmp_path):
    variables = {
        **os.environ,
        "VECSINK_LIBRARY": str(tmp_path / "none.so"),
        "PYTHONPATH": str(Path(_library.__file__).parents[1]),
    }
    ran = subprocess.run([sys.executable, "-c", "import vecsink"], env=variables, capture_output=True, text=True)
    assert "ImportError: vecsink: " in ran.stderr
    assert "none.so" in ran.stderr
