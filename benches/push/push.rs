//! Does the same as push.c, in Rust: `push matrix|rows URL SCHEMA.TABLE ROWS DIMS`.

use std::time::{Duration, Instant};

use vecsink::{ColumnValues, Columns, Sink};

const LONG: Duration = Duration::from_secs(3600);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `cargo bench` adds an argument of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [how, url, table, rows, dims] = arguments.as_slice() else {
        println!("push: run by benches/push/run.py");
        return Ok(());
    };
    let (rows, dims): (usize, usize) = (rows.parse()?, dims.parse()?);
    let ids: Vec<i64> = (0..rows as i64).collect();
    let vectors = vectors(rows * dims);
    let sink = Sink::builder(url, table).option("conflictmode", "ignore").open()?;
    let (began, cpu) = (Instant::now(), cpu_seconds()?);
    if how == "matrix" {
        let columns = Columns::new().column("id", &ids).column("feature", ColumnValues::matrix(&vectors, dims));
        sink.push_batch(&columns)?;
    } else {
        for (id, vector) in ids.iter().zip(vectors.chunks_exact(dims)) {
            sink.push(&(id, vector))?;
        }
    }
    sink.flush(LONG)?;
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
    println!(r#"{{"rows": {rows}, "seconds": {seconds:.6}, "cpu_seconds": {cpu:.6}}}"#);
    sink.close(LONG)?;
    Ok(())
}

/// Numbers between -1 and 1, the same as those of push.h.
fn vectors(count: usize) -> Vec<f32> {
    let mut state = 7_u64;
    let next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 32) as i32 as f32 / 2147483648.0
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// CPU seconds of all threads since the program's start, in steps of 0.01.
fn cpu_seconds() -> Result<f64, Box<dyn std::error::Error>> {
    let line = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = line.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    Ok((ticks(11) + ticks(12)) / 100.0)
}
