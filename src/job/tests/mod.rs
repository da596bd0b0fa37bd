//! Job files, the settings that they make, and their errors.

mod avro;
mod errors;
mod formats;
mod job_file;
mod keys;
mod option_table;
mod options;
mod queries;
pub(super) mod safety;
mod settings;
mod tables;
mod types;
mod url;
mod views;

use super::{JobInput, Override, parse_job};
use crate::error::{Diagnostic, Error};
use crate::job::settings::job::Job;
use crate::job::settings::mapping::Mapping;
use crate::settings::kafka::KafkaSource;

/// The job of the vendor's guide, with made-up servers and a made-up login.
const GUIDE: &str = "\
CREATE TABLE vector_ingest (id INT, market_time TIMESTAMP, color VARCHAR(10), price int, feature VARCHAR)
WITH ('connector' = 'adbpg-nightly-1.13', 'url' = 'jdbc:postgresql://db.example:5432/adbpg_test', 'tablename' = 'car_info',
      'username' = 'writer', 'password' = 'S3cret!', 'targetschema' = 'vector_test', 'maxretrytimes' = '2', 'batchsize' = '3000',
      'batchwritetimeoutms' = '10000', 'connectionmaxactive' = '20', 'conflictmode' = 'ignore', 'exceptionmode' = 'ignore',
      'casesensitive' = '0', 'writemode' = '1', 'retrywaittime' = '200');
CREATE TABLE vector_kafka (id INT, market_time TIMESTAMP, color VARCHAR(10), price int, feature string)
WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = 'broker:9092', 'topic' = 'vector_ingest', 'format' = 'csv',
      'csv.field-delimiter' = '\\t', 'scan.startup.mode' = 'earliest-offset');
INSERT INTO vector_ingest SELECT * FROM vector_kafka;
";

fn environment(name: &str) -> Option<String> {
    match name {
        "DB_PASSWORD" => Some("from the environment".into()),
        "CONNECTOR" => Some("kafka".into()),
        _ => None,
    }
}

fn parse(text: &str) -> Result<Job, Error> {
    parse_with(text, &[], &|_| Vec::new())
}

fn parse_with(
    text: &str,
    overrides: &[Override],
    properties: &dyn Fn(&KafkaSource) -> Vec<String>,
) -> Result<Job, Error> {
    parse_job(&JobInput { text, file_stem: Some("job"), overrides, environment: &environment, properties })
}

#[track_caller]
fn job(text: &str) -> Job {
    match parse(text) {
        Ok(job) => job,
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn diagnostics(text: &str) -> Vec<Diagnostic> {
    match parse(text) {
        Err(Error::Config(diagnostics)) => diagnostics,
        other => panic!("expected errors in the job file, got {other:?}"),
    }
}

/// The errors, each as a text `line:column message`.
#[track_caller]
fn errors(text: &str) -> Vec<String> {
    let shown = |diagnostic: Diagnostic| match diagnostic.location {
        Some(at) => format!("{}:{} {}", at.line, at.column, diagnostic.message),
        None => diagnostic.message,
    };
    diagnostics(text).into_iter().map(shown).collect()
}

#[track_caller]
fn only_error(text: &str) -> String {
    let mut errors = errors(text);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    errors.remove(0)
}

const SOURCE_OPTIONS: &str = "'connector' = 'kafka', 'properties.bootstrap.servers' = 'b:9092', 'topic' = 't', 'format' = 'csv', \
     'scan.startup.mode' = 'earliest-offset'";
const SINK_OPTIONS: &str = "'connector' = 'adbpg', 'url' = 'jdbc:postgresql://h/d', 'tablename' = 'out', \
                            'username' = 'u', 'password' = 'p', 'conflictmode' = 'ignore'";

/// A job with a source `k` in its first line, a sink `s` in its second, and a query in its third.
fn job_of(source_columns: &str, sink_columns: &str, insert: &str) -> String {
    format!(
        "CREATE TABLE k ({source_columns}) WITH ({SOURCE_OPTIONS});\n\
         CREATE TABLE s ({sink_columns}) WITH ({SINK_OPTIONS});\n\
         {insert};"
    )
}

/// The mapping into the only sink of [`job_of`].
#[track_caller]
fn mapping_of(source_columns: &str, sink_columns: &str, insert: &str) -> Mapping {
    job(&job_of(source_columns, sink_columns, insert)).mappings.remove(0)
}

fn with_sink_options(more: &str) -> String {
    job_of("id INT", "id INT", "INSERT INTO s SELECT * FROM k")
        .replace("'username' = 'u'", &format!("'username' = 'u', {more}"))
}

fn with_source_options(more: &str) -> String {
    job_of("id INT", "id INT", "INSERT INTO s SELECT * FROM k")
        .replace("'topic' = 't'", &format!("'topic' = 't', {more}"))
}
