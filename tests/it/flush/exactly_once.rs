//! Rows and their claims are written in one transaction. So each row is in the table once, also after errors and without a key.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use vecsink::internals::batch::Batch;
use vecsink::internals::error::{Error, Rejection, Result};
use vecsink::internals::postgres::{Settle, Start, Target, Written};
use vecsink::internals::progress::ledger::{StreamName, Wanted};
use vecsink::internals::settings::{ConflictMode, DeliveryGuarantee, Host, Sink};
use vecsink::internals::stop::Stop;

use super::fixture::{Rows, chunks, refusal, sink, table};
use crate::support::proxy::Way;
use crate::support::{PgBouncer, Proxy, Schema, eventually, postgres18, servers};

fn exactly_once(schema: &Schema) -> Sink {
    Sink { delivery: DeliveryGuarantee::ExactlyOnce, ..sink(schema, "t") }
}

/// A process that has taken over its only stream. `number`: the end of its sessions' names.
fn process(sink: &Sink, number: u32) -> Target {
    let name = format!("vecsink-once/{number:016x}");
    let target = Target::open(sink, &name, None).unwrap_or_else(|error| panic!("{error}"));
    let stop = Stop::default();
    target.ledger.open(&stop).unwrap_or_else(|error| panic!("{error}"));
    let name = StreamName { job: "job".into(), sink: sink.name.clone(), topic: "t".into(), partition: 0 };
    let wanted = Wanted { name: &name, layout: "1 block", source: "", extent: None, may_jump: false };
    let taken = target.ledger.take_over(&wanted, Start { offset: 0, epoch: 0 }, &stop);
    let taken = taken.unwrap_or_else(|error| panic!("{error}"));
    target.ledger.streams.own(0, taken.number, taken.epoch, &taken.positions);
    target
}

/// A batch whose records begin at this offset.
fn at(offset: i64, mut batch: Batch) -> Batch {
    for entry in batch.chunks.iter_mut().flat_map(|chunk| &mut chunk.entries) {
        entry.offset += offset;
    }
    batch
}

/// The outcome of a batch.
#[derive(Default)]
struct Fates {
    settled: usize,
    rejected: Vec<usize>,
    retried: u32,
}

impl Settle for Fates {
    fn durable(&mut self, rows: Range<usize>, _: Written) {
        assert_eq!(rows.start, self.settled, "settled in order, each once");
        self.settled = rows.end;
    }

    fn rejected(&mut self, row: usize, _: Rejection) -> Result<()> {
        assert!(row >= self.settled, "a rejected row is settled by the transaction that claims it");
        self.rejected.push(row);
        Ok(())
    }

    fn retried(&mut self) {
        self.retried += 1;
    }
}

fn try_write(target: &Target, batch: &Batch) -> Result<Fates> {
    let mut fates = Fates::default();
    target.writer.write(batch, &mut fates, &Stop::default())?;
    assert_eq!(fates.settled, batch.len());
    Ok(fates)
}

#[track_caller]
fn write(target: &Target, batch: &Batch) -> Fates {
    try_write(target, batch).unwrap_or_else(|error| panic!("{error}"))
}

/// Shards that have moved, with their positions.
fn positions(schema: &mut Schema) -> String {
    let moved = "SELECT coalesce(string_agg(shard || ':' || next_offset, ' ' ORDER BY shard), '') FROM vecsink_shard WHERE next_offset > 0";
    schema.text(moved).unwrap_or_default()
}

