//! No row is lost when the network closes connections or is slow.

use std::time::Duration;

use super::scene::{
    Indexes, about_how_many, bounded, car_info, cars, checksum, dead_letters, job, outcomes, with_dead_letters,
};
use crate::support::postgresql::Postgres;
use crate::support::{Proxy, Schema, eventually, kafka, postgres18};

const ROWS: u64 = 300_000;

/// Calls `during` with the proxy when some rows are in the table, and again when there are more.
fn through_a_proxy(during: impl Fn(&Proxy)) {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let produced = cars(&kafka, ROWS);
    let mut schema = car_info(&server, Indexes::Structured);
    let proxy = Proxy::to(&server.host, server.port);
    schema.server = Postgres { host: "127.0.0.1".to_owned(), port: proxy.port, ..server };
    let (job, _) = with_dead_letters(bounded(job(&schema, &produced.topic)));
    let running = job.start();
    let arrive = |schema: &mut Schema, rows| eventually("rows arrive", || about_how_many(&mut schema.client) > rows);
    for rows in [10_000, 60_000, 110_000] {
        arrive(&mut schema, rows);
        during(&proxy);
    }
    let finished = running.wait().exited(0);
    println!("{}", finished.stdout.trim());
    let [written, superseded, repeated, rejected] = outcomes(&finished);
    // If the answer to a COMMIT was lost, its rows are written again, and the table has them already.
    assert_eq!((written + repeated, superseded, rejected), (ROWS, 0, 0));
    assert!(dead_letters(&finished).is_empty());
    assert_eq!(schema.count("car_info"), ROWS as i64);
    assert_eq!(checksum(&mut schema), produced.checksum);
}

#[test]
fn no_row_is_lost_while_connections_are_closed_and_refused() {
    through_a_proxy(|proxy| {
        proxy.refuse();
        // Long enough for several attempts.
        std::thread::sleep(Duration::from_secs(1));
        proxy.restore();
    });
}

#[test]
fn no_row_is_lost_over_a_slow_network() {
    through_a_proxy(|proxy| {
        proxy.delay(Duration::from_millis(20));
        std::thread::sleep(Duration::from_millis(500));
        // The network becomes slower in the middle of transactions, and then as fast as before.
        proxy.delay(Duration::from_millis(100));
        std::thread::sleep(Duration::from_millis(500));
        proxy.restore();
    });
}
