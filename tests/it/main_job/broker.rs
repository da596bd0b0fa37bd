//! A broker that is away for a while: no record is lost, and none is read twice.

use super::scene::{Indexes, PARTITIONS, car_info, checksum, job, outcomes};
use crate::cars::generator::Cars;
use crate::support::{PrivateKafka, Schema, eventually, postgres18};

/// How many records come each time.
const STEP: u64 = 30_000;
const CARS: Cars = Cars { rows: 4 * STEP, dims: 10, seed: 19 };

#[test]
fn a_broker_that_is_killed_and_restarted_loses_no_record_and_none_is_read_twice() {
    let (Some(server), Some(mut kafka)) = (postgres18(), PrivateKafka::start()) else { return };
    let mut schema = car_info(&server, Indexes::Structured);
    let topic = kafka.server.topic(PARTITIONS);
    let lines: Vec<Vec<u8>> = CARS.iter().map(|car| car.line()).collect();
    let mut steps = lines.chunks(STEP as usize);
    let mut produce = || topic.produce_spread(steps.next().expect("four steps"));
    let arrive = |schema: &mut Schema, rows: u64| eventually("rows arrive", || schema.count("car_info") as u64 >= rows);
    produce();
    let running = job(&schema, &topic).start();
    // The first time there are more records to read when the broker stops, the second time there are none.
    arrive(&mut schema, 1);
    kafka.crash();
    kafka.start_again();
    produce();
    arrive(&mut schema, 2 * STEP);
    kafka.stop();
    kafka.start_again();
    produce();
    arrive(&mut schema, 2 * STEP + 1);
    kafka.stop();
    kafka.start_again();
    produce();
    arrive(&mut schema, CARS.rows);
    running.terminate();
    let finished = running.wait().exited(0);
    // A row that was read twice would be ignored and counted.
    assert_eq!((finished.count("records_read"), outcomes(&finished)), (CARS.rows, [CARS.rows, 0, 0, 0]));
    assert_eq!(checksum(&mut schema), CARS.checksum());
}
