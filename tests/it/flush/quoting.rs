//! Names with quotes and backslashes, with both values of `standard_conforming_strings`.

use vecsink::internals::postgres::Target;
use vecsink::internals::progress::ledger::{StreamName, Wanted};
use vecsink::internals::settings::{Connection, DeadLetterTarget, Sink};
use vecsink::internals::stop::Stop;

use super::fixture::{Rows, connection, sink_of, write};
use crate::support::{Schema, postgres18, postgres96};

#[test]
fn names_mean_the_same_whether_or_not_strings_conform_to_the_standard() {
    for server in [postgres18(), postgres96()].into_iter().flatten() {
        for setting in ["on", "off"] {
            let mut schema = Schema::new(&server);
            schema.execute(r#"CREATE TABLE "t\'" (id bigint PRIMARY KEY, "name\" text)"#);
            let sink = Sink {
                connection: Connection {
                    options: Some(format!("-c standard_conforming_strings={setting}")),
                    current_schema: Some(r#""no\'schema", public"#.to_owned()),
                    ..connection(&server)
                },
                dead_letter: Some(DeadLetterTarget::Table {
                    schema: schema.name.clone(),
                    table: r"letters\'".to_owned(),
                }),
                ..sink_of(&schema, r"t\'", &["id", r"name\"])
            };
            let target =
                Target::open(&sink, r"job\'/process", None).unwrap_or_else(|error| panic!("{setting}: {error}"));
            assert!(!target.has_other_process);
            let other = Target::open(&sink, r"job\'/other", None).unwrap_or_else(|error| panic!("{setting}: {error}"));
            assert!(other.has_other_process, "the name of the job is found again");
            write(&target, &Rows::default().binary(1, Some("a")).batch());
            write(&target, &Rows::default().binary(1, Some("b")).binary(2, Some("b")).batch());
            let rows = r#"SELECT string_agg(id || "name\", ' ' ORDER BY id) FROM "t\'""#;
            assert_eq!(schema.text(rows).as_deref(), Some("1a 2b"), "standard_conforming_strings is {setting}");
            let name = StreamName {
                job: r"job\'".to_owned(),
                sink: r"sink\".to_owned(),
                topic: r"push:\'; --".into(),
                partition: 0,
            };
            let wanted = Wanted { name: &name, layout: r"key\'", source: "", extent: None, may_jump: false };
            let take_over = || target.ledger.open_pushed(&wanted);
            let taken = take_over().unwrap_or_else(|error| panic!("{setting}: {error}"));
            let streams = &target.ledger.streams;
            streams.own(0, taken.number, taken.epoch, &taken.positions);
            target.ledger.advance(streams.lows()[0], 7, &Stop::default()).unwrap();
            assert_eq!(take_over().unwrap().positions.low(), 7);
            let kept = "SELECT concat_ws(' ', job, sink, topic, layout, owner) FROM vecsink_stream";
            assert_eq!(schema.text(kept).as_deref(), Some(r"job\' sink\ push:\'; -- key\' process"));
        }
    }
}
