//! A topic attached to a table: a job that the host program gives in parts.

use std::fmt::Write;

use super::builder::PipelineBuilder;
use super::job::Pipeline;
use crate::settings::TableName;

/// A Kafka topic on its way into a table; from [`Pipeline::attach`]. It becomes the SQL job of the same parts.
#[derive(Clone, Default)]
pub struct Attach {
    /// Why the table's name is wrong.
    wrong: Option<String>,
    columns: Vec<(String, String)>,
    source: Vec<(String, String)>,
    sink: Vec<(String, String)>,
}

impl Pipeline {
    /// Attaches a topic: reads it in this process and writes it into a table, `schema.table`; a
    /// part in double quotes may hold dots. Options are those of a job
    /// file, by their names there.
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
        let (named, wrong) = match TableName::parse(table) {
            Ok(name) => (name.or_in("public"), None),
            Err(why) => (Default::default(), Some(format!("'{table}' {why}"))),
        };
        let sink = [
            ("connector", "adbpg"),
            ("url", url),
            ("targetschema", &named.0),
            ("tablename", &named.1),
            ("casesensitive", "1"),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let source = vec![owned(("connector", "kafka"))];
        Attach { wrong, columns: Vec::new(), source, sink: sink.map(owned).to_vec() }
    }
}

impl Attach {
    /// A column of the messages and of the table, with its Flink SQL type, `BIGINT` or `ARRAY<FLOAT>`.
    pub fn column(mut self, name: &str, data_type: &str) -> Self {
        self.columns.push((name.into(), data_type.into()));
        self
    }

    /// An option of the source: `topic`, `properties.bootstrap.servers`, `format`, `scan.startup.mode` …
    pub fn source_option(mut self, option: &str, value: &str) -> Self {
        self.source.push((option.into(), value.into()));
        self
    }

    /// An option of the sink: `conflictmode`, `deadletter` …
    pub fn sink_option(mut self, option: &str, value: &str) -> Self {
        self.sink.push((option.into(), value.into()));
        self
    }

    /// The job of these parts.
    pub fn pipeline(&self) -> PipelineBuilder {
        Pipeline::from_sql(&self.sql()).refusing(self.wrong())
    }

    pub(crate) fn wrong(&self) -> Option<String> {
        self.wrong.clone()
    }

    pub(crate) fn sql(&self) -> String {
        let mut sql = String::new();
        self.table("source", &self.source, &mut sql);
        self.table("sink", &self.sink, &mut sql);
        sql.push_str("INSERT INTO `sink` SELECT * FROM `source`;\n");
        sql
    }

    fn table(&self, name: &str, options: &[(String, String)], sql: &mut String) {
        let columns: Vec<String> =
            self.columns.iter().map(|(name, data_type)| format!("`{}` {data_type}", name.replace('`', "``"))).collect();
        let options: Vec<String> =
            options.iter().map(|(name, value)| format!("{} = {}", text(name), text(value))).collect();
        // Writing to a String can't fail.
        let _ = writeln!(sql, "CREATE TABLE `{name}` ({}) WITH (\n  {}\n);", columns.join(", "), options.join(",\n  "));
    }
}

/// A string constant that stands for itself.
fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''").replace("${", "$${"))
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
}
