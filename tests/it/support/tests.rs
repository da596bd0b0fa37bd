//! Checks what the tests assume about the servers.

use super::*;

#[test]
fn postgres18_has_pgvector_and_is_durable() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    assert_eq!(schema.text("SELECT '[1,2]'::vector <-> '[1,4]'::vector").as_deref(), Some("2"));
    assert!(schema.text("SELECT current_setting('server_version')").unwrap().starts_with("18."));
    assert_eq!(schema.text("SELECT current_setting('fsync')").as_deref(), Some("on"));
}

#[test]
fn postgres93_has_that_version_and_no_on_conflict() {
    let Some(server) = postgres93() else { return };
    let mut schema = Schema::new(&server);
    assert!(schema.text("SELECT current_setting('server_version')").unwrap().starts_with("9.3."));
    schema.execute("CREATE TABLE t (id int PRIMARY KEY)");
    let refused = schema.client.batch_execute("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING").unwrap_err();
    assert_eq!(refused.code(), Some(&postgres::error::SqlState::SYNTAX_ERROR));
}

#[test]
fn postgres96_has_that_version() {
    let Some(server) = postgres96() else { return };
    let mut schema = Schema::new(&server);
    assert!(schema.text("SELECT current_setting('server_version')").unwrap().starts_with("9.6."));
}

#[test]
fn the_tls_server_takes_tls_connections_only() {
    let Some(server) = postgres18_tls() else { return };
    let mut schema = Schema::new(&server);
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_eq!(schema.text(encrypted).as_deref(), Some("true"));
    assert!(server.config().connect(postgres::NoTls).is_err());
}

#[test]
fn a_topic_keeps_what_was_produced() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(2);
    topic.produce(1, ["one", "two", "three"]);
    assert_eq!(topic.watermarks(0), (0, 0));
    assert_eq!(topic.watermarks(1), (0, 3));
}

#[test]
fn a_private_server_keeps_its_data_through_a_crash() {
    let Some(mut private) = PrivatePostgres::start() else { return };
    private.server.connect().batch_execute("CREATE TABLE kept AS SELECT 1 AS one").unwrap();
    private.crash();
    assert!(private.server.config().connect(postgres::NoTls).is_err());
    private.start_again();
    private.stop();
    private.start_again();
    let row = private.server.connect().query_one("SELECT one FROM kept", &[]).unwrap();
    assert_eq!(row.get::<_, i32>(0), 1);
}

#[test]
fn each_server_has_exactly_the_features_that_tests_expect() {
    for (name, server, features) in features::SERVERS {
        let Some(server) = server() else { continue };
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id int PRIMARY KEY)");
        for (feature, statement) in [
            (Feature::OnConflict, "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING"),
            (Feature::Jsonb, "SELECT '{}'::jsonb"),
            (Feature::Partitions, "CREATE TABLE p (id int) PARTITION BY RANGE (id)"),
            (Feature::Generated, "CREATE TABLE g (id int GENERATED ALWAYS AS IDENTITY)"),
            (Feature::Pgvector, "SELECT '[1]'::vector"),
        ] {
            let taken = schema.client.batch_execute(statement).is_ok();
            assert_eq!(taken, features.contains(&feature), "{name}: {feature:?}");
        }
    }
}
