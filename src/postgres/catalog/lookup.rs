//! The target table in the server's catalog. No query names a column of the catalog that PostgreSQL 9.3 lacks: newer columns are
//! read from the row as JSON, where a missing one is null.

use super::dimension;
use super::hot::HotUpdates;
use super::keys::{self, TableKeys};
use super::names::nearest;
use super::partitioned::{self, TIER};
use super::row_security::RowSecurity;
use super::triggers;
use super::unchanged::{Compared, UnchangedRows};
use super::unreadable::unreadable;
use crate::error::{Error, Result};
use crate::postgres::catalog::column::CatalogColumn;
use crate::postgres::catalog::columns;
use crate::postgres::catalog::tree::{self, TableRef, Tree};
use crate::postgres::connect::driver::Parameter;
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::{qualified, quote};
use crate::settings::{ConflictMode, Sink, VectorIndexMode};
use crate::types::column_types::ColumnType;
use crate::types::data_type::DataType;
use crate::types::target::{TargetColumn, TargetTable};

/// The table and what the job writes of it.
#[derive(Debug)]
pub struct Catalog {
    pub schema: String,
    pub table: String,
    /// The written columns, in the job's order.
    pub columns: Vec<CatalogColumn>,
    pub unwritten: Vec<CatalogColumn>,
    pub keys: TableKeys,
    pub unlogged: bool,
    /// Greenplum's DISTRIBUTED clause for a staging table that is distributed like this table.
    pub distribution: Option<String>,
    has_triggers: bool,
    /// `pg_class.relkind`.
    kind: char,
    /// The triggers that may change a row's key.
    pub key_triggers: Vec<String>,
    /// `pg_class.relhassubclass`: it has children, or had some.
    pub has_children: bool,
    /// The tables that hold the rows, if the vector index is behind them.
    pub tree: Option<Tree>,
    /// Set if policies apply to the job's role, and so may hide rows from it.
    pub row_security: Option<RowSecurity>,
    pub unchanged: UnchangedRows,
    pub hot: HotUpdates,
}

impl Catalog {
    /// `written`: the names of the written columns, where they are known already. `None`: they are those of the sink, and a
    /// sink that names none writes all that can be written.
    pub fn read(session: &mut Session, greenplum: bool, sink: &Sink, written: Option<&[String]>) -> Result<Self> {
        let name = format!("{}.{}", sink.schema, sink.table);
        let (oid, kind, unlogged, has_triggers, has_children) = find_table(session, sink)?;
        if !matches!(kind, 'r' | 'p' | 'f' | 'v') {
            return Err(Error::target(format!("{name} is not a table that rows can be written to")));
        }
        let partitions = if kind == 'p' { partitioned::read(session, oid, sink)? } else { None };
        // The whole table has no unique key, but each partition has the same one.
        let root = oid;
        let oid = partitions.as_ref().and_then(Tree::indexed).map_or(root, |indexed| indexed.oid);
        let mut all = columns::read(session, oid, &name)?;
        let indexes = keys::read(session, oid, &name)?;
        if partitions.is_some() {
            partitioned::refuse_tier(&name, sink)?;
            all.retain(|column| column.name != TIER);
        }
        dimension::find(session, &indexes, &mut all, &name)?;
        let own: Vec<String>;
        let written = match written {
            None => {
                own = sink.columns.iter().map(|column| column.name.clone()).collect();
                &own
            }
            Some(written) => written,
        };
        let (columns, unwritten) = choose(&name, written, all)?;
        let keys = TableKeys::new(sink, &columns, &indexes);
        let key_triggers = match &keys.key {
            Some(key) if has_triggers => {
                let key: Vec<&str> = key.iter().map(|&index| columns[index].name.as_str()).collect();
                triggers::that_may_change(session, oid, &key, &name)?
            }
            _ => Vec::new(),
        };
        let distribution = if greenplum { Some(distribution(session, oid, &columns)) } else { None };
        let is_plain = kind == 'r';
        let tree = match sink.vector_index {
            VectorIndexMode::Behind if is_plain => tree::read(session, oid, sink)?,
            VectorIndexMode::Behind => partitions,
            VectorIndexMode::Inline | VectorIndexMode::Defer if partitions.is_some() => {
                return Err(partitioned::only_behind(&name));
            }
            VectorIndexMode::Inline | VectorIndexMode::Defer if is_plain && has_children && keys.can_conflict() => {
                tree::refuse_left_children(session, oid, sink)?;
                None
            }
            VectorIndexMode::Inline | VectorIndexMode::Defer => None,
        };
        let others = tree.iter().flat_map(|tree| [&tree.hot].into_iter().chain(&tree.others));
        let tables: Vec<u32> = others.map(|table| table.oid).chain([root]).collect();
        let row_security = RowSecurity::read(session, &tables, &name)?;
        let hot = HotUpdates::read(session, oid, &columns, &name)?;
        let compared =
            Compared { oid, name: &name, columns: &columns, has_triggers, has_vector_index: hot.has_vector_index() };
        let unchanged = UnchangedRows::read(session, sink, &compared)?;
        let catalog = Catalog {
            schema: sink.schema.clone(),
            table: sink.table.clone(),
            columns,
            unwritten,
            keys,
            unlogged,
            distribution,
            has_triggers,
            kind,
            key_triggers,
            has_children,
            tree,
            row_security,
            unchanged,
            hot,
        };
        catalog.check(sink)?;
        Ok(catalog)
    }

