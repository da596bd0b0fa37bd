//! What `check` says of a table whose vector index is behind its rows, and its warnings.

use super::hot_child::{HotChild, planned_tree, script};
use super::parent::Parent;
use crate::postgres::catalog::lookup::Catalog;
use crate::postgres::catalog::tree::{Partitioned, Tree};
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::server::Server;
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::{literal, quote};
use crate::settings::Sink;

/// The first version with publications: PostgreSQL 10.
const PUBLICATIONS: u32 = 100_000;

/// The lines of the plan.
pub fn plan(parent: &Parent, hot_child: &HotChild, catalog: &Catalog, sink: &Sink) -> Vec<String> {
    if let Some(tree) = &catalog.tree
        && let Some(partitioned) = &tree.partitioned
    {
        return plan_of_partitions(tree, partitioned, sink);
    }
    let tree = catalog.tree.clone().unwrap_or_else(|| planned_tree(parent, sink));
    let names = |tree: &Tree| {
        tree.others.iter().map(|other| format!("{}.{}", other.schema, other.name)).collect::<Vec<_>>().join(", ")
    };
    let mut lines = vec![format!(
        "vector index: behind; rows are written to the hot child {}.{} and move from there; the other tables are {}; the hot \
         child is sealed when scanning it takes more than {} ms; movers: {} at most",
        tree.hot.schema,
        tree.hot.name,
        names(&tree),
        sink.behind.scan_limit.as_millis(),
        sink.behind.most_movers(sink.connection_max_active)
    )];
    if let HotChild::Planned(statements) = hot_child {
        lines.push(format!("the hot child will be made: {}", script(statements)));
    }
    lines
}

fn plan_of_partitions(tree: &Tree, partitioned: &Partitioned, sink: &Sink) -> Vec<String> {
    let (hot, most_movers) = (&tree.hot, sink.behind.most_movers(sink.connection_max_active));
    let indexed = tree.indexed().map_or("", |indexed| indexed.name.as_str());
    vec![
        format!(
            "vector index: behind, in the partitioned layout; rows are written to the partition {}.{} and move from there into \
             {indexed}; movers: {most_movers} at most",
            hot.schema, hot.name
        ),
        "an UPDATE, DELETE or SELECT … FOR UPDATE of another program that meets a row just as it moves or is replaced gets an error \
         (40001), and the program must repeat it"
            .to_owned(),
        format!(
            "what the layout costs: no unique key over all of {}, so no ON CONFLICT (…) on it and no foreign key to it; an INSERT of \
             another program also looks for its keys in {indexed}; an UPDATE that changes a key isn't checked against the other \
             partition; the hot partition isn't sealed, so queries become slower when the movers are far behind",
            partitioned.root.name
        ),
    ]
}

/// How many rows are in the hot child. The server's statistics say it, so no lock is needed.
pub fn waiting(session: &mut Session, tree: &Tree) -> Attempt<Option<String>> {
    let rows = session.first_value(&format!("SELECT pg_catalog.pg_stat_get_live_tuples({})", tree.hot.oid))?;
    let rows = rows.filter(|rows| !rows.is_empty() && rows != "0");
    Ok(rows
        .map(|rows| format!("about {rows} rows are in the hot child and wait for the vector index; queries find them")))
}

/// What works, but may surprise.
pub fn warnings(session: &mut Session, server: &Server, parent: &Parent, catalog: &Catalog) -> Attempt<Vec<String>> {
    let mut warnings = Vec::new();
    if parent.vector_indexes().next().is_none() {
        warnings.push(
            "the table has no vector index, so there is nothing that rows must wait for; set 'sink.vector-index' to 'inline'"
                .to_owned(),
        );
    }
    if !parent.row_triggers.is_empty() {
        warnings.push(format!(
            "the row triggers {} don't fire when a row is written to the hot child, but when it moves into the table",
            parent.row_triggers.join(", ")
        ));
    }
    if parent.row_security {
        warnings.push(
            "the table has row security: its policies hold for what is read through it, but not for what vecsink writes to the \
             hot child; nobody but the owner may read the hot child itself"
                .to_owned(),
        );
    }
    warnings.extend(match catalog.is_partitioned() {
        true => roles_of_partition(parent),
        false => other_roles(parent),
    });
    if let (Some(tree), true) = (&catalog.tree, server.version_number >= PUBLICATIONS) {
        let hot = tree.hot.quoted();
        let publications = session.ask(&format!(
            "SELECT p.pubname FROM pg_catalog.pg_publication p
             WHERE p.pubname IN (SELECT pubname FROM pg_catalog.pg_publication_tables WHERE schemaname = {0} AND tablename = {1})
               AND p.pubname NOT IN (SELECT pubname FROM pg_catalog.pg_publication_tables WHERE schemaname = {2} AND tablename = {3})
             ORDER BY 1",
            literal(&parent.schema),
            literal(&parent.name),
            literal(&tree.hot.schema),
            literal(&tree.hot.name)
        ))?;
        warnings.extend(publications.iter().filter_map(|row| row.first()).map(|publication| {
            format!(
                "the publication {publication} has the table but not its hot child: its subscribers get a row only when it \
                 moves; run: ALTER PUBLICATION {} ADD TABLE {hot} (subscribers need a table of that name)",
                quote(publication)
            )
        }));
    }
    warnings.extend(long_transactions(session)?);
    Ok(warnings)
}

