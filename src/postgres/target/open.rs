//! Opening a target: connects, reads the catalog and finds out what the server takes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::probe::{ProbeResult, other_process, probe};
use super::{Target, description, exactly_once};
use crate::error::Result;
use crate::postgres::catalog::planner;
use crate::postgres::catalog::read::read_catalog;
use crate::postgres::connect::backoff::Backoff;
use crate::postgres::connect::connector::Connector;
use crate::postgres::connect::database::Database;
use crate::postgres::connect::opening::Opening;
use crate::postgres::connect::outage::Outage;
use crate::postgres::connect::pool::Pool;
use crate::postgres::connect::pooler::{Between, COMPARING, POOLER_WARNING, between};
use crate::postgres::connect::server::Server;
use crate::postgres::connect::session::{Session, Setup};
use crate::postgres::connect::waits::Waits;
use crate::postgres::own_tables::dead_letters::table::DeadLetterTable;
use crate::postgres::own_tables::dead_letters::writer::DeadLetterWriter;
use crate::postgres::own_tables::ledger::store::LedgerStore;
use crate::postgres::own_tables::ledger::tables::Ledger;
use crate::postgres::own_tables::owners::Owners;
use crate::postgres::schema::statements::Statements;
use crate::postgres::schema::table_schema::TableSchema;
use crate::postgres::vector_index::deferral::start::{self, FoundDeferral, SessionParts};
use crate::postgres::vector_index::describe;
use crate::postgres::vector_index::hot_child::{self, HotChild};
use crate::postgres::vector_index::keeper::TreeKeeper;
use crate::postgres::write::conflict::Conflicts;
use crate::postgres::write::machine::MachineSettings;
use crate::postgres::write::writer::{Writer, WriterParts};
use crate::settings::{DeadLetterTarget, DeliveryGuarantee, Sink, VectorIndexMode};

impl Target {
    /// Whatever would make every row fail is an error here. By an application name of the form `job/process` other processes of the
    /// job are recognized. `max_outage`: how long the database may be away later on.
    pub fn open(sink: &Sink, application_name: &str, max_outage: Option<Duration>) -> Result<Target> {
        let connector = Arc::new(Connector::new(&sink.connection, application_name, max_outage)?);
        let opening = Arc::new(Opening::new(sink, &connector, max_outage));
        opening.repeat(|| Target::try_open(sink, application_name, max_outage, &connector, &opening))
    }

