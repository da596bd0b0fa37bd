//! One job for each format. Its source tables read the format's topics, each with another `vector.encoding`. Each has a target table with
//! a column of every type for every spelling. The server makes the same values from the numbers itself, and prints both to compare them.

use rand::rngs::StdRng;

use super::spelling::{Field, Spelling, numbers};
use crate::support::broker::Kafka;
use crate::support::{Job, Schema, Topic};

/// The dimension that the option demands of every vector.
pub const DIMENSION: usize = 6;
/// The rows after those with a wrong dimension: first rows of whole numbers, which `int2[]` accepts too, then rows of any numbers.
const WHOLE: usize = 12;
const ANY: usize = 20;

/// A column type's name in names of columns, its name in PostgreSQL, and the expression with which the server makes such a value.
pub type Target = (&'static str, &'static str, &'static str);

pub const TARGETS: [Target; 5] = [
    ("float4", "float4[]", "('{' || numbers || '}')::float4[]"),
    ("float8", "float8[]", "('{' || numbers || '}')::float8[]"),
    ("vector", "vector", "('[' || numbers || ']')::vector"),
    ("halfvec", "halfvec", "('[' || numbers || ']')::halfvec"),
    ("sparsevec", "sparsevec", "('[' || numbers || ']')::vector::sparsevec"),
];
const WHOLE_TARGETS: [Target; 1] = [("int2", "int2[]", "('{' || numbers || '}')::int2[]")];
const NORMALIZED: [Target; 4] = [
    ("float4", "float4[]", "l2_normalize(('[' || numbers || ']')::vector)::float4[]"),
    ("vector", "vector", "l2_normalize(('[' || numbers || ']')::vector)"),
    ("halfvec", "halfvec", "l2_normalize(('[' || numbers || ']')::vector)::halfvec"),
    ("sparsevec", "sparsevec", "l2_normalize(('[' || numbers || ']')::vector)::sparsevec"),
];

/// A row's number and the vector that each spelling has in it.
pub struct Row {
    pub id: i32,
    pub vectors: Vec<(Spelling, Vec<f64>)>,
}

impl Row {
    pub fn fields(&self) -> Vec<(Spelling, Field)> {
        self.vectors.iter().map(|(spelling, numbers)| (*spelling, spelling.field(numbers))).collect()
    }

    /// The spelling whose vector is too long, if this row has one.
    fn too_long(&self, spellings: &[(Spelling, String)]) -> Option<Spelling> {
        let (spelling, _) = self.vectors.iter().find(|(_, numbers)| numbers.len() != DIMENSION)?;
        spellings.iter().any(|(own, _)| own == spelling).then_some(*spelling)
    }
}

/// First a row for each spelling, in which the vector of that spelling is too long. Then the good rows.
pub fn rows(random: &mut StdRng, spellings: &[Spelling]) -> Vec<Row> {
    let row = |at: usize| {
        let vector = |(index, spelling): (usize, &Spelling)| {
            let length = if index == at { DIMENSION + 1 } else { DIMENSION };
            (*spelling, numbers(random, length, at < spellings.len() + WHOLE))
        };
        Row { id: at as i32, vectors: spellings.iter().enumerate().map(vector).collect() }
    };
    (0..spellings.len() + WHOLE + ANY).map(row).collect()
}

/// A source table, and the vectors in its rows.
pub struct Source<'r> {
    pub name: String,
    /// `CREATE TABLE` without the connector's options.
    pub columns: String,
    pub options: String,
    pub topic: &'r str,
    /// The expression for a row's number.
    pub id: &'static str,
    /// The column of each spelling.
    pub spellings: Vec<(Spelling, String)>,
    pub rows: &'r [Row],
    /// Which of the targets is the first column of its spelling. The rejection of a vector that is too long names this column.
    pub first: usize,
}

