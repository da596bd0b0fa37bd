//! Row security that hides rows from the job: such a table can't have `sink.vector-index = behind`. Without it, the job distinguishes
//! rows that it wrote from rows that the table refuses.

use vecsink::internals::postgres::Target;
use vecsink::internals::settings::{ConflictMode, Password, Sink, VectorIndexMode, WriteMode};

use super::fixture::{COLUMNS, MODES, behind, places, plain, rows, schema};
use crate::flush::changes::Changes;
use crate::flush::fixture::{Outcome, open, refusal, write};
use crate::support::postgresql::Postgres;
use crate::support::{Feature, Schema, servers};

/// The tables of [`schema`], owned by a role of the schema's name; a policy hides the rows whose `b` is `hidden`.
fn scene(server: &Postgres) -> Schema {
    let mut schema = schema(server, COLUMNS, "id");
    let role = schema.name.clone();
    let own = |table: &str| format!("ALTER TABLE {table} OWNER TO {role}");
    let tables = ["t", "t_hot", "t_sealed_1", "plain"].map(own).join("; ");
    schema.execute(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT USAGE, CREATE ON SCHEMA {role} TO {role}; {tables};
         CREATE POLICY p ON t USING (b <> 'hidden'); CREATE POLICY p ON plain USING (b <> 'hidden');
         CREATE POLICY p ON t_sealed_1 USING (b <> 'hidden')"
    ));
    schema
}

fn as_owner(schema: &Schema, mut sink: Sink) -> Sink {
    (sink.connection.user, sink.connection.password) = (schema.name.clone(), Password::new("x"));
    sink
}

fn drop_role(schema: &mut Schema) {
    let role = schema.name.clone();
    schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn behind_is_refused_where_policies_hide_rows_of_any_table_of_the_tree() {
    for server in servers(&[Feature::OnConflict]) {
        let mut schema = scene(&server);
        let role = schema.name.clone();
        let sink = as_owner(&schema, behind(&schema, ConflictMode::Upsert, WriteMode::Copy));
        // The owner is exempt.
        schema.execute("ALTER TABLE t ENABLE ROW LEVEL SECURITY");
        let target = open(&sink);
        let warnings = target.description.warnings.join("; ");
        assert!(warnings.contains("the table has row security: its policies hold for what is read"), "{warnings}");
        for table in ["t", "t_sealed_1"] {
            schema.execute(&format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"));
            let refused = refusal(&sink);
            let expected = format!("row security of {role}.{table} applies to the user {role}");
            assert!(refused.contains(&expected), "{table}: {refused}");
            let remedy = refused.split("run: ").nth(1).and_then(|rest| rest.split("; or").next()).expect("a remedy");
            schema.execute(remedy);
            open(&sink);
            schema.execute(&format!(
                "ALTER ROLE {role} NOBYPASSRLS; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY"
            ));
        }
        drop_role(&mut schema);
    }
}

#[test]
fn a_sink_behind_its_index_writes_nothing_more_when_policies_begin_to_hide_rows() {
    for server in servers(&[Feature::OnConflict]) {
        for mode in MODES {
            let mut schema = scene(&server);
            let target = open(&as_owner(&schema, behind(&schema, mode, WriteMode::Copy)));
            write(&target, &Changes::default().insert(1, "old", "hidden").batch());
            schema.execute(
                "INSERT INTO t SELECT * FROM t_hot; DELETE FROM t_hot; ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
            );
            let batch = Changes::default().insert(1, "new", "x").batch();
            let written = target.writer.write(&batch, &mut Outcome::default(), &Default::default());
            let error = written.expect_err("it stops").to_string();
            assert!(error.contains("applies to the user") && error.contains("BYPASSRLS"), "{mode:?}: {error}");
            assert_eq!(places(&mut schema), "t 1", "{mode:?}");
            drop(target);
            drop_role(&mut schema);
        }
    }
}

#[test]
fn inline_a_row_that_policies_refuse_is_rejected_and_no_key_is_there_twice() {
    for server in servers(&[Feature::OnConflict]) {
        for (mode, rejected, ignored) in [(ConflictMode::Upsert, vec![0], 0), (ConflictMode::Ignore, Vec::new(), 1)] {
            let mut schema = scene(&server);
            schema.execute(
                "INSERT INTO plain VALUES (1, 'old', 'hidden'), (2, 'old', 'x');
                 ALTER TABLE plain ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
            );
            let sink = as_owner(&schema, plain(&schema, "plain", mode, WriteMode::Copy));
            assert_eq!(sink.vector_index, VectorIndexMode::Inline);
            let target = Target::open(&sink, "vecsink-test", None).unwrap_or_else(|error| panic!("{error}"));
            let warnings = target.description.warnings.join("; ");
            assert!(warnings.contains("a delete of a row that they hide does nothing"), "{warnings}");
            let outcome = write(&target, &Changes::default().insert(1, "new", "x").insert(3, "new", "x").batch());
            assert_eq!(
                (outcome.rejected_rows(), outcome.counts().1),
                (rejected, ignored),
                "{mode:?} {:?}",
                outcome.rejected
            );
            assert_eq!(rows(&mut schema, "plain"), "1:old:hidden 2:old:x 3:new:x", "{mode:?}");
            drop(target);
            drop_role(&mut schema);
        }
    }
}
