//! A network that closes connections or is slow costs no row.

use std::time::Duration;

use super::scene::{
    Indexes, about_how_many, bounded, car_info, cars, checksum, dead_letters, job, outcomes, with_dead_letters,
};
use crate::support::postgresql::Postgres;
use crate::support::{Proxy, Schema, eventually, kafka, postgres18};

const ROWS: u64 = 300_000;

/// What `during` does to the proxy when some rows are there, and then when some more are.
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
    // A COMMIT whose answer was lost is written again, and its rows are then there already.
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
        // It becomes slower in the middle of transactions, and then as it was.
        proxy.delay(Duration::from_millis(100));
        std::thread::sleep(Duration::from_millis(500));
        proxy.restore();
    });
}