/// Other roles than the owner that may change rows.
fn changing_roles(parent: &Parent) -> Vec<String> {
    let changes = |right: &str| ["INSERT", "UPDATE", "DELETE"].iter().any(|change| right.starts_with(change));
    let granted = parent.grants.iter().filter(|grant| changes(&grant.right)).map(|grant| grant.role.clone());
    let mut roles: Vec<String> = granted.collect();
    roles.retain(|role| *role != parent.role && *role != quote(&parent.role));
    roles.sort();
    roles.dedup();
    roles
}

/// Other roles that may change rows of the indexed partition itself. Nothing keeps their keys from being in the hot partition, too.
fn roles_of_partition(parent: &Parent) -> Option<String> {
    let roles = changing_roles(parent);
    let (table, listed) = (parent.quoted(), roles.join(", "));
    (!roles.is_empty()).then(|| {
        format!(
            "these roles may change rows of the partition {table} itself: {listed}. A key that they insert there may be in the hot \
             partition, too; run: REVOKE INSERT, UPDATE, DELETE ON {table} FROM {listed}"
        )
    })
}

/// Other roles that may change rows. Their statements can miss a row.
fn other_roles(parent: &Parent) -> Option<String> {
    let owner = (parent.owner != parent.role).then(|| quote(&parent.owner));
    let mut roles: Vec<String> = owner.into_iter().chain(changing_roles(parent)).collect();
    roles.sort();
    roles.dedup();
    (!roles.is_empty()).then(|| {
        format!(
            "these roles may change rows of the table, too: {}. An UPDATE or DELETE that meets a row just as it moves does \
             nothing, without an error; to get an error (40001) instead, so that it can be repeated, run: {}. An INSERT doesn't see the keys in \
             the hot child. The layout that 'vecsink ddl --partitioned' prints gives both an error, whatever the isolation level; \
             docs/vector-index.md says what it costs",
            roles.join(", "),
            roles.iter().map(repeatable).collect::<Vec<_>>().join("; ")
        )
    })
}

/// The setting by which a role's statements fail instead of missing a row. PUBLIC isn't a role that has settings, so `…` stands for the
/// role there.
fn repeatable(role: &String) -> String {
    let role = if role == "PUBLIC" { "…" } else { role };
    format!("ALTER ROLE {role} SET default_transaction_isolation TO 'repeatable read'")
}

/// VACUUM can't remove dead rows that the oldest transaction may still see, so the hot child grows.
fn long_transactions(session: &mut Session) -> Attempt<Option<String>> {
    let oldest = session.ask(
        "SELECT pid, usename, pg_catalog.date_trunc('second', pg_catalog.now() - xact_start) FROM pg_catalog.pg_stat_activity
         WHERE xact_start < pg_catalog.now() - interval '5 minutes' AND pid <> pg_catalog.pg_backend_pid()
           AND datname = pg_catalog.current_database() AND coalesce(backend_xmin, backend_xid) IS NOT NULL
         ORDER BY xact_start LIMIT 1",
    )?;
    Ok(oldest.first().and_then(|row| match row.as_slice() {
        [pid, role, age] => Some(format!(
            "a transaction has been open for {age} (pid {pid}, {role}): until it ends VACUUM can't remove rows that have moved, \
             so scanning the hot child gets slower"
        )),
        _ => None,
    }))
}
