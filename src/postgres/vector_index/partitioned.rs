//! The partitioned layout: the statements that give it to a plain table, and the check of a table that has it. The root has no index of
//! its own; in each partition the key is unique. There are two triggers: one refuses a key that the indexed partition has, the other
//! keeps the partition of replaced rows empty.

use super::ddl;
use super::parent::{Constraint, Parent};
use super::refuse::{refuse_indexes, refuse_parent, refuse_rules, refuse_server_for_partitions};
use crate::error::{Error, Result};
use crate::postgres::catalog::lookup::Catalog;
use crate::postgres::catalog::partitioned::{HOT, INDEXED, REPLACED, TIER};
use crate::postgres::catalog::tree::{Partitioned, TableRef, Tree, with_ending};
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::server::Server;
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::{literal, qualified, quote};
use crate::postgres::schema::clauses::same;

/// The names of the triggers. The trigger of the root is made only if there is a key.
const OF_ROOT: &str = "vecsink_inserted";
const OF_REPLACED: &str = "vecsink_replaced";

/// The rows of the statement that fires the root's trigger.
const NEW_ROWS: &str = "vecsink_new";

/// The tables of the layout, and their functions, by their quoted names.
struct LayoutNames {
    root: String,
    hot: String,
    indexed: String,
    replaced: String,
    /// The function of the root's trigger. It refuses rows whose key the indexed partition has.
    refuse_function: String,
    /// The function of the trigger that keeps the partition of replaced rows empty.
    leave_out_function: String,
}

/// Refuses a table that can't get the layout.
pub fn refuse(session: &mut Session, server: &Server, parent: &Parent, catalog: &Catalog) -> Attempt<Result<()>> {
    let name = catalog.name();
    let checked = refuse_server_for_partitions(server, &name).and_then(|()| refuse_parent(parent, catalog));
    if checked.is_err() {
        return Ok(checked);
    }
    let views = views(session, parent)?;
    let why = if let Some((schema, child)) = parent.children.first() {
        format!(
            "it has the child {schema}.{child}; if it is a hot child, move its rows into the table first (docs/vector-index.md says how)"
        )
    } else if let Some(identity) = parent.identities.first() {
        format!(
            "the column {} is an identity column, which a partition can't have of its own; give it a default instead, nextval of a \
             sequence, after: ALTER TABLE {} ALTER COLUMN {0} DROP IDENTITY",
            identity.column,
            parent.quoted()
        )
    } else if let Some(constraint) = parent.constraints.iter().find(|constraint| is_check(constraint)) {
        format!(
            "its constraint {} is NO INHERIT, which a partitioned table can't have; make it again without NO INHERIT",
            constraint.name
        )
    } else if parent.row_security {
        "it has row security, whose policies would have to be made again for the partitioned table".to_owned()
    } else if let Some(view) = views.first() {
        format!("{view} would go on reading the former table, and so miss rows; drop it, and make it again afterwards")
    } else {
        return Ok(Ok(()));
    };
    Ok(Err(Error::target(format!("{name} can't get the partitioned layout: {why}"))))
}

fn is_check(constraint: &Constraint) -> bool {
    constraint.definition.starts_with("CHECK")
}

/// Views and materialized views over the table.
fn views(session: &mut Session, parent: &Parent) -> Attempt<Vec<String>> {
    let rows = session.ask(&format!(
        "SELECT DISTINCT 'the view ' || r.ev_class::pg_catalog.regclass::text
         FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid
         WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refobjid = {0} AND r.ev_class <> {0} ORDER BY 1",
        parent.oid
    ))?;
    Ok(rows.into_iter().flatten().collect())
}

