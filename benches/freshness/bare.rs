//! The freshness that the database alone allows: rows come from a channel and are written over one connection, without Kafka and
//! vecsink.

use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use postgres::Client;

use crate::pace::{CARS, Load, WARM_UP, now, paced};
use crate::support::postgresql::Postgres;
use crate::table::copy;
use crate::watch::{self, Measured};

/// With a vector index, writing so many rows takes a second or more.
const STRETCH: i64 = 5000;

/// Returns also how long after its commit record each row's COMMIT was answered.
pub fn run(server: &Postgres, client: &mut Client, first: i64, load: Load) -> (Measured, Vec<i64>) {
    let (sender, lines) = mpsc::channel();
    let connection = server.connect();
    let writer = thread::spawn(move || write(connection, &lines));
    let send = |first, load| paced(first, load, |_, _, line| sender.send(line).expect("the writer lives"));
    send(first, Load { rows: WARM_UP, ..load });
    watch::until_warm(client, first);
    let measured = watch::measured(client, first + WARM_UP as i64, load.rows, || send(first + WARM_UP as i64, load));
    drop(sender);
    let answered = writer.join().expect("the writer lives");
    let answered = answered.iter().skip(WARM_UP as usize).zip(&measured.committed).map(|(at, record)| at - record);
    let answered = answered.collect();
    (measured, answered)
}

/// Writes all rows that are there, again and again. Returns the time of the answer for each row.
fn write(mut connection: Client, lines: &Receiver<Vec<u8>>) -> Vec<i64> {
    let mut answered = Vec::new();
    while let Ok(line) = lines.recv() {
        let mut rows = 0;
        copy(&mut connection, [line].into_iter().chain(lines.try_iter()).inspect(|_| rows += 1));
        answered.resize(answered.len() + rows, now());
    }
    answered
}

/// How fast one connection writes into the table as it is now, when nothing else happens.
pub fn rows_per_second_alone(client: &mut Client, first: i64) -> u64 {
    let lines: Vec<Vec<u8>> = (first..first + STRETCH).map(|id| CARS.car(id).line()).collect();
    let start = Instant::now();
    copy(client, lines.into_iter());
    (STRETCH as f64 / start.elapsed().as_secs_f64()) as u64
}
