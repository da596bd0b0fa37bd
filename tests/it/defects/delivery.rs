//! Crashes, retries, several sinks, and the messages about them.

use vecsink::internals::error::Error;
use vecsink::internals::job::{JobInput, parse_job};
use vecsink::internals::kafka::check_properties;
use vecsink::internals::pipeline::{RunOptions, start_job};

use super::scene::Scene;
use crate::support::{Job, eventually};

#[test]
fn defect_06_a_crash_loses_no_row_whose_offset_was_committed() {
    for mut scene in Scene::plain() {
        scene.produce((0..20_000).map(|id| format!("{id},x")));
        let mut running =
            scene.job(", 'conflictmode' = 'ignore', 'batchsize' = '500', 'connectionmaxactive' = '2'").start();
        eventually("some rows arrive", || scene.schema.count("t") > 0);
        running.kill();
        drop(running);
        let committed = scene.topic.kafka.committed(&scene.group, &scene.topic.name, 0).unwrap_or(0);
        let below = format!("SELECT count(*) FROM t WHERE id < {committed}");
        eventually("the database has ended the sessions", || scene.shows(&below) == committed.to_string());
        scene.run(", 'conflictmode' = 'ignore'").exited(0);
        assert_eq!(scene.schema.count("t"), 20_000);
    }
}

#[test]
fn defect_10_a_sink_that_fails_ends_its_own_job_and_nothing_else() {
    for scene in Scene::plain() {
        scene.produce(["one,x"]);
        let sql = scene.sql(", 'conflictmode' = 'strict', 'exceptionmode' = 'strict'");
        let password = scene.schema.server.password.clone();
        let input = JobInput {
            text: &sql,
            file_stem: None,
            overrides: &[],
            environment: &|_| Some(password.clone()),
            properties: &check_properties,
        };
        // The job runs in this process, which must go on after the job's end.
        let pipeline = start_job(parse_job(&input).unwrap(), RunOptions::default()).unwrap();
        let (_, outcome) = pipeline.finish();
        assert!(matches!(outcome, Err(Error::Strict { .. })), "{outcome:?}");
        scene.job(", 'exceptionmode' = 'strict', 'conflictmode' = 'ignore'").finish().exited(1);
    }
}

#[test]
fn defect_11_no_password_is_in_the_log_or_in_an_error() {
    const WRONG: &str = "not-the-password-8f3a";
    for scene in Scene::plain() {
        let option = ", 'conflictmode' = 'ignore'";
        let right = scene.job(option).argument("-vv").option("k.scan.bounded.mode", "latest-offset").finish().exited(0);
        let wrong = Job::run(&scene.sql(option)).variable("DB_PASSWORD", WRONG).argument("-vv").finish().exited(1);
        assert!(!right.stderr.contains(&format!("'{}'", scene.schema.server.password)), "{}", right.stderr);
        assert!(!wrong.stderr.contains(WRONG) && !wrong.stdout.contains(WRONG), "{}", wrong.stderr);
        assert!(wrong.stderr.contains("check username and password"), "{}", wrong.stderr);
    }
}

#[test]
fn defect_12_two_sinks_of_one_job_do_not_disturb_each_other() {
    for mut scene in Scene::plain() {
        scene.schema.execute("CREATE TABLE log (id int, v text)");
        scene.produce(["1,a", "1,b", "2,c"]);
        let sql = scene.sql(", 'conflictmode' = 'upsert'");
        // A second table, without a key, from the same source.
        let (first, rest) = sql.split_once("CREATE TABLE k").unwrap();
        let keyless = first
            .replace("CREATE TABLE s", "CREATE TABLE s2")
            .replace(", PRIMARY KEY (id) NOT ENFORCED", "")
            .replace("'tablename' = 't'", "'tablename' = 'log'");
        let both = format!("{first}{keyless}CREATE TABLE k{rest} INSERT INTO s2 SELECT * FROM k;");
        let job = Job::run(&both).variable("DB_PASSWORD", &scene.schema.server.password);
        job.option("k.scan.bounded.mode", "latest-offset").finish().exited(0);
        assert_eq!(scene.shows("SELECT string_agg(id || v, ' ' ORDER BY id) FROM t"), "1b 2c");
        assert_eq!(scene.shows("SELECT string_agg(id || v, ' ' ORDER BY v) FROM log"), "1a 1b 2c");
    }
}

#[test]
fn defect_15_a_repeated_batch_is_sent_whole() {
    for mut scene in Scene::plain() {
        // The first two transactions that reach row 60 fail as after a conflict with another transaction.
        scene.schema.execute(
            "CREATE SEQUENCE attempts;
         CREATE FUNCTION fail_twice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF NEW.id = 60 AND nextval(TG_TABLE_SCHEMA || '.attempts') <= 2 THEN
             RAISE EXCEPTION 'in the way' USING ERRCODE = '40001';
           END IF;
           RETURN NEW;
         END $$;
         CREATE TRIGGER fail_twice BEFORE INSERT ON t FOR EACH ROW EXECUTE PROCEDURE fail_twice()",
        );
        scene.produce((0..100).map(|id| format!("{id},x")));
        let finished = scene.run(", 'conflictmode' = 'ignore', 'retrywaittime' = '5'").exited(0);
        assert_eq!((finished.count("rows_written"), finished.count("retries")), (100, 2));
        assert_eq!(scene.schema.count("t"), 100);
    }
}
