#!/bin/sh
# Checks that the tools for a purpose are there: tools.sh build|demo|test|test-long
# Names each missing one with its Debian package. Without what only some tests need, it warns; under CI=true it fails.
purpose=$1
missing=
wanting=

has() { command -v "$1" >/dev/null 2>&1; }
need() { missing="$missing
  $1 (Debian package: $2)"; }
want() { wanting="$wanting
  $1 (Debian package: $2)"; }

# "rustc 1.88.0 (…)" to 1088; "openjdk version "17.0.15"" to 17.
rust_version() { rustc --version 2>/dev/null | sed -E 's/^rustc ([0-9]+)\.([0-9]+).*/\1 \2/' | awk '{ print $1 * 1000 + $2 }'; }
go_version() { go version 2>/dev/null | sed -E 's/^go version go([0-9]+)\.([0-9]+).*/\1 \2/' | awk '{ print $1 * 1000 + $2 }'; }
java_version() { java -version 2>&1 | sed -nE '1s/.*version "([0-9]+).*/\1/p'; }

if ! has cargo || [ "$(rust_version)" -lt 1088 ] 2>/dev/null; then need "cargo and rustc 1.88 or newer" "cargo, or rustup where it is older"; fi
has cc && has c++ || need "a C and a C++ compiler" build-essential
has cmake || need cmake cmake
has perl || need perl perl
has make || need make make

if [ "$purpose" != build ]; then
    has python3 && python3 -m pip --version >/dev/null 2>&1 || need "python3 with pip" "python3-pip"
    has setpriv || need setpriv util-linux
fi
if [ "$purpose" = test-long ]; then
    has valgrind || need valgrind valgrind
    purpose=test
fi
if [ "$purpose" = test ]; then
    has python3 && python3 -c 'import ensurepip' >/dev/null 2>&1 || need "python3 with venv" "python3-venv"
    cargo fmt --version >/dev/null 2>&1 || need "cargo fmt" rustfmt
    cargo clippy --version >/dev/null 2>&1 || need "cargo clippy" rust-clippy
    has pkg-config || want pkg-config pkg-config
    { has apt-get && has dpkg-deb; } || want "apt-get and dpkg-deb, for PgBouncer" "apt, dpkg"
    has openssl || want "the openssl command" openssl
    { has java && [ "$(java_version)" -ge 17 ]; } 2>/dev/null || want "java 17 or newer" openjdk-17-jre-headless
    has mvn || want "mvn" maven
    has javac || want "javac, for the host in Java" openjdk-17-jdk-headless
    { has go && [ "$(go_version)" -ge 1022 ]; } 2>/dev/null || want "go 1.22 or newer, for the host in Go" "golang, or backports"
    { has node && has npm; } || want "node and npm, for the host in Node" "nodejs, npm"
fi

if [ "${CI:-}" = true ]; then
    missing="$missing$wanting"
elif [ -n "$wanting" ]; then
    echo "Missing, so that some tests will be SKIPPED:$wanting" >&2
fi
if [ -n "$missing" ]; then
    echo "Missing:$missing" >&2
    exit 1
fi
