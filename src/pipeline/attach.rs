//! A topic attached to a table: a job that the host program gives in parts.

use super::builder::PipelineBuilder;
use super::job::Pipeline;
use crate::job::AttachedTopic;

/// A Kafka topic that is to be read into a table, from [`Pipeline::attach`]. [`Attach::pipeline`] makes a job of it.
#[derive(Clone)]
pub struct Attach {
    topic: AttachedTopic,
}

impl Pipeline {
    /// Attaches a topic: it is read in this process and written into a table, `schema.table`. A
    /// part in double quotes may contain dots. The options have the names and meanings that they have
    /// in a job file.
    ///
    /// ```no_run
    /// use vecsink::Pipeline;
    ///
    /// # fn main() -> vecsink::Result<()> {
    /// let job = Pipeline::attach("postgresql://me:secret@db/shop", "public.items")
    ///     .column("id", "BIGINT")
    ///     .column("embedding", "STRING")
    ///     .source_option("topic", "items")
    ///     .source_option("properties.bootstrap.servers", "kafka:9092")
    ///     .source_option("format", "csv")
    ///     .sink_option("conflictmode", "upsert")
    ///     .pipeline()
    ///     .name("items")
    ///     .start()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn attach(url: &str, table: &str) -> Attach {
        Attach { topic: AttachedTopic::new(url, table) }
    }
}

impl Attach {
    /// A column of the messages and of the table, with its Flink SQL type, such as `BIGINT` or `ARRAY<FLOAT>`.
    pub fn column(mut self, name: &str, data_type: &str) -> Self {
        self.topic.column(name, data_type);
        self
    }

    /// An option of the source: `topic`, `properties.bootstrap.servers`, `format`, `scan.startup.mode` …
    pub fn source_option(mut self, option: &str, value: &str) -> Self {
        self.topic.source_option(option, value);
        self
    }

    /// An option of the sink: `conflictmode`, `deadletter` …
    pub fn sink_option(mut self, option: &str, value: &str) -> Self {
        self.topic.sink_option(option, value);
        self
    }

    /// The job that reads this topic into the table.
    pub fn pipeline(&self) -> PipelineBuilder {
        PipelineBuilder::default().attaching(self.topic.clone())
    }

    #[cfg(feature = "ffi")]
    pub(crate) fn into_topic(self) -> AttachedTopic {
        self.topic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_tables_name_may_be_quoted_and_a_wrong_name_is_refused_before_anything_is_opened() {
        let job = |table: &str| {
            Pipeline::attach("postgresql://me:p@db/shop", table)
                .column("id", "BIGINT")
                .source_option("topic", "t")
                .source_option("properties.bootstrap.servers", "kafka:9092")
                .source_option("format", "csv")
                .source_option("scan.startup.mode", "earliest-offset")
                .pipeline()
                .job()
        };
        for (table, expected) in [("\"my.schema\".t", ("my.schema", "t")), ("t", ("public", "t"))] {
            let job = job(table).unwrap();
            let sink = &job.mappings[0].sink;
            assert_eq!((sink.schema.as_str(), sink.table.as_str()), expected);
        }
        for wrong in ["a.b.c", "\"a", "", "a."] {
            let error = job(wrong).unwrap_err().to_string();
            assert!(error.contains(&format!("'{wrong}' must be a table's name: SCHEMA.TABLE")), "{error}");
        }
    }

    #[test]
    fn a_wrong_job_name_is_refused_and_the_error_says_where_it_came_from() {
        let named = |name: &str| {
            Pipeline::attach("postgresql://me:p@db/shop", "t")
                .column("id", "BIGINT")
                .source_option("topic", "t")
                .source_option("properties.bootstrap.servers", "kafka:9092")
                .source_option("format", "csv")
                .source_option("scan.startup.mode", "earliest-offset")
                .pipeline()
                .name(name)
                .job()
        };
        assert_eq!(named(" cars ").unwrap().name(), Some("cars"));
        for (wrong, why) in [("", "must not be empty"), ("a\0b", "control characters"), ("a\nb", "control characters")]
        {
            let error = named(wrong).unwrap_err().to_string();
            assert!(error.contains("the job's name") && error.contains(why), "{error}");
        }
        assert!(named(&"x".repeat(256)).unwrap_err().to_string().contains("longer than 255 bytes"));
    }

    #[test]
    fn options_stand_for_themselves_whatever_is_in_them() {
        let job = Pipeline::attach("postgresql://me:it's${X}@db/shop", "Shop.items")
            .column("odd `name`", "STRING")
            .source_option("topic", "t")
            .source_option("properties.bootstrap.servers", "kafka:9092")
            .source_option("format", "csv")
            .source_option("scan.startup.mode", "earliest-offset")
            .pipeline()
            .name("n")
            .job()
            .unwrap();
        assert_eq!(job.mappings[0].sink.connection.password.reveal(), "it's${X}");
        assert_eq!((job.mappings[0].sink.schema.as_str(), job.mappings[0].sink.table.as_str()), ("Shop", "items"));
        assert_eq!(job.mappings[0].sink.columns[0].name, "odd `name`");
        assert_eq!(job.name(), Some("n"));
    }

    #[test]
    fn all_that_is_wrong_with_the_parts_is_said_at_once_and_without_places_in_a_file() {
        let attached = Pipeline::attach("postgresql://me:p@db/shop", "a.b.c")
            .column("id", "BIGINTT")
            .column("name", "STRING; DROP")
            .column("twice", "INT NOT NULL")
            .column("twice", "INT")
            .source_option("topic", "t")
            .source_option("format", "csw")
            .sink_option("batchsize", "0");
        let error = attached.pipeline().job().unwrap_err().to_string();
        for part in
            ["'a.b.c' must be", "column 'id': ", "BIGINTT", "column 'name': ", "column 'twice' is listed twice", "csw"]
        {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(!error.contains("line "), "{error}");
    }
}
