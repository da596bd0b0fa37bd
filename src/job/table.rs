//! The tables and views that a job file has declared so far.

use super::JobInput;
use super::like;
use crate::error::Location;
use crate::options::OptionEntry;
use crate::options::environment::expand;
use crate::options::nearest::nearest;
use crate::options::report::Report;
use crate::sql::parse::{ColumnKind, CreateTable, Drop, Name};
use crate::sql::plan::Relation;
use crate::types::column::SourceColumn;
use crate::types::data_type::TypePart;

/// What kind of table the `connector` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectorKind {
    Kafka,
    UpsertKafka,
    Adbpg(String),
    Other(String),
    Missing,
    /// A `${…}` in the option can't be replaced.
    Unreadable {
        at: Option<Location>,
        message: String,
    },
}

#[derive(Debug)]
pub struct DeclaredTable {
    pub definition: CreateTable,
    pub connector: ConnectorKind,
    pub is_used: bool,
}

impl DeclaredTable {
    pub fn name(&self) -> &str {
        &self.definition.name.text
    }

    /// The physical columns: those that a message contains or a target stores. Columns of the primary key are NOT NULL.
    pub fn columns(&self) -> Vec<SourceColumn> {
        let key = self.definition.primary_key.as_ref();
        let in_key = |name: &str| key.is_some_and(|key| key.columns.iter().any(|column| column.text == name));
        let columns = self.definition.columns.iter().filter_map(|column| match &column.kind {
            ColumnKind::Physical { data_type, not_null, .. } => Some(SourceColumn {
                name: column.name.text.clone(),
                data_type: data_type.clone(),
                not_null: *not_null || in_key(&column.name.text),
            }),
            ColumnKind::Metadata { .. } | ColumnKind::Computed(_) => None,
        });
        columns.collect()
    }
}

impl DeclaredTable {
    /// Which parts of a physical column's type are NOT NULL.
    pub fn parts(&self, column: &str) -> &[TypePart] {
        let found = self.definition.columns.iter().find(|other| other.name.text == column);
        match found.map(|column| &column.kind) {
            Some(ColumnKind::Physical { parts, .. }) => parts,
            Some(ColumnKind::Metadata { .. } | ColumnKind::Computed(_)) | None => &[],
        }
    }
}

#[derive(Debug)]
pub struct DeclaredView {
    pub name: Name,
    /// The columns of the view. `None`: its query is wrong, and the error was added.
    pub relation: Option<Relation>,
    pub is_used: bool,
}

/// The table or view that a name stands for, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatalogEntry {
    Table(usize),
    View(usize),
}

/// The tables and views of a job file. When one is dropped, it keeps its number, and only its name is removed.
#[derive(Debug, Default)]
pub struct JobCatalog {
    pub tables: Vec<DeclaredTable>,
    pub views: Vec<DeclaredView>,
    names: Vec<(String, CatalogEntry)>,
    /// The names of tables and views whose declaration has a syntax error.
    broken: Vec<String>,
}

impl JobCatalog {
    pub fn new(broken: Vec<String>) -> Self {
        JobCatalog { broken, ..JobCatalog::default() }
    }

    /// Adds a table, with the command line's options in place of the file's.
    pub fn declare(&mut self, mut definition: CreateTable, input: &JobInput<'_>, report: &mut Report) {
        if !self.is_free(&definition.name, definition.if_not_exists, report) {
            return;
        }
        if let Some(like) = definition.like.take() {
            let name = definition.name.text.clone();
            match self.base(&like.table, report) {
                Some(base) => definition = like::derive(definition, &base.definition, &like, report),
                None => {
                    self.broken.push(name);
                    return;
                }
            }
        }
        check_named_columns(&definition, report);
        let own = input.overrides.iter().filter(|replacement| replacement.table == definition.name.text);
        definition.options.extend(own.map(|replacement| OptionEntry {
            key: replacement.option.clone(),
            key_at: None,
            value: replacement.value.clone(),
            value_at: None,
        }));
        let connector = connector(&definition.options, input.environment);
        self.names.push((definition.name.text.clone(), CatalogEntry::Table(self.tables.len())));
        self.tables.push(DeclaredTable { definition, connector, is_used: false });
    }

    pub fn declare_view(&mut self, view: DeclaredView) {
        self.names.push((view.name.text.clone(), CatalogEntry::View(self.views.len())));
        self.views.push(view);
    }

    /// Whether a name can be declared. If not, an error is added.
    pub fn is_free(&self, name: &Name, if_not_exists: bool, report: &mut Report) -> bool {
        let Some(earlier) = self.find(&name.text) else { return true };
        if !if_not_exists {
            let (what, line) = match earlier {
                CatalogEntry::Table(table) => ("table", self.tables[table].definition.name.at.line),
                CatalogEntry::View(view) => ("view", self.views[view].name.at.line),
            };
            report.error(Some(name.at), format!("{what} '{}' is declared already, in line {line}", name.text));
        }
        false
    }

    /// The table that a LIKE names.
    fn base(&mut self, name: &Name, report: &mut Report) -> Option<&DeclaredTable> {
        match self.find(&name.text) {
            Some(CatalogEntry::Table(table)) => {
                let table = &mut self.tables[table];
                table.is_used = true;
                return Some(table);
            }
            Some(CatalogEntry::View(_)) => {
                report.error(Some(name.at), format!("LIKE needs a table; '{}' is a view", name.text))
            }
            None => self.note_unknown(name, report),
        }
        None
    }

