//! The table of the car job on a server of its own.

use std::io::Write;

use postgres::Client;

use crate::generator::Cars;
use crate::pace::CARS;
use crate::support::PrivatePostgres;

const TABLE: &str = include_str!("../../examples/sql/car_info_table.sql");

/// A server with the default settings that also keeps the time of each commit.
pub fn server() -> Option<PrivatePostgres> {
    let mut private = PrivatePostgres::start()?;
    private.server.connect().batch_execute("ALTER SYSTEM SET track_commit_timestamp = on").expect("an administrator");
    private.stop();
    private.start_again();
    Some(private)
}

/// Drops the table and makes a new one with some cars in it. Returns the next id.
pub fn fill(client: &mut Client, cars: u64, index: &str) -> i64 {
    client.batch_execute("DROP SCHEMA IF EXISTS vector_test CASCADE").expect("an administrator");
    client.batch_execute(TABLE).expect("the table is new");
    if index == "none" {
        client.batch_execute("DROP INDEX vector_test.car_info_feature_idx").expect("the table's file makes it");
    }
    copy(client, (Cars { rows: cars, ..CARS }).iter().map(|car| car.line()));
    // The server finishes its work for these rows first, so that the rows that follow don't pay for it.
    for statement in ["VACUUM ANALYZE vector_test.car_info", "CHECKPOINT"] {
        client.batch_execute(statement).expect("an administrator");
    }
    cars as i64 + 1
}

/// Writes lines with one COPY, which is a transaction of its own.
pub fn copy(client: &mut Client, lines: impl Iterator<Item = Vec<u8>>) {
    let mut copy = client.copy_in("COPY vector_test.car_info FROM STDIN").expect("a COPY");
    for mut line in lines {
        line.push(b'\n');
        copy.write_all(&line).expect("the server takes it");
    }
    copy.finish().expect("the server takes it");
}
