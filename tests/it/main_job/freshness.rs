//! How soon a row can be queried after it was produced.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rdkafka::producer::BaseRecord;

use super::scene::{Indexes, car_info, job};
use crate::cars::generator::Cars;
use crate::support::{eventually, kafka, postgres18};

const CARS: Cars = Cars { rows: 0, dims: 10, seed: 9 };
const RATE: u32 = 1000;
const SECONDS: u32 = 60;

#[test]
#[ignore = "takes a minute, and a machine with nothing else to do; `make test-long` runs it"]
fn at_a_thousand_rows_a_second_rows_are_visible_within_milliseconds() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut schema = car_info(&server, Indexes::WithVector);
    let topic = kafka.topic(4);
    let producer = topic.producer();
    let running = job(&schema, &topic).start();
    // The first row is there once the job is.
    producer.send(BaseRecord::<(), _>::to(&topic.name).payload(&CARS.car(1).line())).expect("sent");
    eventually("the job runs", || schema.count("car_info") == 1);

    let seen = schema.client.prepare("SELECT id FROM car_info WHERE id = ANY($1)").unwrap();
    let mut pending: HashMap<i64, Instant> = HashMap::new();
    let mut delays = Vec::new();
    let mut next_id = 2;
    let started = Instant::now();
    while next_id <= i64::from(RATE * SECONDS) || !pending.is_empty() {
        // What is due by the clock, so that a slow query doesn't slow the producer.
        while next_id <= i64::from(RATE * SECONDS)
            && started + Duration::from_secs(1) * next_id as u32 / RATE < Instant::now()
        {
            let line = CARS.car(next_id).line();
            let record = BaseRecord::<(), _>::to(&topic.name).partition((next_id % 4) as i32).payload(&line);
            pending.insert(next_id, Instant::now());
            assert!(producer.send(record).is_ok(), "the producer's queue holds a second's rows");
            next_id += 1;
        }
        let ids: Vec<i64> = pending.keys().copied().collect();
        for row in schema.client.query(&seen, &[&ids]).unwrap() {
            let produced = pending.remove(&row.get(0)).expect("only pending rows are asked for");
            delays.push(produced.elapsed());
        }
        std::thread::sleep(Duration::from_millis(2));
        assert!(
            started.elapsed() < Duration::from_secs(2 * u64::from(SECONDS)),
            "{} rows never arrived",
            pending.len()
        );
    }
    running.terminate();
    running.wait().exited(0);

    delays.sort_unstable();
    let at = |share: f64| delays[(share * (delays.len() - 1) as f64) as usize];
    println!("freshness: p50 {:?}, p99 {:?}, worst {:?}", at(0.5), at(0.99), at(1.0));
    assert!(at(0.5) <= Duration::from_millis(30) && at(0.99) <= Duration::from_millis(100));
}