impl Source<'_> {
    fn targets(&self) -> [Target; 5] {
        let mut targets = TARGETS;
        targets.rotate_left(self.first);
        targets
    }

    fn column(&self, spelling: Spelling) -> Option<&str> {
        self.spellings.iter().find(|(own, _)| *own == spelling).map(|(_, column)| column.as_str())
    }

    /// The rows with a vector that is too long, and the first column of the table that would have it.
    fn too_long(&self, target: &str) -> Vec<(i64, String)> {
        let row = |row: &Row| {
            let column = self.column(row.too_long(&self.spellings)?)?;
            Some((row.id.into(), format!("{column}_{target}")))
        };
        self.rows.iter().filter_map(row).collect()
    }

    /// A column may have several spellings.
    fn source_columns(&self) -> Vec<(&str, &'static str)> {
        let mut columns: Vec<_> =
            self.spellings.iter().map(|(spelling, column)| (column.as_str(), spelling.flink_type())).collect();
        columns.dedup();
        columns
    }

    /// The first row whose numbers are not all whole.
    fn end_of_whole(&self) -> usize {
        self.rows.len() - ANY
    }

    /// The source table, a sink table for each set of target columns, and the INSERT statements.
    fn sql(&self) -> String {
        let (name, topic) = (&self.name, self.topic);
        let mut sql = format!(
            "CREATE TABLE {name} ({}) WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = '${{BROKERS}}',
                 'topic' = '{topic}', 'properties.group.id' = '{topic}', 'scan.startup.mode' = 'earliest-offset',
                 'scan.bounded.mode' = 'latest-offset', {});\n",
            self.columns, self.options
        );
        for (suffix, targets, condition) in [
            ("any", &self.targets()[..], String::new()),
            ("whole", &WHOLE_TARGETS, format!("WHERE {} < {}", self.id, self.end_of_whole())),
        ] {
            let (mut columns, mut values) = (String::new(), String::new());
            for (column, flink_type) in self.source_columns() {
                for (target, ..) in targets {
                    columns += &format!("{column}_{target} {flink_type}, ");
                    values += &format!(", {column}");
                }
            }
            sql += &format!(
                "CREATE TABLE {name}_{suffix} (id INT, {columns} PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'adbpg',
                     'url' = '${{URL}}', 'username' = '${{PGUSER}}', 'password' = '${{PGPASSWORD}}',
                     'targetschema' = '${{SCHEMA}}', 'tablename' = '{name}_{suffix}', 'conflictmode' = 'upsert',
                     'connectionmaxactive' = '1', 'vector.dimension' = '{DIMENSION}', 'vector.normalize' = '${{NORMALIZE}}',
                     'deadletter' = 'file:${{DEAD_LETTERS}}');
                 INSERT INTO {name}_{suffix} SELECT {}{values} FROM {name} {condition};\n",
                self.id
            );
        }
        sql
    }

    fn create_tables(&self, schema: &mut Schema) {
        for (suffix, targets) in [("any", &TARGETS[..]), ("whole", &WHOLE_TARGETS)] {
            let mut columns = String::new();
            for (column, _) in self.source_columns() {
                for (target, type_name, _) in targets {
                    columns += &format!(", {column}_{target} {type_name}");
                }
            }
            schema.execute(&format!("CREATE TABLE {}_{suffix} (id int PRIMARY KEY{columns})", self.name));
        }
    }

    /// Every good row has the values that the server makes itself.
    fn compare(&self, schema: &mut Schema, normalize: bool) {
        let name = &self.name;
        schema.execute("CREATE TEMP TABLE model (id int, col text, numbers text)");
        let good = || self.rows.iter().filter(|row| row.too_long(&self.spellings).is_none());
        let mut values = Vec::new();
        for row in good() {
            for (spelling, numbers) in &row.vectors {
                let Some(column) = self.column(*spelling) else { continue };
                let numbers = spelling.carried(numbers).iter().map(f64::to_string).collect::<Vec<_>>().join(",");
                values.push(format!("({}, '{column}', '{numbers}')", row.id));
            }
        }
        schema.execute(&format!("INSERT INTO model VALUES {}", values.join(", ")));
        let whole = good().filter(|row| (row.id as usize) < self.end_of_whole()).count();
        assert_eq!(schema.count(&format!("{name}_any")), good().count() as i64, "{name}");
        assert_eq!(schema.count(&format!("{name}_whole")), whole as i64, "{name}");
        let of_any = if normalize { &NORMALIZED[..] } else { &TARGETS };
        for (suffix, targets) in [("any", of_any), ("whole", &WHOLE_TARGETS)] {
            for (column, _) in self.source_columns() {
                for (target, _, model) in targets {
                    let differing = format!(
                        "SELECT string_agg(concat_ws(' ', id, stored, 'is not', model), '; ')
                         FROM (SELECT id, {column}_{target}::text AS stored, ({model})::text AS model
                               FROM {name}_{suffix} JOIN model USING (id) WHERE col = '{column}') AS both_of_them
                         WHERE stored IS DISTINCT FROM model"
                    );
                    assert_eq!(schema.text(&differing), None, "{name} {column} into {target}");
                }
            }
        }
        if normalize {
            self.compare_lengths(schema);
        }
        schema.execute("DROP TABLE model");
    }

    /// The server has no function that scales a `float8[]` to length 1. The last digit depends on the order in which the squares are added.
    fn compare_lengths(&self, schema: &mut Schema) {
        for (column, _) in self.source_columns() {
            let differing = format!(
                "SELECT string_agg(concat_ws(' ', id, {column}_float8), '; ')
                 FROM {}_any JOIN model USING (id), LATERAL (
                     SELECT max(abs(stored - number / length)) AS off FROM (
                         SELECT stored, number, sqrt(sum(number * number) OVER ()) AS length
                         FROM unnest({column}_float8, ('{{' || numbers || '}}')::float8[]) AS t(stored, number)) AS scaled
                 ) AS elements
                 WHERE col = '{column}' AND off > 1e-15",
                self.name
            );
            assert_eq!(schema.text(&differing), None, "{} {column} into float8[]", self.name);
        }
    }
}

