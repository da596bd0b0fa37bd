//! The library that hosts link, and a compiler for their programs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::support::postgresql::Postgres;
use crate::support::servers::{project, skipped};

/// The folder with libvecsink.so and libvecsink.a. They are built from the current sources.
pub fn folder() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let own = std::env::current_exe().expect("this test has a path");
        let release = own.parent().and_then(Path::parent).expect("tests lie in target/release/deps").to_owned();
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(project()).args(["build", "--quiet", "--release", "--features", "capi,internals"]);
        // With one of the tests cargo chooses the same features for the dependencies as for the tests, and builds the crate once.
        cargo.args(["--package", "vecsink", "--package", "vecsink-c", "--lib", "--test", "hosts", "--target-dir"]);
        cargo.arg(release.parent().expect("it has a parent"));
        if std::env::var("CI").as_deref() == Ok("true") {
            cargo.arg("--locked");
        }
        // Cargo's variables for its child processes would make the other cargo build everything again.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("CARGO_") && name != "CARGO_HOME") {
                cargo.env_remove(name);
            }
        }
        finish(&mut cargo);
        release
    })
}

/// The folder for the programs of these tests.
pub fn programs() -> PathBuf {
    let folder = project().join("target/hosts");
    std::fs::create_dir_all(&folder).expect("a folder for the programs");
    folder
}

/// Compiles a C11 program of tests/hosts/c, pedantically, against the shared library.
pub fn compile_c(name: &str, to: &str, flags: &[&str]) -> PathBuf {
    let program = programs().join(to);
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-pthread"])
        .args(flags);
    cc.arg("-I").arg(project().join("include")).arg(project().join(format!("tests/hosts/c/{name}.c")));
    cc.arg("-o").arg(&program).arg("-L").arg(folder()).arg("-lvecsink");
    cc.arg(format!("-Wl,-rpath,{}", folder().display()));
    finish(&mut cc);
    program
}

/// Whether a tool is installed: it is asked for its version. Without it the test is skipped.
pub fn has(tool: &str, version: &str) -> bool {
    let found = Command::new(tool).arg(version).output().is_ok_and(|output| output.status.success());
    if !found {
        skipped(tool);
    }
    found
}

/// Like [`has`], but the tool must have this version or a newer one.
pub fn has_since(tool: &str, version: &str, oldest: [u32; 2]) -> bool {
    let said = Command::new(tool).arg(version).output().map(|output| output.stdout).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let numbers = said.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
    let enough = numbers.take(2).collect::<Vec<u32>>() >= oldest.to_vec();
    if !enough {
        skipped(&format!("{tool} {}.{} or newer", oldest[0], oldest[1]));
    }
    enough
}

/// Runs something that must succeed.
#[track_caller]
pub fn finish(command: &mut Command) -> String {
    let output = run(command);
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} ended with {}\n{out}{error}", output.status);
    out.into_owned()
}

#[track_caller]
pub fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Runs a program with arguments; it must succeed.
#[track_caller]
pub fn check(program: &Path, arguments: &[impl AsRef<OsStr>]) -> String {
    finish(Command::new(program).args(arguments))
}

pub fn url(server: &Postgres) -> String {
    let Postgres { user, password, host, port, database, .. } = server;
    format!("postgresql://{user}:{password}@{host}:{port}/{database}?sslmode=disable")
}
