//! Pushes vectors from a program into PostgreSQL with pgvector: `cargo run --release --example push postgresql://…`.

use std::time::Duration;

use vecsink::{ColumnValues, Columns, Sink};

const DIMENSION: usize = 128;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("usage: push postgresql://user:password@host/database [schema.table]")?;
    let table = std::env::args().nth(2).unwrap_or_else(|| "public.items".into());

    // The table must be there: CREATE TABLE items (id bigint PRIMARY KEY, name text, embedding vector(128))
    let sink = Sink::builder(&url, &table)
        .columns(["id", "name", "embedding"])
        .on_rejected(|row| eprintln!("row {} was rejected: {}", row.sequence, row.rejection))
        .open()?;

    // Rows are pushed one at a time. Any number of threads may push into a sink.
    std::thread::scope(|scope| {
        for thread in 0..4_i64 {
            let sink = &sink;
            scope.spawn(move || {
                for row in 0..1000 {
                    let id = thread * 1000 + row;
                    if let Err(error) = sink.push(&(id, format!("item {id}"), embedding(id))) {
                        eprintln!("item {id}: {error}");
                    }
                }
            });
        }
    });

    // Many rows at once, with a matrix of vectors, as a model returns it. Nothing is copied before it is encoded.
    let ids: Vec<i64> = (4000..6000).collect();
    let names: Vec<String> = ids.iter().map(|id| format!("item {id}")).collect();
    let matrix: Vec<f32> = ids.iter().flat_map(|id| embedding(*id)).collect();
    let batch = Columns::new()
        .column("id", &ids)
        .column("name", &names)
        .column("embedding", ColumnValues::matrix(&matrix, DIMENSION));
    sink.push_batch(&batch)?;

    // A pushed row is not stored yet. All rows are durable when close or flush has returned Ok.
    let summary = sink.close(Duration::from_secs(30))?;
    println!("{} rows written", summary.counters.rows_written);
    Ok(())
}

/// Takes the place of a model.
fn embedding(id: i64) -> [f32; DIMENSION] {
    std::array::from_fn(|at| ((id as f32) * 0.37 + at as f32).sin())
}
