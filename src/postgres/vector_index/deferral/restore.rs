//! Builds one deferred index, and deletes its record.

use std::time::{Duration, Instant};

use super::present::{self, names};
use super::script::{self, BuildKind};
use crate::postgres::catalog::tree::TableRef;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::qualified;
use crate::postgres::own_tables::deferred_indexes::{DeferredIndex, DeferredIndexTable};
use crate::postgres::vector_index::build;
use crate::postgres::vector_index::parent::from_using;

/// How long one try waits for the lock of the table. Writers may queue behind it. It is longer than `deadlock_timeout`, so that the
/// server cancels an autovacuum that has the lock.
const SHARE_WAIT: &str = "3s";
/// How long one try waits for the lock that DROP INDEX takes. Reads and writes queue behind it.
const DROP_WAIT: &str = "500ms";
/// The pause between two tries, in which others get the table.
const PAUSE: Duration = Duration::from_millis(500);
/// After this number of tries it is logged again what is waited for.
const LOG_AGAIN: u32 = 10;

/// Builds an index and deletes its record. If someone else has made the index, or an interrupted run has finished it, only the record is
/// deleted. `built`: the names of the indexes that this run has built, because two indexes may have the same definition.
pub fn restore_one(
    session: &mut Session,
    table: &TableRef,
    records: &DeferredIndexTable,
    index: &DeferredIndex,
    kind: BuildKind,
    name: &str,
    built: &[String],
) -> Attempt<()> {
    let present = present::read(session, table.oid)?;
    let is_it = |own: &&present::PresentIndex| {
        let is_same = own.definition == from_using(&index.statement) && !built.contains(&own.name);
        own.is_valid && (own.name == index.name || is_same)
    };
    if let Some(there) = present.iter().find(is_it) {
        log::info!("{name}: vector index {} is there already", there.name);
        let end = if there.name == index.name { script::finish(index, records) } else { records.forget(&index.name) };
        return in_transaction(session, &end);
    }
    if present.iter().any(|own| !own.is_valid && own.name == index.name) {
        drop_invalid(session, table, &index.name, name)?;
    }
    let rows = present::count(session, table)?;
    let memory = build::memory(session, table, rows)?;
    let mut settings = vec![format!("default_tablespace TO {}", script::tablespace(index))];
    settings.extend(memory.map(|kilobytes| format!("maintenance_work_mem TO '{kilobytes}kB'")));
    log::info!("{name}: building vector index {} over {rows} rows", index.name);
    let begun = Instant::now();
    let mut built = create(session, table, records, index, kind, &settings, name);
    if let Err(failure) = &built
        && build::lacks_shared_memory(failure, name, &index.name)
    {
        session.forgive();
        session.recover();
        if kind == BuildKind::Concurrent {
            drop_invalid(session, table, &index.name, name)?;
        }
        settings.push("max_parallel_maintenance_workers TO 0".to_owned());
        built = create(session, table, records, index, kind, &settings, name);
    }
    built?;
    log::info!("{name}: vector index {} was built in {:.1} s", index.name, begun.elapsed().as_secs_f64());
    Ok(())
}

fn create(
    session: &mut Session,
    table: &TableRef,
    records: &DeferredIndexTable,
    index: &DeferredIndex,
    kind: BuildKind,
    settings: &[String],
    name: &str,
) -> Attempt<()> {
    let create = script::create_index(index, kind);
    let end = script::finish(index, records);
    match kind {
        BuildKind::Plain => {
            let settings: Vec<String> = settings.iter().map(|setting| format!("SET LOCAL {setting}")).collect();
            // One message: if this process is killed meanwhile, the server still finishes the index.
            let script = format!(
                "SET LOCAL lock_timeout TO '{SHARE_WAIT}'; LOCK TABLE ONLY {} IN SHARE MODE; SET LOCAL lock_timeout TO 0; {}; {create}; {end}; COMMIT",
                table.quoted(),
                settings.join("; ")
            );
            retry(session, name, &format!("building {}", index.name), |session| {
                session.begin_without_rows()?;
                session.run(&script)
            })
        }
        BuildKind::Concurrent => {
            let settings: Vec<String> = settings.iter().map(|setting| format!("SET {setting}")).collect();
            session.run(&format!("SET lock_timeout TO 0; {}", settings.join("; ")))?;
            let created = session.run(&create);
            let _ = session.run("RESET maintenance_work_mem; RESET default_tablespace").is_ok();
            created.map_err(|failure| failure.of_statement(&create))?;
            in_transaction(session, &end)
        }
    }
}

/// Drops what an interrupted build left under this name. A running build holds the first lock, so the drop waits for that build. Reads
/// and writes don't queue behind this lock.
fn drop_invalid(session: &mut Session, table: &TableRef, index: &str, name: &str) -> Attempt<()> {
    retry(session, name, &format!("dropping the invalid index {index}"), |session| {
        session.begin_without_rows()?;
        session.run(&format!(
            "SET LOCAL lock_timeout TO '{SHARE_WAIT}'; LOCK TABLE ONLY {} IN SHARE UPDATE EXCLUSIVE MODE;
             SET LOCAL lock_timeout TO '{DROP_WAIT}'",
            table.quoted()
        ))?;
        let present = present::read(session, table.oid)?;
        let invalid: Vec<&str> =
            present.iter().filter(|own| !own.is_valid && own.name == index).map(|own| own.name.as_str()).collect();
        if !invalid.is_empty() {
            log::info!("{name}: index {} of an interrupted build is dropped", names(invalid.into_iter()));
            session.run(&format!("DROP INDEX {}", qualified(&table.schema, index)))?;
        }
        session.run("COMMIT")
    })
}

/// Tries again while another session holds a lock, and logs this now and then. Ends when the job or sink is abandoned.
fn retry(session: &mut Session, name: &str, what: &str, work: impl Fn(&mut Session) -> Attempt<()>) -> Attempt<()> {
    for attempt in 0u32.. {
        let Err(failure) = work(session) else { return Ok(()) };
        if !failure.is_of_a_lock() {
            return Err(failure);
        }
        session.recover();
        if attempt.is_multiple_of(LOG_AGAIN) {
            log::info!("{name}: {what} waits for another session that uses the table ({})", failure.text);
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

fn in_transaction(session: &mut Session, statements: &str) -> Attempt<()> {
    session.begin_without_rows()?;
    session.run(&format!("{statements}; COMMIT"))
}
