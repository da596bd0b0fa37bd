//! C and C++ programs that push a stream exactly once. They are killed in the middle, again and again, and each row is in a table
//! without a key once.

use std::path::Path;
use std::process::Command;

use crate::cpp::program;
use crate::library::{check, compile_c, url};
use crate::support::eventually;
use crate::support::postgresql::{Schema, postgres18};

const ROWS: i64 = 6000;

fn scene() -> Option<(Schema, [String; 2])> {
    let server = postgres18()?;
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id bigint, name text CHECK (name <> 'refused'))");
    let arguments = [url(&server), format!("{}.items", schema.name)];
    Some((schema, arguments))
}

/// The hundredth part of the rows is refused.
#[track_caller]
fn writes_each_row_once(program: &Path) {
    let Some((mut schema, arguments)) = scene() else { return };
    for kills in 1..=3 {
        let mut host = Command::new(program).args(&arguments).arg("push").spawn().expect("it starts");
        eventually("the host has written some more", || schema.count("items") >= kills * ROWS / 5);
        host.kill().expect("it is killed");
        host.wait().expect("it has ended");
    }
    assert!(schema.count("items") < ROWS / 100 * 99, "all hosts were killed in the middle");
    let [url, table] = &arguments;
    check(program, &[url.as_str(), table, "push"]);
    let each = "SELECT count(*) || ' ' || count(DISTINCT id) || ' ' || min(id) || ' ' || max(id) FROM items";
    assert_eq!(schema.text(each).as_deref(), Some("5940 5940 0 5999"));
    let refused = "SELECT count(*) || ' ' || count(DISTINCT \"offset\") FROM rejected WHERE \"offset\" % 100 = 7";
    assert_eq!(schema.text(refused).as_deref(), Some("60 60"));
    assert_eq!(schema.count("rejected"), 60);
}

#[track_caller]
fn is_fenced(program: &Path) {
    let Some((mut schema, arguments)) = scene() else { return };
    let [url, table] = &arguments;
    check(program, &[url.as_str(), table, "fence"]);
    let names = "SELECT string_agg(id || ' ' || name, ', ' ORDER BY id) FROM items";
    assert_eq!(schema.text(names).as_deref(), Some("0 first, 1 second"));
}

#[test]
fn a_c_program_that_is_killed_again_and_again_writes_each_row_once() {
    writes_each_row_once(&compile_c("once", "once", &["-fsanitize=address,undefined"]));
}

#[test]
fn a_cpp_program_that_is_killed_again_and_again_writes_each_row_once() {
    writes_each_row_once(&program("once", "-std=c++17"));
}

#[test]
fn a_second_sink_of_a_stream_fences_the_first_in_c_and_cpp() {
    is_fenced(&compile_c("once", "once_fenced", &["-fsanitize=address,undefined"]));
    is_fenced(&program("once", "-std=c++20"));
}
