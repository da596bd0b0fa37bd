//! The index doesn't exist while rows are written, and exists again after them, with the same definition.

use std::time::Duration;

use vecsink::Error;

use super::fixture::{Cars, INDEX, push};
use crate::push::scene::{LONG, builder};
use crate::support::eventually;
use crate::support::postgresql::unique;

#[test]
fn the_index_is_dropped_before_the_rows_and_is_the_same_after_them() {
    let Some(mut cars) = Cars::new(&format!("{INDEX}; COMMENT ON INDEX \"Cars v\" IS 'it''s ours'")) else { return };
    let before = cars.indexes();
    let sink = cars.open();
    assert_eq!(cars.indexes(), None, "it is dropped");
    assert_eq!(cars.recorded(), 1);
    push(&sink, 1..=3000);
    sink.flush(LONG).expect("the rows are durable");
    assert_eq!(cars.schema.count("cars"), 3000, "rows are found before the index is there");
    assert_eq!(cars.indexes(), None, "it isn't built before the end");
    sink.close(LONG).expect("it closes");
    assert_eq!(cars.indexes(), before);
    assert_eq!(cars.recorded(), 0);
    assert_eq!(cars.nearest(1234).as_deref(), Some("1234"));
}

#[test]
fn an_index_keeps_its_tablespace_its_comment_and_its_statistics_targets() {
    let Some(mut cars) = Cars::new("CREATE INDEX i ON cars USING hnsw ((v::halfvec(3)) halfvec_l2_ops) WITH (m = 5)")
    else {
        return;
    };
    let space = unique("space");
    cars.schema.execute("SET allow_in_place_tablespaces TO on");
    cars.schema.execute(&format!("CREATE TABLESPACE {space} LOCATION ''"));
    cars.schema.execute(&format!(
        "ALTER INDEX i SET TABLESPACE {space}; ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 7; COMMENT ON INDEX i IS '1; 2'"
    ));
    let targets =
        |cars: &mut Cars| cars.schema.text("SELECT attstattarget FROM pg_attribute WHERE attrelid = 'i'::regclass");
    let before = (cars.indexes(), targets(&mut cars));
    assert_eq!(before.1.as_deref(), Some("7"));
    let sink = cars.open();
    push(&sink, 1..=10);
    sink.close(LONG).expect("it closes");
    assert_eq!((cars.indexes(), targets(&mut cars)), before);
    cars.schema.execute("DROP INDEX i");
    cars.schema.execute(&format!("DROP TABLESPACE {space}"));
}

#[test]
fn all_vector_indexes_are_deferred_and_other_indexes_stay() {
    let indexes = "CREATE INDEX plain ON cars (n); CREATE INDEX wide ON cars USING gin ((ARRAY[n]));
         CREATE INDEX a ON cars USING hnsw (v vector_cosine_ops); CREATE INDEX twice ON cars USING hnsw (v vector_cosine_ops); CREATE INDEX \"b USING c\" ON cars USING hnsw ((v::halfvec(3)) halfvec_l2_ops) WHERE n > 5;
         CREATE INDEX i ON cars USING ivfflat (v vector_ip_ops) WITH (lists = 7)";
    let Some(mut cars) = Cars::new(indexes) else { return };
    let before = cars.indexes();
    let sink = cars.open();
    let left = cars.indexes().unwrap_or_default();
    assert!(left.lines().count() == 2 && left.contains("INDEX plain") && left.contains("INDEX wide"), "{left}");
    push(&sink, 1..=300);
    sink.close(LONG).expect("it closes");
    assert_eq!(cars.indexes(), before);
    assert_eq!(cars.recorded(), 0);
}

#[test]
fn an_invalid_index_becomes_a_valid_one() {
    let Some(mut cars) = Cars::new(INDEX) else { return };
    let before = cars.indexes();
    cars.schema.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = '\"Cars v\"'::regclass");
    assert_ne!(cars.indexes(), before);
    cars.open().close(LONG).expect("it closes");
    assert_eq!(cars.indexes(), before);
}

#[test]
fn an_invalid_index_of_an_interrupted_build_is_dropped_and_built_again() {
    let Some(mut cars) = Cars::new(INDEX) else { return };
    let before = cars.indexes();
    let sink = cars.open();
    push(&sink, 1..=100);
    sink.flush(LONG).expect("the rows are durable");
    cars.schema
        .execute(&format!("{INDEX}; UPDATE pg_index SET indisvalid = false WHERE indexrelid = '\"Cars v\"'::regclass"));
    sink.close(LONG).expect("it closes");
    assert_eq!(cars.indexes(), before);
    assert_eq!(cars.nearest(50).as_deref(), Some("50"));
}