    /// `"schema"."table"`.
    pub fn quoted(&self) -> String {
        qualified(&self.schema, &self.table)
    }

    /// It has the layout of [`partitioned`].
    pub fn is_partitioned(&self) -> bool {
        self.tree.as_ref().is_some_and(|tree| tree.partitioned.is_some())
    }

    /// Schema and name of the table whose indexes keep the key unique: in the partitioned layout the indexed partition.
    pub fn table_with_key(&self) -> (&str, &str) {
        let indexed = self.tree.as_ref().filter(|tree| tree.partitioned.is_some()).and_then(Tree::indexed);
        indexed.map_or((&self.schema, &self.table), |indexed| (&indexed.schema, &indexed.name))
    }

    /// `schema.table`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }

    /// The server reads every written column in binary form.
    pub fn takes_binary(&self) -> bool {
        self.columns.iter().all(|column| column.column_type != ColumnType::TextOnly)
    }

    pub fn key_takes_binary(&self) -> bool {
        let key = self.keys.key.iter().flatten();
        key.filter_map(|&index| self.columns.get(index)).all(|column| column.column_type != ColumnType::TextOnly)
    }

    /// The key's columns, if the table keeps them unique, even if it checks that only after each statement.
    pub fn usable_key(&self) -> Option<impl Iterator<Item = &CatalogColumn>> {
        let key = self.keys.key.as_ref().filter(|_| self.keys.key_is_unique || self.keys.key_is_deferrable)?;
        Some(key.iter().map(|&index| &self.columns[index]))
    }

    /// Whether two rows have the same key only if its bytes are the same, as long as no trigger changes the key.
    pub fn key_is_exact(&self) -> bool {
        let own = self.keys.key.iter().flatten().all(|&index| self.columns[index].bytewise);
        own && self.keys.key_is_bytewise
    }

    pub fn target(&self, sink: &Sink) -> TargetTable {
        let key = self.keys.key.clone();
        let key_is_bytewise = self.key_is_exact() && self.key_triggers.is_empty();
        let columns = self.columns.iter().enumerate().map(|(at, column)| TargetColumn {
            name: column.name.clone(),
            type_name: column.type_name.clone(),
            column_type: column.column_type.clone(),
            not_null: column.not_null,
            dimension: column.dimension.clone().or_else(|| dimension::declared(column, &self.columns, sink)),
            source: sink.columns.get(at).map_or(DataType::STRING, |written| written.data_type.clone()),
        });
        TargetTable {
            schema: self.schema.clone(),
            table: self.table.clone(),
            columns: columns.collect(),
            key,
            key_is_bytewise,
            other_unique: self.keys.other_unique,
        }
    }