    /// May be called again after a failure: it makes only what is missing in the database.
    fn try_open(
        sink: &Sink,
        application_name: &str,
        max_outage: Option<Duration>,
        connector: &Arc<Connector>,
        opening: &Arc<Opening>,
    ) -> Result<Target> {
        let open = Arc::default();
        let limit = opening.wait_limit();
        let mut session = opening.first_session(connector, &open)?;
        let set_up = |failure| connector.unreachable(&failure);
        let server = Server::read(&mut session).map_err(set_up)?;
        let mut setup = server.setup(&sink.connection);
        let is_exactly_once = sink.delivery == DeliveryGuarantee::ExactlyOnce;
        if is_exactly_once {
            // A process that is stopped in a transaction must not keep the next owner waiting for ever.
            setup.optional.push(("idle_in_transaction_session_timeout", "60s"));
        }
        let second = || Session::open(connector, &Setup::default(), &open, &limit.at_most(COMPARING));
        match between(&mut session, &second).map_err(set_up)? {
            Between::Nothing => {}
            Between::TransactionPooler if is_exactly_once => return Err(exactly_once::pooler_refused(&sink.name)),
            Between::TransactionPooler => setup.behind_pooler.store(true, Ordering::Relaxed),
            Between::StatementPooler => return Err(connector.pools_statements()),
        }
        session.set_up(&setup).map_err(set_up)?;
        let mut catalog = read_catalog(&mut session, server.greenplum, sink, None).map_err(set_up)??;
        let name = catalog.name();
        let behind = match sink.vector_index {
            VectorIndexMode::Behind => Some(hot_child::ensure(&mut session, &server, sink, &catalog)?),
            VectorIndexMode::Inline | VectorIndexMode::Defer => None,
        };
        if let Some((_, HotChild::Made)) = behind {
            catalog = read_catalog(&mut session, server.greenplum, sink, None).map_err(set_up)??;
        }
        let settings = session.with_settings(|session| planner::settings(session, &catalog)).map_err(set_up)?;
        session.also_set(&settings).map_err(set_up)?;
        setup.required.extend(settings);
        let reopen = || Session::open(connector, &setup, &open, &limit).map_err(set_up);
        let ProbeResult { capabilities, mut statements, untried } =
            probe(&mut session, &server, &catalog, sink, &reopen)?;
        if let Some((parent, HotChild::Planned(_))) = &behind {
            // Nothing is written: these statements are only shown.
            catalog.tree = Some(hot_child::planned_tree(parent, sink));
            statements = Statements::new(&catalog, sink.conflict_mode, &capabilities);
        }
        let conflicts = Conflicts::new(sink.conflict_mode, sink.write_mode, &capabilities);
        let mut description = description::describe(&server, &catalog, sink, &capabilities, &statements, &conflicts);
        if let Some((parent, hot_child)) = &behind {
            description.vector_index = describe::plan(parent, hot_child, &catalog, sink);
            if let (HotChild::IsThere, Some(tree)) = (hot_child, &catalog.tree) {
                let waiting = session.with_settings(|session| describe::waiting(session, tree));
                description.vector_index.extend(waiting.map_err(set_up)?);
            }
            description.vector_index.iter().for_each(|line| log::info!("{name}: {line}"));
            let warnings = session.with_settings(|session| describe::warnings(session, &server, parent, &catalog));
            description.warnings.extend(warnings.map_err(set_up)?);
        }
        let parts = SessionParts { setup: &setup, open: &open, max_outage, process: application_name };
        let FoundDeferral { deferral, plan: deferral_plan, warnings } =
            start::find(&mut session, &server, sink, &parts)?;
        description.warnings.extend(warnings);
        if session.is_behind_pooler() {
            let warning = format!("a pooler before the server {POOLER_WARNING}");
            log::warn!("{name}: {warning}");
            description.warnings.push(warning);
        }
        if untried {
            description.warnings.push(format!(
                "{name} is locked by another session, so not everything could be tried out; rows wait for that lock"
            ));
        }
        let has_other_process = other_process(&mut session, application_name);
        let dead_letters = match &sink.dead_letter {
            Some(DeadLetterTarget::Table { schema, table }) => {
                Some(DeadLetterTable::open(&mut session, schema, table)?)
            }
            Some(DeadLetterTarget::File(_) | DeadLetterTarget::Kafka(_)) | None => None,
        };
        if is_exactly_once {
            exactly_once::refuse_tables(&mut session, sink)?;
        }
        log::info!("{name}: {}, {}", description.server, description.path);
        if let Some(text) = server.describe_deadlock_detector() {
            log::info!("{name}: {text}");
        }
        let keeper = TreeKeeper::new(sink, &catalog, &setup, &open, max_outage)?;
        let outage = Arc::new(Outage::new(max_outage, sink.origin));
        let (size, max_wait) = (sink.connection_max_active, sink.connection_max_wait);
        let database = Arc::new(Database {
            pool: Pool::new(Arc::clone(connector), setup, session, open, Arc::clone(&outage), size, max_wait),
            name,
            outage,
            waits: Waits::new(sink.origin),
            origin: sink.origin,
        });
        let table = catalog.target(sink);
        let backoff = Backoff::new(sink.retry_wait_time);
        let schema = Arc::new(TableSchema::new(&database, sink, server.greenplum, capabilities, &catalog));
        let owners = Arc::new(Owners::new(&sink.schema, &sink.name, application_name));
        let dead_letters = Arc::new(DeadLetterWriter::new(&database, dead_letters, backoff));
        let settings = MachineSettings {
            conflict_mode: sink.conflict_mode,
            max_retry_times: sink.max_retry_times,
            max_outage,
            greenplum: server.greenplum,
            ledger: is_exactly_once,
        };
        let key_is_unique = catalog.keys.key_is_unique;
        let ledger = Ledger::new(sink.ledger_tables(), server.greenplum);
        let ledger = Arc::new(LedgerStore::new(&database, ledger, application_name, is_exactly_once, opening));
        let parts = WriterParts {
            database: Arc::clone(&database),
            schema: Arc::clone(&schema),
            owners: Arc::clone(&owners),
            ledger: Arc::clone(&ledger),
            dead_letters: Arc::clone(&dead_letters),
        };
        Ok(Target {
            writer: Writer::new(parts, settings, backoff, conflicts),
            ledger,
            schema,
            dead_letters,
            owners,
            keeper,
            deferral,
            deferral_plan,
            table,
            description,
            has_other_process,
            most_writers: server.most_writers(sink.conflict_mode, sink.changing, key_is_unique, size),
            linger: server.linger(),
            opening: Arc::clone(opening),
            greenplum: server.greenplum,
            database,
        })
    }
}
