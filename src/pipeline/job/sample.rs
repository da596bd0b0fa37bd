//! The next records of a job as the rows they would become, found out without writing one or moving on in the topic.

use std::sync::Arc;
use std::time::Duration;

use bumpalo::Bump;

use super::run::job_application_name;
use super::sources::resume;
use crate::change::Change;
use crate::error::{Error, Rejection, Result};
use crate::formats::Decode;
use crate::formats::metadata::RecordMetadata;
use crate::job::decoder;
use crate::job::selection::{Selected, Selection};
use crate::job::settings::job::Job;
use crate::job::settings::mapping::Mapping;
use crate::job::settings::source::Source;
use crate::kafka::{Intake, KafkaReader, Taken, Watermark};
use crate::pipeline::intake::prepare::Prepare;
use crate::pipeline::intake::schemas::patient_schemas_of;
use crate::postgres::Target;
use crate::record::Record;
use crate::settings::Sink;
use crate::settings::kafka::{Assignment, Bounded, KafkaSource};
use crate::sql::expression::Expression;
use crate::sql::values::print;
use crate::stop::Stop;
use crate::types::data_type::DataType;
use crate::types::time_zone::TimeZone;
use crate::types::value::Value;

/// What the next records would become in one sink.
#[derive(Debug, Clone)]
pub struct Sample {
    pub sink: String,
    pub source: String,
    pub columns: Vec<SampledColumn>,
    pub records: Vec<SampledRecord>,
}

#[derive(Debug, Clone)]
pub struct SampledColumn {
    pub name: String,
    /// The Flink type of what feeds it, and the column's own.
    pub from: String,
    pub to: String,
}

/// One change of a record, or why the record makes none.
#[derive(Debug, Clone)]
pub struct SampledRecord {
    pub place: String,
    /// `insert`, `update`, `delete`, `left out by WHERE`, or the rejection.
    pub fate: String,
    /// A value for each column; empty where there is no row.
    pub values: Vec<String>,
}

/// The next `count` records of each source, decoded and selected and encoded for each of its sinks. No offset is committed.
pub fn sample(job: &Job, count: usize) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for (index, source) in job.sources.iter().enumerate() {
        let mappings = job.mappings.iter().filter(|mapping| mapping.source == index);
        let views = mappings.map(|mapping| SampleView::open(job, mapping, source)).collect::<Result<Vec<_>>>()?;
        let metadata = RecordMetadata::new(&source.record_metadata)
            .ok_or_else(|| Error::Internal(format!("table {} has metadata that no record has", source.table)))?;
        let stop = Stop::default();
        let mut sampler = Sampler {
            decoder: decoder::of_source(source, &patient_schemas_of)?,
            metadata,
            arena: Bump::new(),
            views,
            left: count,
            stop: stop.clone(),
        };
        if count > 0 {
            let mut reader = KafkaReader::open(&source.table, &up_to_now(&source.kafka), &resume(job, source, false))?
                .without_commits();
            reader.run(&mut sampler, &stop)?;
        }
        samples.extend(sampler.views.into_iter().map(|view| view.sample));
    }
    Ok(samples)
}

/// The source with its present end, read by this process alone: a running job keeps its partitions.
fn up_to_now(source: &KafkaSource) -> KafkaSource {
    let bounded = match &source.bounded {
        Bounded::Unbounded => Bounded::Latest,
        bounded => bounded.clone(),
    };
    KafkaSource { bounded, assignment: Assignment::Manual, discovery_interval: None, ..source.clone() }
}

/// Takes records until there are enough.
struct Sampler {
    decoder: Box<dyn Decode>,
    metadata: RecordMetadata,
    arena: Bump,
    views: Vec<SampleView>,
    left: usize,
    stop: Stop,
}