/// Runs the job until the end of its topics, and checks its rows and dead letters.
pub fn check(schema: &mut Schema, kafka: &Kafka, sources: &[Source<'_>], normalize: bool) {
    for source in sources {
        source.create_tables(schema);
    }
    let sql: String = sources.iter().map(Source::sql).collect();
    let job = Job::run(&sql);
    let dead_letters = job.file("rejected.jsonl");
    let finished = job
        .variable("BROKERS", &kafka.brokers)
        .variable("URL", schema.server.jdbc_url())
        .variable("PGUSER", &schema.server.user)
        .variable("PGPASSWORD", &schema.server.password)
        .variable("SCHEMA", &schema.name)
        .variable("NORMALIZE", if normalize { "l2" } else { "none" })
        .variable("DEAD_LETTERS", &dead_letters)
        .finish()
        .exited(0);
    let dead_letters = std::fs::read_to_string(&dead_letters).unwrap_or_default();
    let dead_letters: Vec<serde_json::Value> =
        dead_letters.lines().map(|dead_letter| serde_json::from_str(dead_letter).expect("each line is JSON")).collect();
    for source in sources {
        source.compare(schema, normalize);
        for (suffix, target) in [("any", source.targets()[0].0), ("whole", "int2")] {
            let sink = format!("{}.{}_{suffix}", schema.name, source.name);
            assert_eq!(refused(&dead_letters, &sink), source.too_long(target), "{sink}: {dead_letters:#?}");
        }
    }
    assert_eq!(finished.count("rows_dead_lettered"), dead_letters.len() as u64);
}

/// The rows that a sink rejected for their dimension, and the columns that the reasons name.
fn refused(dead_letters: &[serde_json::Value], sink: &str) -> Vec<(i64, String)> {
    let reason =
        format!("the vector has {} dimensions, the option vector.dimension requires {DIMENSION}", DIMENSION + 1);
    let of_sink = dead_letters
        .iter()
        .filter(|dead_letter| dead_letter["sink"] == sink && dead_letter["reason"] == reason.as_str());
    let row = |dead_letter: &serde_json::Value| {
        (dead_letter["offset"].as_i64().unwrap_or(-1), dead_letter["column"].as_str().unwrap_or_default().to_owned())
    };
    let mut rows: Vec<(i64, String)> = of_sink.map(row).collect();
    rows.sort();
    rows
}

/// The columns of a table that has one for each spelling.
pub fn columns(spellings: &[Spelling]) -> String {
    let column = |spelling: &Spelling| format!(", {} {}", spelling.column(), spelling.flink_type());
    format!("id INT{}", spellings.iter().map(column).collect::<String>())
}

/// A topic with one message for each row.
pub fn topic_of(kafka: &Kafka, messages: impl IntoIterator<Item = Vec<u8>>) -> Topic {
    let topic = kafka.topic(1);
    topic.produce(0, messages);
    topic
}
