//! How long a load takes until its index is built.

use std::time::{Duration, Instant};

use crate::push::scene::builder;
use crate::support::postgresql::{Schema, postgres18};

const DIMENSIONS: usize = 128;
/// The number of rows for `defer`, and by which factor `inline` gets fewer.
const ROWS: i64 = 300_000;
const PART: u32 = 6;
/// On a busy machine, too.
const LONGEST: Duration = Duration::from_secs(1800);

/// Random numbers from 0 to 1.
struct Random(u64);

impl Random {
    fn vector(&mut self) -> Vec<f32> {
        let mut number = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 40) as f32 / (1 << 24) as f32
        };
        (0..DIMENSIONS).map(|_| number()).collect()
    }
}

/// The time from the first row until the index has all rows.
fn load(schema: &mut Schema, mode: &str, rows: i64) -> Duration {
    schema.execute(&format!(
        "DROP TABLE IF EXISTS cars; CREATE TABLE cars (id bigint PRIMARY KEY, v vector({DIMENSIONS}));
         CREATE INDEX cars_v ON cars USING hnsw (v vector_l2_ops)"
    ));
    let sink =
        builder(schema, "cars").option("sink.vector-index", mode).open().unwrap_or_else(|error| panic!("{error}"));
    let mut random = Random(7);
    let begun = Instant::now();
    for id in 0..rows {
        sink.push(&(id, &random.vector())).expect("the row is taken");
    }
    sink.flush(LONGEST).expect("the rows are durable");
    println!("{mode}: {rows} rows are stored after {:.1} s", begun.elapsed().as_secs_f64());
    sink.close(LONGEST).expect("it closes");
    let time = begun.elapsed();
    println!("{mode}: the index is there after {:.1} s", time.as_secs_f64());
    assert_eq!(schema.count("pg_indexes WHERE indexname = 'cars_v' AND schemaname = current_schema"), 1);
    assert_eq!(schema.count("cars"), rows);
    time
}

/// `inline` gets a sixth of the rows, and the time for all is extrapolated. That favours `inline`, which becomes slower with more rows.
#[test]
#[ignore = "takes minutes; `make test-long` runs it"]
fn a_deferred_index_of_a_large_load_is_there_in_half_of_the_time() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    let inline = load(&mut schema, "inline", ROWS / i64::from(PART)) * PART;
    let deferred = load(&mut schema, "defer", ROWS);
    println!(
        "{ROWS} rows of {DIMENSIONS} dimensions: inline {:.1} s, extrapolated; defer {:.1} s, {:.2} of it",
        inline.as_secs_f64(),
        deferred.as_secs_f64(),
        deferred.as_secs_f64() / inline.as_secs_f64()
    );
    assert!(deferred * 2 <= inline, "{deferred:?} beside {inline:?}");
}
