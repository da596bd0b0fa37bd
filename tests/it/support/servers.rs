//! The addresses of the servers: `tests/servers/servers.py` puts them into the environment, or into a file if the servers stay up.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The value that the script gave for a server. Without one the test is skipped, which is printed and counted; with `CI=true` it fails.
pub fn address(variable: &str) -> Option<String> {
    let found = std::env::var(variable).ok().or_else(|| in_file(variable));
    if found.is_none() {
        skipped(variable);
    }
    found
}

/// The script that fetches and starts servers.
pub fn script() -> PathBuf {
    project().join("tests/servers/servers.py")
}

pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn in_file(variable: &str) -> Option<String> {
    let text = std::fs::read_to_string(project().join("target/servers/env")).ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix(variable)?.strip_prefix('='))
        .map(|v| v.trim_matches('\'').to_owned())
}

/// Prints and counts that a test is skipped because something is missing.
pub fn skipped(variable: &str) {
    let line = format!("SKIPPED {}: no {variable}, see `make test`\n", current_test());
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{line}");
    // Written directly to the stream, which the test harness doesn't capture.
    let _ = std::io::stderr().write_all(line.as_bytes());
    count(&line);
}

/// Counts that a test doesn't run on a server that lacks what it needs. This is never a failure.
pub fn not_on(server: &str, feature: &str) {
    count(&format!("NOT ON {server}, without {feature}: {}\n", current_test()));
}

fn current_test() -> String {
    std::thread::current().name().unwrap_or("a test").to_owned()
}

fn count(line: &str) {
    if let Some(file) = std::env::var_os("VECSINK_TEST_SKIPPED") {
        let counted = OpenOptions::new().append(true).open(file).and_then(|mut f| f.write_all(line.as_bytes()));
        counted.expect("the list of skipped tests is writable");
    }
}
