//! The table: a key, a vector, and an HNSW index unless the mode is `none`.

use std::io::Write;

use postgres::Client;

use crate::Arguments;
use crate::generator::Cars;

pub const TABLE: &str = "searchable.items";

/// The vector of each row.
pub fn vector(arguments: &Arguments, id: i64) -> Vec<f32> {
    let cars = Cars { rows: 0, dims: arguments.dims, seed: 1 };
    if arguments.random_vectors { cars.car(id).feature } else { cars.embedding(id) }
}

/// As pgvector reads it.
fn text(vector: &[f32]) -> String {
    let elements: Vec<String> = vector.iter().map(f32::to_string).collect();
    format!("[{}]", elements.join(","))
}

/// Makes the table with some rows in it. Returns the next id.
pub fn fill(client: &mut Client, arguments: &Arguments) -> i64 {
    let Arguments { dims, before, .. } = *arguments;
    let make = format!(
        "CREATE EXTENSION IF NOT EXISTS vector; CREATE SCHEMA searchable;
         CREATE TABLE {TABLE} (id bigint PRIMARY KEY, feature vector({dims}) NOT NULL);
         ALTER TABLE {TABLE} ALTER feature SET STORAGE PLAIN"
    );
    client.batch_execute(&make).expect("an administrator");
    let mut copy = client.copy_in(&format!("COPY {TABLE} FROM STDIN")).expect("a COPY");
    for id in 1..=before as i64 {
        writeln!(copy, "{id}\t{}", text(&vector(arguments, id))).expect("the server takes it");
    }
    copy.finish().expect("the server takes it");
    if arguments.mode != "none" {
        let index =
            format!("SET maintenance_work_mem TO '512MB'; CREATE INDEX ON {TABLE} USING hnsw (feature vector_l2_ops)");
        client.batch_execute(&index).expect("pgvector");
    }
    // The server finishes its work for these rows first, so that the rows that follow don't pay for it.
    for statement in [format!("VACUUM ANALYZE {TABLE}"), "CHECKPOINT".to_owned()] {
        client.batch_execute(&statement).expect("an administrator");
    }
    before as i64 + 1
}

/// The user's query: the ten rows that are nearest to a vector. The vector is written into the query, because a parameter of type
/// text would be parsed again for each row.
pub fn nearest(vector: &[f32]) -> String {
    format!("SELECT id FROM {TABLE} ORDER BY feature <-> '{}' LIMIT 10", text(vector))
}
