//! What the demo prints.

use std::time::Duration;

use postgres::Row;

/// Prints the title of the demo's next step.
pub fn step(text: &str) {
    println!("==> {text}");
}

pub fn cars(rows: &[Row], took: Duration) {
    println!("\n    {:>6}  {:<23}  {:<6}  {:>6}  {:>8}", "id", "market_time", "color", "price", "distance");
    for row in rows {
        let (id, time, color): (i64, &str, &str) = (row.get(0), row.get(1), row.get(2));
        let (price, distance): (i32, &str) = (row.get(3), row.get(4));
        println!("    {id:>6}  {time:<23}  {color:<6}  {price:>6}  {distance:>8}");
    }
    println!("\n    {} rows by a vector query in {:.1} ms\n", rows.len(), milliseconds(took));
}

pub fn result(rows: u64, loaded: Duration, mut delays: Vec<Duration>, summary: &str) {
    delays.sort_unstable();
    let (median, worst) = (delays[delays.len() / 2], delays[delays.len() - 1]);
    let rate = (rows as f64 / loaded.as_secs_f64()) as u64;
    println!("\n    the job's own summary: {summary}");
    println!(
        "    rows       {} in the table, for vector queries, too; the vector index follows at its own pace",
        grouped(rows)
    );
    println!("    seconds    {:.2} from the start of the command ({} rows/s)", loaded.as_secs_f64(), grouped(rate));
    println!(
        "    freshness  {:.1} ms median, {:.1} ms at worst, from producing a row to seeing it in a query\n",
        milliseconds(median),
        milliseconds(worst)
    );
}

/// `20000` as `20,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
