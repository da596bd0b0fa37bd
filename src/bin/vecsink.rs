//! The `vecsink` command. Its code is in the library's folder `command`.

use std::process::ExitCode;

fn main() -> ExitCode {
    vecsink::main()
}
