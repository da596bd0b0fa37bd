//! How much memory a host's pushes take, and that a push fails when there is no memory. Each case runs in its own process.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::library::{check, compile_c, url};
use crate::support::postgresql::{Schema, postgres18};

const MIB: i64 = 1 << 20;

/// A table that doesn't store the rows' bytes, because the server's work isn't measured here.
fn scene() -> Option<(Schema, [String; 2])> {
    let server = postgres18()?;
    let mut schema = Schema::new(&server);
    schema.execute(
        "CREATE TABLE items (id bigint PRIMARY KEY, small smallint, data bytea);
         CREATE FUNCTION without_data() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.data := NULL; RETURN NEW; END';
         CREATE TRIGGER without_data BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION without_data()",
    );
    let arguments = [url(&server), format!("{}.items", schema.name)];
    Some((schema, arguments))
}

fn numbers(line: &str) -> Vec<i64> {
    line.split(' ').map(|word| word.parse().unwrap_or_else(|_| panic!("{line}"))).collect()
}

/// Runs the program's case `many`. Returns the peak and what is kept at the end: bytes in addition to those with an open sink.
fn many(name: &str, [threads, bytes, rows, buffer]: [i64; 4]) -> Option<[i64; 2]> {
    let (_schema, arguments) = scene()?;
    let mut arguments = arguments.to_vec();
    arguments.push("many".to_owned());
    arguments.extend([threads, bytes, rows, buffer].map(|number| number.to_string()));
    let said = check(&compile_c("bounds", name, &[]), &arguments);
    println!("{said}");
    let figures = numbers(said.lines().last().expect("it says something"));
    Some([figures[0], figures[1]])
}

#[test]
fn threads_that_push_huge_rows_take_no_more_memory_than_the_buffer() {
    let (row, buffer) = (50_000_000, 64 * MIB);
    let Some([peak, kept]) = many("bounds_huge", [16, row, 2, buffer]) else { return };
    // A row is charged before it is encoded, so fifteen of the threads wait without an encoded row.
    assert!(peak <= buffer + buffer / 10 + row, "{} MiB at the peak", peak / MIB);
    assert!(kept < 16 * MIB, "{} MiB are kept", kept / MIB);
}

#[test]
fn memory_is_freed_within_a_second_after_the_rows_are_durable() {
    let (threads, row, buffer) = (8, 1_000_000, 64 * MIB);
    let Some([peak, kept]) = many("bounds_kept", [threads, row, 50, buffer]) else { return };
    assert!(peak > 40 * MIB, "the buffer was used: {} MiB", peak / MIB);
    // The library's own threads and connections take some MiB.
    assert!(peak < buffer + buffer / 10 + threads * row + 24 * MIB, "{} MiB at the peak", peak / MIB);
    assert!(kept < 16 * MIB, "{} MiB are kept", kept / MIB);
}

#[test]
fn a_thousand_threads_take_no_more_memory_than_the_buffer_and_their_stacks() {
    let (row, buffer) = (1_000_000, 64 * MIB);
    let Some([peak, _]) = many("bounds_threads", [1000, row, 1, buffer]) else { return };
    assert!(peak <= buffer + buffer / 10 + 200 * MIB, "{} MiB at the peak", peak / MIB);
}

#[test]
fn a_push_from_a_callback_is_refused_if_the_buffer_is_full_or_waits_if_it_was_told_to() {
    let Some((mut schema, arguments)) = scene() else { return };
    let (row, buffer) = (64 << 10, MIB);
    let mut host = Command::new(compile_c("bounds", "bounds_callback", &[]))
        .args(&arguments)
        .args(["callback", &row.to_string(), &buffer.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut told = host.stdin.take().expect("its input");
    let mut lines = BufReader::new(host.stdout.take().expect("its output")).lines().map(|line| line.expect("text"));
    assert_eq!(lines.next().as_deref(), Some("called"));
    schema.execute("BEGIN; LOCK TABLE items IN ACCESS EXCLUSIVE MODE");
    told.write_all(b"on\n").expect("it listens");
    let refused = lines.next().expect("a line");
    let words: Vec<&str> = refused.split(' ').collect();
    let taken: i64 = words[0].parse().expect("a number");
    assert_eq!(words[1], "VECSINK_WOULD_BLOCK", "{refused}");
    assert!(taken * row <= buffer && taken * row > buffer / 2, "{refused}");
    assert!(numbers(words[2])[0] < 4 * buffer, "{refused}");
    assert_eq!(lines.next().as_deref(), Some("VECSINK_TIMED_OUT 0.3"));
    assert_eq!(lines.next().as_deref(), Some("unlock"));
    schema.execute("ROLLBACK");
    told.write_all(b"on\n").expect("it listens");
    assert!(host.wait().expect("it ends").success());
    assert_eq!(schema.count("items"), taken + 2);
}

#[test]
fn a_callback_that_pushes_while_undelivered_rejections_fill_the_buffer_does_not_wait_for_ever() {
    let Some((_schema, arguments)) = scene() else { return };
    let mut arguments = arguments.to_vec();
    arguments.extend(["undelivered".to_owned(), MIB.to_string()]);
    let said = check(&compile_c("bounds", "bounds_undelivered", &[]), &arguments);
    assert_eq!(said.trim(), "VECSINK_TIMED_OUT VECSINK_WOULD_BLOCK VECSINK_WOULD_BLOCK");
}

#[test]
fn a_row_for_which_there_is_no_memory_is_refused_and_the_sink_goes_on() {
    let Some((mut schema, arguments)) = scene() else { return };
    let mut arguments = arguments.to_vec();
    arguments.extend(["memory", "200000000"].map(str::to_owned));
    let said = check(&compile_c("bounds", "bounds_memory", &[]), &arguments);
    assert!(said.starts_with("out of memory: 20000"), "{said}");
    assert_eq!(schema.count("items"), 3);
}

#[test]
fn a_batch_whose_rows_are_all_rejected_ends_in_time() {
    let Some((_schema, arguments)) = scene() else { return };
    let program = compile_c("bounds", "bounds_rejected", &[]);
    for (timeout, code, longest) in [("200", "VECSINK_TIMED_OUT", 1.2), ("0", "VECSINK_WOULD_BLOCK", 1.0)] {
        let mut arguments = arguments.to_vec();
        arguments.extend(["rejected", "30000000", timeout].map(str::to_owned));
        let said = check(&program, &arguments);
        let words: Vec<&str> = said.split_whitespace().collect();
        assert_eq!(words[0], code, "{said}");
        assert!(words[1].parse::<f64>().expect("seconds") < longest, "{said}");
        assert!(words[2] == words[3] && words[2] != "0", "{said}");
    }
}
