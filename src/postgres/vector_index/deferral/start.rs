//! The deferred indexes of a sink's table as its start finds them.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use super::index_deferral::{DeferralStart, IndexDeferral};
use super::plan::DeferralPlan;
use super::present::{names, undisturbed};
use super::refuse::{Rights, refuse, refuse_role};
use super::script;
use crate::error::Result;
use crate::postgres::catalog::tree::TableRef;
use crate::postgres::connect::failure::{Attempt, AttemptError};
use crate::postgres::connect::server::Server;
use crate::postgres::connect::session::{Session, Setup};
use crate::postgres::connect::sql::literal;
use crate::postgres::own_tables::deferred_indexes::DeferredIndexTable;
use crate::postgres::vector_index::parent::Parent;
use crate::settings::{Sink, VectorIndexMode};

/// What a start found.
#[derive(Debug, Default)]
pub struct FoundDeferral {
    /// `None`: no index is to be dropped, and none is missing that could be built.
    pub deferral: Option<IndexDeferral>,
    /// Set for a sink that defers.
    pub plan: Option<DeferralPlan>,
    pub warnings: Vec<String>,
}

/// What is needed to open more sessions with the settings of this one.
pub struct SessionParts<'a> {
    pub setup: &'a Setup,
    pub open: &'a Arc<AtomicU32>,
    pub max_outage: Option<Duration>,
    /// The name of this process.
    pub process: &'a str,
}

/// Looks for vector indexes to defer, and for those that an earlier run has dropped. Nothing is changed.
pub fn find(session: &mut Session, server: &Server, sink: &Sink, parts: &SessionParts<'_>) -> Result<FoundDeferral> {
    let name = format!("{}.{}", sink.schema, sink.table);
    let unreadable = |failure: AttemptError| failure.error(&format!("{name}: the catalog can't be read"), "");
    let records = DeferredIndexTable::new(&sink.schema, &sink.table, server.greenplum);
    let recorded = session.with_settings(|session| records.read(session)).map_err(unreadable)?;
    let is_wanted = sink.vector_index == VectorIndexMode::Defer;
    if !is_wanted && recorded.is_empty() {
        return Ok(FoundDeferral::default());
    }
    let parent = undisturbed(session, |session| {
        session.with_settings(|session| Parent::read(session, &sink.schema, &sink.table))
    });
    let parent = parent.map_err(unreadable)?;
    let Some(parent) = parent else { return Ok(FoundDeferral::default()) };
    let behind_pooler = session.is_behind_pooler();
    let mut found = FoundDeferral::default();
    let table =
        TableRef { oid: parent.oid.parse().unwrap_or(0), schema: parent.schema.clone(), name: parent.name.clone() };
    if is_wanted {
        refuse(&parent, &name, behind_pooler)?;
        let plan = undisturbed(session, |session| {
            session.with_settings(|session| DeferralPlan::read(session, &table, &records, recorded.clone()))
        });
        let plan = plan.map_err(unreadable)?;
        if plan.present.is_empty() && recorded.is_empty() {
            found.warnings.push(
                "the table has no vector index that could be deferred; set 'sink.vector-index' to 'inline'".to_owned(),
            );
            return Ok(found);
        }
        let rights =
            session.with_settings(|session| read_rights(session, sink, &plan, &records)).map_err(unreadable)?;
        refuse_role(&parent, &rights, &records, &name)?;
        records.try_ensure(session).map_err(|failure| {
            let what = format!(
                "{name}: {}, where 'sink.vector-index' = 'defer' records indexes, can't be made",
                records.quoted()
            );
            failure.error(&what, &format!("ask someone who may create tables to run: {}", records.ddl()))
        })?;
        found.plan = Some(plan);
    } else {
        let (missing, by_hand) =
            (names(recorded.iter().map(|index| index.name.as_str())), script::by_hand(&recorded, &records));
        let dropped = names(recorded.iter().map(|index| index.dropped.as_str()));
        let is_missing =
            format!("vector index {missing} is missing: 'sink.vector-index' = 'defer' dropped it ({dropped})");
        if behind_pooler || !parent.may_own {
            let owner = if parent.may_own { "" } else { "; the table's owner must do it" };
            found.warnings.push(format!("{is_missing}; build it again: {by_hand}{owner}"));
            return Ok(found);
        }
        found
            .warnings
            .push(format!("{is_missing}; a run builds it while it writes, if no other process still loads the table"));
    }
    found.deferral = Some(IndexDeferral::new(DeferralStart {
        sink,
        server,
        table,
        recorded,
        process: parts.process,
        setup: parts.setup,
        open: parts.open,
        max_outage: parts.max_outage,
    })?);
    Ok(found)
}

fn read_rights(
    session: &mut Session,
    sink: &Sink,
    plan: &DeferralPlan,
    records: &DeferredIndexTable,
) -> Attempt<Rights> {
    let may_create =
        session.first_value(&format!("SELECT pg_catalog.has_schema_privilege({}, 'CREATE')", literal(&sink.schema)))?;
    let tablespaces = plan.present.iter().map(|index| index.closed_tablespace.clone());
    Ok(Rights {
        may_create: may_create.as_deref() == Some("t"),
        may_record: records.may_use(session)?,
        closed_tablespaces: tablespaces.filter(|tablespace| !tablespace.is_empty()).collect(),
    })
}
