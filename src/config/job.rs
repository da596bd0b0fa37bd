//! Puts a job together: tables, settings, and one sink for every INSERT.

use super::Input;
use super::flink_sql::{self, Insert, Name, Script, Statement};
use super::insert;
use super::options::setting::Settings;
use super::options::sink::{self, Mapping};
use super::options::{TableOptions, kafka};
use super::plan;
use super::report::Report;
use super::table::{Catalog, Connector, Table};
use crate::data_type::DataType;
use crate::error::Error;
use crate::settings::{Job, Sink, Source};

struct Assembly<'a> {
    input: &'a Input<'a>,
    catalog: Catalog,
    settings: Settings,
    sources: Vec<Source>,
    sinks: Vec<Sink>,
    report: Report,
}

pub fn assemble(input: &Input<'_>) -> Result<Job, Error> {
    let Script { statements, errors, broken_tables } = flink_sql::parse(input.text);
    let is_complete = errors.is_empty();
    let mut assembly = Assembly {
        input,
        catalog: Catalog { tables: Vec::new(), broken: broken_tables },
        settings: Settings::default(),
        sources: Vec::new(),
        sinks: Vec::new(),
        report: Report { diagnostics: errors, notices: Vec::new() },
    };
    // Settings hold for the whole job, wherever they stand.
    for statement in &statements {
        if let Statement::Set(set) = statement {
            assembly.settings.set(set, input.environment, &mut assembly.report);
        }
    }
    let mut inserts = 0;
    for statement in statements {
        match statement {
            Statement::CreateTable(table) => assembly.catalog.declare(table, input, &mut assembly.report),
            Statement::Insert(insert) => {
                inserts += 1;
                assembly.insert(&insert);
            }
            Statement::Set(_) => {}
        }
    }
    if inserts == 0 && is_complete {
        assembly.report.error(None, "the job file has no INSERT INTO, so there is nothing to do");
    }
    assembly.check_overrides();
    assembly.check_unused();
    assembly.finish()
}

