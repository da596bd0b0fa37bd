//! Puts a job together: tables, settings, and one sink for every INSERT.

use super::JobInput;
use super::insert::{self, Mapped};
use super::metadata;
use super::source;
use super::table::{CatalogEntry, ConnectorKind, DeclaredTable, DeclaredView, JobCatalog};
use crate::error::{Diagnostic, Error};
use crate::job::options::set::{Settings, pipeline_name};
use crate::job::settings::job::Job;
use crate::job::settings::mapping::Mapping;
use crate::job::settings::source::Source;
use crate::options::TableOptions;
use crate::options::nearest::nearest;
use crate::options::report::Report;
use crate::settings::Sink;
use crate::settings::sink::read as sink;
use crate::settings::sink::read::DeclaredSink;
use crate::sql::parse::{ColumnKind, CreateView, Insert, Name, Script, SetOption, SqlStatement};
use crate::sql::plan;
use crate::sql::plan::Relation;

struct Assembly<'a> {
    input: &'a JobInput<'a>,
    catalog: JobCatalog,
    settings: Settings,
    read_tables: Vec<ReadTable>,
    sources: Vec<Source>,
    mappings: Vec<Mapping>,
    report: Report,
}

/// A table that queries read.
struct ReadTable {
    table: usize,
    source: Source,
    relation: Relation,
    /// The number of the source in the job. `None` until an INSERT reads the table.
    number: Option<usize>,
}

pub fn assemble(script: Script, input: &JobInput<'_>) -> Result<Job, Error> {
    let Script { statements, errors, broken } = script;
    let is_complete = errors.is_empty();
    let mut report = Report { diagnostics: errors, notices: Vec::new() };
    let settings = settings(&statements, input, &mut report);
    let mut assembly = Assembly {
        input,
        catalog: JobCatalog::new(broken),
        settings,
        read_tables: Vec::new(),
        sources: Vec::new(),
        mappings: Vec::new(),
        report,
    };
    let mut inserts = 0;
    for statement in statements {
        match statement {
            SqlStatement::CreateTable(table) => assembly.catalog.declare(table, input, &mut assembly.report),
            SqlStatement::CreateView(view) => assembly.create_view(view),
            SqlStatement::Drop(drop) => assembly.catalog.drop(&drop, &mut assembly.report),
            SqlStatement::Insert(insert) => {
                inserts += 1;
                assembly.insert(&insert);
            }
            SqlStatement::Set(_) | SqlStatement::Reset(_) => {}
            SqlStatement::WithoutEffect(words) => assembly.report.notice(format!("{words} has no effect here")),
        }
    }
    if inserts == 0 && is_complete {
        assembly.report.error(None, "the job file has no INSERT INTO, so there is nothing to do");
    }
    assembly.catalog.check_overrides(input, &mut assembly.report);
    assembly.check_unused();
    assembly.finish()
}

/// Settings are valid for the whole job, wherever they are in the file.
fn settings(statements: &[SqlStatement], input: &JobInput<'_>, report: &mut Report) -> Settings {
    let mut in_force: Vec<&SetOption> = Vec::new();
    for statement in statements {
        match statement {
            SqlStatement::Set(set) => in_force.push(set),
            SqlStatement::Reset(Some(key)) => in_force.retain(|set| set.key != *key),
            SqlStatement::Reset(None) => in_force.clear(),
            _ => {}
        }
    }
    let mut settings = Settings::new();
    in_force.iter().for_each(|set| settings.set(set, input.environment, report));
    settings
}

