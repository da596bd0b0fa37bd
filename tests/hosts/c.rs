//! C11 programs, under AddressSanitizer and UndefinedBehaviorSanitizer where these can find something.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::library::{check, compile_c, finish, folder, run, url};
use crate::support::postgresql::{Schema, postgres18};

const SANITIZED: [&str; 2] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// A table of the test's own, and the program's arguments.
fn scene(columns: &str) -> Option<(Schema, [String; 2])> {
    let server = postgres18()?;
    let mut schema = Schema::new(&server);
    schema.execute(&format!("CREATE TABLE items ({columns})"));
    let arguments = [url(&server), format!("{}.items", schema.name)];
    Some((schema, arguments))
}

#[test]
fn the_tours_rows_are_read_back() {
    let columns =
        "id bigint PRIMARY KEY, name text, price numeric(10,2), seen timestamptz, raw bytea, tags text[], v vector(3)";
    let Some((mut schema, arguments)) = scene(columns) else { return };
    check(&compile_c("tour", "tour", &SANITIZED), &arguments);
    schema.execute("SET timezone = 'UTC'");
    let mut row = |id: i64| schema.text(&format!("SELECT items FROM items WHERE id = {id}"));
    assert_eq!(
        row(1).unwrap(),
        r#"(1,"lamp €",19.99,"1970-01-02 00:00:00.5+00","\\x00ff","{new,NULL,red}","[0.5,-1,2]")"#
    );
    assert_eq!(row(2).unwrap(), r#"(2,"lamp €",-2.50,,,,"[1,-2,0.33325195]")"#);
    assert_eq!(row(4).unwrap(), r#"(4,filled,,,,,"[4,0,0.25]")"#);
    assert_eq!(row(5), None);
    assert_eq!(row(104).unwrap(), r#"(104,abc,1.00,,,"{x,y}","[4,5,6]")"#);
    assert_eq!(row(1003).unwrap(), r#"(1003,abc,,,,,"[903,904,905]")"#);
    assert_eq!(schema.count("items"), 1004);
}

const ABUSED: &str = "id bigint PRIMARY KEY, name text, yes bool, seen timestamptz, v vector(3)";

#[test]
fn hostile_calls_give_error_codes() {
    let Some((mut schema, arguments)) = scene(ABUSED) else { return };
    let said = check(&compile_c("abuse", "abuse", &SANITIZED), &arguments);
    println!("{said}");
    let calls = said.lines().last().and_then(|line| line.strip_suffix(" hostile calls")).unwrap();
    assert!(calls.parse::<u32>().unwrap() >= 24, "{calls}");
    assert_eq!(schema.count("items"), 4, "the rows that were fine are there");
}

#[test]
fn the_sanitizers_are_on() {
    let program = compile_c("caught", "caught", &SANITIZED);
    for (mistake, found) in [("address", "heap-use-after-free"), ("undefined", "signed integer overflow")] {
        let output = run(Command::new(&program).arg(mistake));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(found), "{mistake}: {said}");
    }
}

#[test]
fn callbacks_may_push_and_not_close() {
    let Some((mut schema, arguments)) = scene("id bigint PRIMARY KEY, name text") else { return };
    check(&compile_c("callbacks", "callbacks", &SANITIZED), &arguments);
    assert_eq!(schema.count("items"), 450);
}

#[test]
fn a_child_of_a_fork_leaves_its_parents_sink_alone() {
    let Some((mut schema, arguments)) = scene("id bigint PRIMARY KEY") else { return };
    check(&compile_c("forks", "forks", &[]), &arguments);
    assert_eq!(schema.count("items"), 3 + 3 + 3 + 3 * 200 + 1);
}

#[test]
fn a_broken_connection_raises_no_signal_in_the_host() {
    let Some((mut schema, [url, table])) = scene("id bigint PRIMARY KEY") else { return };
    let program = compile_c("signals", "signals", &[]);
    let mut command = Command::new(program);
    let mut host = command
        .args([format!("{url}&application_name={}", schema.name), table])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = host.stdin.take().unwrap();
    let lines = BufReader::new(host.stdout.take().unwrap()).lines();
    let broken = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {}", schema.of_application());
    let mut rounds = 0;
    for line in lines {
        assert_eq!(line.unwrap(), "flushed");
        rounds += 1;
        assert!(!schema.client.query(broken.as_str(), &[]).unwrap().is_empty(), "there are connections to break");
        told.write_all(b"on\n").unwrap();
    }
    assert!(host.wait().unwrap().success());
    assert_eq!((rounds, schema.count("items")), (5, 5000));
}

#[test]
fn arrow_batches_are_released_even_if_they_are_refused() {
    let Some((mut schema, arguments)) = scene("id bigint PRIMARY KEY, v vector(2)") else { return };
    println!("{}", check(&compile_c("arrow", "arrow", &SANITIZED), &arguments));
    let rows = "SELECT string_agg(id || ':' || v::text, ' ' ORDER BY id) FROM items";
    assert_eq!(schema.text(rows).as_deref(), Some("1:[1,2] 2:[3,4] 3:[5,6] 4:[7,8]"));
}

#[test]
fn a_sink_whose_stream_was_taken_over_is_fenced() {
    let Some((_schema, arguments)) = scene("id bigint PRIMARY KEY") else { return };
    check(&compile_c("fenced", "fenced", &SANITIZED), &arguments);
}

#[test]
fn opening_and_closing_leaves_no_memory_behind() {
    let Some((_schema, arguments)) = scene("id bigint PRIMARY KEY, name text") else { return };
    let program = compile_c("loops", "loops", &[]);
    println!("{}", finish(Command::new(program).args(&arguments).args(["60", "10000"])));
}

#[test]
#[ignore = "takes minutes"]
fn opening_and_closing_ten_thousand_sinks_leaves_no_memory_behind() {
    let Some((_schema, arguments)) = scene("id bigint PRIMARY KEY, name text") else { return };
    let program = compile_c("loops", "loops_long", &[]);
    println!("{}", finish(Command::new(program).args(&arguments).args(["10000", "100000"])));
}

/// The sanitizers don't see what the library itself reads. valgrind does.
#[test]
#[ignore = "takes minutes, and needs valgrind"]
fn valgrind_finds_nothing_wrong() {
    let Some((_schema, arguments)) = scene(ABUSED) else { return };
    let valgrind = |program: &std::path::Path, more: &[&str]| {
        let mut command = Command::new("valgrind");
        command.args([
            "--quiet",
            "--error-exitcode=9",
            "--leak-check=full",
            "--errors-for-leak-kinds=definite,indirect",
        ]);
        command.arg(program).args(&arguments).args(more);
        finish(&mut command)
    };
    valgrind(&compile_c("abuse", "abuse_valgrind", &[]), &[]);
    let Some((_schema, arguments)) = scene("id bigint PRIMARY KEY, name text") else { return };
    let mut command = Command::new("valgrind");
    command.args(["--quiet", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect"]);
    command.arg(compile_c("loops", "loops_valgrind", &[])).args(&arguments).args(["20", "200"]);
    finish(&mut command);
}

#[test]
#[ignore = "for its figures, on a quiet machine"]
fn pushes_take_microseconds() {
    let Some((mut schema, arguments)) = scene("id bigint PRIMARY KEY, v vector(128)") else { return };
    let program = compile_c("latency", "latency", &["-O2"]);
    println!("{}", finish(Command::new(program).args(&arguments).arg("5")));
    assert_eq!(schema.count("items"), 2 * 4 * 2000 * 5);
}

#[test]
fn the_shared_library_shows_nothing_but_its_own_functions() {
    let said = finish(Command::new("nm").args(["-D", "--defined-only"]).arg(folder().join("libvecsink.so")));
    let names: Vec<&str> = said.lines().filter_map(|line| line.split_whitespace().last()).collect();
    assert!(names.len() > 60, "{said}");
    let others: Vec<_> = names.iter().filter(|name| !name.starts_with("vecsink_")).collect();
    assert!(others.is_empty(), "{others:?}");
}
