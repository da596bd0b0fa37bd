//! The ledger's tables on real servers: which process may write a stream, and up to which position it is written.

use std::time::{Duration, Instant};

use postgres::Client;
use vecsink::internals::error::Result;
use vecsink::internals::postgres::{PositionOutcome, Start, StreamsOf, TakenStream, Target};
use vecsink::internals::progress::ledger::{
    ClaimGatherer, OwnStreams, ShardPositions, StreamClaim, StreamName, Verdict, Wanted,
};
use vecsink::internals::settings::{DeliveryGuarantee, Password, Sink};
use vecsink::internals::stop::Stop;

use super::fixture::{open, sink};
use crate::support::{Job, Schema, postgres18, servers};

fn name() -> StreamName {
    StreamName { job: "cars".into(), sink: "s.t".into(), topic: "topic".into(), partition: 3 }
}

fn wanted<'a>(name: &'a StreamName, layout: &'a str) -> Wanted<'a> {
    Wanted { name, layout, source: "c/t", extent: Some((0, 1_000_000)), may_jump: false }
}

/// A process of the job. The names of its sessions end with its number.
fn process(sink: &Sink, number: u32) -> Target {
    let name = format!("vecsink-ledger/{number:016x}");
    let sink = Sink { delivery: DeliveryGuarantee::ExactlyOnce, ..sink.clone() };
    let target = Target::open(&sink, &name, None).unwrap_or_else(|error| panic!("{error}"));
    target.ledger.open(&Stop::default()).unwrap_or_else(|error| panic!("{error}"));
    target
}

fn start(offset: i64) -> Start {
    Start { offset, epoch: 0 }
}

fn take(target: &Target, from: i64) -> TakenStream {
    take_with(target, "1 key", start(from)).unwrap_or_else(|error| panic!("{error}"))
}

fn take_with(target: &Target, layout: &str, start: Start) -> Result<TakenStream> {
    let name = name();
    target.ledger.take_over(&wanted(&name, layout), start, &Stop::default())
}

fn a_table(server: &crate::support::postgresql::Postgres) -> Schema {
    let mut schema = Schema::new(server);
    schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
    schema
}

/// The claims of a transaction with entries up to these offsets.
fn claims(taken: &TakenStream, entries: &[(u8, i64)]) -> Vec<StreamClaim> {
    let streams = OwnStreams::default();
    streams.own(0, taken.number, taken.epoch, &taken.positions);
    let mut gatherer = ClaimGatherer::default();
    entries.iter().for_each(|&(shard, offset)| gatherer.add(0, shard, offset));
    streams.claims(&gatherer)
}

/// Moves the claimed positions in a transaction that stays open.
fn begin(client: &mut Client, claims: &[StreamClaim]) {
    client.batch_execute("BEGIN").expect("it begins");
    for claim in claims {
        for shard in &claim.shards {
            let moved = client.execute(
                "UPDATE vecsink_shard SET next_offset = $1 WHERE stream = $2 AND epoch = $3 AND shard = $4 AND next_offset = $5",
                &[&shard.upto, &claim.number, &claim.epoch, &i16::from(shard.shard), &shard.expected],
            );
            assert_eq!(moved.expect("it is an update"), 1, "{shard:?}");
        }
    }
}

#[test]
fn a_stream_begins_where_it_is_told_to_and_goes_on_where_the_ledger_says() {
    for server in servers(&[]) {
        let mut schema = a_table(&server);
        let sink = sink(&schema, "t");
        let first = process(&sink, 1);
        let new = take(&first, 70);
        assert!(new.is_new && new.epoch == 1 && new.positions == ShardPositions::at(70), "{new:?}");
        schema.execute("UPDATE vecsink_shard SET next_offset = 90 WHERE shard = 5; UPDATE vecsink_stream SET low = 80");
        let again = take(&process(&sink, 2), 5);
        let mut next = [70; 64];
        next[5] = 90;
        assert!(!again.is_new && again.epoch == 2 && again.positions == ShardPositions::new(80, next), "{again:?}");
        let row =
            "SELECT concat_ws(' ', job, sink, topic, part, source, layout, epoch, low, owner) FROM vecsink_stream";
        assert_eq!(schema.text(row).as_deref(), Some("cars s.t topic 3 c/t 1 key 2 80 0000000000000002"));
        assert_eq!(schema.text("SELECT min(epoch) + max(epoch) FROM vecsink_shard").as_deref(), Some("4"));
    }
}

