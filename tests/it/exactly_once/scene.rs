//! What the tests of exactly-once begin with: a server, a topic with records, a table, and the job between them.

use super::{Range, bounded, job_of, produce};
use crate::support::postgresql::Postgres;
use crate::support::{Job, Schema, Topic, kafka, postgres18};

/// A topic of [`super::PARTITIONS`] partitions, a table and the job between them.
pub struct Scene {
    pub topic: Topic,
    pub schema: Schema,
    pub sql: String,
}

impl Scene {
    /// On the newest server. `None`: it or the broker isn't there.
    pub fn new() -> Option<Scene> {
        Scene::on(&postgres18()?)
    }

    pub fn on(server: &Postgres) -> Option<Scene> {
        let topic = kafka()?.topic(super::PARTITIONS);
        Some(Scene { topic, schema: super::table(server), sql: super::JOB.to_owned() })
    }

    pub fn produce(&self, records: Range) {
        produce(&self.topic, records);
    }

    pub fn job(&self) -> Job {
        job_of(&self.sql, &self.schema, &self.topic)
    }

    /// From now on the job writes into a table `u`, too.
    pub fn with_second_sink(&mut self) {
        self.sql = with_second_sink(&self.sql);
    }

    /// The job up to the topic's present end.
    pub fn bounded(&self) -> Job {
        bounded(self.job())
    }

    /// Another subcommand, such as `offsets show`, with the job's file.
    pub fn command(&self, subcommand: &[&str]) -> Job {
        super::with_variables(Job::of(subcommand, &self.sql), &self.schema, &self.topic)
    }

    /// `vecsink replay` of these dead letters.
    pub fn replay(&self, dead_letters: &str) -> Job {
        super::with_variables(Job::replay(dead_letters, &self.sql), &self.schema, &self.topic)
    }

    /// How many records are in the table and among the dead letters.
    #[track_caller]
    pub fn counted(&mut self) -> (i64, i64) {
        super::counted(&mut self.schema)
    }

    /// Lets a job run until so many rows are there.
    pub fn reaches(&mut self, running: &mut crate::support::command::Running, rows: i64) {
        super::reaches(running, &mut self.schema, rows);
    }
}

/// The job with a second sink, which writes into `u` what the first one writes into `t`.
pub fn with_second_sink(sql: &str) -> String {
    let sink = sql.lines().skip_while(|line| !line.starts_with("CREATE TABLE t "));
    let sink = sink.take_while(|line| !line.starts_with("INSERT")).collect::<Vec<_>>().join("\n");
    let second = sink.replace("TABLE t ", "TABLE u ").replace("'tablename' = 't'", "'tablename' = 'u'");
    format!("{second}\n{sql}\nINSERT INTO u SELECT part, off, id, name FROM topic;")
}
