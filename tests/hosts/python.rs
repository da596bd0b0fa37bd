//! The Python package's own tests, run by pytest, in the environment that `make test` puts into target/python.

use std::path::PathBuf;
use std::process::Command;

use crate::library::{finish, folder, url};
use crate::support::broker::kafka;
use crate::support::postgresql::postgres18;
use crate::support::servers::{project, skipped};

/// Python with what the tests need.
fn python() -> Option<PathBuf> {
    let python = project().join("target/python/bin/python");
    if python.exists() {
        return Some(python);
    }
    skipped("target/python");
    None
}

#[test]
fn the_python_package_passes_its_tests() {
    let (Some(server), Some(kafka), Some(python)) = (postgres18(), kafka(), python()) else { return };
    let package = project().join("bindings/python");
    let mut pytest = Command::new(python);
    pytest.current_dir(&package).args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]);
    pytest
        .env("VECSINK_TEST_PG18", url(&server))
        .env("VECSINK_TEST_KAFKA", &kafka.brokers)
        .env("VECSINK_TEST_COMMAND", env!("CARGO_BIN_EXE_vecsink"))
        .env("VECSINK_LIBRARY", folder().join("libvecsink.so"))
        .env("PYTHONPATH", package.join("src"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    finish(&mut pytest);
}
