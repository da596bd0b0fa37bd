//! What the host programs of several languages have in common: their table, the rows that they push, and the rows that the
//! table must have afterwards.

use std::ops::Range;
use std::process::Command;

use crate::library::{run, url};
use crate::support::postgresql::{Schema, postgres18};

/// A table for one test, and the program's arguments (URL and table). The database refuses rows that are named `refused`.
pub fn items() -> Option<(Schema, [String; 2])> {
    let server = postgres18()?;
    let mut schema = Schema::new(&server);
    schema.execute(
        "CREATE TABLE items (id bigint PRIMARY KEY, name text CHECK (name <> 'refused'), embedding vector(3) NOT NULL)",
    );
    let arguments = [url(&server), format!("{}.items", schema.name)];
    Some((schema, arguments))
}

/// Runs a host to its end. Its exit code must be 0, and nothing may be written to its standard error.
#[track_caller]
pub fn quiet(host: &mut Command) -> String {
    let output = run(host);
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && error.is_empty(), "{host:?} ended with {}\n{out}{error}", output.status);
    out.into_owned()
}

/// All programs push the rows 0.. one by one from several threads, and then a batch of 100. The first row of the batch has NaN in
/// its vector. After the batch they push a row that the database refuses. For each of these two rows the callback pushes another
/// row. The rows from 100,000 on are pushed by sinks that the program doesn't free itself.
#[track_caller]
pub fn holds_what_was_pushed(schema: &mut Schema, said: &str, one_by_one: i64, left: Range<i64>) {
    let (bad, refused) = (one_by_one, one_by_one + 101);
    let rejected: Vec<&str> = said.lines().filter(|line| line.starts_with("rejected ")).collect();
    let expected = [format!("rejected {bad} encode embedding 22000"), format!("rejected {refused} write - 23514")];
    assert_eq!(rejected, expected, "{said}");
    let durable = format!("durable {}", refused + 2);
    assert!(said.lines().any(|line| line == durable), "the callback was called for the last row, too: {said}");
    let instead = "SELECT string_agg(id || ' ' || name, ', ' ORDER BY id DESC) FROM items WHERE id < 0";
    assert_eq!(schema.text(instead).as_deref(), Some("-1 instead of encode, -2 instead of write"));
    schema.execute("DELETE FROM items WHERE id < 0");
    holds(schema, &[0..bad, bad + 1..bad + 100, left]);
}

/// Checks that the table has exactly the rows with these ids, each with the right name and vector.
#[track_caller]
pub fn holds(schema: &mut Schema, ids: &[Range<i64>]) {
    let wanted: i64 = ids.iter().map(|range| range.end - range.start).sum();
    let lists: Vec<String> = ids.iter().map(|range| format!("id >= {} AND id < {}", range.start, range.end)).collect();
    let right = "name = 'row ' || id AND embedding = format('[%s,0.5,-1]', id)::vector";
    let query = format!("SELECT count(*) FROM items WHERE {right} AND ({})", lists.join(" OR "));
    assert_eq!(schema.text(&query), Some(wanted.to_string()), "rows are there, and right");
    assert_eq!(schema.count("items"), wanted, "and no others");
}
