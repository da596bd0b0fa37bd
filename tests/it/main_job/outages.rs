//! A database that is away for a while only delays the job.

use std::time::{Duration, Instant};

use super::scene::{
    Indexes, about_how_many, bounded, car_info, cars, checksum, dead_letters, job, outcomes, with_dead_letters,
};
use crate::support::command::Running;
use crate::support::{PrivatePostgres, eventually, kafka};

#[test]
fn a_server_that_is_stopped_until_reading_pauses_loses_nothing() {
    // The reader waits for room for five seconds before it pauses.
    stopped_for(Duration::from_secs(8), PrivatePostgres::stop);
}

#[test]
fn a_server_that_crashes_loses_nothing() {
    stopped_for(Duration::ZERO, PrivatePostgres::crash);
}

#[test]
#[ignore = "takes most of a minute; `make test-long` runs it"]
fn a_server_that_is_stopped_for_thirty_seconds_loses_nothing() {
    stopped_for(Duration::from_secs(30), PrivatePostgres::stop);
}

fn stopped_for(outage: Duration, stop: fn(&mut PrivatePostgres)) {
    let Some(kafka) = kafka() else { return };
    let Some(mut private) = PrivatePostgres::start() else { return };
    let produced = cars(&kafka, 300_000);
    let mut schema = car_info(&private.server, Indexes::Structured);
    let (job, _) = with_dead_letters(bounded(job(&schema, &produced.topic)));
    let running = job.start();
    eventually("rows arrive", || about_how_many(&mut schema.client) > 30_000);
    stop(&mut private);
    // This is the length of the outage, not a wait for a condition.
    std::thread::sleep(outage);
    let memory = running.peak_memory();
    private.start_again();
    let back = Instant::now();
    let finished = running.wait_at_most(Duration::from_secs(300)).exited(0);
    println!("away for {outage:?}: done {:?} after; at most {} MiB held meanwhile", back.elapsed(), memory >> 20);
    println!("{}", finished.stdout.trim());
    assert!(memory < 200 << 20, "{memory} bytes");
    // The schema's own connection ended with the server.
    schema.client = schema.connect();
    let [written, superseded, repeated, rejected] = outcomes(&finished);
    // If the answer to a COMMIT was lost, its rows are written again, and the table has them already.
    assert_eq!((written + repeated, superseded, rejected), (300_000, 0, 0));
    assert!(dead_letters(&finished).is_empty());
    assert_eq!(schema.count("car_info"), 300_000);
    assert_eq!(checksum(&mut schema), produced.checksum);
}

#[test]
fn a_job_at_a_frozen_server_ends_within_its_drain_timeout() {
    let took = frozen(&["--drain-timeout", "2s"], 1, Running::terminate);
    assert!(took >= Duration::from_secs(2) && took < Duration::from_secs(3) + SLACK, "{took:?}");
}

#[test]
fn a_job_at_a_frozen_server_ends_when_max_outage_is_over() {
    // The outage began with the server's last answer, which may have come before it was frozen.
    let took = frozen(&["--max-outage", "3s"], 1, |_| {});
    assert!(took < Duration::from_secs(4) + SLACK, "{took:?}");
}

/// How much longer it may take on a busy machine.
const SLACK: Duration = Duration::from_secs(15);

/// How long a job still runs after its server was frozen and `then` was done.
fn frozen(arguments: &[&str], code: i32, then: fn(&Running)) -> Duration {
    let (Some(kafka), Some(mut private)) = (kafka(), PrivatePostgres::start()) else { return Duration::from_secs(3) };
    let produced = cars(&kafka, 300_000);
    let mut schema = car_info(&private.server, Indexes::Structured);
    // Rows are still coming when it is frozen.
    schema.execute(
        "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(0.0005); RETURN NEW; END$$;
         CREATE TRIGGER slowly BEFORE INSERT ON car_info FOR EACH ROW EXECUTE FUNCTION slowly()",
    );
    let job = arguments.iter().fold(job(&schema, &produced.topic), |job, argument| job.argument(argument));
    let running = job.start();
    eventually("rows arrive", || about_how_many(&mut schema.client) > 1_000);
    private.freeze();
    then(&running);
    let begun = Instant::now();
    let finished = running.wait();
    let took = begun.elapsed();
    private.thaw();
    finished.exited(code);
    took
}
