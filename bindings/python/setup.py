"""Builds a wheel that contains the shared library. Everything else is in pyproject.toml.

Cargo builds the library from the repository that contains this folder, into its `target/`. If the environment variable
VECSINK_BUILD_LIBRARY names a file, that file is taken instead.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
# The same command as in `make library`, so that nothing is built twice.
BUILD = ["cargo", "build", "--release", "--package", "vecsink-c", "--features", "capi"]


def repository():
    manifest = REPOSITORY / "Cargo.toml"
    if not manifest.exists() or 'name = "vecsink"' not in manifest.read_text():
        sys.exit(
            f"vecsink: {REPOSITORY} is not vecsink's repository. The wheel is built inside of it, "
            "`pip install ./bindings/python`; or name a built libvecsink.so in VECSINK_BUILD_LIBRARY"
        )
    return REPOSITORY


def version():
    """The library's version, from Cargo.toml."""
    named = os.environ.get("VECSINK_BUILD_VERSION")
    if named:
        return named
    return re.search(r'(?m)^version = "(.+)"', (repository() / "Cargo.toml").read_text())[1]


def library():
    """The shared library, built unless it is given."""
    given = os.environ.get("VECSINK_BUILD_LIBRARY")
    if given:
        path = Path(given)
        if not path.is_absolute():  # pip may run this in another directory than its own
            sys.exit(f"vecsink: VECSINK_BUILD_LIBRARY must be an absolute path, not {given}")
        if not path.is_file():
            sys.exit(f"vecsink: VECSINK_BUILD_LIBRARY names {path}, which is not there")
        return path
    root = repository()
    if shutil.which("cargo") is None:
        sys.exit(
            "vecsink: the wheel carries a library written in Rust, and cargo is not on the PATH. Install Rust 1.88 or newer "
            "(https://rustup.rs), a C and C++ compiler, cmake and perl; or name a built libvecsink.so in VECSINK_BUILD_LIBRARY"
        )
    print("vecsink:", *BUILD, flush=True)
    if subprocess.run(BUILD, cwd=root).returncode != 0:
        sys.exit("vecsink: cargo could not build the library; it says why above")
    target = Path(os.environ.get("CARGO_TARGET_DIR") or root / "target")
    return target / "release" / "libvecsink.so"


class BuildWithLibrary(build_py):
    def run(self):
        shutil.rmtree(self.build_lib, ignore_errors=True)  # files of an earlier build
        super().run()
        into = Path(self.build_lib, "vecsink", "libvecsink.so")
        into.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(library(), into)
        if shutil.which("strip"):  # most of the file is debug information and names of internal functions
            subprocess.run(["strip", "--strip-unneeded", str(into)], check=True)


class WheelOfPlatform(bdist_wheel):
    """Tags the wheel for any Python 3 of this platform: the library doesn't depend on Python's version."""

    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self):
        return "py3", "none", f"linux_{platform.machine()}"


class NoSourceDistribution(sdist):
    def run(self):
        sys.exit("vecsink: there is no source distribution: the library's source is the repository around this folder")


class WithLibrary(Distribution):
    def has_ext_modules(self):
        return True


if platform.system() != "Linux":
    sys.exit("vecsink: Linux only")
# setuptools' own files go into the folder of everything that is built.
build = REPOSITORY / "target" / "python-build"
if os.access(REPOSITORY, os.W_OK) and (REPOSITORY / "Cargo.toml").exists():
    build.mkdir(parents=True, exist_ok=True)
    left = {"build": {"build_base": str(build)}, "egg_info": {"egg_base": str(build)}}
else:
    left = {}
setup(
    version=version(),
    distclass=WithLibrary,
    options=left,
    cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": WheelOfPlatform, "sdist": NoSourceDistribution},
)
