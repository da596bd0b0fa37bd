//! What `check` and the start log say about a target.

use crate::batch::RowFormat;
use crate::postgres::catalog::capabilities::Capabilities;
use crate::postgres::catalog::lookup::Catalog;
use crate::postgres::connect::server::Server;
use crate::postgres::connect::sql::quote;
use crate::postgres::schema::others::ByKey;
use crate::postgres::schema::statements::{Statement, Statements};
use crate::postgres::write::conflict::Conflicts;
use crate::postgres::write::path::CopyStatements;
use crate::postgres::write::path::Path;
use crate::settings::{ConflictMode, Sink, VectorIndexMode};

/// An opened target, described in sentences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// `PostgreSQL 18.1 on x86_64-pc-linux-gnu`.
    pub server: String,
    /// The way rows take.
    pub path: String,
    /// What the server was found to take and to lack.
    pub capabilities: Vec<String>,
    /// Which tables have the rows, where the vector index isn't kept up as they are written.
    pub vector_index: Vec<String>,
    /// The statements that will be sent.
    pub statements: Vec<String>,
    /// What works, but may surprise or be slow.
    pub warnings: Vec<String>,
}

/// About the bytes of a row that aren't its vector: the row's header, and small columns. A page has about as many in its own header.
const ROW_OVERHEAD: usize = 100;

pub fn describe(
    server: &Server,
    catalog: &Catalog,
    sink: &Sink,
    capabilities: &Capabilities,
    statements: &Statements,
    conflicts: &Conflicts,
) -> Description {
    let can_conflict = catalog.keys.can_conflict();
    let has = |yes: bool, what: &str| format!("{what}: {}", if yes { "yes" } else { "no" });
    let form = if catalog.takes_binary() { RowFormat::Binary } else { RowFormat::Text };
    let copies = if catalog.takes_binary() { "COPY binary and text" } else { "COPY text" };
    let mut found = vec![has(capabilities.direct, copies)];
    let copy = |path: Path| CopyStatements::from(path).statement(form);
    let mut used: Vec<Statement> = match conflicts.path() {
        path @ (Path::Direct | Path::Resolving) => vec![copy(path)],
        Path::Staged => Vec::new(),
    };
    let staged = used.is_empty() || sink.changing || (can_conflict && sink.conflict_mode != ConflictMode::Strict);
    if staged {
        found.push(has(capabilities.on_conflict, "INSERT … ON CONFLICT"));
        used.push(copy(Path::Staged));
        let compared = Statement::DropUnchanged;
        used.extend((!statements.text(compared).is_empty()).then_some(compared));
        used.extend(statements.store());
    }
    if sink.changing {
        used.push(if catalog.key_takes_binary() { Statement::DeleteBinary } else { Statement::DeleteText });
    }
    let mut texts: Vec<String> = used.into_iter().map(|statement| statements.text(statement).to_owned()).collect();
    if let Some(resolution) = statements.resolution {
        let format = if catalog.key_takes_binary() { RowFormat::Binary } else { RowFormat::Text };
        texts.extend(statements.others.iter().map(|other| other.text(ByKey::Resolve(resolution), format).to_owned()));
    }
    if server.greenplum {
        found.push(has(capabilities.resolving, "COPY … DO ON CONFLICT"));
        found.extend(server.describe_deadlock_detector());
    }
    Description {
        server: server.version.clone(),
        path: conflicts.describe(form, can_conflict),
        capabilities: found,
        vector_index: Vec::new(),
        statements: texts,
        warnings: warnings(server, catalog, sink),
    }
}

fn warnings(server: &Server, catalog: &Catalog, sink: &Sink) -> Vec<String> {
    let mut warnings = Vec::new();
    if server.synchronous_commit_was_off {
        warnings.push(
            "the server has synchronous_commit off; it is set on in the job's sessions, so that what is committed is on disk"
                .to_owned(),
        );
    }
    if catalog.unlogged {
        let table = catalog.quoted();
        warnings.push(format!(
            "the table is unlogged: a crash of the server empties it; if that must not be: ALTER TABLE {table} SET LOGGED"
        ));
    }
    warnings.extend(catalog.row_security.as_ref().map(|row_security| row_security.warning(sink.changing)));
    if !catalog.key_triggers.is_empty() {
        warnings.push(format!(
            "the trigger {} may change a row's key, so it isn't known beforehand which rows have one key: all rows go through \
             one shard, which is slower; this isn't needed for a PL/pgSQL trigger that doesn't name the key's columns, changes the \
             row only by NEW.column and returns NEW",
            catalog.key_triggers.join(", ")
        ));
    }
    if !catalog.key_is_exact() {
        warnings.push(
            "the key's collation or operator class may take different values for equal: all rows go through one shard, which is \
             slower"
                .to_owned(),
        );
    }
    if catalog.keys.deferrable && sink.conflict_mode == ConflictMode::Ignore {
        warnings.push(
            "the table has a deferrable unique constraint, which ON CONFLICT doesn't accept: a query finds the rows whose key is \
             there; those whose key another session inserts after the query are left out row by row, which is slow"
                .to_owned(),
        );
    }
    if let (Some(key), false) = (&catalog.keys.key, catalog.keys.key_is_unique || catalog.keys.key_is_deferrable)
        && sink.conflict_mode != ConflictMode::Upsert
    {
        let columns = key.iter().map(|&index| quote(&catalog.columns[index].name)).collect::<Vec<_>>().join(", ");
        warnings.push(format!(
            "no unique index of the table covers the job's PRIMARY KEY ({columns}), so all rows of one key are kept"
        ));
    }
    warnings.extend(catalog.unchanged.why_not.clone());
    let updates = sink.changing || sink.conflict_mode == ConflictMode::Upsert;
    // Otherwise the table that is updated has no vector index.
    let in_indexed_table = sink.vector_index == VectorIndexMode::Inline;
    if let Some(key) = catalog.keys.key.as_ref().filter(|_| updates && in_indexed_table) {
        warnings.extend(catalog.hot.warnings(&catalog.quoted(), &catalog.columns, key));
    }
    for column in &catalog.columns {
        let Some(width) = column.column_type.vector().and_then(|vector| vector.stored_bytes) else { continue };
        let length = column.dimension.as_ref().map(|dimension| dimension.length).or(sink.vector_dimension);
        let bytes = length.unwrap_or(0) * width;
        // Shorter rows are stored in a page as they are. Parts of longer rows must be stored elsewhere anyway.
        if column.storage != 'p'
            && bytes > server.block_size / 4 - ROW_OVERHEAD
            && bytes < server.block_size - 2 * ROW_OVERHEAD
        {
            warnings.push(format!(
                "column {}: its vectors of {bytes} bytes fit a page of {} but are compressed or stored out of line, which makes \
                 writing about twice as slow; before loading: ALTER TABLE {} ALTER COLUMN {} SET STORAGE PLAIN",
                column.name,
                server.block_size,
                catalog.quoted(),
                quote(&column.name)
            ));
        }
    }
    warnings
}
