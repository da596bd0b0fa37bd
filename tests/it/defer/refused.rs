//! Tables and roles whose vector indexes can't be deferred.

use vecsink::{Error, Sink, SinkBuilder};

use super::fixture::{Cars, INDEX, push};
use crate::push::scene::{LONG, builder};
use crate::support::postgresql::{Postgres, Schema, unique};
use crate::support::{PgBouncer, postgres18};

fn defer(builder: SinkBuilder) -> SinkBuilder {
    builder.option("sink.vector-index", "defer")
}

#[track_caller]
fn refused(builder: SinkBuilder) -> String {
    match builder.open() {
        Ok(_) => panic!("the sink opens"),
        Err(error @ Error::Target { .. }) => error.to_string(),
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn partitioned_tables_partitions_and_views_are_refused_and_the_error_says_what_to_do() {
    let Some(server) = postgres18() else { return };
    let parts = "CREATE TABLE p (id int PRIMARY KEY, v vector(3)) PARTITION BY RANGE (id); CREATE TABLE leaf PARTITION OF p DEFAULT;
                 CREATE INDEX ON p USING hnsw (v vector_l2_ops); CREATE TABLE t (id int PRIMARY KEY); CREATE VIEW w AS SELECT * FROM t";
    let mut schema = Schema::new(&server);
    schema.execute(parts);
    for (table, why) in [("p", "a partitioned table"), ("leaf", "a partition of another table"), ("w", "a view")] {
        let error = refused(defer(builder(&schema, table)).conflict_mode(vecsink::ConflictMode::Ignore));
        assert!(error.contains(why) && error.contains("'inline'"), "{table}: {error}");
    }
}

#[test]
fn a_role_that_does_not_own_the_table_is_told_what_it_needs() {
    let Some(mut cars) = Cars::new(INDEX) else { return };
    let (role, before) = (unique("defer"), cars.indexes());
    cars.schema.execute(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA {} TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON cars TO {role}",
        cars.schema.name
    ));
    let Postgres { host, port, database, .. } = cars.schema.server.clone();
    let url = format!("postgresql://{role}:x@{host}:{port}/{database}?sslmode=disable");
    let table = format!("{}.cars", cars.schema.name);
    let by_role = || defer(Sink::builder(&url, &table).columns(["id", "v"]));
    let error = refused(by_role());
    assert!(error.contains("only the table's owner may do") && error.contains("vecsink ddl prints"), "{error}");
    // The role owns the table, but may not create an index in the schema.
    let (owner, schema) = (unique("owner"), cars.schema.name.clone());
    cars.schema.connect().batch_execute(&format!(
        "CREATE ROLE {owner}; GRANT USAGE ON SCHEMA {schema} TO {owner}; ALTER TABLE cars OWNER TO {owner}; GRANT {owner} TO {role}"
    )).expect("the owner is another one");
    let error = refused(by_role());
    assert_eq!(cars.indexes(), before, "it could not be built again");
    let shown = error.split_once("ask its owner to run: ").unwrap_or_else(|| panic!("{error}")).1;
    cars.schema.connect().batch_execute(shown).expect("the statement works");
    // The role may not record the index.
    cars.schema.execute("CREATE TABLE vecsink_deferred_index (table_name text, index_name text, definition text NOT NULL,
        tablespace text NOT NULL, afterwards text NOT NULL, process text NOT NULL, dropped timestamptz NOT NULL, PRIMARY KEY (table_name, index_name))");
    let error = refused(by_role());
    assert_eq!(cars.indexes(), before, "nobody would know of it");
    let shown = error
        .split_once("may not record them; ask the owner of the table to run: ")
        .unwrap_or_else(|| panic!("{error}"))
        .1;
    cars.schema.connect().batch_execute(shown).expect("the statement works");
    let sink = by_role().open().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(cars.indexes(), None);
    push(&sink, 1..=10);
    sink.close(LONG).expect("it closes");
    assert_eq!((cars.indexes(), cars.recorded()), (before, 0));
    cars.schema.execute(&format!("DROP OWNED BY {role}, {owner}; DROP ROLE {role}, {owner}"));
}

#[test]
fn a_role_that_may_not_use_the_tablespace_of_an_index_gets_an_error() {
    let Some(mut cars) = Cars::new(INDEX) else { return };
    let (role, space) = (unique("defer"), unique("space"));
    cars.schema.execute("SET allow_in_place_tablespaces TO on");
    cars.schema.execute(&format!("CREATE TABLESPACE {space} LOCATION ''"));
    cars.schema.execute(&format!(
        "ALTER INDEX \"Cars v\" SET TABLESPACE {space}; CREATE ROLE {role} LOGIN PASSWORD 'x';
         GRANT ALL ON SCHEMA {} TO {role}; ALTER TABLE cars OWNER TO {role}",
        cars.schema.name
    ));
    let Postgres { host, port, database, .. } = cars.schema.server.clone();
    let url = format!("postgresql://{role}:x@{host}:{port}/{database}?sslmode=disable");
    let table = format!("{}.cars", cars.schema.name);
    let error = refused(defer(Sink::builder(&url, &table).columns(["id", "v"])));
    assert!(
        error.contains(&format!("ask its owner to run: GRANT CREATE ON TABLESPACE \"{space}\" TO \"{role}\"")),
        "{error}"
    );
    cars.schema.execute(&format!("DROP TABLE cars; DROP OWNED BY {role}; DROP ROLE {role}"));
    cars.schema.execute(&format!("DROP TABLESPACE {space}"));
}

#[test]
fn a_table_that_still_has_a_hot_child_is_refused() {
    let Some(mut cars) = Cars::new(INDEX) else { return };
    let before = cars.indexes();
    let behind = builder(&cars.schema, "cars").columns(["id", "v"]).option("sink.vector-index", "behind");
    behind.open().unwrap_or_else(|error| panic!("{error}")).close(LONG).expect("it closes");
    let error = refused(cars.builder());
    assert!(error.contains("cars_hot"), "{error}");
    assert_eq!(cars.indexes(), before, "nothing is dropped");
}

#[test]
fn behind_a_pooler_of_transactions_it_is_refused() {
    let Some(cars) = Cars::new(INDEX) else { return };
    let Some(pooler) = PgBouncer::new(&cars.schema.server, &["pool_mode=transaction", "default_pool_size=5"]) else {
        return;
    };
    let url = crate::push::scene::url(&pooler.server);
    let error = refused(defer(Sink::builder(&url, &format!("{}.cars", cars.schema.name)).columns(["id", "v"])));
    assert!(error.contains("a pooler before the server") && error.contains("connect to the server itself"), "{error}");
}