    fn check(&self, sink: &Sink) -> Result<()> {
        let name = self.name();
        if let (Some(row_security), VectorIndexMode::Behind) = (&self.row_security, sink.vector_index) {
            return Err(row_security.refusal(&name));
        }
        let list = |columns: Vec<&CatalogColumn>| {
            columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let generated = list(self.columns.iter().filter(|column| column.generated).collect());
        if !generated.is_empty() {
            return Err(Error::target(format!(
                "{name}: the database generates {generated} itself; leave it out of the sink table's columns"
            )));
        }
        let refused = list(self.columns.iter().filter(|column| !column.may_insert).collect());
        if !refused.is_empty() {
            return Err(Error::target(format!(
                "{name}: user {} may not insert into {refused}; run: {}",
                sink.connection.user,
                self.grant(sink)
            )));
        }
        let empty = self.unwritten.iter().filter(|column| column.not_null && !column.has_default && !column.generated);
        let empty = list(empty.collect());
        if !empty.is_empty() && !self.has_triggers {
            return Err(Error::target(format!(
                "{name}: {empty} is NOT NULL without a default, and the job doesn't write it, so every row would be refused; \
                 add it to the sink table's columns or give it a default"
            )));
        }
        if sink.changing && self.keys.key.is_none() {
            return Err(Error::target(format!(
                "{name}: the source updates and deletes rows, but it isn't known which row of the table a change is for: neither the \
                 table nor the job's sink table has a primary key over the written columns; declare PRIMARY KEY (…) NOT ENFORCED \
                 in the sink table"
            )));
        }
        match sink.conflict_mode {
            ConflictMode::Upsert => self.check_upsert(sink),
            ConflictMode::Strict if sink.changing => self.check_upsert(sink),
            _ => Ok(()),
        }
    }

    /// The statement that grants all rights that the job needs. Under `ignore` it names SELECT only where a deferrable constraint rules out
    /// ON CONFLICT. On a server without ON CONFLICT, SELECT is needed, too; the error of the statements' trial says so.
    fn grant(&self, sink: &Sink) -> String {
        let rights = match sink.conflict_mode {
            _ if sink.changing => "SELECT, INSERT, UPDATE, DELETE",
            ConflictMode::Upsert => "SELECT, INSERT, UPDATE",
            ConflictMode::Ignore if self.keys.deferrable => "SELECT, INSERT",
            _ => "INSERT",
        };
        let partitions = self.tree.as_ref().filter(|tree| tree.partitioned.is_some()).map(Tree::children);
        let partitions = partitions.unwrap_or_default().into_iter().map(TableRef::quoted);
        let tables: Vec<String> = [self.quoted()].into_iter().chain(partitions).collect();
        format!("GRANT {rights} ON {} TO {}", tables.join(", "), quote(&sink.connection.user))
    }

    /// Why an upsert can't find the row that it would replace.
    fn not_unique(&self, key: &[usize]) -> String {
        let columns = key.iter().map(|&index| quote(&self.columns[index].name)).collect::<Vec<_>>().join(", ");
        let (name, table) = (self.name(), self.quoted());
        match self.kind {
            'v' => format!(
                "{name} is a view and has no unique key, which an upsert needs to find its rows; write into the table behind it, \
                 or set conflictmode to 'ignore' or 'strict'"
            ),
            'f' => format!(
                "{name} is a foreign table, and this server knows no unique key of it, which an upsert needs to find its rows; \
                 write into the table on its own server, or set conflictmode to 'ignore' or 'strict'"
            ),
            _ if self.keys.key_is_deferrable => format!(
                "{name}: the unique constraint over the job's PRIMARY KEY ({columns}) is deferrable; ON CONFLICT doesn't accept \
                 that, so nothing can be upserted; make it NOT DEFERRABLE, or run: CREATE UNIQUE INDEX ON {table} ({columns})"
            ),
            _ => format!(
                "{name}: the job's PRIMARY KEY ({columns}) is not unique in the table, so nothing can be upserted; \
                 run: CREATE UNIQUE INDEX ON {table} ({columns}), or declare the table's own key"
            ),
        }
    }

    fn check_upsert(&self, sink: &Sink) -> Result<()> {
        let name = self.name();
        match &self.keys.key {
            None if self.keys.other_unique => Err(Error::target(format!(
                "{name} has a unique constraint, but it isn't known which row an upsert replaces: neither the table nor the job's \
                 sink table has a primary key over the written columns; declare PRIMARY KEY (…) NOT ENFORCED in the sink table"
            ))),
            Some(key) if !self.keys.key_is_unique => Err(Error::target(self.not_unique(key))),
            Some(key) => {
                let refused =
                    self.columns.iter().enumerate().find(|(index, column)| !key.contains(index) && !column.may_update);
                match refused {
                    Some(_) => Err(Error::target(format!(
                        "{name}: an upsert needs the right to update; run: {}",
                        self.grant(sink)
                    ))),
                    None => Ok(()),
                }
            }
            None => Ok(()),
        }
    }
}

fn find_table(session: &mut Session, sink: &Sink) -> Result<(u32, char, bool, bool, bool)> {
    let name = format!("{}.{}", sink.schema, sink.table);
    let rows = session
        .client()
        .query(
            "SELECT c.oid, c.relkind::text, c.relpersistence::text, c.relhastriggers, c.relhassubclass
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = $1 AND c.relname = $2",
            &[&sink.schema, &sink.table],
        )
        .map_err(|error| unreadable(session, &name, &error))?;
    if let Some(row) = rows.first() {
        let letter = |index| row.get::<_, &str>(index).chars().next().unwrap_or(' ');
        return Ok((row.get(0), letter(1), letter(2) == 'u', row.get(3), row.get(4)));
    }
    let schemas = text_column(session, &name, "SELECT nspname::text FROM pg_catalog.pg_namespace", &[])?;
    if !schemas.contains(&sink.schema) {
        return Err(Error::target(format!(
            "the database {} has no schema {}{}; check targetschema, or run: CREATE SCHEMA {}",
            sink.connection.database,
            sink.schema,
            nearest(&sink.schema, &schemas),
            quote(&sink.schema)
        )));
    }
    let tables = text_column(
        session,
        &name,
        "SELECT c.relname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'f', 'v')",
        &[&sink.schema],
    )?;
    Err(Error::target(format!(
        "schema {} has no table {}{}; create it first, or check tablename, targetschema and casesensitive",
        sink.schema,
        sink.table,
        nearest(&sink.table, &tables)
    )))
}

fn text_column(session: &mut Session, table: &str, sql: &str, parameters: &[&dyn Parameter]) -> Result<Vec<String>> {
    let rows = session.client().query(sql, parameters).map_err(|error| unreadable(session, table, &error))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The clause for a staging table that is distributed like the target, so that its rows needn't move between segments. This only
/// saves time. If the server doesn't tell the distribution, or it has a column that isn't written, rows are distributed randomly.
fn distribution(session: &mut Session, table: u32, written: &[CatalogColumn]) -> String {
    let policy = session.client().query_opt(
        "SELECT pg_catalog.pg_get_table_distributedby(localoid), distkey::text
         FROM pg_catalog.gp_distribution_policy WHERE localoid = $1",
        &[&table],
    );
    let same = policy.ok().flatten().filter(|row| {
        let key = row.get::<_, Option<&str>>(1).unwrap_or_default();
        key.split_whitespace().all(|number| written.iter().any(|column| number.parse() == Ok(column.number)))
    });
    same.map_or_else(|| "DISTRIBUTED RANDOMLY".to_owned(), |row| row.get(0))
}

/// The job's columns in its order, and the others. A sink without columns writes all that can be written.
fn choose(
    name: &str,
    written: &[String],
    mut all: Vec<CatalogColumn>,
) -> Result<(Vec<CatalogColumn>, Vec<CatalogColumn>)> {
    if written.is_empty() {
        return Ok(all.into_iter().partition(|column| !column.generated && !column.identity_always));
    }
    let names: Vec<String> = all.iter().map(|column| column.name.clone()).collect();
    let missing: Vec<String> = written
        .iter()
        .filter(|column| !names.contains(column))
        .map(|column| format!("{column}{}", nearest(column, &names)))
        .collect();
    if !missing.is_empty() {
        return Err(Error::target(format!(
            "table {name} has no column {}; its columns are {}",
            missing.join(", "),
            names.join(", ")
        )));
    }
    let mut chosen = Vec::with_capacity(written.len());
    for column in written {
        match all.iter().position(|candidate| candidate.name == *column) {
            Some(at) => chosen.push(all.remove(at)),
            None => return Err(Error::target(format!("table {name}: column {column} is written twice"))),
        }
    }
    Ok((chosen, all))
}

#[cfg(test)]
use super::unchanged::{CompareBatches, ExactComparison};

#[cfg(test)]
impl Catalog {
    /// A table of bigint columns in schema `s`, for tests of what follows from a catalog.
    pub fn sample(table: &str, columns: &[&str], key: &[&str]) -> Catalog {
        let column =
            |(number, name): (usize, &&str)| CatalogColumn::sample(number as i16 + 1, name, key.contains(name));
        let at = |name: &&str| columns.iter().position(|column| column == name);
        Catalog {
            schema: "s".to_owned(),
            table: table.to_owned(),
            columns: columns.iter().enumerate().map(column).collect(),
            unwritten: Vec::new(),
            keys: TableKeys {
                key: (!key.is_empty()).then(|| key.iter().filter_map(at).collect()),
                key_is_unique: !key.is_empty(),
                key_is_bytewise: true,
                ..TableKeys::default()
            },
            unlogged: false,
            distribution: None,
            has_triggers: false,
            kind: 'r',
            key_triggers: Vec::new(),
            has_children: false,
            tree: None,
            row_security: None,
            unchanged: UnchangedRows {
                left_alone: Some((ExactComparison::Stored, CompareBatches::WhereItPays)),
                why_not: None,
            },
            hot: HotUpdates::default(),
        }
    }
}