#[test]
fn processes_that_open_a_new_stream_at_once_make_one_and_have_epochs_of_their_own() {
    for server in servers(&[]) {
        let schema = a_table(&server);
        let sink = sink(&schema, "t");
        let targets: Vec<Target> = (0..4).map(|number| process(&sink, number)).collect();
        let mut epochs: Vec<i64> = std::thread::scope(|scope| {
            let threads: Vec<_> = targets.iter().map(|target| scope.spawn(|| take(target, 7).epoch)).collect();
            threads.into_iter().map(|thread| thread.join().expect("it takes the stream over")).collect()
        });
        epochs.sort_unstable();
        assert_eq!(epochs, [1, 2, 3, 4]);
    }
}

#[test]
fn another_layout_is_stored_if_all_is_written_and_otherwise_refused_without_fencing() {
    for server in servers(&[]) {
        let mut schema = a_table(&server);
        let sink = sink(&schema, "t");
        let target = process(&sink, 1);
        take(&target, 10);
        assert_eq!(take_with(&target, "1 block", start(0)).map(|taken| taken.epoch), Ok(2));
        assert_eq!(schema.text("SELECT layout FROM vecsink_stream").as_deref(), Some("1 block"));
        schema.execute("UPDATE vecsink_shard SET next_offset = 11 WHERE shard = 63");
        let refused = take_with(&target, "1 key", start(0)).expect_err("a shard is ahead").to_string();
        assert!(refused.contains("topic[3]") && refused.contains("old job file"), "{refused}");
        assert_eq!(schema.text("SELECT epoch FROM vecsink_stream").as_deref(), Some("2"), "nobody is fenced");
        assert_eq!(schema.text("SELECT max(epoch) FROM vecsink_shard").as_deref(), Some("2"));
        schema.execute("DELETE FROM vecsink_shard WHERE shard = 9");
        let damaged = take_with(&target, "1 block", start(0)).expect_err("a row is missing").to_string();
        assert!(damaged.contains("has 63 rows"), "{damaged}");
    }
}

#[test]
fn a_fresh_start_deletes_stored_progress_and_fences_the_former_owner() {
    for server in servers(&[]) {
        let mut schema = a_table(&server);
        let target = process(&sink(&schema, "t"), 1);
        take(&target, 10);
        schema.execute(
            "UPDATE vecsink_shard SET next_offset = 500 WHERE shard < 9; DELETE FROM vecsink_shard WHERE shard = 9",
        );
        let deleted =
            target.ledger.forget("cars", "s.t", StreamsOf::Job, &Stop::default()).expect("whatever the ledger has");
        assert_eq!((deleted.streams, deleted.epoch, schema.count("vecsink_shard")), (1, 1, 0));
        let fresh = Start { offset: 4, epoch: deleted.epoch };
        let taken = take_with(&target, "1 block", fresh).expect("it is new");
        assert!(
            taken.epoch == 2 && taken.positions == ShardPositions::at(4),
            "no process has had this epoch: {taken:?}"
        );
        assert_eq!(take_with(&target, "1 block", start(77)).expect("it goes on").positions, ShardPositions::at(4));
    }
}

#[test]
fn a_new_owner_sees_what_the_former_owners_open_transaction_commits() {
    for server in servers(&[]) {
        let schema = a_table(&server);
        let sink = sink(&schema, "t");
        let (former, owner) = (process(&sink, 1), process(&sink, 2));
        let claims = claims(&take(&former, 0), &[(7, 41)]);
        let mut open_transaction = schema.connect();
        begin(&mut open_transaction, &claims);
        std::thread::scope(|scope| {
            let taken = scope.spawn(|| take(&owner, 0));
            std::thread::sleep(Duration::from_millis(200));
            assert!(!taken.is_finished(), "it waits");
            open_transaction.batch_execute("COMMIT").expect("the former owner commits");
            assert_eq!(taken.join().expect("it ends").positions.next()[7], 42);
        });
        let late = open_transaction.execute(
            "UPDATE vecsink_shard SET next_offset = 99 WHERE stream = $1 AND epoch = $2",
            &[&claims[0].number, &claims[0].epoch],
        );
        assert_eq!(late.expect("it is an update"), 0, "the former owner's next transaction claims nothing");
    }
}

#[test]
fn a_former_owner_that_keeps_its_transaction_open_loses_its_session() {
    let Some(server) = postgres18() else { return };
    let schema = a_table(&server);
    let sink = sink(&schema, "t");
    // A number that no other test has: all sessions of the former owner are ended.
    let claims = claims(&take(&process(&sink, 0x0fd5_0001), 0), &[(7, 41)]);
    let mut stopped = schema.connect();
    stopped.batch_execute("SET application_name = 'vecsink-ledger/000000000fd50001'").expect("it is set");
    begin(&mut stopped, &claims);
    let began = Instant::now();
    let taken = take(&process(&sink, 2), 0);
    assert!(began.elapsed() >= Duration::from_secs(4), "it waits first");
    assert_eq!(taken.positions, ShardPositions::at(0));
    assert!(stopped.batch_execute("COMMIT").is_err(), "its session was ended");
}

