//! The tables that a job file has declared so far.

use super::Input;
use super::environment::expand;
use super::flink_sql::{CreateTable, OptionEntry};
use super::nearest::nearest;
use super::options::sink;
use super::report::Report;
use crate::error::Location;
use crate::settings::Column;

/// What a table is, by its `connector`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connector {
    Kafka,
    Adbpg(String),
    Other(String),
    Missing,
    /// A `${…}` in it can't be replaced.
    Unreadable {
        at: Option<Location>,
        message: String,
    },
}

#[derive(Debug)]
pub struct Table {
    pub definition: CreateTable,
    pub connector: Connector,
    pub is_used: bool,
}

impl Table {
    pub fn name(&self) -> &str {
        &self.definition.name.text
    }

    /// A column of the key holds no NULL.
    pub fn columns(&self) -> Vec<Column> {
        let key = self.definition.primary_key.as_ref();
        let in_key = |name: &str| key.is_some_and(|key| key.columns.iter().any(|column| column.text == name));
        let column = |column: &super::flink_sql::ColumnDefinition| Column {
            name: column.name.text.clone(),
            data_type: column.data_type.clone(),
            not_null: column.not_null || in_key(&column.name.text),
        };
        self.definition.columns.iter().map(column).collect()
    }
}

#[derive(Debug, Default)]
pub struct Catalog {
    pub tables: Vec<Table>,
    /// Names of tables whose declaration has a syntax error.
    pub broken: Vec<String>,
}

impl Catalog {
    /// Adds a table, with the command line's options in place of the file's.
    pub fn declare(&mut self, mut definition: CreateTable, input: &Input<'_>, report: &mut Report) {
        let name = &definition.name;
        if let Some(earlier) = self.tables.iter().find(|table| table.name() == name.text) {
            if !definition.if_not_exists {
                let line = earlier.definition.name.at.line;
                report.error(Some(name.at), format!("table '{}' is declared already, in line {line}", name.text));
            }
            return;
        }
        for column in definition.primary_key.iter().flat_map(|key| &key.columns) {
            if !definition.columns.iter().any(|known| known.name.text == column.text) {
                let message = format!("table '{}' has no column '{}' for its key", name.text, column.text);
                report.error(Some(column.at), message);
            }
        }
        let own = input.overrides.iter().filter(|replacement| replacement.table == definition.name.text);
        definition.options.extend(own.map(|replacement| OptionEntry {
            key: replacement.option.clone(),
            key_at: None,
            value: replacement.value.clone(),
            value_at: None,
        }));
        let connector = connector(&definition.options, input.environment);
        self.tables.push(Table { definition, connector, is_used: false });
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        self.tables.iter().position(|table| table.name() == name)
    }

    pub fn unknown(&self, name: &str) -> String {
        let names = self.tables.iter().map(Table::name);
        match nearest(name, names) {
            Some(near) => format!("unknown table '{name}'; did you mean '{near}'?"),
            None => format!("unknown table '{name}'; a CREATE TABLE must come before it"),
        }
    }
}

/// Only the adbpg connectors take their keys in any case.
fn connector(options: &[OptionEntry], environment: &dyn Fn(&str) -> Option<String>) -> Connector {
    let last = |is_key: &dyn Fn(&str) -> bool| {
        let entry = options.iter().rfind(|entry| is_key(&entry.key))?;
        Some((entry, expand(&entry.value, environment)))
    };
    let is_adbpg = |value: &Result<String, String>| value.as_deref().is_ok_and(sink::is_connector);
    let any_case = last(&|key| key.eq_ignore_ascii_case("connector")).filter(|(_, value)| is_adbpg(value));
    match any_case.or_else(|| last(&|key| key == "connector")) {
        Some((_, Ok(name))) if name == "kafka" => Connector::Kafka,
        Some((_, Ok(name))) if sink::is_connector(&name) => Connector::Adbpg(name),
        Some((_, Ok(name))) => Connector::Other(name),
        Some((entry, Err(message))) => {
            Connector::Unreadable { at: entry.value_at, message: format!("option 'connector' {message}") }
        }
        None => Connector::Missing,
    }
}