#[test]
fn each_way_of_writing_moves_the_ledger_with_its_rows() {
    for server in servers(&[]) {
        for (mode, key) in [
            (ConflictMode::Ignore, ""),
            (ConflictMode::Ignore, "PRIMARY KEY"),
            (ConflictMode::Upsert, "PRIMARY KEY"),
            (ConflictMode::Strict, "PRIMARY KEY"),
        ] {
            let mut schema = Schema::new(&server);
            schema.execute(&format!("CREATE TABLE t (id bigint {key}, name text)"));
            let target = process(&Sink { conflict_mode: mode, ..exactly_once(&schema) }, 1);
            write(&target, &Rows::default().many(0..3, "a").batch());
            let mut two = chunks([Rows::default().many(10..12, "b"), Rows::default().text(20, "c")]);
            two.chunks[1].shard = 63;
            write(&target, &at(5, two));
            assert_eq!(positions(&mut schema), "0:7 63:6", "{mode:?} {key}");
            if !key.is_empty() && mode != ConflictMode::Strict {
                // A key that the table has already, so the batch goes through the staging table; and a superseded row.
                write(&target, &at(30, Rows::default().binary(1, Some("d")).binary(1, Some("e")).batch()));
                assert_eq!(positions(&mut schema), "0:32 63:6", "{mode:?}");
            }
            let first = if mode == ConflictMode::Upsert { "0=a 1=e 2=a" } else { "0=a 1=a 2=a" };
            assert_eq!(table(&mut schema, "t"), format!("{first} 10=b 11=b 20=c"), "{mode:?} {key}");
        }
    }
}

#[test]
fn a_former_owner_commits_nothing_and_learns_that_it_is_fenced() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint, name text)");
        let sink = exactly_once(&schema);
        let former = process(&sink, 1);
        write(&former, &Rows::default().many(0..2, "a").batch());
        let owner = process(&sink, 2);
        let batch = at(2, Rows::default().many(2..4, "b").batch());
        let refused = try_write(&former, &batch).err();
        assert!(matches!(&refused, Some(Error::Fenced(text)) if text.contains("vecsink_stream")), "{refused:?}");
        write(&owner, &batch);
        assert_eq!(table(&mut schema, "t"), "0=a 1=a 2=b 3=b");
    }
}

#[test]
fn a_ledger_that_was_set_back_stops_the_job() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE t (id bigint, name text)");
    let target = process(&exactly_once(&schema), 1);
    write(&target, &Rows::default().many(0..2, "a").batch());
    schema.execute("UPDATE vecsink_shard SET next_offset = 1 WHERE shard = 0");
    assert!(matches!(try_write(&target, &at(2, Rows::default().many(2..4, "b").batch())), Err(Error::Fenced(_))));
    assert_eq!(table(&mut schema, "t"), "0=a 1=a");
}

#[test]
fn a_refused_row_is_claimed_together_with_its_neighbours() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint, name varchar(3) CHECK (name <> 'bad'))");
        let target = process(&exactly_once(&schema), 1);
        let rows = Rows::default().many(0..50, "ok").binary(50, Some("bad")).many(51..60, "ok").text(60, "long one");
        let fates = write(&target, &rows.batch());
        assert_eq!(fates.rejected, [50, 60]);
        assert_eq!((schema.count("t"), positions(&mut schema).as_str()), (59, "0:61"));
    }
}

#[test]
fn a_row_that_is_ignored_because_of_a_second_constraint_is_claimed() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        // With a deferrable constraint the statement has no ON CONFLICT, so a conflict of the names refuses the row.
        schema.execute(
            "CREATE TABLE t (id bigint PRIMARY KEY, name text UNIQUE DEFERRABLE); INSERT INTO t VALUES (0, 'taken')",
        );
        let target = process(&Sink { conflict_mode: ConflictMode::Ignore, ..exactly_once(&schema) }, 1);
        let rows = Rows::default().binary(1, Some("a")).binary(2, Some("taken")).binary(3, Some("b"));
        let fates = write(&target, &rows.batch());
        assert!(fates.rejected.is_empty(), "{:?}", fates.rejected);
        assert_eq!(table(&mut schema, "t"), "0=taken 1=a 3=b");
        assert_eq!(positions(&mut schema), "0:3");
    }
}

