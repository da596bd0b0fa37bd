//! Asks the server for the facts. No query needs a column that PostgreSQL 9.3 lacks, and none needs pgvector.

use super::facts::{ColumnFacts, DoctorFacts, IndexFacts, JobFacts, QueryFacts, ServerFacts, TableFacts, VectorKind};
use super::queries;
use super::version::DottedVersion;
use crate::postgres::catalog::dimension::option;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::literal;
use crate::postgres::vector_index::parent::PLAIN_METHODS;
use crate::settings::{ConflictMode, Sink, VectorIndexMode};
use crate::types::target::TargetTable;

/// `None`: the table has no vector column, or it isn't a table.
pub fn facts(
    session: &mut Session,
    greenplum: bool,
    sink: &Sink,
    target: &TargetTable,
) -> Attempt<Option<DoctorFacts>> {
    let mut columns = columns(session, target)?;
    if columns.is_empty() {
        return Ok(None);
    }
    let Some((oid, mut table)) = table(session, target)? else { return Ok(None) };
    let server = server(session, greenplum)?;
    let mut indexes = indexes(session, &oid, &columns, server.version)?;
    if table.partitioned {
        add_partitions(session, &oid, &mut table, &mut indexes)?;
    }
    // An array column holds vectors only if it has an index for vectors or a length.
    let is_vector = |column: &ColumnFacts| {
        column.kind != VectorKind::Array
            || column.length.is_some()
            || indexes.iter().any(|(_, index)| index.column == column.number)
    };
    columns.retain(is_vector);
    if columns.is_empty() {
        return Ok(None);
    }
    let queries = queries(session, &columns, target)?;
    let indexes = indexes.into_iter().map(|(_, index)| index).collect();
    Ok(Some(DoctorFacts { server, job: job(sink), table, columns, indexes, queries }))
}

/// With `sink.vector-index` = behind, one session looks at the tree and seals, one builds an index and one merges sealed children.
const KEEPER_SESSIONS: u32 = 3;

fn job(sink: &Sink) -> JobFacts {
    let connections = sink.connection_max_active;
    JobFacts {
        connections,
        sessions_for_index: match sink.vector_index {
            VectorIndexMode::Behind => sink.behind.most_movers(connections).saturating_add(KEEPER_SESSIONS),
            VectorIndexMode::Inline | VectorIndexMode::Defer => 0,
        },
        normalize: sink.vector_normalize,
        dimension: sink.vector_dimension,
        updates: sink.changing || sink.conflict_mode == ConflictMode::Upsert,
        defers: sink.vector_index == VectorIndexMode::Defer,
    }
}

/// A row's fields as texts; one that is missing is empty.
struct FactsRow<'r>(&'r [String]);

impl FactsRow<'_> {
    fn text(&self, at: usize) -> &str {
        self.0.get(at).map_or("", String::as_str)
    }

    fn some(&self, at: usize) -> Option<String> {
        Some(self.text(at).to_owned()).filter(|text| !text.is_empty())
    }

    fn is_true(&self, at: usize) -> bool {
        self.text(at) == "t"
    }

    /// A negative number counts as 0: PostgreSQL writes -1 for "never counted".
    fn number(&self, at: usize) -> u64 {
        self.text(at).parse::<f64>().map_or(0, |number| number.max(0.0) as u64)
    }

    fn first(&self, at: usize) -> char {
        self.text(at).chars().next().unwrap_or(' ')
    }
}

