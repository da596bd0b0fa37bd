//! A Go program over cgo.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::items::{holds_what_was_pushed, items, quiet};
use crate::library::{finish, folder, has_since, programs};
use crate::support::servers::project;

fn compile() -> PathBuf {
    let program = programs().join("go");
    let library = folder().display();
    let mut go = Command::new("go");
    go.current_dir(project().join("tests/hosts/go")).args(["build", "-o"]).arg(&program);
    // Only the installed toolchain is used: Go must not fetch another one.
    go.env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "1");
    go.env("CGO_CFLAGS", format!("-I{}", project().join("include").display()));
    go.env("CGO_LDFLAGS", format!("-L{library} -Wl,-rpath,{library}"));
    finish(&mut go);
    program
}

/// The program. Its threads have stacks of this many KiB, except the threads of the library.
fn with_stacks_of(kibibytes: u32, program: &Path) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("ulimit -s {kibibytes} && exec \"$0\" \"$@\"")).arg(program);
    shell
}

#[test]
fn a_go_host_pushes_from_many_threads_under_the_signals_of_its_runtime() {
    if !has_since("go", "version", [1, 22]) {
        return;
    }
    let Some((mut schema, arguments)) = items() else { return };
    // Some C libraries give their threads stacks as small as this.
    let said = quiet(with_stacks_of(128, &compile()).args(&arguments));
    println!("{said}");
    let signals = said.lines().find_map(|line| line.strip_prefix("signals ")).and_then(|n| n.parse::<u32>().ok());
    assert!(signals >= Some(100), "{said}");
    holds_what_was_pushed(&mut schema, &said, 16_000, 100_000..100_001);
}
