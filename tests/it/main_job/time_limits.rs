//! A server that cancels long statements gets shorter ones, and no row is blamed.

use super::scene::{Indexes, bounded, car_info, checksum, dead_letters, job, outcomes, with_dead_letters};
use crate::cars::generator::Cars;
use crate::support::{kafka, servers};

const CARS: Cars = Cars { rows: 40_000, dims: 10, seed: 21 };

#[test]
fn batches_that_take_longer_than_the_statement_timeout_are_written_in_parts() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(2);
    topic.produce_spread(CARS.iter().map(|car| car.line()));
    for server in servers(&[]) {
        let mut schema = car_info(&server, Indexes::Structured);
        // Rows are cheap at first, so batches are whole. Later a batch takes the server more than three seconds.
        schema.execute(
            "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS 
               $$BEGIN IF NEW.id > 38000 THEN PERFORM pg_sleep(0.001); END IF; RETURN NEW; END$$;
             CREATE TRIGGER slowly BEFORE INSERT ON car_info FOR EACH ROW EXECUTE PROCEDURE slowly()",
        );
        let url = format!("{}?ApplicationName={}&options=-c%20statement_timeout=500ms", server.jdbc_url(), schema.name);
        let (job, _) = with_dead_letters(bounded(job(&schema, &topic)).option("vector_ingest.url", url));
        let finished = job.finish().exited(0);
        assert_eq!(outcomes(&finished), [CARS.rows, 0, 0, 0], "{}", finished.stdout);
        // Whole, half, a quarter: after a few batches they are short enough.
        assert!(
            (1..30).contains(&finished.count("retries")) && dead_letters(&finished).is_empty(),
            "{}",
            finished.stdout
        );
        assert_eq!(schema.count("car_info"), CARS.rows as i64);
        assert_eq!(checksum(&mut schema), CARS.checksum());
    }
}