    pub fn drop(&mut self, drop: &Drop, report: &mut Report) {
        let name = &drop.name;
        let mistaken = match self.find(&name.text) {
            Some(CatalogEntry::Table(_)) if drop.is_view => "is a table; write DROP TABLE",
            Some(CatalogEntry::View(_)) if !drop.is_view => "is a view; write DROP VIEW",
            Some(_) => return self.names.retain(|(known, _)| *known != name.text),
            None if drop.if_exists => return,
            None => return self.note_unknown(name, report),
        };
        report.error(Some(name.at), format!("'{}' {mistaken}", name.text));
    }

    pub fn find(&self, name: &str) -> Option<CatalogEntry> {
        self.names.iter().find(|(known, _)| known == name).map(|(_, entry)| *entry)
    }

    /// Whether a table that a view reads was dropped.
    pub fn is_dropped(&self, table: usize) -> bool {
        !self.names.iter().any(|(_, entry)| *entry == CatalogEntry::Table(table))
    }

    /// Adds the error for an unknown name. A name whose declaration has a syntax error isn't unknown.
    pub fn note_unknown(&self, name: &Name, report: &mut Report) {
        if !self.broken.contains(&name.text) {
            report.error(Some(name.at), self.unknown(&name.text));
        }
    }

    fn unknown(&self, name: &str) -> String {
        match nearest(name, self.names.iter().map(|(known, _)| known.as_str())) {
            Some(near) => format!("unknown table '{name}'; did you mean '{near}'?"),
            None => format!("unknown table '{name}'; a CREATE TABLE must come before it"),
        }
    }

    /// Checks that every `-D TABLE.OPTION` names a table of the file.
    pub fn check_overrides(&self, input: &JobInput<'_>, report: &mut Report) {
        for replacement in input.overrides {
            let name = &replacement.table;
            if self.tables.iter().any(|table| table.name() == name) || self.broken.contains(name) {
                continue;
            }
            let problem = match self.views.iter().any(|view| view.name.text == *name) {
                true => format!("'{name}' is a view, which has no options"),
                false => self.unknown_to_overrides(name),
            };
            report.error(None, format!("-D {name}.{}: {problem}", replacement.option));
        }
    }

    fn unknown_to_overrides(&self, name: &str) -> String {
        let names: Vec<&str> = self.tables.iter().map(DeclaredTable::name).collect();
        match nearest(name, names.iter().copied()) {
            Some(near) => format!("unknown table '{name}'; did you mean '{near}'?"),
            None if names.is_empty() => format!("unknown table '{name}'; the job file has none"),
            None => format!("unknown table '{name}'; the job file has {}", names.join(", ")),
        }
    }
}

/// Checks the columns that the primary key and PARTITIONED BY name.
fn check_named_columns(definition: &CreateTable, report: &mut Report) {
    let find = |name: &Name| definition.columns.iter().find(|column| column.name.text == name.text);
    for name in definition.primary_key.iter().flat_map(|key| &key.columns) {
        let (table, column) = (&definition.name.text, &name.text);
        match find(name).map(|column| &column.kind) {
            Some(ColumnKind::Physical { .. }) => {}
            Some(_) => {
                let message =
                    format!("column '{column}' can't be in the key: it is not stored, but METADATA or computed");
                report.error(Some(name.at), message);
            }
            None => report.error(Some(name.at), format!("table '{table}' has no column '{column}' for its key")),
        }
    }
    for name in definition.partitioned_by.iter().filter(|name| find(name).is_none()) {
        let message = format!("table '{}' has no column '{}'", definition.name.text, name.text);
        report.error(Some(name.at), message);
    }
}

/// Only the adbpg connectors take option names in upper and lower case.
fn connector(options: &[OptionEntry], environment: &dyn Fn(&str) -> Option<String>) -> ConnectorKind {
    let last = |is_key: &dyn Fn(&str) -> bool| {
        let entry = options.iter().rfind(|entry| is_key(&entry.key))?;
        Some((entry, expand(&entry.value, environment)))
    };
    let is_adbpg = |value: &Result<String, String>| value.as_deref().is_ok_and(is_adbpg_connector);
    let any_case = last(&|key| key.eq_ignore_ascii_case("connector")).filter(|(_, value)| is_adbpg(value));
    match any_case.or_else(|| last(&|key| key == "connector")) {
        Some((_, Ok(name))) if name == "kafka" => ConnectorKind::Kafka,
        Some((_, Ok(name))) if name == "upsert-kafka" => ConnectorKind::UpsertKafka,
        Some((_, Ok(name))) if is_adbpg_connector(&name) => ConnectorKind::Adbpg(name),
        Some((_, Ok(name))) => ConnectorKind::Other(name),
        Some((entry, Err(message))) => {
            ConnectorKind::Unreadable { at: entry.value_at, message: format!("option 'connector' {message}") }
        }
        None => ConnectorKind::Missing,
    }
}

/// Whether it is `adbpg`, `adbpg-nightly-1.13` … Their option names may be in upper or lower case.
fn is_adbpg_connector(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    name == "adbpg" || name.strip_prefix("adbpg-nightly-").is_some_and(|version| version.split('.').all(is_number))
}
