//! The SQL that is sent to the server: names, conflicts, versions of the server.

use super::scene::Scene;
use crate::support::servers;

#[test]
fn defect_13_reserved_words_blanks_and_dashes_are_names_too() {
    let in_database = "\"select\" int PRIMARY KEY, \"a-b c\" text";
    let in_job = "`SELECT` INT, `a-b c` STRING, PRIMARY KEY (`SELECT`) NOT ENFORCED";
    for mut scene in Scene::new("\"order\"", in_database, in_job) {
        scene.produce(["1,x"]);
        for mode in ["ignore", "upsert"] {
            scene.run(&format!(", 'casesensitive' = '0', 'conflictmode' = '{mode}'")).exited(0);
        }
        assert_eq!(scene.shows("SELECT \"select\" || \"a-b c\" FROM \"order\""), "1x");
    }
}

#[test]
fn defect_16_conflicts_are_known_by_their_code_in_any_language() {
    for mut scene in Scene::plain() {
        // A duplicate key, reported as a server does whose messages are in another language or are empty.
        scene.schema.execute(
            "CREATE FUNCTION taken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF NEW.id = 7 THEN
             RAISE EXCEPTION 'doppelter Schlüsselwert verletzt Unique-Constraint' USING ERRCODE = '23505';
           ELSIF NEW.id = 8 THEN
             RAISE EXCEPTION '' USING ERRCODE = '23505';
           END IF;
           RETURN NEW;
         END $$;
         CREATE TRIGGER taken BEFORE INSERT ON t FOR EACH ROW EXECUTE PROCEDURE taken()",
        );
        scene.produce((0..20).map(|id| format!("{id},x")));
        let finished = scene.run(", 'conflictmode' = 'ignore'").exited(0);
        assert_eq!((finished.count("rows_written"), finished.count("rows_ignored")), (18, 2));
        assert_eq!(scene.schema.count("t"), 18);
    }
}

#[test]
fn defect_18_upsert_takes_a_table_that_is_all_key_and_one_without_a_key() {
    let all_key = "a INT, b INT, PRIMARY KEY (a, b) NOT ENFORCED";
    for mut scene in Scene::new("pairs", "a int, b int, PRIMARY KEY (a, b)", all_key) {
        scene.produce(["1,2", "1,2", "1,3"]);
        for write_mode in ["1", "2"] {
            scene.run(&format!(", 'conflictmode' = 'upsert', 'writemode' = '{write_mode}'")).exited(0);
        }
        assert_eq!(scene.shows("SELECT string_agg(a || '-' || b, ' ' ORDER BY b) FROM pairs"), "1-2 1-3");
        for mut keyless in Scene::new("log", "a int, b int", "a INT, b INT") {
            keyless.produce(["1,2", "1,2"]);
            keyless.run(", 'conflictmode' = 'upsert', 'writemode' = '1'").exited(0);
            assert_eq!(keyless.schema.count("log"), 2);
        }
    }
}

#[test]
fn defect_19_a_plain_postgresql_is_enough() {
    for server in servers(&[]) {
        let in_job = "id INT, v STRING, PRIMARY KEY (id) NOT ENFORCED";
        let Some(mut scene) = Scene::on(&server, "t", "id int PRIMARY KEY, v text", in_job) else { return };
        assert!(scene.schema.connect().batch_execute("SET optimizer TO off").is_err(), "it has no such setting");
        scene.produce(["1,x"]);
        scene.run(", 'conflictmode' = 'upsert'").exited(0);
        assert_eq!(scene.schema.count("t"), 1);
    }
}
