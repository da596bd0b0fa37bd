//! The hot child of a sink's table: found, or made where it is missing.

use std::time::Duration;

use super::ddl;
use super::parent::Parent;
use super::partitioned;
use super::refuse::{refuse_hot_child, refuse_parent, refuse_server};
use crate::error::{Error, Result};
use crate::postgres::catalog::lookup::Catalog;
use crate::postgres::catalog::tree::{TableRef, Tree, hot_child_name};
use crate::postgres::connect::failure::{Attempt, AttemptError};
use crate::postgres::connect::rollback::{in_rollback, met_a_lock};
use crate::postgres::connect::server::Server;
use crate::postgres::connect::session::Session;
use crate::settings::Sink;
use crate::settings::sink::behind::HotChildCreation;

/// How long one try to make a hot child waits for the table's lock.
const LOCK_WAIT: &str = "500ms";
const TRIES: u32 = 10;
/// The pause between two tries, in which others get the table.
const PAUSE: Duration = Duration::from_millis(250);

/// What became of the hot child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HotChild {
    IsThere,
    /// It was missing: the catalog must be read again.
    Made,
    /// It is missing, and could be made by these statements.
    Planned(Vec<String>),
}

/// Makes sure that the table has a hot child, and that this child is as a hot child must be. If it is missing, it is made, if the sink
/// allows that.
pub fn ensure(session: &mut Session, server: &Server, sink: &Sink, catalog: &Catalog) -> Result<(Parent, HotChild)> {
    let name = catalog.name();
    if let Some(tree) = &catalog.tree
        && let Some(partitions) = &tree.partitioned
    {
        let checked =
            session.with_settings(|session| partitioned::ensure(session, server, catalog, (tree, partitions)));
        return checked.map_err(|failure| unreadable(&failure, &name))?.map(|indexed| (indexed, HotChild::IsThere));
    }
    refuse_server(server, &name)?;
    let (schema, hot) = hot_child_name(sink);
    // The child is read before the parent. If another process makes the child in between, it is missing here, and the attempt to make
    // it finds it. In the other order the child would be there, and the parent wouldn't list it.
    let there = read(session, &schema, &hot, &name)?;
    let parent = read(session, &sink.schema, &sink.table, &name)?;
    let parent = parent.ok_or_else(|| Parent::is_gone(&name))?;
    refuse_parent(&parent, catalog)?;
    if let Some(hot) = there {
        refuse_hot_child(&parent, &hot, catalog)?;
        return Ok((parent, HotChild::IsThere));
    }
    let statements = ddl::first_hot_child(&parent, &schema, &hot);
    let missing = format!("{name}: its hot child {schema}.{hot}");
    let made = match sink.behind.creation {
        HotChildCreation::Refused => {
            return Err(Error::target(format!(
                "{missing} doesn't exist, and 'sink.vector-index.create' is false; run: {}",
                script(&statements)
            )));
        }
        HotChildCreation::Allowed => create(session, &statements).map(|by_us| {
            if by_us {
                log::info!("{missing} was made");
            }
            HotChild::Made
        }),
        HotChildCreation::Tried => {
            // Without LOCK TABLE, because other sessions would queue behind it.
            let unlocked = ddl::hot_child(&parent, &schema, &hot).join("; ");
            match in_rollback(session, |session| session.run(&unlocked)) {
                Err(failure) if !met_a_lock(&failure) => Err(failure),
                Ok(()) | Err(_) => Ok(HotChild::Planned(statements.clone())),
            }
        }
    };
    let made = made.map_err(|failure| cannot_be_made(&failure, &missing, &parent, &statements))?;
    Ok((parent, made))
}

/// The tree as it would be with the hot child that is missing.
pub fn planned_tree(parent: &Parent, sink: &Sink) -> Tree {
    let (schema, name) = hot_child_name(sink);
    let table = TableRef { oid: 0, schema: parent.schema.clone(), name: parent.name.clone() };
    Tree { hot: TableRef { oid: 0, schema, name }, others: vec![table], partitioned: None }
}

fn read(session: &mut Session, schema: &str, table: &str, name: &str) -> Result<Option<Parent>> {
    let read = session.with_settings(|session| Parent::read(session, schema, table));
    read.map_err(|failure| unreadable(&failure, name))
}

fn unreadable(failure: &AttemptError, name: &str) -> Error {
    failure.error(&format!("{name}: the catalog can't be read"), "")
}

/// Makes the hot child. Returns whether this process made it: another one may have been first. Each try waits only briefly for sessions that use the table,
/// because all others queue behind this one meanwhile.
fn create(session: &mut Session, statements: &[String]) -> Attempt<bool> {
    let script = format!("SET LOCAL lock_timeout TO '{LOCK_WAIT}'; {}; COMMIT", statements.join("; "));
    for attempt in 1.. {
        session.begin_without_rows()?;
        let Err(failure) = session.run(&script) else { return Ok(true) };
        session.forgive();
        session.recover();
        if failure.is_of_a_name_in_use() {
            return Ok(false);
        }
        if attempt >= TRIES || !failure.is_of_a_lock() {
            return Err(failure);
        }
        std::thread::sleep(PAUSE);
    }
    Ok(false)
}

fn cannot_be_made(failure: &AttemptError, missing: &str, parent: &Parent, statements: &[String]) -> Error {
    let advice = match failure.sqlstate.as_deref() {
        Some("42501") => format!("ask {}, the table's owner, to run: {}", parent.owner, script(statements)),
        Some("55P03") => "other sessions use the table all the time; start again when they are done".to_owned(),
        _ => format!("make it yourself: {}", script(statements)),
    };
    failure.error(&format!("{missing} doesn't exist and can't be made"), &advice)
}

/// Statements as one text that can be run.
pub fn script(statements: &[String]) -> String {
    format!("BEGIN; {}; COMMIT", statements.join("; "))
}