/// The statements that give a table the layout, as a script for its owner. No row is written again, but all are read once.
pub fn script(parent: &Parent, catalog: &Catalog, hot: (&str, &str)) -> String {
    let beside = |ending: &str| qualified(&parent.schema, &with_ending(&parent.name, ending));
    let names = LayoutNames {
        root: parent.quoted(),
        hot: qualified(hot.0, hot.1),
        indexed: beside("_indexed"),
        replaced: beside("_replaced"),
        refuse_function: beside("_inserted"),
        leave_out_function: beside("_nothing"),
    };
    let LayoutNames { root, hot, indexed, replaced, .. } = &names;
    let indexed_name = quote(&with_ending(&parent.name, "_indexed"));
    let unlogged = ddl::unlogged(parent);
    let constraints = ddl::constraints(parent).into_iter().map(|constraint| format!(", {constraint}"));
    let mut statements = vec![
        format!("LOCK TABLE ONLY {root} IN ACCESS EXCLUSIVE MODE"),
        format!("ALTER TABLE {root} ADD COLUMN {TIER} smallint NOT NULL DEFAULT {INDEXED}"),
        format!("ALTER TABLE {root} RENAME TO {indexed_name}"),
        format!(
            "CREATE TABLE {root} (LIKE {indexed} INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY EXCLUDING STATISTICS) \
             PARTITION BY LIST ({TIER})"
        ),
        format!("ALTER TABLE {root} ALTER COLUMN {TIER} SET DEFAULT {HOT}"),
        format!("ALTER TABLE {root} ATTACH PARTITION {indexed} FOR VALUES IN ({INDEXED})"),
        format!(
            "CREATE {unlogged}TABLE {hot} PARTITION OF {root} ({TIER} DEFAULT {HOT}{}) FOR VALUES IN ({HOT}){}",
            constraints.collect::<String>(),
            ddl::tablespace(parent)
        ),
        format!("CREATE {unlogged}TABLE {replaced} PARTITION OF {root} FOR VALUES IN ({REPLACED})"),
    ];
    statements.extend(ddl::indexes(parent, hot));
    statements.extend(ddl::replica_identity(parent, hot));
    statements.extend(triggers(catalog, &names));
    statements.extend(grants(parent, &names));
    statements.push(ddl::comment(parent, hot));
    let empty =
        format!("A row of {root} that a newer one replaces leaves the table through this partition, which keeps none.");
    statements.push(format!("COMMENT ON TABLE {replaced} IS {}", literal(&empty)));
    let functions =
        [&names.leave_out_function, &names.refuse_function].map(|function| format!("FUNCTION {function}()"));
    let functions = functions.into_iter().take(if has_key(catalog) { 2 } else { 1 });
    let tables = [root, hot, replaced].map(|table| format!("TABLE {table}"));
    statements.extend(tables.into_iter().chain(functions).filter_map(|owned| ddl::owner(parent, &owned)));
    format!(
        "-- {name}: the partitioned layout for 'sink.vector-index' = 'behind'. docs/vector-index.md says what it costs.\n\
         -- The table is locked until the end and read once; nothing of it is written again.\n\
         -- The partitioned table then has its name. The former table is the partition {indexed}, with its indexes and triggers.\n\
         -- Change by hand what names the former table: statement triggers, functions, publications and policies.\n\
         BEGIN;\n{};\nCOMMIT;\n",
        statements.join(";\n"),
        name = catalog.name()
    )
}

fn has_key(catalog: &Catalog) -> bool {
    catalog.usable_key().is_some()
}

fn triggers(catalog: &Catalog, names: &LayoutNames) -> Vec<String> {
    let mut statements = trigger_of_replaced(&names.leave_out_function, &names.replaced).to_vec();
    if has_key(catalog) {
        statements.extend(trigger_of_root(catalog, names));
    }
    statements
}

fn trigger_of_replaced(function: &str, replaced: &str) -> [String; 2] {
    [
        format!("CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"),
        format!("CREATE TRIGGER {OF_REPLACED} BEFORE INSERT ON {replaced} FOR EACH ROW EXECUTE FUNCTION {function}()"),
    ]
}

