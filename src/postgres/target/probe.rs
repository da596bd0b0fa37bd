//! What the server takes: tried, not guessed from its version. Every try is rolled back.

use crate::postgres::catalog::capabilities::Capabilities;
use crate::postgres::connect::rollback::{in_rollback, met_a_lock};
use tokio_postgres::SimpleQueryMessage;

use crate::batch::RowFormat;
use crate::error::{Error, Result};
use crate::postgres::catalog::lookup::Catalog;
use crate::postgres::connect::classify::{Class, During};
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::connect::server::Server;
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::{literal, own_name, quote};
use crate::postgres::schema::others::{ByKey, Resolution};
use crate::postgres::schema::statements::{Statement, Statements};
use crate::postgres::write::copy::copy_nothing;
use crate::postgres::write::path::Path;
use crate::settings::{ConflictMode, Sink, WriteMode};

/// What a server was found to take.
pub struct ProbeResult {
    pub capabilities: Capabilities,
    pub statements: Statements,
    /// Something could not be tried because another session has locked the table. It is assumed to work.
    pub untried: bool,
}

/// Tries what the job could use. `reopen` opens a new session when the old one can't be used any more after a try.
pub fn probe(
    session: &mut Session,
    server: &Server,
    catalog: &Catalog,
    sink: &Sink,
    reopen: &dyn Fn() -> Result<Session>,
) -> Result<ProbeResult> {
    // ON CONFLICT DO NOTHING looks at every unique constraint, and fails on a deferrable one when a row comes.
    let on_conflict = (sink.conflict_mode != ConflictMode::Ignore || !catalog.keys.deferrable)
        && knows_on_conflict(session).map_err(|failure| failure.error("the server can't be asked", ""))?;
    let mut found = Capabilities { direct: true, on_conflict, resolving: false };
    let statements = Statements::new(catalog, sink.conflict_mode, &found);
    let name = catalog.name();
    let mut tries = Tries { session, reopen, untried: false };

    if let Err(failure) = tries.copies(&statements, catalog, Path::Direct)? {
        // 0A000, 42809: a view, or a foreign table of an older server. INSERT may be possible.
        if !failure.is("0A000") && !failure.is("42809") {
            return Err(failure.error(&format!("{name}: COPY is refused"), ""));
        }
        found.direct = false;
    }
    let resolves = sink.conflict_mode != ConflictMode::Strict && catalog.keys.can_conflict();
    // DO ON CONFLICT DO UPDATE resolves only conflicts of the key.
    let resolves_all = sink.conflict_mode == ConflictMode::Ignore || !catalog.keys.other_unique;
    if server.greenplum && resolves && resolves_all && found.direct {
        found.resolving = tries.copies(&statements, catalog, Path::Resolving)?.is_ok() && !tries.untried;
    }
    if resolves || !found.direct || sink.write_mode == WriteMode::Insert || sink.changing {
        let stores: Vec<Statement> = statements.store().collect();
        let tried = tries.run(|session| try_staged(session, server, &statements, catalog, &stores, &[]))?;
        tried.map_err(|failure| refused(&name, sink, catalog, &failure))?;
    }
    if sink.changing {
        let tried = tries.run(|session| try_changes(session, server, &statements, catalog, sink.conflict_mode))?;
        tried.map_err(|failure| refused_changes(&name, sink, catalog, &failure))?;
    }
    if !statements.others.is_empty() {
        let tried = tries.run(|session| try_others(session, &statements, sink))?;
        tried.map_err(|failure| refused_changes(&name, sink, catalog, &failure))?;
    }
    let untried = tries.untried;
    Ok(ProbeResult { capabilities: found, statements, untried })
}

/// Whether the server has `INSERT … ON CONFLICT`. The server parses a statement before it looks for the table. So a table that
/// doesn't exist is enough for the test, and no lock is needed.
fn knows_on_conflict(session: &mut Session) -> Attempt<bool> {
    match session.run("EXPLAIN INSERT INTO pg_temp.vecsink_no_table SELECT 1 ON CONFLICT DO NOTHING") {
        // Usually: there is no such table, or no temporary schema yet.
        Err(failure)
            if failure.sqlstate.as_deref().is_some_and(|code| code.starts_with("42") || code.starts_with("3F")) =>
        {
            session.forgive();
            Ok(!failure.is("42601"))
        }
        Err(failure) => Err(failure),
        Ok(()) => Ok(true),
    }
}

