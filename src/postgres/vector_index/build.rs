//! Builds the vector indexes of a sealed child, in bulk: several times as fast as row by row. Rows can be read and changed meanwhile.
//! An interrupted build leaves an invalid index, which the next build drops.

use crate::postgres::catalog::tree::{TableRef, with_ending};
use crate::postgres::connect::classify::During;
use crate::postgres::connect::failure::{Attempt, AttemptError};
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::qualified;
use crate::postgres::vector_index::ddl;
use crate::postgres::vector_index::parent::{Parent, ParentIndex};

/// How long to wait for the lock of the child (SHARE UPDATE EXCLUSIVE), before an invalid index is dropped. Reads and writes don't
/// queue behind this lock.
const TABLE_WAIT: &str = "500ms";
/// How long to wait for the lock that DROP INDEX takes. Reads and writes queue behind this one.
const DROP_WAIT: &str = "800ms";
/// The memory that a graph needs for each row besides its vector, in bytes, with 16 neighbours for each element.
const GRAPH_BYTES: u64 = 1000;
/// A build may take at most `effective_cache_size` divided by this.
pub const CACHE_SHARE: u64 = 4;

/// What became of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Built {
    /// The child has all vector indexes of the parent, or is gone.
    All,
    /// Another process is building an index of the child.
    Elsewhere,
}

/// Builds the indexes that the child lacks.
pub fn build(session: &mut Session, parent: &Parent, child: &TableRef, rows: u64) -> Attempt<Built> {
    let Some(of_child) = Parent::read(session, &child.schema, &child.name)? else { return Ok(Built::All) };
    let has = |index: &ParentIndex| of_child.indexes.iter().any(|own| own.definition == index.definition);
    let missing: Vec<&ParentIndex> = parent.vector_indexes().filter(|index| !has(index)).collect();
    if missing.is_empty() {
        return Ok(Built::All);
    }
    if !drop_invalid(session, child)? {
        return Ok(Built::Elsewhere);
    }
    let memory = memory(session, child, rows)?;
    let mut names: Vec<String> = of_child.indexes.iter().map(|index| index.name.clone()).collect();
    for index in missing {
        let name = free_name(child, &names);
        names.push(name.clone());
        let sql = ddl::vector_index(index, &name, child);
        if !create(session, &sql, child, &name, memory)? {
            return Ok(Built::Elsewhere);
        }
    }
    Ok(Built::All)
}

/// The name of an index that the child lacks. Each process chooses the same one, so that the server lets only one of them build.
fn free_name(child: &TableRef, taken: &[String]) -> String {
    let name = |number: usize| with_ending(&child.name, &format!("_v{number}"));
    // There is one more number than names that are taken, so one of them is free.
    (1..=taken.len() + 1).map(name).find(|name| !taken.contains(name)).unwrap_or_else(|| name(0))
}

/// Drops what an interrupted build left. Returns whether nobody else is building: a build holds the lock that this takes.
fn drop_invalid(session: &mut Session, child: &TableRef) -> Attempt<bool> {
    session.begin_without_rows()?;
    let locked = session.run(&format!(
        "SET LOCAL lock_timeout TO '{TABLE_WAIT}'; LOCK TABLE ONLY {} IN SHARE UPDATE EXCLUSIVE MODE;
         SET LOCAL lock_timeout TO '{DROP_WAIT}'",
        child.quoted()
    ));
    let dropped = locked.and_then(|()| {
        let invalid = session.ask(&format!(
            "SELECT c.relname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
             WHERE i.indrelid = {} AND NOT i.indisvalid",
            child.oid
        ))?;
        for name in invalid.into_iter().flatten() {
            log::info!("{}: index {name} of an interrupted build is dropped", child.name);
            session.run(&format!("DROP INDEX {}", qualified(&child.schema, &name)))?;
        }
        session.run("COMMIT")
    });
    match dropped {
        Ok(()) => Ok(true),
        Err(failure) if failure.is_of_a_lock() => session.run("ROLLBACK").map(|()| false),
        Err(failure) => Err(failure),
    }
}

