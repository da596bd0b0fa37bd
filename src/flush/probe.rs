//! What the server takes: tried, not guessed from its version. Every try is rolled back.

use tokio_postgres::SimpleQueryMessage;

use super::catalog::Catalog;
use super::classify::Class;
use super::copy::{Into, copy_nothing};
use super::failure::Failure;
use super::server::Server;
use super::session::{Attempt, Session};
use super::statements::{Statement, Statements, literal, own_name, quote};
use super::transaction::Path;
use crate::batch::RowFormat;
use crate::error::{Error, Result};
use crate::settings::{ConflictMode, Sink, WriteMode};

/// What a target can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// COPY into the table itself.
    pub direct: bool,
    /// `INSERT … ON CONFLICT`.
    pub on_conflict: bool,
    /// ADBPG's `COPY … DO ON CONFLICT`.
    pub resolving: bool,
}

/// Tries what the job could use. `reopen` gives a new session when a try has cost one.
pub fn probe(
    session: &mut Session,
    server: &Server,
    catalog: &Catalog,
    sink: &Sink,
    reopen: &dyn Fn() -> Result<Session>,
) -> Result<(Capabilities, Statements)> {
    // ON CONFLICT DO NOTHING looks at every unique constraint, and fails on a deferrable one when a row comes.
    let on_conflict = sink.conflict_mode != ConflictMode::Ignore || !catalog.keys.deferrable;
    let mut found = Capabilities { direct: true, on_conflict, resolving: false };
    let mut statements = Statements::new(catalog, sink.conflict_mode, &found);
    let name = catalog.name();

    let copies = |session: &mut Session, statements: &Statements, path: Path| -> Result<Attempt<()>> {
        let formats: &[RowFormat] =
            if catalog.takes_binary() { &[RowFormat::Binary, RowFormat::Text] } else { &[RowFormat::Text] };
        for &format in formats {
            let tried = in_rollback(session, |session| copy_nothing(session, statements, path.into(), format));
            if !session.is_usable() {
                *session = reopen()?;
            }
            if let Err(failure) = tried {
                return Ok(Err(failure));
            }
        }
        Ok(Ok(()))
    };
    if let Err(failure) = copies(session, &statements, Path::Direct)? {
        // 0A000, 42809: a view, or a foreign table of an older server. INSERT may do.
        if !failure.is("0A000") && !failure.is("42809") {
            return Err(failure.error(&format!("{name}: COPY is refused"), ""));
        }
        found.direct = false;
    }
    let resolves = sink.conflict_mode != ConflictMode::Strict && catalog.keys.can_conflict();
    let all_columns_are_the_keys = sink.conflict_mode == ConflictMode::Ignore || !catalog.keys.other_unique;
    if server.greenplum && resolves && all_columns_are_the_keys && found.direct {
        found.resolving = copies(session, &statements, Path::Resolving)?.is_ok();
    }
    if resolves || !found.direct || sink.write_mode == WriteMode::Insert {
        let mut tried = try_merge(session, &statements);
        if tried.as_ref().is_err_and(|failure| failure.is("42601")) {
            found.on_conflict = false;
            statements = Statements::new(catalog, sink.conflict_mode, &found);
            tried = try_merge(session, &statements);
        }
        if !session.is_usable() {
            *session = reopen()?;
        }
        tried.map_err(|failure| refused(&name, sink, catalog, &failure))?;
    }
    if sink.changing {
        let tried = try_changes(session, &statements, sink.conflict_mode);
        if !session.is_usable() {
            *session = reopen()?;
        }
        tried.map_err(|failure| refused_changes(&name, sink, catalog, &failure))?;
    }
    Ok((found, statements))
}

/// Has the server plan the deletes and what replaces rows.
fn try_changes(session: &mut Session, statements: &Statements, mode: ConflictMode) -> Attempt<()> {
    in_rollback(session, |session| {
        for statement in [Statement::DeleteBinary, Statement::DeleteText] {
            let keys = session.prepare(statements, statement)?.params().len();
            let nulls = vec!["NULL"; keys].join(", ");
            let name = own_name("vecsink_probe");
            session.run(&format!("PREPARE {name} AS {}", statements.text(statement)))?;
            session.run(&format!("EXPLAIN EXECUTE {name}({nulls}); DEALLOCATE {name}"))?;
        }
        if mode == ConflictMode::Strict {
            for statement in &statements.create_stage {
                session.run(statement)?;
            }
            statements.upsert().try_for_each(|upsert| session.run(&format!("EXPLAIN {}", statements.text(upsert))))?;
        }
        Ok(())
    })
}

/// What an extension's type compares with may be in a schema of its own.
const OPERATORS: &str = "the operators of a key's type must be in the session's search path: name their schema with \
                         currentSchema in a jdbc: url, or with options=-c search_path=… in a postgresql: url";

fn refused_changes(name: &str, sink: &Sink, catalog: &Catalog, failure: &Failure) -> Error {
    let advice = match failure.sqlstate.as_deref() {
        Some("42501") => format!(
            "run: GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO {}",
            catalog.quoted(),
            quote(&sink.connection.user)
        ),
        Some("42883") => OPERATORS.to_owned(),
        _ => String::new(),
    };
    failure.error(&format!("{name}: the statements that follow the source's updates and deletes are refused"), &advice)
}

/// Makes the stage and has the server plan the merge.
fn try_merge(session: &mut Session, statements: &Statements) -> Attempt<()> {
    in_rollback(session, |session| {
        for statement in &statements.create_stage {
            session.run(statement)?;
        }
        statements.merge().try_for_each(|merge| session.run(&format!("EXPLAIN {}", statements.text(merge))))
    })
}

fn refused(name: &str, sink: &Sink, catalog: &Catalog, failure: &Failure) -> Error {
    let role = quote(&sink.connection.user);
    let advice = match failure.sqlstate.as_deref() {
        Some("42501") => format!(
            "run: GRANT TEMPORARY ON DATABASE {} TO {role}; GRANT INSERT, SELECT, UPDATE ON {} TO {role}",
            quote(&sink.connection.database),
            catalog.quoted()
        ),
        Some("42883") => OPERATORS.to_owned(),
        Some("42P10") => "declare the columns of a unique index of the table as the job's PRIMARY KEY".to_owned(),
        _ => String::new(),
    };
    failure.error(&format!("{name}: the statements that resolve conflicts are refused"), &advice)
}

fn in_rollback<T>(session: &mut Session, work: impl FnOnce(&mut Session) -> Attempt<T>) -> Attempt<T> {
    let result = session.begin_without_rows().and_then(|()| work(session));
    if let Err(failure) = &result
        && failure.class == Class::Configuration
    {
        // Expected here: only a session out of step has to go.
        session.forgive();
    }
    session.recover();
    result
}

/// Sessions of another process of this job: those whose name differs from ours only after the last slash.
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

impl From<Path> for Into {
    fn from(path: Path) -> Into {
        match path {
            Path::Direct => Into { binary: Statement::CopyBinary, text: Statement::CopyText },
            Path::Resolving => Into { binary: Statement::ResolvingBinary, text: Statement::ResolvingText },
            Path::Staged => Into { binary: Statement::StageBinary, text: Statement::StageText },
        }
    }
}