/// The session that tries, and whether something could not be tried.
struct Tries<'a> {
    session: &'a mut Session,
    reopen: &'a dyn Fn() -> Result<Session>,
    untried: bool,
}

impl Tries<'_> {
    fn copies(&mut self, statements: &Statements, catalog: &Catalog, path: Path) -> Result<Attempt<()>> {
        let formats: &[RowFormat] =
            if catalog.takes_binary() { &[RowFormat::Binary, RowFormat::Text] } else { &[RowFormat::Text] };
        for &format in formats {
            let tried = self.run(|session| copy_nothing(session, statements, path.into(), format).map(drop))?;
            if tried.is_err() {
                return Ok(tried);
            }
        }
        Ok(Ok(()))
    }

    /// One try in a transaction that is rolled back. Once the table was found locked, nothing more is tried, because other
    /// sessions would have to wait behind us.
    fn run(&mut self, work: impl FnOnce(&mut Session) -> Attempt<()>) -> Result<Attempt<()>> {
        if self.untried {
            return Ok(Ok(()));
        }
        let tried = in_rollback(self.session, work);
        if !self.session.is_usable() {
            *self.session = (self.reopen)()?;
        }
        match tried {
            Err(failure) if met_a_lock(&failure) => {
                self.untried = true;
                Ok(Ok(()))
            }
            tried => Ok(tried),
        }
    }
}

/// Has the server plan the deletes, the upserts and the partial updates.
fn try_changes(
    session: &mut Session,
    server: &Server,
    statements: &Statements,
    catalog: &Catalog,
    mode: ConflictMode,
) -> Attempt<()> {
    for statement in [Statement::DeleteBinary, Statement::DeleteText] {
        statements.prepare(session, statement)?;
        if !server.planning_locks() {
            plan_by_key(session, statements, statements.text(statement))?;
        }
    }
    if server.planning_locks() {
        must_have(session, catalog, "DELETE")?;
    }
    if mode == ConflictMode::Ignore {
        return Ok(());
    }
    let upserts: Vec<Statement> = statements.upsert().collect();
    let carried: Vec<usize> = (0..catalog.columns.len()).collect();
    let whole_row_is_key = catalog.keys.key.as_ref().is_none_or(|key| key.len() == carried.len());
    let patches = if whole_row_is_key { Vec::new() } else { statements.patch(&carried) };
    try_staged(session, server, statements, catalog, &upserts, &patches)
}

/// Has the server plan the statements for the other tables of the tree.
fn try_others(session: &mut Session, statements: &Statements, sink: &Sink) -> Attempt<()> {
    let resolution = statements.resolution.map(ByKey::Resolve);
    let changes = [ByKey::Delete, ByKey::Resolve(Resolution::Replace)];
    let used: Vec<ByKey> = resolution.into_iter().chain(changes.into_iter().filter(|_| sink.changing)).collect();
    for other in &statements.others {
        for statement in &used {
            for format in [RowFormat::Binary, RowFormat::Text] {
                plan_by_key(session, statements, other.text(*statement, format))?;
            }
        }
    }
    Ok(())
}

/// Has the server plan a statement that gets keys as arrays.
fn plan_by_key(session: &mut Session, statements: &Statements, sql: &str) -> Attempt<()> {
    let nulls = vec!["NULL"; statements.key.len()].join(", ");
    let name = own_name("vecsink_probe");
    session.run(&format!("PREPARE {name} AS {sql}"))?;
    session.run(&format!("EXPLAIN EXECUTE {name}({nulls}); DEALLOCATE {name}"))
}

/// Makes the staging table and has the server plan the statements that write its rows into the table.
fn try_staged(
    session: &mut Session,
    server: &Server,
    statements: &Statements,
    catalog: &Catalog,
    tried: &[Statement],
    patches: &[String],
) -> Attempt<()> {
    for statement in &statements.staging.for_session {
        session.run(statement)?;
    }
    for sql in tried.iter().map(|statement| statements.text(*statement)).chain(patches.iter().map(String::as_str)) {
        if server.planning_locks() && changes_rows(sql) {
            must_have(session, catalog, "SELECT")?;
        } else {
            session.run(&format!("EXPLAIN {sql}"))?;
        }
    }
    Ok(())
}

