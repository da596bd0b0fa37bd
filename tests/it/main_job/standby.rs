//! A standby takes over: it has all rows that were acknowledged before, and the job goes on with the new primary.

use super::scene::{
    Indexes, PARTITIONS, about_how_many, bounded, car_info, cars, checksum, dead_letters, job, outcomes,
    with_dead_letters,
};
use crate::support::{PrivatePostgres, eventually, kafka};

const ROWS: u64 = 300_000;
const GROUP: &str = "promoted";

#[test]
fn a_promoted_standby_has_all_rows_that_were_acknowledged_and_gets_the_rest() {
    let (Some(kafka), Some(mut primary)) = (kafka(), PrivatePostgres::start()) else { return };
    let mut schema = car_info(&primary.server, Indexes::Structured);
    let standby = primary.standby();
    schema.execute("ALTER SYSTEM SET synchronous_standby_names TO '*'");
    schema.execute("SELECT pg_reload_conf()");
    eventually("the standby is a synchronous one", || {
        schema.text("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'").as_deref() == Some("1")
    });
    let produced = cars(&kafka, ROWS);
    let hosts = [&primary, &standby].map(|one| format!("{}:{}", one.server.host, one.server.port)).join(",");
    let url = format!("jdbc:postgresql://{hosts}/{}?targetServerType=primary", primary.server.database);
    let (job, _) = with_dead_letters(bounded(job(&schema, &produced.topic)).option("vector_ingest.url", url));
    let job = job.option("vector_kafka.properties.group.id", GROUP);
    let running = job.start();
    eventually("rows arrive", || about_how_many(&mut schema.client) > 30_000);
    primary.crash();
    // The job has no database now, so nothing becomes durable.
    let mut stored = Vec::new();
    eventually("what was written is stored as read", || {
        let before = std::mem::take(&mut stored);
        stored = (0..PARTITIONS).map(|part| kafka.committed(GROUP, &produced.topic.name, part).unwrap_or(0)).collect();
        std::thread::sleep(std::time::Duration::from_millis(500));
        stored == before
    });
    assert!(stored.iter().sum::<i64>() > 0, "{stored:?}");
    schema.server = standby.server.clone();
    schema.client = schema.connect();
    schema.execute("SELECT pg_promote()");
    for (part, stored) in stored.iter().enumerate() {
        let acknowledged =
            format!("car_info WHERE (id - 1) % {PARTITIONS} = {part} AND (id - 1) / {PARTITIONS} < {stored}");
        assert_eq!(schema.count(&acknowledged), *stored, "partition {part}");
    }
    let finished = running.wait().exited(0);
    let [written, superseded, repeated, rejected] = outcomes(&finished);
    assert_eq!((written + repeated, superseded, rejected), (ROWS, 0, 0));
    assert!(dead_letters(&finished).is_empty());
    assert_eq!(schema.count("car_info"), ROWS as i64);
    assert_eq!(checksum(&mut schema), produced.checksum);
}
