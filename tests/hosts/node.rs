//! A Node program over koffi.

use std::path::Path;
use std::process::Command;

use crate::items::{holds_what_was_pushed, items, quiet};
use crate::library::{folder, has_since};
use crate::support::servers::{address, project};

#[test]
fn a_node_host_pushes_and_closes_while_its_event_loop_is_busy() {
    let Some(koffi) = address("VECSINK_TEST_KOFFI") else { return };
    if !has_since("node", "--version", [18, 0]) {
        return;
    }
    let Some((mut schema, arguments)) = items() else { return };
    let mut node = Command::new("node");
    node.arg(project().join("tests/hosts/node/host.js")).args(&arguments);
    node.env("NODE_PATH", Path::new(&koffi).join("node_modules"));
    node.env("VECSINK_LIBRARY", folder().join("libvecsink.so"));
    let said = quiet(&mut node);
    println!("{said}");
    holds_what_was_pushed(&mut schema, &said, 4000, 100_000..100_102);
}
