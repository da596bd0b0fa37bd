//! `vecsink ddl`: the statements that it prints can be run, and do what their comments say.

use super::told::{JOB, with_variables};
use crate::support::{Job, Schema, postgres18};

/// The command's output. The command connects to no broker.
pub fn printed(schema: &Schema, arguments: &[&str]) -> String {
    let job = with_variables(Job::ddl(JOB), schema, "none", "127.0.0.1:1");
    arguments.iter().fold(job, |job, argument| job.argument(argument)).finish().exited(0).stdout
}

#[test]
fn ddl_prints_the_statements_that_make_the_hot_child() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE cars (id int PRIMARY KEY, color text, v vector(3)); CREATE INDEX ON cars USING hnsw (v vector_l2_ops)");
    let script = printed(&schema, &[]);
    assert_eq!(schema.text("SELECT to_regclass('cars_hot')"), None, "nothing is made");
    schema.execute(&script);
    schema.execute("INSERT INTO cars_hot VALUES (1, 'red', '[1,2,3]')");
    assert_eq!(schema.count("cars"), 1);
}

#[test]
fn the_statements_of_the_page_remove_a_hot_child() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE cars (id int PRIMARY KEY, color text, v vector(3), feature text)");
    let script = printed(&schema, &[]);
    schema.execute(&script);
    schema.execute("INSERT INTO cars_hot (id, feature) VALUES (1, 'red')");
    let page = include_str!("../../../docs/vector-index.md");
    let (_, undoing) = page.split_once("## Undoing it").expect("a section");
    let undo = undoing.split_once("```sql").and_then(|(_, rest)| rest.split_once("```")).expect("statements").0;
    schema.execute(undo);
    assert_eq!(schema.text("SELECT feature FROM ONLY cars").as_deref(), Some("red"));
    assert_eq!(schema.text("SELECT to_regclass('cars_hot')"), None);
}

#[test]
fn a_table_is_split_so_that_updates_leave_the_index_unchanged_and_queries_find_the_same_rows() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute(
        "CREATE TABLE cars (color text, id int PRIMARY KEY, v vector(3) NOT NULL, price int DEFAULT 7); CREATE INDEX ON cars (color);
         ALTER TABLE cars ALTER v SET STORAGE PLAIN; CREATE INDEX cars_v ON cars USING hnsw (v vector_l2_ops);
         INSERT INTO cars SELECT 'c' || i, i, ARRAY[i, 1, 1]::vector(3) FROM generate_series(1, 500) AS i;
         GRANT SELECT ON cars TO PUBLIC",
    );
    let nearest =
        "SELECT string_agg(cars::text, ';') FROM (SELECT * FROM cars ORDER BY v <-> '[99.2,1,1]' LIMIT 3) AS cars";
    let before = schema.text(nearest);
    let script = printed(&schema, &["--split"]);
    assert!(script.contains("cars_vectors (id, v), cars_data (color, id, price)"), "{script}");
    schema.execute(&script);
    assert_eq!(schema.text(nearest), before);
    assert_eq!(schema.text("SELECT relkind FROM pg_class WHERE oid = 'cars'::regclass").as_deref(), Some("v"));
    schema.execute("SET enable_seqscan = off");
    let plan =
        schema.client.query("EXPLAIN SELECT * FROM cars ORDER BY v <-> '[99.2,1,1]' LIMIT 3", &[]).expect("a plan");
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    assert!(plan.iter().any(|line| line.contains("Index Scan using cars_v on cars_vectors")), "{plan:#?}");
    schema.execute("INSERT INTO cars_data (id, color) VALUES (1000, 'new')");
    assert_eq!(schema.text("SELECT price FROM cars_data WHERE id = 1000").as_deref(), Some("7"));
    assert_eq!(
        schema
            .text("SELECT attstorage FROM pg_attribute WHERE attrelid = 'cars_vectors'::regclass AND attname = 'v'")
            .as_deref(),
        Some("p")
    );
}

#[test]
fn a_table_that_cannot_be_split_is_named_with_the_reason() {
    let Some(server) = postgres18() else { return };
    for (table, reason) in [
        ("CREATE TABLE cars (id int PRIMARY KEY, color text, v text)", "has no vector column"),
        ("CREATE TABLE cars (id int, color text, v vector(3))", "has no unique key"),
    ] {
        let mut schema = Schema::new(&server);
        schema.execute(table);
        let ddl = with_variables(Job::ddl(JOB), &schema, "none", "127.0.0.1:1").argument("--split");
        let failed = ddl.option("cars.conflictmode", "strict").finish().exited(1);
        assert!(failed.stderr.contains(reason), "{}", failed.stderr);
    }
}
