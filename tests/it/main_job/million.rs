//! A million rows are stored exactly as they were made.

use super::scene::{Indexes, bounded, car_info, cars, checksum, job, outcomes};
use crate::support::postgresql::Postgres;
use crate::support::{kafka, postgres18, postgres96};

const ROWS: u64 = 1_000_000;

#[test]
fn a_million_cars_are_in_postgres18_as_they_were_made() {
    a_million_cars_arrive(postgres18());
}

#[test]
fn a_million_cars_are_in_postgres96_as_they_were_made() {
    a_million_cars_arrive(postgres96());
}

fn a_million_cars_arrive(server: Option<Postgres>) {
    let (Some(server), Some(kafka)) = (server, kafka()) else { return };
    let produced = cars(&kafka, ROWS);
    let mut schema = car_info(&server, Indexes::Structured);
    let finished = bounded(job(&schema, &produced.topic)).finish().exited(0);
    println!("{}", finished.stdout.trim());
    assert_eq!((finished.count("records_read"), outcomes(&finished)), (ROWS, [ROWS, 0, 0, 0]));
    assert_eq!(schema.count("car_info"), ROWS as i64);
    assert_eq!(checksum(&mut schema), produced.checksum);
}