#[test]
fn low_only_rises_and_a_former_owner_learns_that_it_is_fenced() {
    for server in servers(&[]) {
        let mut schema = a_table(&server);
        let sink = sink(&schema, "t");
        let (former, stop) = (process(&sink, 1), Stop::default());
        let old = take(&former, 10);
        former.ledger.streams.own(0, old.number, old.epoch, &old.positions);
        let stored = former.ledger.streams.lows()[0];
        let advance = |low| former.ledger.advance(stored, low, &stop);
        assert_eq!(advance(20), Ok(PositionOutcome::Stored));
        assert_eq!(advance(15), Ok(PositionOutcome::Stored));
        assert_eq!(schema.text("SELECT low FROM vecsink_stream").as_deref(), Some("20"));
        schema.execute("UPDATE vecsink_shard SET next_offset = 9 WHERE shard = 60");
        assert_eq!(advance(25), Ok(PositionOutcome::Fenced), "the ledger was set back");
        schema.execute("UPDATE vecsink_shard SET next_offset = 10 WHERE shard = 60");
        take(&process(&sink, 2), 0);
        assert_eq!(advance(30), Ok(PositionOutcome::Fenced));
        assert_eq!(schema.text("SELECT low FROM vecsink_stream").as_deref(), Some("20"));
    }
}

#[test]
fn the_outcome_of_an_unanswered_commit_is_read_from_the_ledger_even_while_it_runs() {
    for server in servers(&[]) {
        let schema = a_table(&server);
        let target = process(&sink(&schema, "t"), 1);
        let claims = claims(&take(&target, 10), &[(3, 12), (60, 40)]);
        let compare = || target.ledger.compare(&claims, &Stop::default()).expect("it answers").verdict;
        assert_eq!(compare(), Verdict::NotWritten);
        for (end, verdict) in [("ROLLBACK", Verdict::NotWritten), ("COMMIT", Verdict::Durable)] {
            let mut lost = schema.connect();
            begin(&mut lost, &claims);
            std::thread::scope(|scope| {
                let compared = scope.spawn(compare);
                std::thread::sleep(Duration::from_millis(200));
                assert!(!compared.is_finished(), "it waits for the lost transaction");
                lost.batch_execute(end).expect("it ends");
                assert_eq!(compared.join().expect("it ends"), verdict);
            });
        }
        take(&target, 0);
        assert_eq!(compare(), Verdict::Fenced);
    }
}

#[test]
fn a_job_that_changes_back_to_at_least_once_keeps_only_pushed_streams_in_the_ledger() {
    for server in servers(&[]) {
        let mut schema = a_table(&server);
        let target = process(&sink(&schema, "t"), 1);
        take(&target, 10);
        let pushed = StreamName { topic: "push:cars".into(), partition: 0, ..name() };
        let wanted = Wanted { name: &pushed, layout: "1 key", source: "", extent: None, may_jump: false };
        target.ledger.open_pushed(&wanted).expect("the stream is new");
        let forget =
            || target.ledger.forget("cars", "s.t", StreamsOf::Job, &Stop::default()).map(|deleted| deleted.streams);
        assert_eq!((forget(), forget()), (Ok(1), Ok(0)));
        assert_eq!(schema.text("SELECT topic FROM vecsink_stream").as_deref(), Some("push:cars"));
        assert_eq!(schema.count("vecsink_shard"), 64);
        schema.execute("DROP TABLE vecsink_shard, vecsink_stream");
        assert_eq!(forget(), Ok(0));
    }
}

#[test]
fn the_tables_may_have_other_names_and_check_leaves_nothing_behind() {
    for server in servers(&[]) {
        let mut schema = a_table(&server);
        let mut sink = sink(&schema, "t");
        sink.ledger.shard_table = Some((schema.name.clone(), "my shards".into()));
        let (target, stop) = (open(&sink), Stop::default());
        let made = target.ledger.check(&stop).expect("they can be made");
        assert!(made.len() == 2 && made[1].ends_with("\"my shards\""), "{made:?}");
        assert_eq!(schema.text("SELECT count(*) FROM pg_class WHERE relname = 'my shards'").as_deref(), Some("0"));
        target.ledger.open(&stop).expect("they are made");
        assert_eq!(target.ledger.check(&stop), Ok(vec![]));
        take(&target, 3);
        assert_eq!(schema.count("\"my shards\""), 64);
        schema.execute("ALTER TABLE vecsink_stream DROP COLUMN low");
        let wrong = target.ledger.open(&stop).expect_err("a column is missing").to_string();
        assert!(wrong.contains("other columns"), "{wrong}");
    }
}

