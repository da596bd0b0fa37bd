//! The values that are stored in the columns, and the order of the changes.

use super::scene::Scene;

#[test]
fn defect_05_changes_of_one_key_land_in_the_order_in_which_they_came() {
    for mut scene in Scene::plain() {
        // A trigger sees each change that is written.
        scene.schema.execute(
            "CREATE TABLE seen (at bigserial, id int, v int);
         CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           EXECUTE format('INSERT INTO %I.seen (id, v) VALUES ($1, $2)', TG_TABLE_SCHEMA) USING NEW.id, NEW.v::int;
           RETURN NEW;
         END $$;
         CREATE TRIGGER see AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE PROCEDURE see()",
        );
        scene.produce((0..600).map(|n| format!("{},{n}", n % 7)));
        scene.run(", 'conflictmode' = 'upsert', 'batchsize' = '10', 'connectionmaxactive' = '4'").exited(0);
        let last = "SELECT string_agg(v, ' ' ORDER BY id) FROM t";
        assert_eq!(scene.shows(last), "595 596 597 598 599 593 594");
        let backwards = "SELECT count(*) FROM (SELECT v < lag(v) OVER (PARTITION BY id ORDER BY at) AS back FROM seen) s WHERE back";
        assert_eq!(scene.shows(backwards), "0");
    }
}

#[test]
fn defect_07_strings_booleans_and_bytes_arrive_as_they_were_sent() {
    let in_database = "id int PRIMARY KEY, v text, flag boolean, raw bytea";
    let in_job = "id INT, v STRING, flag BOOLEAN, raw BYTES, PRIMARY KEY (id) NOT ENFORCED";
    for mut scene in Scene::new("t", in_database, in_job) {
        // Base64 in csv, as in Flink.
        scene.produce([
            "1,\"tab\there\",true,AP8=",
            "2,\"line\nfeed\",false,",
            "3,\"return\rhere\r\n\",true,AP8=",
            "4,null,false,AP8=",
            "5,\\N \\. \\\\,true,AP8=",
        ]);
        scene.run(", 'conflictmode' = 'ignore', 'writemode' = '1'").exited(0);
        let text = "SELECT string_agg(id || quote_literal(v), ' ' ORDER BY id) FROM t";
        assert_eq!(
            scene.shows(text),
            "1'tab\there' 2'line\nfeed' 3'return\rhere\r\n' 4'null' 5E'\\\\N \\\\. \\\\\\\\'"
        );
        assert_eq!(scene.shows("SELECT string_agg(flag::text, ' ' ORDER BY id) FROM t"), "true false true false true");
        assert_eq!(scene.shows("SELECT count(*) FROM t WHERE raw = '\\x00ff'"), "4");
    }
}

#[test]
fn defect_17_keys_that_differ_by_a_millisecond_are_two_keys() {
    let in_job = "at TIMESTAMP(3), v STRING, PRIMARY KEY (at) NOT ENFORCED";
    for mut scene in Scene::new("t", "at timestamp PRIMARY KEY, v text", in_job) {
        scene.produce(["2024-01-01 10:00:00.001,a", "2024-01-01 10:00:00.002,b", "2024-01-01 10:00:00,c"]);
        scene.run(", 'conflictmode' = 'upsert', 'reservems' = '0'").exited(0);
        assert_eq!(scene.shows("SELECT string_agg(v, '' ORDER BY at) FROM t"), "cab");
    }
}
