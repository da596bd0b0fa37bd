//! Processes that share partitions: only the one that the group says owns a partition writes its rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use vecsink::internals::membership::Membership;
use vecsink::internals::postgres::Target;
use vecsink::internals::settings::{ConflictMode, Password, Sink};
use vecsink::internals::stop::Stop;

use super::fixture::{Outcome, Rows, open, sink, table, write};
use crate::support::{Schema, eventually, postgres18, postgres96};

/// A process's membership, which the test can end.
struct Member {
    is_valid: AtomicBool,
    asked: AtomicU32,
}

impl Member {
    fn new() -> Arc<Member> {
        Arc::new(Member { is_valid: AtomicBool::new(true), asked: AtomicU32::new(0) })
    }
}

impl Membership for Member {
    fn group(&self) -> &str {
        "cluster/group"
    }

    fn confirm(&self, _: &str, _: i32) -> Result<(), String> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.is_valid.load(Ordering::Relaxed) { Ok(()) } else { Err("no member".to_owned()) }
    }
}

fn upsert(schema: &Schema) -> Sink {
    Sink { conflict_mode: ConflictMode::Upsert, ..sink(schema, "t") }
}

/// A process that owns the partition whose rows are stream 0.
fn process(sink: &Sink) -> (Target, Arc<Member>) {
    let (target, member) = (open(sink), Member::new());
    let membership: Arc<dyn Membership> = Arc::clone(&member) as _;
    target.owners.assign(0, (&Arc::from("topic"), 3), &membership);
    (target, member)
}

fn row(name: &str) -> vecsink::internals::batch::Batch {
    Rows::default().binary(1, Some(name)).batch()
}

#[test]
fn a_former_owner_writes_nothing_and_can_not_take_the_partition_back() {
    for server in [postgres18(), postgres96()].into_iter().flatten() {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
        let sink = upsert(&schema);
        let (former, former_member) = process(&sink);
        write(&former, &row("old"));
        let (owner, owner_member) = process(&sink);
        write(&owner, &row("new"));
        former_member.is_valid.store(false, Ordering::Relaxed);
        let asked = former_member.asked.load(Ordering::Relaxed);
        std::thread::scope(|scope| {
            let late = scope.spawn(|| {
                let mut outcome = Outcome::default();
                former
                    .writer
                    .write(&row("older"), &mut outcome, &Stop::default())
                    .map(|()| (outcome.left_out, outcome.settled()))
            });
            // It has raised the epoch once more, and the group doesn't confirm it.
            eventually("the former owner asks the group", || former_member.asked.load(Ordering::Relaxed) > asked);
            write(&owner, &row("newer"));
            assert!(owner_member.asked.load(Ordering::Relaxed) > 1, "the owner has asked again");
            assert_eq!(table(&mut schema, "t"), "1=newer");
            former.owners.leave(0);
            assert_eq!(
                late.join().expect("it ends").expect("it is no error"),
                (1, 1),
                "the row is the other's, and settled here"
            );
        });
        assert!(!former.owners.is_leaving());
        assert_eq!(table(&mut schema, "t"), "1=newer");
    }
}

#[test]
fn an_open_transaction_of_a_former_owner_is_ended_before_the_next_one_writes() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
    let sink = upsert(&schema);
    write(&process(&sink).0, &row("old"));
    // As the session of a process that was stopped in the middle of a transaction.
    let mut stopped = schema.connect();
    let lock = "BEGIN; SELECT pg_advisory_xact_lock_shared(stream) FROM vecsink_owner; UPDATE t SET name = 'stopped'";
    stopped.batch_execute(lock).expect("it begins");
    write(&process(&sink).0, &row("new"));
    assert_eq!(table(&mut schema, "t"), "1=new");
    assert!(stopped.batch_execute("COMMIT").is_err(), "its session was ended");
    assert_eq!(
        schema.text("SELECT epoch || ' ' || topic || ' ' || part FROM vecsink_owner").as_deref(),
        Some("2 topic 3")
    );
}

#[test]
fn a_role_that_may_not_make_the_table_writes_without_it_and_check_says_what_is_missing() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    let role = format!("{}_role", schema.name);
    schema.execute(&format!(
        "CREATE TABLE t (id bigint PRIMARY KEY, name text); CREATE ROLE {role} LOGIN PASSWORD 'x';
         GRANT USAGE ON SCHEMA {} TO {role}; GRANT SELECT, INSERT, UPDATE ON t TO {role}",
        schema.name
    ));
    let mut sink = upsert(&schema);
    sink.connection.user.clone_from(&role);
    sink.connection.password = Password::new("x");
    let (target, _) = process(&sink);
    write(&target, &row("new"));
    let warning = target.check_sharing().expect("it answers").expect_err("it has no right to");
    drop(target);
    schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    assert_eq!(table(&mut schema, "t"), "1=new");
    assert!(warning.contains("vecsink_owner") && warning.contains("CREATE TABLE"), "{warning}");
}
