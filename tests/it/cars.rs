//! The sample cars are the same in Rust and in SQL: the generator's checksum is the one that PostgreSQL computes.

#[path = "../../examples/cars/generator.rs"]
pub mod generator;

use std::io::Write;

use generator::{Cars, checksum_sql};

use crate::support::postgresql::Postgres;
use crate::support::{Schema, postgres18, postgres96};

#[test]
fn postgres18_computes_the_generators_checksum() {
    checksum_is_the_same_after_a_copy(postgres18());
}

#[test]
fn postgres96_computes_the_generators_checksum() {
    checksum_is_the_same_after_a_copy(postgres96());
}

fn checksum_is_the_same_after_a_copy(server: Option<Postgres>) {
    let Some(server) = server else { return };
    let cars = Cars { rows: 2000, dims: 10, seed: 7 };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE car_info (id bigint, market_time timestamp, color text, price int, feature float4[])");
    let mut copy = schema.client.copy_in("COPY car_info FROM STDIN").unwrap();
    for car in cars.iter() {
        copy.write_all(&car.line()).unwrap();
        copy.write_all(b"\n").unwrap();
    }
    copy.finish().unwrap();
    let checksum = |schema: &mut Schema| schema.text(&checksum_sql("car_info")).unwrap().parse::<u128>().unwrap();
    assert_eq!(checksum(&mut schema), cars.checksum());

    // Changes the last bit of one element of one row.
    let original = cars.car(1000).feature[3];
    let near = f32::from_bits(original.to_bits() ^ 1);
    schema.execute(&format!("UPDATE car_info SET feature[4] = '{near}' WHERE id = 1000"));
    assert_ne!(checksum(&mut schema), cars.checksum());
}
