//! A table, a topic with lines for it, and the job that reads the topic: the least that a test of a defect needs.

use crate::support::command::Finished;
use crate::support::postgresql::{Postgres, unique};
use crate::support::{Job, Schema, Topic, kafka, servers};

pub struct Scene {
    pub schema: Schema,
    pub topic: Topic,
    pub group: String,
    /// The job's columns, with its key.
    columns: String,
    table: String,
}

impl Scene {
    /// On each server in turn, a table of this name and these columns in the database, and as the job declares it.
    pub fn new<'a>(table: &'a str, in_database: &'a str, in_job: &'a str) -> impl Iterator<Item = Scene> {
        servers(&[]).into_iter().filter_map(move |server| Scene::on(&server, table, in_database, in_job))
    }

    pub fn on(server: &Postgres, table: &str, in_database: &str, in_job: &str) -> Option<Scene> {
        let (mut schema, topic) = (Schema::new(server), kafka()?.topic(1));
        schema.execute(&format!("CREATE TABLE {table} ({in_database})"));
        Some(Scene {
            schema,
            topic,
            group: unique("defect"),
            columns: in_job.to_owned(),
            table: table.trim_matches('"').to_owned(),
        })
    }

    /// `id` and `v`, both in the database and in the job.
    pub fn plain() -> impl Iterator<Item = Scene> {
        Scene::new("t", "id int PRIMARY KEY, v text", "id INT, v STRING, PRIMARY KEY (id) NOT ENFORCED")
    }

    /// The job, with further options of the sink: `'name' = 'value', …`.
    pub fn sql(&self, options: &str) -> String {
        let server = &self.schema.server;
        let (keyless, _) = self.columns.split_once(", PRIMARY KEY").unwrap_or((&self.columns, ""));
        format!(
            "CREATE TABLE s ({}) WITH ('connector' = 'adbpg-nightly-1.13', 'url' = '{}?ApplicationName={}',\n\
             'tablename' = '{}', 'username' = '{}', 'password' = '${{DB_PASSWORD}}', 'targetschema' = '{}'{options});\n\
             CREATE TABLE k ({keyless}) WITH ('connector' = 'kafka', 'format' = 'csv',\n\
             'properties.bootstrap.servers' = '{}', 'topic' = '{}', 'properties.group.id' = '{}',\n\
             'scan.startup.mode' = 'earliest-offset');\n\
             INSERT INTO s SELECT * FROM k;",
            self.columns,
            server.jdbc_url(),
            self.schema.name,
            self.table,
            server.user,
            self.schema.name,
            self.topic.kafka.brokers,
            self.topic.name,
            self.group,
        )
    }

    pub fn job(&self, options: &str) -> Job {
        Job::run(&self.sql(options)).variable("DB_PASSWORD", &self.schema.server.password)
    }

    /// Runs the job up to the topic's present end.
    pub fn run(&self, options: &str) -> Finished {
        self.job(options).option("k.scan.bounded.mode", "latest-offset").finish()
    }

    pub fn produce<L: AsRef<[u8]>>(&self, lines: impl IntoIterator<Item = L>) {
        self.topic.produce(0, lines);
    }

    /// The result of a query in the schema, as text.
    #[track_caller]
    pub fn shows(&mut self, query: &str) -> String {
        self.schema.text(query).unwrap_or_else(|| "NULL".to_owned())
    }
}
