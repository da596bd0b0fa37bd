//! What a job would do, found out without writing a row.

use super::ledger;
use super::run::{job_application_name, warn_of_other_process};
use super::{indexes, sources};
use crate::dead_letters::DeadLetterFile;
use crate::error::Result;
use crate::job::settings::job::Job;
use crate::job::settings::mapping::Mapping;
use crate::job::settings::source::Source;
use crate::kafka::KafkaReader;
use crate::pipeline::dead_letter_topic;
use crate::pipeline::shard_layout::shard_layout_of;
use crate::postgres::{Finding, Target, check_dead_letters, dead_letter_table_ddl};
use crate::settings::kafka::Assignment;
use crate::settings::sink::behind::HotChildCreation;
use crate::settings::{DeadLetterTarget, DeliveryGuarantee, Sink};
use crate::sql::expression::{Expression, Literal};
use crate::stop::Stop;
use crate::types::encode::{EncodeOptions, RowEncoder};
use crate::types::target::{TargetColumn, TargetTable};

/// The plan of one INSERT.
#[derive(Debug, Clone, Default)]
pub struct CheckedSink {
    /// `schema.table`
    pub sink: String,
    /// The source table and its topics.
    pub source: String,
    /// The written columns, in the order of the INSERT.
    pub columns: Vec<CheckedColumn>,
    /// What the server is, which statements are used, how rows are spread, how progress is kept: one line each.
    pub plan: Vec<String>,
    /// Where each partition is read from.
    pub start: Vec<String>,
    /// What may be unexpected, although the job would run.
    pub warnings: Vec<String>,
    /// What keeps the job from running. Empty: it would run.
    pub problems: Vec<String>,
}

/// A written column, and what feeds it.
#[derive(Debug, Clone)]
pub struct CheckedColumn {
    /// The column's name.
    pub name: String,
    /// The Flink type of the expression.
    pub from: String,
    /// The column's type as PostgreSQL prints it.
    pub to: String,
    /// `key`, `not null`, `10 dimensions (index …)`.
    pub notes: Vec<String>,
}

/// Connects to everything the job names and describes what a run would do.
pub fn check(job: &Job) -> Vec<CheckedSink> {
    let application = job_application_name(job);
    let sources: Vec<Result<KafkaReader>> = job
        .sources
        .iter()
        .map(|source| KafkaReader::open(&source.table, &source.kafka, &sources::resume(job, source, false)))
        .collect();
    job.mappings
        .iter()
        .map(|mapping| {
            let (sink, source) = (&mapping.sink, &job.sources[mapping.source]);
            let mut checked = CheckedSink {
                sink: sink.name.clone(),
                source: format!("{} ({})", source.table, source.kafka.topics),
                ..CheckedSink::default()
            };
            match &sources[mapping.source] {
                Ok(reader) => checked.start = reader.start_positions().iter().map(|start| start.to_string()).collect(),
                Err(error) => checked.problems.push(error.to_string()),
            }
            let group = sources::resume(job, source, false).group;
            let shared =
                if source.kafka.assignment == Assignment::Group { ", which shares the partitions" } else { "" };
            if sink.delivery == DeliveryGuarantee::AtLeastOnce {
                checked.plan.push(format!("at-least-once: progress in consumer group {group}{shared}"));
            }
            // A real opening would make a dead-letter table and a hot child.
            let mut changes_nothing = Sink { dead_letter: None, ..sink.clone() };
            if changes_nothing.behind.creation == HotChildCreation::Allowed {
                changes_nothing.behind.creation = HotChildCreation::Tried;
            }
            match Target::open(&changes_nothing, &application, job.max_outage) {
                Ok(target) => {
                    if let (Some(plan), Ok(reader)) = (&target.deferral_plan, &sources[mapping.source]) {
                        checked.plan.extend(plan.lines(Some(indexes::backlog(reader))));
                    }
                    describe(mapping, &target, sink.encode_options(source.vector_encoding), &mut checked);
                    examine_indexes(sink, &target, &mut checked);
                    checked.warnings.extend(warn_of_other_process(&target, source));
                    if target.ledger.is_on() {
                        match ledger::describe(&target, mapping, &Stop::default()) {
                            Ok(line) => checked.plan.push(line),
                            Err(error) => checked.problems.push(error.to_string()),
                        }
                    }
                    if source.kafka.assignment == Assignment::Group {
                        match target.check_sharing() {
                            Ok(Ok(how)) => checked.plan.push(how),
                            Ok(Err(warning)) => checked.warnings.push(warning),
                            Err(error) => checked.problems.push(error.to_string()),
                        }
                    }
                }
                Err(error) => checked.problems.push(error.to_string()),
            }
            match dead_letters(sink, source) {
                Ok(line) => checked.plan.push(line),
                Err(error) => checked.problems.push(error.to_string()),
            }
            checked
        })
        .collect()
}

