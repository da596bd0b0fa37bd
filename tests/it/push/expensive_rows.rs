//! Rows that take the server a long time: transactions stay short, and as many as allowed run at the same time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use super::scene::{LONG, builder};
use crate::support::postgresql::{Schema, postgres18};
use crate::support::wait::eventually;

#[test]
fn if_a_row_takes_a_millisecond_all_connections_write_short_transactions() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute(
        "CREATE TABLE items (id bigint PRIMARY KEY);
         CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(0.001); RETURN NEW; END$$;
         CREATE TRIGGER slowly BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION slowly()",
    );
    // The buffer is small, so that the rows that wait at the end are written soon.
    let sink = builder(&schema, "items").connections(20).batch_size(50_000).buffer_memory(1 << 20).open().unwrap();
    let (is_over, begun) = (AtomicBool::new(false), Instant::now());
    let rows = thread::scope(|scope| {
        let producer = scope.spawn(|| {
            let mut id = 0_i64;
            while !is_over.load(Ordering::Relaxed) && begun.elapsed() < LONG {
                sink.push(&(id,)).expect("there will be room");
                id += 1;
            }
            id
        });
        let open =
            "SELECT count(DISTINCT pid) FROM pg_locks WHERE relation = 'items'::regclass AND mode = 'RowExclusiveLock'";
        eventually("most connections write", || {
            let open = schema.text(open).and_then(|open| open.parse().ok()).unwrap_or(0);
            is_over.store(open >= 16, Ordering::Relaxed);
            open >= 16
        });
        producer.join().expect("the producer lives")
    });
    assert_eq!(sink.close(LONG).unwrap().counters.rows_written, rows as u64);
    let longest =
        schema.text("SELECT max(rows) FROM (SELECT count(*) AS rows FROM items GROUP BY xmin) AS transactions");
    let longest: u64 = longest.expect("there are rows").parse().expect("a number");
    assert!((16..=200).contains(&longest), "the largest transaction has {longest} rows");
}