/// The written columns that can hold vectors. A domain counts as the type that it is based on.
fn columns(session: &mut Session, target: &TargetTable) -> Attempt<Vec<ColumnFacts>> {
    let rows = session.ask(&format!(
        "SELECT a.attname, a.attnum, coalesce(b.typname, t.typname), CASE WHEN b.oid IS NULL THEN a.atttypmod ELSE t.typtypmod END,
                a.attstorage
         FROM pg_catalog.pg_attribute a
         JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
         LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype AND t.typtype = 'd'
         JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = {} AND c.relname = {} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        literal(&target.schema),
        literal(&target.table)
    ))?;
    let column = |row: &Vec<String>| {
        let row = FactsRow(row);
        let written = target.columns.iter().find(|column| column.name == row.text(0))?;
        let vector = written.column_type.vector()?;
        let kind = match row.text(2) {
            "vector" => VectorKind::Vector,
            "halfvec" => VectorKind::Halfvec,
            "sparsevec" => VectorKind::Sparsevec,
            _ => VectorKind::Array,
        };
        let dimension = (kind != VectorKind::Array).then(|| row.number(3) as usize).filter(|&length| length > 0);
        Some(ColumnFacts {
            name: row.text(0).to_owned(),
            number: row.text(1).parse().ok()?,
            kind,
            dimension,
            length: dimension.or(written.dimension.as_ref().map(|dimension| dimension.length)),
            element_bytes: vector.stored_bytes,
            storage: row.first(4),
        })
    };
    Ok(rows.iter().filter_map(column).collect())
}

fn table(session: &mut Session, target: &TargetTable) -> Attempt<Option<(String, TableFacts)>> {
    let rows = session.ask(&format!(
        "SELECT c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), c.relkind, c.relpersistence,
                pg_catalog.array_to_string(c.reloptions, E'\\n'), c.reltuples,
                pg_catalog.pg_stat_get_live_tuples(c.oid), pg_catalog.pg_stat_get_dead_tuples(c.oid),
                CASE WHEN c.relkind = 'r' THEN pg_catalog.pg_relation_size(c.oid) ELSE 0 END,
                pg_catalog.pg_stat_get_last_analyze_time(c.oid) IS NOT NULL
                  OR pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid) IS NOT NULL
                  OR NOT pg_catalog.has_table_privilege(c.oid, 'SELECT')
                  OR EXISTS (SELECT 1 FROM pg_catalog.pg_stats s WHERE s.schemaname = n.nspname AND s.tablename = c.relname),
                EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indpred IS NULL)
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = {} AND c.relname = {} AND c.relkind IN ('r', 'p')",
        literal(&target.schema),
        literal(&target.table)
    ))?;
    let table = |row: &Vec<String>| {
        let row = FactsRow(row);
        let table = TableFacts {
            quoted: row.text(1).to_owned(),
            partitioned: row.text(2) == "p",
            unlogged: row.text(3) == "u",
            options: row.text(4).to_owned(),
            live_rows: row.number(5).max(row.number(6)),
            dead_rows: row.number(7),
            bytes: row.number(8),
            analyzed: row.is_true(9),
            has_unique_key: row.is_true(10),
        };
        (row.text(0).to_owned(), table)
    };
    Ok(rows.first().map(table))
}

/// Takes sizes and counts from the partitions.
fn add_partitions(
    session: &mut Session,
    oid: &str,
    table: &mut TableFacts,
    indexes: &mut [(String, IndexFacts)],
) -> Attempt<()> {
    let roots: Vec<&str> = indexes.iter().map(|(index, _)| index.as_str()).chain([oid]).collect();
    let rows = session.ask(&format!(
        "WITH RECURSIVE tree (root, oid) AS (
           SELECT c.oid, c.oid FROM pg_catalog.pg_class c WHERE c.oid IN ({})
           UNION ALL SELECT t.root, i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree t ON t.oid = i.inhparent)
         SELECT t.root, sum(pg_catalog.pg_relation_size(c.oid)), sum(greatest(c.reltuples, 0)),
                sum(greatest(c.reltuples, pg_catalog.pg_stat_get_live_tuples(c.oid))), sum(pg_catalog.pg_stat_get_dead_tuples(c.oid))
         FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.oid WHERE c.relkind IN ('r', 'i') GROUP BY t.root",
        roots.join(", ")
    ))?;
    for row in rows.iter().map(|row| FactsRow(row)) {
        if row.text(0) == oid {
            (table.bytes, table.live_rows, table.dead_rows) = (row.number(1), row.number(3), row.number(4));
        }
        if let Some((_, index)) = indexes.iter_mut().find(|(index, _)| index == row.text(0)) {
            (index.bytes, index.counted_rows) = (row.number(1), row.number(2));
        }
    }
    Ok(())
}