#[test]
fn a_ledger_that_a_crash_would_empty_is_refused() {
    let Some(server) = postgres18() else { return };
    let mut schema = a_table(&server);
    let target = process(&sink(&schema, "t"), 1);
    schema.execute("ALTER TABLE vecsink_shard SET UNLOGGED");
    let refused = target.ledger.open(&Stop::default()).expect_err("it is unlogged").to_string();
    assert!(refused.contains("SET LOGGED"), "{refused}");
}

#[test]
fn a_table_of_the_ledger_is_examined_although_the_other_one_is_missing() {
    let Some(server) = postgres18() else { return };
    let mut schema = a_table(&server);
    let target = process(&sink(&schema, "t"), 1);
    schema.execute("DROP TABLE vecsink_stream; ALTER TABLE vecsink_shard SET UNLOGGED");
    let refused = target.ledger.check(&Stop::default()).expect_err("the other one is unlogged").to_string();
    assert!(refused.contains("SET LOGGED"), "{refused}");
}

#[test]
fn a_role_that_may_not_delete_from_the_ledger_is_refused() {
    let Some(server) = postgres18() else { return };
    let mut schema = a_table(&server);
    drop(process(&sink(&schema, "t"), 1));
    let role = format!("{}_role", schema.name);
    schema.execute(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA {} TO {role}; GRANT SELECT, INSERT ON t TO {role};
         GRANT SELECT, INSERT, UPDATE ON vecsink_stream, vecsink_shard TO {role}",
        schema.name
    ));
    let mut sink = sink(&schema, "t");
    sink.connection.user.clone_from(&role);
    sink.connection.password = Password::new("x");
    let target = open(&sink);
    let refused = target.ledger.open(&Stop::default()).expect_err("it may not delete").to_string();
    drop(target);
    schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    assert!(refused.contains("SELECT, INSERT, UPDATE and DELETE"), "{refused}");
}

#[test]
fn the_error_for_a_role_that_may_not_make_the_tables_has_the_statements() {
    for server in servers(&[]) {
        let mut schema = a_table(&server);
        let role = format!("{}_role", schema.name);
        schema.execute(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA {} TO {role}; GRANT SELECT, INSERT ON t TO {role}",
            schema.name
        ));
        let mut sink = sink(&schema, "t");
        sink.connection.user.clone_from(&role);
        sink.connection.password = Password::new("x");
        let target = open(&sink);
        let refused = target.ledger.open(&Stop::default()).expect_err("it may not").to_string();
        drop(target);
        schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
        assert!(refused.contains("CREATE TABLE") && refused.contains("vecsink_shard"), "{refused}");
    }
}

#[test]
fn ddl_prints_the_statements_that_make_the_ledger() {
    const JOB: &str = "
CREATE TABLE topic (id INT) WITH ('connector' = 'kafka', 'topic' = 'none', 'format' = 'csv',
  'properties.bootstrap.servers' = '127.0.0.1:1', 'scan.startup.mode' = 'earliest-offset');
CREATE TABLE t (id INT) WITH ('connector' = 'adbpg', 'url' = '${URL}', 'username' = '${LOGIN}', 'password' = '${PASSWORD}',
  'targetschema' = '${SCHEMA}', 'tablename' = 't', 'conflictmode' = 'ignore', 'sink.ledger.stream-table' = 'streams');
INSERT INTO t SELECT id FROM topic;";
    for server in servers(&[]) {
        let mut schema = a_table(&server);
        let job = Job::ddl(JOB).variable("URL", server.jdbc_url()).variable("SCHEMA", &schema.name);
        let job = job.variable("LOGIN", &server.user).variable("PASSWORD", &server.password);
        let script = job.argument("--ledger").finish().exited(0).stdout;
        assert_eq!(schema.text("SELECT count(*) FROM pg_class WHERE relname = 'streams'").as_deref(), Some("0"));
        schema.execute(&script);
        let mut sink = sink(&schema, "t");
        sink.ledger.stream_table = Some((schema.name.clone(), "streams".into()));
        assert_eq!(open(&sink).ledger.check(&Stop::default()), Ok(vec![]));
    }
}