impl Assembly<'_> {
    fn insert(&mut self, insert: &Insert) {
        let sink = self.use_table(&insert.table, "written to");
        let source = plan::source_table(&insert.query, insert.query_at);
        let source = self.report.note(source).and_then(|name| self.use_table(&name, "read from"));
        let source = source.and_then(|table| self.source(table));
        let Some(sink) = sink else { return };
        let mut mapping = Mapping::default();
        if let Some(source) = source {
            let columns = &self.sources[source].columns;
            let projection = plan::plan(&insert.query, columns, insert.query_at, &mut self.report.diagnostics);
            mapping = insert::map(insert, &self.catalog.tables[sink], projection, &mut self.report);
            mapping.source = source;
        }
        mapping.not_null_drop = self.settings.not_null_drop;
        mapping.time_zone = self.settings.time_zone.clone();
        if let Some(sink) = self.sink(sink, mapping) {
            self.sinks.push(sink);
        }
    }

    /// The table of a name, if its connector can do what is asked of it.
    fn use_table(&mut self, name: &Name, role: &str) -> Option<usize> {
        let Some(index) = self.catalog.find(&name.text) else {
            if !self.catalog.broken.contains(&name.text) {
                self.report.error(Some(name.at), self.catalog.unknown(&name.text));
            }
            return None;
        };
        let table = &mut self.catalog.tables[index];
        table.is_used = true;
        let table_at = table.definition.name.at;
        let fits = match (&table.connector, role) {
            (Connector::Kafka, "read from") | (Connector::Adbpg(_), "written to") => return Some(index),
            (Connector::Missing, _) => {
                self.report.error(Some(table_at), format!("table '{}': option 'connector' is required", name.text));
                return None;
            }
            (Connector::Unreadable { at, message }, _) => {
                self.report.error(*at, message);
                return None;
            }
            (Connector::Kafka, _) => "kafka",
            (Connector::Adbpg(connector), _) | (Connector::Other(connector), _) => connector,
        };
        let message = format!(
            "not supported: table '{}' with 'connector' = '{fits}' can't be {role}; a job reads from 'kafka' and \
             writes to 'adbpg-nightly-1.13' or 'adbpg'",
            name.text
        );
        self.report.error(Some(name.at), message);
        None
    }

    /// A source is read once, however many INSERTs use it.
    fn source(&mut self, index: usize) -> Option<usize> {
        let table = &self.catalog.tables[index];
        if let Some(known) = self.sources.iter().position(|source| source.table == table.name()) {
            return Some(known);
        }
        let source = read_source(table, self.input, &mut self.report);
        self.sources.push(source);
        Some(self.sources.len() - 1)
    }

    fn sink(&mut self, index: usize, mapping: Mapping) -> Option<Sink> {
        let mut sink = read_sink(&self.catalog.tables[index], mapping, self.input, &mut self.report)?;
        let same = self.sinks.iter().filter(|other| (&other.schema, &other.table) == (&sink.schema, &sink.table));
        match same.count() {
            0 => {}
            earlier => sink.name = format!("{}#{}", sink.name, earlier + 1),
        }
        Some(sink)
    }

    fn check_overrides(&mut self) {
        for replacement in self.input.overrides {
            let name = &replacement.table;
            if self.catalog.find(name).is_none() && !self.catalog.broken.contains(name) {
                let message = format!("-D {name}.{}: {}", replacement.option, self.catalog.unknown(name));
                self.report.error(None, message);
            }
        }
    }

    /// A table that no INSERT uses may be anything, as in Flink. But where an INSERT is broken, it may be the one it
    /// means, so its errors are listed with the others.
    fn check_unused(&mut self) {
        if self.report.diagnostics.is_empty() {
            for table in self.catalog.tables.iter().filter(|table| !table.is_used) {
                self.report.notice(format!("table '{}' is not used", table.name()));
            }
            return;
        }
        for table in self.catalog.tables.iter().filter(|table| !table.is_used) {
            match table.connector {
                Connector::Kafka => drop(read_source(table, self.input, &mut self.report)),
                Connector::Adbpg(_) => drop(read_sink(table, Mapping::default(), self.input, &mut self.report)),
                Connector::Other(_) | Connector::Missing | Connector::Unreadable { .. } => {}
            }
        }
    }

    fn finish(self) -> Result<Job, Error> {
        if !self.report.diagnostics.is_empty() {
            return Err(Error::Config(self.report.into_errors()));
        }
        Ok(Job {
            pipeline_name: self.settings.pipeline_name,
            file_stem: self.input.file_stem.map(str::to_string),
            sources: self.sources,
            sinks: self.sinks,
            buffer_memory: self.settings.buffer_memory,
            max_outage: self.settings.max_outage,
            notices: self.report.notices,
        })
    }
}

fn read_source(table: &Table, input: &Input<'_>, report: &mut Report) -> Source {
    let definition = &table.definition;
    if let Some(key) = &definition.primary_key {
        let message = format!(
            "table '{}' can't have a PRIMARY KEY: its format only ever adds rows; declare it on the table written to",
            table.name()
        );
        report.error(Some(key.at), message);
    }
    for column in &definition.columns {
        if !csv_can_hold(&column.data_type) {
            let message = format!("not supported: format 'csv' can't hold {}", column.data_type);
            report.error(Some(column.name.at), message);
        }
    }
    let mut options =
        TableOptions::new(table.name(), definition.name.at, &definition.options, false, input.environment, report);
    let (kafka, format) = kafka::read(&mut options);
    let vector_encoding = kafka::vector_encoding(&mut options);
    if options.can_read_all("properties.") {
        (input.properties)(&kafka).iter().for_each(|message| options.error_by_name(message));
    }
    Source {
        table: table.name().to_string(),
        columns: table.columns(),
        format_metadata: vec![],
        record_metadata: vec![],
        kafka,
        format,
        vector_encoding,
    }
}

fn csv_can_hold(data_type: &DataType) -> bool {
    match data_type {
        DataType::Array(element) => !matches!(**element, DataType::Array(_)),
        _ => true,
    }
}

fn read_sink(table: &Table, mapping: Mapping, input: &Input<'_>, report: &mut Report) -> Option<Sink> {
    let Connector::Adbpg(connector) = &table.connector else { return None };
    let definition = &table.definition;
    let mut options =
        TableOptions::new(table.name(), definition.name.at, &definition.options, true, input.environment, report);
    Some(sink::read(&mut options, connector, mapping))
}