/// Where rejected records go, if they can go there.
fn dead_letters(sink: &Sink, source: &Source) -> Result<String> {
    Ok(match &sink.dead_letter {
        None => "rejected records are counted and logged; 'deadletter' would keep them".into(),
        Some(DeadLetterTarget::File(path)) => {
            DeadLetterFile::check(path)?;
            format!("rejected records go to the file {}", path.display())
        }
        Some(DeadLetterTarget::Kafka(topic)) => dead_letter_topic::check(&source.kafka, topic)?,
        Some(DeadLetterTarget::Table { schema, table }) => match check_dead_letters(sink, schema, table)? {
            true => {
                let ddl = dead_letter_table_ddl(schema, table);
                format!("rejected records go to the table {schema}.{table}, which will be made: {ddl}")
            }
            false => format!("rejected records go to the table {schema}.{table}"),
        },
    })
}

/// The columns that keep rows from being sent in binary form: a table that had only this column would be sent as text.
fn odd_columns(table: &TargetTable, options: EncodeOptions) -> Vec<String> {
    let alone = |column: &&TargetColumn| {
        let one = TargetTable { columns: vec![(*column).clone()], key: None, ..table.clone() };
        RowEncoder::new(&one, options).is_ok_and(|encoder| !encoder.is_binary())
    };
    let shown = |column: &TargetColumn| format!("{}: {} from {}", column.name, column.type_name, column.source);
    table.columns.iter().filter(alone).map(shown).collect()
}

fn describe(mapping: &Mapping, target: &Target, options: EncodeOptions, checked: &mut CheckedSink) {
    let table = &target.table;
    checked.columns = table
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let mut notes = Vec::new();
            if table.key.as_ref().is_some_and(|key| key.contains(&at)) {
                notes.push("key".into());
            }
            if column.not_null {
                notes.push("not null".into());
            }
            if let Some(dimension) = &column.dimension {
                notes.push(format!("{} dimensions ({})", dimension.length, dimension.declared_by));
            }
            let (from, to) = (column.source.to_string(), column.type_name.clone());
            CheckedColumn { name: column.name.clone(), from, to, notes }
        })
        .collect();
    for column in table.columns.iter().filter(|column| column.not_null && is_always_null(mapping, &column.name)) {
        checked.problems.push(format!(
            "column {} is NOT NULL in {}, and the INSERT never gives it a value, so every row would be refused; add it \
             to the INSERT or take it out of the sink table's columns",
            column.name, mapping.sink.name
        ));
    }
    let description = &target.description;
    checked.plan.push(description.server.clone());
    checked.plan.push(format!("write path: {}", description.path));
    checked.plan.extend(description.capabilities.iter().cloned());
    checked.plan.extend(description.vector_index.iter().cloned());
    checked.plan.extend(description.statements.iter().cloned());
    let layout = shard_layout_of(table, mapping.sink.conflict_mode, mapping.sink.changing);
    checked.plan.push(layout.describe().into());
    match RowEncoder::new(table, options) {
        Ok(encoder) if encoder.is_binary() => checked.plan.push("rows are sent in binary form".into()),
        Ok(_) => {
            checked.warnings.push(format!(
                "a column ({}) has no binary form here: rows are sent as text, which is slower",
                odd_columns(table, options).join(", ")
            ));
        }
        Err(error) => checked.problems.push(error.to_string()),
    }
    checked.warnings.extend(description.warnings.iter().cloned());
}

/// What the index doctor says. A server that doesn't answer it can still be written to.
fn examine_indexes(sink: &Sink, target: &Target, checked: &mut CheckedSink) {
    match target.examine_indexes(sink) {
        Ok(diagnosis) => {
            checked.plan.extend(diagnosis.notes);
            let warning =
                |(name, finding): (&str, Finding)| format!("{name}: {}\nremedy: {}", finding.text, finding.remedy);
            checked.warnings.extend(diagnosis.findings.into_iter().map(warning));
        }
        Err(error) => checked.warnings.push(error.to_string()),
    }
}

/// A column that is fed a constant NULL, or that the INSERT doesn't list.
fn is_always_null(mapping: &Mapping, column: &str) -> bool {
    mapping.columns().any(|(name, feed)| name == column && matches!(feed, Expression::Literal(Literal::Null, _)))
}