fn indexes(
    session: &mut Session,
    table: &str,
    columns: &[ColumnFacts],
    version: u32,
) -> Attempt<Vec<(String, IndexFacts)>> {
    let in_progress = match version >= 120_000 {
        true => "EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = x.oid)",
        false => "false",
    };
    // Any other method over a vector column is one for vectors.
    let plain = PLAIN_METHODS.map(literal).join(", ");
    let rows = session.ask(&format!(
        "SELECT x.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(x.relname), x.relname, m.amname,
                i.indisvalid, {in_progress}, i.indkey[0], pg_catalog.pg_get_indexdef(x.oid, 1, false), o.opcname,
                pg_catalog.pg_get_expr(i.indpred, i.indrelid), pg_catalog.array_to_string(x.reloptions, E'\\n'), x.reltuples,
                CASE WHEN x.relkind = 'i' THEN pg_catalog.pg_relation_size(x.oid) ELSE 0 END,
                pg_catalog.pg_stat_get_numscans(x.oid), pg_catalog.pg_get_indexdef(x.oid),
                (SELECT k.atttypmod FROM pg_catalog.pg_attribute k WHERE k.attrelid = x.oid AND k.attnum = 1),
                (SELECT pg_catalog.string_agg(d.refobjsubid::text, ' ') FROM pg_catalog.pg_depend d
                 WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = x.oid AND d.refobjid = i.indrelid
                   AND d.refobjsubid > 0)
         FROM pg_catalog.pg_index i
         JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
         JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
         JOIN pg_catalog.pg_am m ON m.oid = x.relam
         LEFT JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[0]
         WHERE i.indrelid = {table} AND m.amname NOT IN ({plain}) ORDER BY x.oid"
    ))?;
    let index = |row: &Vec<String>| {
        let row = FactsRow(row);
        let own: i16 = row.text(6).parse().ok()?;
        let names: Vec<i16> = row.text(16).split(' ').filter_map(|number| number.parse().ok()).collect();
        let covers = |column: &&ColumnFacts| column.number == own || (own == 0 && names.contains(&column.number));
        let column = columns.iter().find(covers)?;
        let (options, method) = (row.text(10), row.text(3).to_lowercase());
        let typed =
            || Some(row.number(15) as usize).filter(|&length| length > 0 && column.kind != VectorKind::Sparsevec);
        let dimension = match method == "ann" {
            true => option(options, "dim").and_then(|length| length.parse().ok()),
            false => typed(),
        };
        let index = IndexFacts {
            quoted: row.text(1).to_owned(),
            name: row.text(2).to_owned(),
            method,
            column: column.number,
            expression: (own == 0).then(|| row.text(7).to_owned()),
            dimension,
            class: row.text(8).to_owned(),
            predicate: row.some(9),
            valid: row.is_true(4),
            in_progress: row.is_true(5),
            options: options.to_owned(),
            counted_rows: row.number(11),
            bytes: row.number(12),
            scans: row.number(13),
            definition: row.text(14).to_owned(),
        };
        Some((row.text(0).to_owned(), index))
    };
    Ok(rows.iter().filter_map(index).collect())
}

