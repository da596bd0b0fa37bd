//! A table with a vector index and a hot child, and a sink that only moves rows.

use std::ops::RangeInclusive;

use vecsink::Sink;

use crate::push::scene::builder;
use crate::support::postgresql::{Schema, postgres18};

pub struct Scene {
    pub schema: Schema,
}

impl Scene {
    /// `cars (id, v, …)` with these further columns, and its hot child `cars_hot`.
    pub fn new(columns: &str) -> Option<Scene> {
        let mut schema = Schema::new(&postgres18()?);
        schema.execute(&format!(
            "CREATE TABLE cars (id bigint PRIMARY KEY, v vector(32), {columns});
             CREATE INDEX cars_v ON cars USING hnsw (v vector_l2_ops);
             CREATE TABLE cars_hot (PRIMARY KEY (id)) INHERITS (cars)"
        ));
        Some(Scene { schema })
    }

    /// A sink whose limit is so high that nothing is sealed.
    pub fn open(&self) -> Sink {
        self.open_with(&[("sink.vector-index.scan-limit", "60000")])
    }

    pub fn open_with(&self, options: &[(&str, &str)]) -> Sink {
        let builder = builder(&self.schema, "cars").columns(["id", "v"]).option("sink.vector-index", "behind");
        let builder = options.iter().fold(builder, |builder, (name, value)| builder.option(*name, *value));
        builder.open().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Rows with these ids.
    pub fn fill(&mut self, table: &str, ids: RangeInclusive<i64>) {
        let (first, last) = ids.into_inner();
        self.schema.execute(&format!(
            "INSERT INTO {table} (id, v) SELECT i, (SELECT array_agg(sin(i * k)) FROM generate_series(1, 32) AS k)::vector FROM generate_series({first}, {last}) AS i"
        ));
    }

    /// How many rows are in the hot child, and in the table itself.
    pub fn places(&mut self) -> (i64, i64) {
        let query = "SELECT (SELECT count(*) FROM ONLY cars_hot) || ' ' || (SELECT count(*) FROM ONLY cars)";
        let text = self.schema.text(query).unwrap_or_default();
        let (hot, table) = text.split_once(' ').expect("two numbers");
        (hot.parse().expect("a number"), table.parse().expect("a number"))
    }

    pub fn distinct(&mut self) -> i64 {
        let count = self.schema.text("SELECT count(DISTINCT id) FROM cars").unwrap_or_default();
        count.parse().expect("a number")
    }

    /// The application name of the movers' sessions.
    pub fn movers(&self) -> String {
        format!("vecsink mover {}.cars", self.schema.name)
    }
}