impl Intake for Sampler {
    fn record(&mut self, record: &Record<'_>) -> Result<Taken> {
        if self.left == 0 {
            return Ok(Taken::Yes);
        }
        self.arena.reset();
        let place = record.position().to_string();
        if !self.decoder.is_ready(record)? {
            return Err(Error::Source(format!(
                "{place} can't be decoded: the schema registry doesn't answer just now"
            )));
        }
        match self.decoder.decode(record, &self.arena) {
            Ok(decoded) => {
                let metadata = self.metadata.read(record, &self.arena);
                self.views.iter_mut().for_each(|view| view.changes(&place, decoded.changes, metadata, &self.arena));
            }
            Err(rejection) => self.views.iter_mut().for_each(|view| view.reject(&place, &rejection, Vec::new())),
        }
        self.left -= 1;
        if self.left == 0 {
            self.stop.drain();
        }
        Ok(Taken::Yes)
    }

    /// Nothing is gathered.
    fn push_gathered(&mut self) {}

    fn assigned(&mut self, _: &Arc<str>, _: i32, _: i64) {}

    fn released(&mut self, _: &[(Arc<str>, i32)], _: Duration) -> Vec<Watermark> {
        Vec::new()
    }

    fn passed(&mut self, _: &Arc<str>, _: i32, _: i64) {}

    fn watermarks(&mut self) -> Vec<Watermark> {
        Vec::new()
    }
}

/// One sink's view of its source.
struct SampleView {
    selection: Selection,
    prepare: Prepare,
    time_zone: TimeZone,
    types: Vec<DataType>,
    sample: Sample,
}

impl SampleView {
    fn open(job: &Job, mapping: &Mapping, source: &Source) -> Result<SampleView> {
        let sink = &mapping.sink;
        // Opening the sink with its dead letters would make a table for them.
        let without_dead_letters = Sink { dead_letter: None, ..sink.clone() };
        let target = Target::open(&without_dead_letters, &job_application_name(job), job.max_outage)?;
        let column = |column: &crate::types::target::TargetColumn| SampledColumn {
            name: column.name.clone(),
            from: column.source.to_string(),
            to: column.type_name.clone(),
        };
        Ok(SampleView {
            selection: Selection::new(mapping),
            prepare: Prepare::new(
                Selection::new(mapping),
                &target.table,
                sink.encode_options(source.vector_encoding),
                false,
            )?,
            time_zone: mapping.time_zone.clone(),
            types: mapping.expressions.iter().map(Expression::data_type).collect(),
            sample: Sample {
                sink: sink.name.clone(),
                source: source.table.clone(),
                columns: target.table.columns.iter().map(column).collect(),
                records: Vec::new(),
            },
        })
    }

    /// Prepares each change alone, so that it is listed with its values and what became of it.
    fn changes<'a>(&mut self, place: &str, changes: &'a [Change<'a>], metadata: &'a [Value<'a>], arena: &'a Bump) {
        if changes.is_empty() {
            self.note(place, "makes no row", Vec::new());
        }
        for change in changes {
            let (kind, row) = match change {
                Change::Insert(row) => ("insert", row),
                Change::Update { after, .. } => ("update", after),
                Change::Delete(row) => ("delete", row),
            };
            let values = match self.selection.apply(row, metadata, arena) {
                Ok(Selected::Row(values)) => self.printed(values),
                Ok(Selected::Filtered | Selected::DroppedNull) | Err(_) => Vec::new(),
            };
            self.prepare.record(std::slice::from_ref(change), metadata, arena);
            let rejected = self.prepare.entries.iter().find_map(|entry| entry.as_ref().err().cloned());
            match rejected {
                Some(rejection) => self.reject(place, &rejection, values),
                None if self.prepare.dropped > 0 => self.note(place, "left out: NULL in a NOT NULL column", values),
                None if self.prepare.entries.is_empty() => self.note(place, "left out by WHERE", values),
                None => self.note(place, kind, values),
            }
        }
    }

    fn printed(&self, values: &[Value<'_>]) -> Vec<String> {
        let print = |(value, data_type): (&Value<'_>, &DataType)| match value {
            Value::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            value => print(*value, data_type, &self.time_zone),
        };
        values.iter().zip(&self.types).map(print).collect()
    }

    fn reject(&mut self, place: &str, rejection: &Rejection, values: Vec<String>) {
        self.note(place, &rejection.to_string(), values);
    }

    fn note(&mut self, place: &str, fate: &str, values: Vec<String>) {
        self.sample.records.push(SampledRecord { place: place.into(), fate: fate.into(), values });
    }
}