fn server(session: &mut Session, greenplum: bool) -> Attempt<ServerFacts> {
    let settings = session.ask(
        "SELECT name, setting, unit FROM pg_catalog.pg_settings WHERE name IN ('server_version_num', 'block_size', 'shared_buffers',
           'maintenance_work_mem', 'max_parallel_maintenance_workers', 'max_connections', 'superuser_reserved_connections',
           'reserved_connections', 'autovacuum')
         UNION ALL SELECT 'connections', sum(numbackends)::text, '' FROM pg_catalog.pg_stat_database
         UNION ALL SELECT 'limit', rolconnlimit::text, '' FROM pg_catalog.pg_roles WHERE rolname = current_user
         UNION ALL SELECT 'limit', datconnlimit::text, '' FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()",
    )?;
    let all = |name: &'static str| settings.iter().map(|row| FactsRow(row)).filter(move |row| row.text(0) == name);
    let number = |name| all(name).next().map(|row| row.number(1));
    let bytes = |name| all(name).next().map_or(u64::MAX, |row| row.number(1).saturating_mul(unit(row.text(2))));
    let count = |name| number(name).map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    let limits = all("limit").filter_map(|row| row.text(1).parse::<u32>().ok());
    let extensions = session.ask(
        "SELECT e.extversion, a.default_version FROM pg_catalog.pg_extension e
         LEFT JOIN pg_catalog.pg_available_extensions a ON a.name = e.extname WHERE e.extname = 'vector'",
    )?;
    let extension = |at| extensions.first().and_then(|row| DottedVersion::parse(FactsRow(row).text(at)));
    Ok(ServerFacts {
        version: count("server_version_num").unwrap_or(0),
        greenplum,
        adbpg: if greenplum { adbpg(session)? } else { None },
        pgvector: extension(0),
        pgvector_library: extension(1),
        block_size: number("block_size").map_or(8192, |size| size as usize),
        shared_buffers: bytes("shared_buffers"),
        maintenance_work_mem: bytes("maintenance_work_mem"),
        parallel_maintenance_workers: count("max_parallel_maintenance_workers"),
        max_connections: count("max_connections").unwrap_or(u32::MAX),
        reserved_connections: count("superuser_reserved_connections").unwrap_or(0)
            + count("reserved_connections").unwrap_or(0),
        connections: count("connections").unwrap_or(0),
        connection_limit: limits.min(),
        autovacuum: all("autovacuum").next().is_none_or(|row| row.text(1) != "off"),
    })
}

/// The bytes of a setting's unit: `8kB`, `MB`.
fn unit(text: &str) -> u64 {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let count = digits.parse().unwrap_or(1);
    count
        * match &text[digits.len()..] {
            "kB" => 1 << 10,
            "MB" => 1 << 20,
            "GB" => 1 << 30,
            _ => 1,
        }
}

/// `None`: another product of the family.
fn adbpg(session: &mut Session) -> Attempt<Option<DottedVersion>> {
    match session.first_value("SHOW adbpg_version") {
        Ok(version) => Ok(version.as_deref().and_then(DottedVersion::parse)),
        Err(failure) if failure.is("42704") => {
            session.forgive();
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

/// What pg_stat_statements has of queries that name the table. Only the extension's own view is read: another one of that name
/// might run anything. `None`: it isn't there, or may not be read.
fn queries(session: &mut Session, columns: &[ColumnFacts], target: &TargetTable) -> Attempt<Option<Vec<QueryFacts>>> {
    let schema = session.first_value(
        "SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension e
         JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'",
    )?;
    let Some(schema) = schema else { return Ok(None) };
    let asked = session.ask(&format!(
        "SELECT s.calls, s.query FROM {schema}.pg_stat_statements s
         JOIN pg_catalog.pg_database d ON d.oid = s.dbid
         WHERE d.datname = pg_catalog.current_database() AND pg_catalog.strpos(pg_catalog.lower(s.query), pg_catalog.lower({})) > 0
           AND s.query ~ '<(->|#>|=>|\\+>|~>|%>)' ORDER BY s.calls DESC LIMIT 200",
        literal(&target.table)
    ));
    match asked {
        Ok(rows) => Ok(Some(
            rows.iter()
                .map(|row| FactsRow(row))
                .flat_map(|row| queries::of_text(row.text(1), row.number(0), columns))
                .collect(),
        )),
        // It has to be among shared_preload_libraries, and the role must have the right.
        Err(failure) if failure.is("55000") || failure.is("42501") => {
            session.forgive();
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}