/// Whether Greenplum without its deadlock detector locks the table as soon as it plans one of our statements.
fn changes_rows(sql: &str) -> bool {
    sql.starts_with("UPDATE ") || sql.starts_with("DELETE ") || sql.contains(" DO UPDATE SET ")
}

/// Checks a privilege instead of planning a statement that would lock the table.
fn must_have(session: &mut Session, catalog: &Catalog, right: &str) -> Attempt<()> {
    // SELECT may be granted for some columns only. Whether columns may be inserted and updated was read with the catalog.
    let kind = if right == "SELECT" { "any_column" } else { "table" };
    let asked = format!("SELECT pg_catalog.has_{kind}_privilege($1::text, '{right}')");
    let answer = session.client().query_one(asked.as_str(), &[&catalog.quoted()]);
    match answer.map_err(|error| session.failed(&error, During::Statement))?.get(0) {
        true => Ok(()),
        false => Err(AttemptError {
            sqlstate: Some("42501".to_owned()),
            ..AttemptError::of(Class::Configuration, format!("the privilege {right} is missing"))
        }),
    }
}

/// The operators of an extension's type may be in a schema of their own.
const OPERATORS: &str = "the search path must have the schema of the key type's operators: add it with currentSchema in a \
                         jdbc: url, or with options=-c search_path=… in a postgresql: url";

fn refused_changes(name: &str, sink: &Sink, catalog: &Catalog, failure: &AttemptError) -> Error {
    let advice = match failure.sqlstate.as_deref() {
        Some("42501") => format!(
            "run: GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO {}",
            catalog.quoted(),
            quote(&sink.connection.user)
        ),
        Some("42883") => OPERATORS.to_owned(),
        _ => String::new(),
    };
    failure.error(&format!("{name}: the statements for the source's updates and deletes are refused"), &advice)
}

fn refused(name: &str, sink: &Sink, catalog: &Catalog, failure: &AttemptError) -> Error {
    let role = quote(&sink.connection.user);
    let advice = match failure.sqlstate.as_deref() {
        Some("42501") => format!(
            "run: GRANT TEMPORARY ON DATABASE {} TO {role}; GRANT {} ON {} TO {role}",
            quote(&sink.connection.database),
            if sink.conflict_mode == ConflictMode::Upsert { "SELECT, INSERT, UPDATE" } else { "SELECT, INSERT" },
            catalog.quoted()
        ),
        Some("42883") => OPERATORS.to_owned(),
        Some("42P10") => "declare the columns of a unique index of the table as the job's PRIMARY KEY".to_owned(),
        _ => String::new(),
    };
    failure.error(&format!("{name}: the statements that resolve conflicts are refused"), &advice)
}

/// Whether another process of this job has a session: one whose name differs from ours only after the last slash.
pub fn other_process(session: &mut Session, application_name: &str) -> bool {
    let Some((job, _)) = application_name.rsplit_once('/') else { return false };
    let sql = format!(
        "SELECT 1 FROM pg_catalog.pg_stat_activity WHERE datname = current_database()
         AND left(application_name, {}) = {} AND application_name <> {} LIMIT 1",
        job.chars().count() + 1,
        literal(&format!("{job}/")),
        literal(application_name)
    );
    session
        .client()
        .simple_query(&sql)
        .is_ok_and(|answer| answer.iter().any(|part| matches!(part, SimpleQueryMessage::Row(_))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_change_rows_are_recognized() {
        let catalog = Catalog::sample("t", &["id", "a"], &["id"]);
        let planned = |mode, on_conflict| -> Vec<bool> {
            let capabilities = Capabilities { direct: true, on_conflict, resolving: false };
            let statements = Statements::new(&catalog, mode, &capabilities);
            statements.store().map(|statement| changes_rows(statements.text(statement))).collect()
        };
        assert_eq!(planned(ConflictMode::Upsert, true), [true]);
        assert_eq!(planned(ConflictMode::Upsert, false), [true, false]);
        assert_eq!(planned(ConflictMode::Ignore, true), [false]);
        assert_eq!(planned(ConflictMode::Ignore, false), [false]);
        assert_eq!(planned(ConflictMode::Strict, true), [false]);
    }
}