/// Runs CREATE INDEX CONCURRENTLY. Returns whether this process has built the index.
fn create(session: &mut Session, sql: &str, child: &TableRef, name: &str, memory: Option<u64>) -> Attempt<bool> {
    if let Some(kilobytes) = memory.filter(|_| !session.is_behind_pooler()) {
        session.run(&format!("SET maintenance_work_mem TO '{kilobytes}kB'"))?;
    }
    let created = session.run(sql);
    let _ = session.is_behind_pooler() || session.run("RESET maintenance_work_mem").is_ok();
    match created {
        Ok(()) => Ok(true),
        // Another process was first.
        Err(failure) if failure.is("42P07") => {
            session.forgive();
            Ok(false)
        }
        Err(failure) if !session.is_behind_pooler() && lacks_shared_memory(&failure, &child.name, name) => {
            session.forgive();
            if !drop_invalid(session, child)? {
                return Ok(false);
            }
            session.run("SET max_parallel_maintenance_workers TO 0")?;
            let created = session.run(sql);
            let _ = session.run("RESET max_parallel_maintenance_workers").is_ok();
            created.map(|()| true)
        }
        Err(failure) => Err(failure),
    }
}

/// About how many kB a build over this number of rows needs. `width`: the bytes of a row.
pub fn needed_kilobytes(rows: u64, width: u64) -> u64 {
    rows.saturating_mul(width + GRAPH_BYTES) / 1024
}

/// What is known of the memory for a build, in kB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildMemory {
    needed: u64,
    /// The server's `maintenance_work_mem`.
    own: u64,
    /// The `maintenance_work_mem` for this build: enough for the whole graph, if that is no more than a build may take. A build
    /// that doesn't fit goes on row by row.
    given: u64,
}

impl BuildMemory {
    /// The memory for an index over this number of rows like those of this table. `None`: nothing is known.
    pub fn read(session: &mut Session, table: &TableRef, rows: u64) -> Attempt<Option<BuildMemory>> {
        let row = session.client().query_opt(
            &format!(
                "SELECT (SELECT setting::float8 FROM pg_catalog.pg_settings WHERE name = 'maintenance_work_mem')::text,
                        (SELECT setting::float8 * current_setting('block_size')::float8 / 1024
                         FROM pg_catalog.pg_settings WHERE name = 'effective_cache_size')::text,
                        (SELECT avg(pg_catalog.pg_column_size(s.*)) FROM (SELECT * FROM ONLY {} LIMIT 20) AS s)::text",
                table.quoted()
            ),
            &[],
        );
        let row = row.map_err(|error| session.failed(&error, During::Statement))?;
        let number = |at: usize| row.as_ref().and_then(|row| row.get::<_, Option<&str>>(at)?.parse::<f64>().ok());
        let (Some(own), Some(cache), Some(width)) = (number(0), number(1), number(2)) else { return Ok(None) };
        let (own, most) = (own as u64, cache as u64 / CACHE_SHARE);
        let needed = needed_kilobytes(rows, width as u64);
        Ok(Some(BuildMemory { needed, own, given: needed.min(most.max(own)) }))
    }

    /// Tells how much memory the index of a table needs and gets.
    pub fn tell(&self, table: &str, rows: u64) {
        let BuildMemory { needed, own, given } = self;
        log::info!(
            "{table}: an index over {rows} rows needs about {} MB; maintenance_work_mem is {} MB{}",
            needed / 1024,
            own / 1024,
            match given > own {
                true if given < needed =>
                    format!(", for this build {} MB, a quarter of effective_cache_size", given / 1024),
                true => format!(", for this build {} MB", given / 1024),
                false => String::new(),
            }
        );
    }

    /// What to set, where the server's own setting isn't enough.
    pub fn setting(&self) -> Option<u64> {
        (self.given > self.own).then_some(self.given)
    }

    /// How many rows there may be so that their graph fits into the memory of the build. `None`: a graph over all `rows` fits.
    pub fn fitting(&self, rows: u64) -> Option<u64> {
        (self.given < self.needed).then(|| (rows as f64 * self.given as f64 / self.needed as f64) as u64)
    }
}

/// The `maintenance_work_mem` for a build, in kB. `None`: the server's own setting is enough, or nothing is known.
pub fn memory(session: &mut Session, table: &TableRef, rows: u64) -> Attempt<Option<u64>> {
    let memory = BuildMemory::read(session, table, rows)?;
    Ok(memory.and_then(|memory| {
        memory.tell(&table.name, rows);
        memory.setting()
    }))
}

/// Whether the server had no memory for a parallel build. It needs shared memory of the size of `maintenance_work_mem`, and a container
/// often has little.
pub fn lacks_shared_memory(failure: &AttemptError, table: &str, index: &str) -> bool {
    let lacks = failure.is("53100") || failure.is("53200");
    if lacks {
        log::warn!(
            "{table}: the server has no memory for a parallel build of {index} ({}); building with one process, which is slower; give its \
             container more /dev/shm (docker run --shm-size), as much as maintenance_work_mem",
            failure.text
        );
    }
    lacks
}
