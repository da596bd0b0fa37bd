//! What `vecsink ddl` prints: the statements for a layout of a sink's table.

use super::deferral::refuse::refuse as refuse_deferral;
use super::deferral::script::needed;
use super::refuse::{refuse_parent, refuse_server};
use super::{ddl, partitioned, split};
use crate::error::Result;
use crate::postgres::catalog::read::read_catalog;
use crate::postgres::catalog::tree::hot_child_name;
use crate::postgres::connect::connector::Connector;
use crate::postgres::connect::opening::Opening;
use crate::postgres::connect::server::Server;
use crate::postgres::own_tables::deferred_indexes::DeferredIndexTable;
use crate::postgres::vector_index::parent::Parent;
use crate::settings::{Sink, VectorIndexMode};

/// How rows and vectors are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableLayout {
    /// What the sink's `sink.vector-index` needs: a hot child, or, for defer, the table of deferred indexes.
    HotChild,
    /// The table partitioned, for other programs that change it.
    Partitioned,
    /// The vectors in a table of their own.
    Split,
}

/// The statements that give a sink's table this layout, as a script. Nothing is changed.
pub fn layout_ddl(sink: &Sink, layout: TableLayout) -> Result<String> {
    let connector = Connector::new(&sink.connection, "vecsink ddl", None)?;
    let opening = Opening::new(sink, &connector, None);
    opening.repeat(|| ddl_of(sink, layout, &connector, &opening))
}

fn ddl_of(sink: &Sink, layout: TableLayout, connector: &Connector, opening: &Opening) -> Result<String> {
    let mut session = opening.first_session(connector, &Default::default())?;
    let unreachable = |failure| connector.unreachable(&failure);
    let server = Server::read(&mut session).map_err(unreachable)?;
    session.set_up(&server.setup(&sink.connection)).map_err(unreachable)?;
    let catalog = read_catalog(&mut session, server.greenplum, sink, None).map_err(unreachable)??;
    let name = catalog.name();
    let parent =
        session.with_settings(|session| Parent::read(session, &sink.schema, &sink.table)).map_err(unreachable)?;
    let parent = parent.ok_or_else(|| Parent::is_gone(&name))?;
    match layout {
        TableLayout::HotChild if sink.vector_index == VectorIndexMode::Defer => {
            refuse_deferral(&parent, &name, session.is_behind_pooler())?;
            let records = DeferredIndexTable::new(&sink.schema, &sink.table, server.greenplum);
            let is_there = session.with_settings(|session| records.is_there(session)).map_err(unreachable)?;
            Ok(needed(&parent, &records, is_there))
        }
        TableLayout::HotChild => {
            refuse_server(&server, &name)?;
            refuse_parent(&parent, &catalog)?;
            let (schema, hot) = hot_child_name(sink);
            let statements = ddl::first_hot_child(&parent, &schema, &hot);
            Ok(format!(
                "-- {name}: the hot child for 'sink.vector-index' = 'behind'\nBEGIN;\n{};\nCOMMIT;\n",
                statements.join(";\n")
            ))
        }
        TableLayout::Partitioned => {
            let refused = session
                .with_settings(|session| partitioned::refuse(session, &server, &parent, &catalog))
                .map_err(unreachable)?;
            refused?;
            let (schema, hot) = hot_child_name(sink);
            Ok(partitioned::script(&parent, &catalog, (&schema, &hot)))
        }
        TableLayout::Split => split::split(&parent, &catalog),
    }
}