impl Assembly<'_> {
    fn create_view(&mut self, view: CreateView) {
        if !self.catalog.is_free(&view.name, view.if_not_exists, &mut self.report) {
            return;
        }
        let mut errors = Vec::new();
        let names = view.columns.as_deref();
        let tables = &mut |name: &Name| self.relation(name);
        let relation = plan::plan_view(&view.query, names, view.query_at, tables, &mut errors);
        self.report.diagnostics.extend(errors);
        self.catalog.declare_view(DeclaredView { name: view.name, relation, is_used: false });
    }

    fn insert(&mut self, insert: &Insert) {
        let sink = self.sink_table(&insert.table);
        let mut errors = Vec::new();
        let tables = &mut |name: &Name| self.relation(name);
        let projections = plan::plan(&insert.query, insert.query_at, tables, &mut errors);
        self.report.diagnostics.extend(errors);
        let Some(sink) = sink else { return };
        if projections.is_empty() {
            self.sink(sink, DeclaredSink::default()); // the query is wrong; the table may be wrong too
        }
        for projection in projections {
            let source = self.source(projection.table);
            let table = &self.catalog.tables[sink];
            let mapped = insert::map(insert, table, projection, self.settings.trim_pad, &mut self.report);
            if let Some(source) = self.sources.get(source).filter(|source| source.upsert) {
                insert::check_upsert_key(insert, table, source, &mapped, &mut self.report);
            }
            let Mapped { columns, declared_key, expressions, filter } = mapped;
            let changing = self.sources.get(source).is_some_and(Source::is_changing);
            let written = DeclaredSink {
                columns,
                declared_key,
                changing,
                not_null_drop: self.settings.not_null_drop,
                ..DeclaredSink::default()
            };
            let Some(sink) = self.sink(sink, written) else { continue };
            let time_zone = self.settings.time_zone.clone();
            self.mappings.push(Mapping { source, filter, expressions, time_zone, sink });
        }
    }

    /// The columns of the table or view that a name in FROM stands for.
    fn relation(&mut self, name: &Name) -> Option<Relation> {
        match self.catalog.find(&name.text) {
            None => {
                self.catalog.note_unknown(name, &mut self.report);
                None
            }
            Some(CatalogEntry::View(view)) => {
                self.catalog.views[view].is_used = true;
                let relation = self.catalog.views[view].relation.clone()?;
                if self.catalog.is_dropped(relation.table) {
                    let below = self.catalog.tables[relation.table].name();
                    let message = format!("view '{}' reads table '{below}', which has been dropped", name.text);
                    self.report.error(Some(name.at), message);
                    return None;
                }
                Some(relation)
            }
            Some(CatalogEntry::Table(number)) => {
                self.use_table(number, name, "read from")?;
                if let Some(read) = self.read_tables.iter().find(|read| read.table == number) {
                    return Some(read.relation.clone());
                }
                let table = &self.catalog.tables[number];
                let (source, relation) = source::read(table, number, self.input, &mut self.report);
                self.read_tables.push(ReadTable { table: number, source, relation: relation.clone(), number: None });
                Some(relation)
            }
        }
    }

    /// Adds the source of a table to the job, and returns its number. A source is read once, even if several INSERTs use
    /// it.
    fn source(&mut self, table: usize) -> usize {
        let next = self.sources.len();
        let Some(read) = self.read_tables.iter_mut().find(|read| read.table == table) else { return next };
        *read.number.get_or_insert_with(|| {
            self.sources.push(read.source.clone());
            next
        })
    }

    fn sink_table(&mut self, name: &Name) -> Option<usize> {
        match self.catalog.find(&name.text) {
            None => self.catalog.note_unknown(name, &mut self.report),
            Some(CatalogEntry::View(_)) => {
                self.report.error(Some(name.at), format!("'{}' is a view, which can't be written to", name.text));
            }
            Some(CatalogEntry::Table(number)) => {
                self.use_table(number, name, "written to")?;
                return Some(number);
            }
        }
        None
    }

    /// Checks whether a table with this connector can be used in this role. If not, an error is added.
    fn use_table(&mut self, number: usize, name: &Name, role: &str) -> Option<()> {
        let table = &mut self.catalog.tables[number];
        table.is_used = true;
        let table_at = table.definition.name.at;
        let fits = match (&table.connector, role) {
            (ConnectorKind::Kafka | ConnectorKind::UpsertKafka, "read from")
            | (ConnectorKind::Adbpg(_), "written to") => {
                for clause in &table.definition.without_effect {
                    self.report.notice(format!("table '{}': {clause} has no effect", table.name()));
                }
                return Some(());
            }
            (ConnectorKind::Missing, _) => {
                self.report.error(Some(table_at), format!("table '{}': option 'connector' is required", name.text));
                return None;
            }
            (ConnectorKind::Unreadable { at, message }, _) => {
                self.report.error(*at, message);
                return None;
            }
            (ConnectorKind::Kafka, _) => "kafka",
            (ConnectorKind::UpsertKafka, _) => "upsert-kafka",
            (ConnectorKind::Adbpg(connector), _) | (ConnectorKind::Other(connector), _) => connector,
        };
        let meant = match nearest(fits, ["kafka", "upsert-kafka", "adbpg", "adbpg-nightly-1.13"]) {
            Some(near) if near != fits => format!("did you mean '{near}'? A"),
            _ => "a".into(),
        };
        let message = format!(
            "not supported: table '{}' with 'connector' = '{fits}' can't be {role}; {meant} job reads from 'kafka' or 'upsert-kafka' \
             and writes to 'adbpg-nightly-1.13' or 'adbpg'",
            name.text
        );
        self.report.error(Some(name.at), message);
        None
    }

    fn sink(&mut self, index: usize, written: DeclaredSink) -> Option<Sink> {
        let mut sink = read_sink(&self.catalog.tables[index], written, self.input, &mut self.report)?;
        let is_same = |other: &Sink| (&other.schema, &other.table) == (&sink.schema, &sink.table);
        match self.mappings.iter().filter(|other| is_same(&other.sink)).count() {
            0 => {}
            earlier => sink.name = format!("{}#{}", sink.name, earlier + 1),
        }
        Some(sink)
    }

    /// As in Flink, a table that no INSERT uses may have errors. But if an INSERT has an error, its author may have meant such a
    /// table. Then the table's errors are listed too.
    fn check_unused(&mut self) {
        if self.report.diagnostics.is_empty() {
            for table in self.catalog.tables.iter().filter(|table| !table.is_used) {
                self.report.notice(format!("table '{}' is not used", table.name()));
            }
            for view in self.catalog.views.iter().filter(|view| !view.is_used) {
                self.report.notice(format!("view '{}' is not used", view.name.text));
            }
            return;
        }
        for (number, table) in self.catalog.tables.iter().enumerate().filter(|(_, table)| !table.is_used) {
            match table.connector {
                ConnectorKind::Kafka | ConnectorKind::UpsertKafka => {
                    drop(source::read(table, number, self.input, &mut self.report))
                }
                ConnectorKind::Adbpg(_) => {
                    drop(read_sink(table, DeclaredSink::default(), self.input, &mut self.report))
                }
                ConnectorKind::Other(_) | ConnectorKind::Missing | ConnectorKind::Unreadable { .. } => {}
            }
        }
    }

    fn finish(mut self) -> Result<Job, Error> {
        if !self.report.diagnostics.is_empty() {
            return Err(Error::Config(self.report.into_errors()));
        }
        for (number, source) in self.sources.iter_mut().enumerate() {
            metadata::drop_unused(source, self.mappings.iter().filter(|mapping| mapping.source == number));
        }
        let is_named =
            self.settings.pipeline_name.is_some() || self.sources.iter().any(|source| source.kafka.group_id.is_some());
        let file_stem = match self.input.file_stem.map(pipeline_name).transpose() {
            Ok(stem) => stem,
            Err(_) if is_named => None,
            Err(why) => {
                let message = format!(
                    "the job's name (the file's, or the one that the program gives) {why}; choose another with SET 'pipeline.name'"
                );
                return Err(Error::Config(vec![Diagnostic { location: None, message }]));
            }
        };
        Ok(Job {
            pipeline_name: self.settings.pipeline_name,
            file_stem,
            sources: self.sources,
            mappings: self.mappings,
            buffer_memory: self.settings.buffer_memory,
            max_outage: self.settings.max_outage,
            notices: self.report.notices,
        })
    }
}

fn read_sink(table: &DeclaredTable, written: DeclaredSink, input: &JobInput<'_>, report: &mut Report) -> Option<Sink> {
    let ConnectorKind::Adbpg(connector) = &table.connector else { return None };
    let definition = &table.definition;
    for column in &definition.columns {
        if let ColumnKind::Metadata { is_virtual: false, .. } = column.kind {
            let message = format!(
                "not supported: column '{}' is METADATA to be written, and a target table has none; write METADATA VIRTUAL",
                column.name.text
            );
            report.error(Some(column.name.at), message);
        }
    }
    let mut options =
        TableOptions::new(table.name(), definition.name.at, &definition.options, true, input.environment, report);
    Some(sink::read(&mut options, connector, written))
}