#[test]
fn a_connection_that_breaks_at_any_byte_leaves_each_row_once() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint, name text)");
        let proxy = Proxy::to(&server.host, server.port);
        let mut sink = exactly_once(&schema);
        sink.connection.hosts = vec![Host::tcp("127.0.0.1", proxy.port)];
        let target = process(&sink, 1);
        write(&target, &Rows::default().many(0..3, "warm").batch());
        let mut next = 3;
        for way in [Way::Up, Way::Down] {
            let mut cuts = 0;
            for byte in (0..).step_by(23) {
                let batch = at(next, Rows::default().many(next..next + 3, "x").batch());
                proxy.cut_after(way, byte);
                let was_cut = thread::scope(|scope| {
                    let writer = scope.spawn(|| write(&target, &batch));
                    while !writer.is_finished() && !proxy.is_cut() {
                        thread::sleep(Duration::from_millis(1));
                    }
                    let was_cut = proxy.is_cut();
                    // Long enough for the server to run the statements that it has received.
                    thread::sleep(Duration::from_millis(15));
                    proxy.sever();
                    writer.join().expect("it writes");
                    was_cut
                });
                next += 3;
                cuts += 1;
                if !was_cut {
                    break;
                }
            }
            assert!(cuts > 5, "{way:?}: {cuts}");
        }
        let (all, distinct) = (schema.count("t"), schema.count("(SELECT DISTINCT id FROM t) AS d"));
        assert_eq!((all, distinct), (next, next));
        assert_eq!(positions(&mut schema), format!("0:{next}"));
    }
}

#[test]
fn sessions_that_are_ended_again_and_again_leave_each_row_once() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint, name text)");
        let target = process(&exactly_once(&schema), 7);
        let over = AtomicBool::new(false);
        let mut next = 0;
        let retried = thread::scope(|scope| {
            let (over, mut client) = (&over, schema.connect());
            scope.spawn(move || {
                let mut kills = 0;
                while !over.load(Ordering::Relaxed) {
                    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'vecsink-once/0000000000000007'";
                    client.batch_execute(kill).expect("the administrator may");
                    // Longer than a new session takes on a busy machine. Otherwise no batch would ever be written.
                    thread::sleep(Duration::from_millis(90 + kills % 7 * 13));
                    kills += 1;
                }
            });
            let mut retried = 0;
            let until = Instant::now() + Duration::from_secs(2);
            while Instant::now() < until || retried == 0 {
                retried += write(&target, &at(next, Rows::default().many(next..next + 10, "x").batch())).retried;
                next += 10;
            }
            over.store(true, Ordering::Relaxed);
            retried
        });
        eventually("all rows are there", || schema.count("t") >= next);
        let distinct = schema.count("(SELECT DISTINCT id FROM t) AS d");
        assert_eq!((schema.count("t"), distinct), (next, next), "{retried} retries");
        assert!(retried > 0, "sessions were ended");
    }
}

#[test]
fn a_transaction_pooler_is_refused_and_a_session_pooler_is_fine() {
    let Some(server) = postgres18() else { return };
    for (mode, is_fine) in [("transaction", false), ("session", true)] {
        let Some(pooler) = PgBouncer::new(&server, &[&format!("pool_mode={mode}"), "default_pool_size=5"]) else {
            return;
        };
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint, name text)");
        schema.server = pooler.server.clone();
        let sink = exactly_once(&schema);
        if is_fine {
            write(&process(&sink, 1), &Rows::default().many(0..3, "a").batch());
            assert_eq!((schema.count("t"), positions(&mut schema).as_str()), (3, "0:3"));
        } else {
            let refused = refusal(&sink);
            assert!(refused.contains("pool_mode = session"), "{refused}");
        }
    }
}

#[test]
fn whether_a_refused_row_is_at_fault_is_decided_before_later_rows_are_written() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute(
            "CREATE TABLE t (id bigint, name text);
             CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               IF NEW.name = 'bad' THEN RAISE 'not this one'; END IF; RETURN NEW; END $$;
             CREATE TRIGGER refuse BEFORE INSERT ON t FOR EACH ROW EXECUTE PROCEDURE refuse()",
        );
        let target = process(&exactly_once(&schema), 1);
        let rows = Rows::default().many(0..20, "ok").binary(20, Some("bad")).many(21..40, "ok").binary(40, Some("bad"));
        let fates = write(&target, &rows.batch());
        assert_eq!(fates.rejected, [20, 40]);
        assert_eq!((schema.count("t"), positions(&mut schema).as_str()), (39, "0:41"));
    }
}