/// Rows that other programs insert go into the hot partition. If one of their keys is in flight there, the INSERT waits at the
/// unique index until that transaction has ended. The trigger looks for the keys in the indexed partition afterwards, by a snapshot
/// of its own: this is what a job under `strict` does. Only READ COMMITTED gives it such a snapshot. vecsink writes to the
/// partitions themselves, so the trigger doesn't fire for its rows.
fn trigger_of_root(catalog: &Catalog, names: &LayoutNames) -> [String; 2] {
    let LayoutNames { root, indexed, refuse_function: function, .. } = names;
    let body = format!(
        "BEGIN
           IF pg_catalog.current_setting('transaction_isolation') <> 'read committed' THEN
             RAISE feature_not_supported USING MESSAGE = {isolation};
           END IF;
           IF EXISTS (SELECT FROM {NEW_ROWS} WHERE {TIER} <> {HOT}) THEN
             RAISE check_violation USING MESSAGE = {tier};
           END IF;
           IF EXISTS (SELECT FROM {NEW_ROWS} AS s JOIN {indexed} AS t ON {same}) THEN
             RAISE unique_violation USING MESSAGE = {twice};
           END IF;
           RETURN NULL;
         END",
        isolation = literal(&format!("rows are inserted into {root} under READ COMMITTED only")),
        tier = literal(&format!("rows are inserted into {root} with {TIER} = {HOT}, which is the default")),
        twice = literal(&format!("duplicate key: {indexed} has a row with the same key")),
        same = same(catalog)
    );
    [
        format!(
            "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, pg_temp AS {}",
            literal(&body)
        ),
        format!(
            "CREATE TRIGGER {OF_ROOT} AFTER INSERT ON {root} REFERENCING NEW TABLE AS {NEW_ROWS} FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        ),
    ]
}

/// Who may use the table may use the root, and only the job's role may use the partitions themselves.
fn grants(parent: &Parent, names: &LayoutNames) -> Vec<String> {
    let mut statements = Vec::new();
    for grant in &parent.grants {
        let option = if grant.with_grant_option { " WITH GRANT OPTION" } else { "" };
        statements.push(format!("GRANT {} ON {} TO {}{option}", grant.right, names.root, grant.role));
        statements.push(format!("REVOKE {} ON {} FROM {}", grant.right, names.indexed, grant.role));
    }
    if !parent.may_own {
        let tables = [&names.root, &names.hot, &names.indexed].map(String::as_str).join(", ");
        statements.push(format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {}", quote(&parent.role)));
    }
    statements
}

/// Makes sure that a table in the layout has what the protocol needs. Returns the indexed partition.
pub fn ensure(
    session: &mut Session,
    server: &Server,
    catalog: &Catalog,
    (tree, partitioned): (&Tree, &Partitioned),
) -> Attempt<Result<Parent>> {
    let name = catalog.name();
    if let Err(error) = refuse_server_for_partitions(server, &name) {
        return Ok(Err(error));
    }
    let mut read = |table: &TableRef| Parent::read(session, &table.schema, &table.name);
    let (Some(indexed), Some(hot)) = (tree.indexed().map(&mut read).transpose()?.flatten(), read(&tree.hot)?) else {
        return Ok(Err(Error::target(format!("{name}: one of its partitions is gone"))));
    };
    let checked = refuse_rules(&indexed, catalog).and_then(|()| refuse_indexes(&indexed, &hot, catalog));
    if let Err(error) = checked {
        return Ok(Err(error));
    }
    let of_root = has_key(catalog).then_some((&partitioned.root, OF_ROOT));
    for (table, trigger) in of_root.into_iter().chain([(&partitioned.replaced, OF_REPLACED)]) {
        let is_there = session.first_value(&format!(
            "SELECT 1 FROM pg_catalog.pg_trigger WHERE tgrelid = {} AND tgname = {} AND tgenabled IN ('O', 'A')",
            table.oid,
            literal(trigger)
        ))?;
        if is_there.is_none() {
            let beside =
                |ending: &str| qualified(&partitioned.root.schema, &with_ending(&partitioned.root.name, ending));
            let names = LayoutNames {
                root: partitioned.root.quoted(),
                hot: tree.hot.quoted(),
                indexed: indexed.quoted(),
                replaced: partitioned.replaced.quoted(),
                refuse_function: beside("_inserted"),
                leave_out_function: beside("_nothing"),
            };
            let missing = match trigger {
                OF_ROOT => trigger_of_root(catalog, &names),
                _ => trigger_of_replaced(&names.leave_out_function, &names.replaced),
            };
            return Ok(Err(Error::target(format!(
                "{name}: the trigger {trigger} of {} is missing or disabled, and without it a key could be in the table twice; enable it, \
                 or ask the table's owner to create it: {}",
                table.quoted(),
                missing.join("; ").replacen("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
            ))));
        }
    }
    Ok(Ok(indexed))
}