#[test]
fn an_index_that_someone_else_has_made_again_is_left_and_its_record_goes() {
    for name in ["\"Cars v\"", "another"] {
        let Some(mut cars) = Cars::new(INDEX) else { return };
        let sink = cars.open();
        cars.schema.execute(&INDEX.replace("\"Cars v\"", name));
        let made = cars.schema.text(&format!("SELECT '{name}'::regclass::oid"));
        push(&sink, 1..=10);
        sink.close(LONG).expect("it closes");
        assert_eq!(cars.schema.text(&format!("SELECT '{name}'::regclass::oid")), made, "it is the same");
        assert_eq!(cars.indexes().map(|indexes| indexes.lines().count()), Some(1));
        assert_eq!(cars.recorded(), 0);
    }
}

#[test]
fn a_table_without_a_vector_index_is_written_as_it_is() {
    let Some(mut cars) = Cars::new("CREATE INDEX plain ON cars (n)") else { return };
    let before = cars.indexes();
    let sink = cars.open();
    push(&sink, 1..=10);
    sink.close(LONG).expect("it closes");
    assert_eq!((cars.indexes(), cars.schema.count("cars")), (before, 10));
}

/// Writes 100 rows and closes the sink, which doesn't wait for the build. Returns the session whose transaction blocks the build, and the
/// error of the close.
fn close_without_build(cars: &mut Cars) -> (postgres::Client, Error) {
    let sink = cars.open();
    push(&sink, 1..=100);
    sink.flush(LONG).expect("the rows are durable");
    let mut other = cars.schema.connect();
    other.batch_execute("BEGIN; DELETE FROM cars WHERE id = 0").expect("it is locked");
    let error = sink.close(Duration::from_secs(1)).expect_err("it doesn't wait for the build");
    (other, error)
}

#[test]
fn a_close_that_cannot_wait_says_what_is_missing_and_how_to_build_it() {
    let Some(mut cars) = Cars::new(INDEX) else { return };
    let before = cars.indexes();
    let (mut other, error) = close_without_build(&mut cars);
    assert!(matches!(error, Error::Target { passing: true, .. }), "{error:?}");
    let error = error.to_string();
    assert!(error.contains("all rows are stored, but vector index Cars v isn't built"), "{error}");
    let sessions = format!("pg_stat_activity WHERE application_name = 'vecsink index {}.cars'", cars.schema.name);
    eventually("the server has cancelled the build", || cars.schema.count(&sessions) == 0);
    other.batch_execute("COMMIT").expect("it commits");
    assert_eq!((cars.schema.count("cars"), cars.indexes()), (100, None));
    let shown = error.split_once("or run: ").expect("the error shows statements").1;
    cars.schema.connect().batch_execute(shown).expect("the statements work");
    assert_eq!((cars.indexes(), cars.recorded()), (before, 0));
}

#[test]
fn the_next_sink_builds_missing_indexes_in_each_mode() {
    for mode in ["defer", "inline", "behind"] {
        let Some(mut cars) = Cars::new(INDEX) else { return };
        let before = cars.indexes();
        let (mut other, _) = close_without_build(&mut cars);
        other.batch_execute("COMMIT").expect("it commits");
        let sink = builder(&cars.schema, "cars").columns(["id", "v"]).option("sink.vector-index", mode);
        let sink = sink.open().unwrap_or_else(|error| panic!("{error}"));
        push(&sink, 101..=200);
        sink.flush(LONG).expect("the rows are durable");
        if mode != "defer" {
            eventually("it is built while rows are written", || cars.indexes() == before && cars.recorded() == 0);
        }
        sink.close(LONG).expect("it closes");
        assert_eq!((cars.indexes(), cars.recorded()), (before, 0), "{mode}");
    }
}

#[test]
fn a_build_that_the_server_refuses_loses_no_row() {
    // Only the index has the dimension of the vectors.
    let index =
        "ALTER TABLE cars ALTER v TYPE vector; CREATE INDEX i ON cars USING hnsw ((v::vector(3)) vector_l2_ops)";
    let Some(mut cars) = Cars::new(index) else { return };
    let sink = cars.open();
    push(&sink, 1..=100);
    sink.flush(LONG).expect("the rows are durable");
    cars.schema.execute("INSERT INTO cars VALUES (0, 0, '[1,2,3,4]')");
    let error = sink.close(LONG).expect_err("the index can't be built").to_string();
    assert!(
        error.contains("all rows are stored, but vector index i isn't built: expected 3 dimensions, not 4"),
        "{error}"
    );
    assert!(error.contains("the next start tries again; or run: CREATE INDEX i ON"), "{error}");
    assert_eq!((cars.schema.count("cars"), cars.recorded()), (101, 1));
    cars.schema.execute("DELETE FROM cars WHERE id = 0");
    // A build also indexes deleted rows that an older transaction may still see. Here that is a transaction of another test.
    eventually("now it is built", || cars.open().close(LONG).is_ok());
    assert_eq!(cars.recorded(), 0);
}
