//! The table's schema, as it is followed while the sink is open.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::check_times::CheckTimes;
use super::schema_version::{SchemaDifference, SchemaVersion, SchemaVersions};
use crate::error::{Error, Result};
use crate::postgres::catalog::capabilities::Capabilities;
use crate::postgres::catalog::lookup::Catalog;
use crate::postgres::catalog::read::read_catalog;
use crate::postgres::connect::classify::{Class, During};
use crate::postgres::connect::database::Database;
use crate::postgres::connect::driver::wait_limit::{Deadline, WaitLimit};
use crate::postgres::connect::failure::{Attempt, AttemptError};
use crate::settings::{Sink, VectorIndexMode};

/// How long a check may take: the row that the encoder would refuse waits for it.
const LONGEST: Duration = Duration::from_secs(2);

/// The schema versions of a sink's table, and how a new one is found.
pub struct TableSchema {
    database: Arc<Database>,
    sink: Sink,
    greenplum: bool,
    capabilities: Capabilities,
    /// The names of the written columns.
    written: Vec<String>,
    versions: SchemaVersions,
    /// Held while the catalog is read again, so that one writer does it for all.
    rereading: Mutex<()>,
    check_times: CheckTimes,
}

impl TableSchema {
    pub fn new(
        database: &Arc<Database>,
        sink: &Sink,
        greenplum: bool,
        capabilities: Capabilities,
        catalog: &Catalog,
    ) -> TableSchema {
        let table = catalog.target(sink);
        let written = table.columns.iter().map(|column| column.name.clone()).collect();
        let first = SchemaVersion::new(catalog, table, sink.conflict_mode, &capabilities);
        TableSchema {
            database: Arc::clone(database),
            sink: sink.clone(),
            greenplum,
            capabilities,
            written,
            versions: SchemaVersions::new(first),
            rereading: Mutex::new(()),
            check_times: CheckTimes::default(),
        }
    }

    /// The number of the newest schema version: new rows must be encoded for it.
    #[inline]
    pub fn number(&self) -> u16 {
        self.versions.number()
    }

    pub fn newest(&self) -> Arc<SchemaVersion> {
        self.versions.newest()
    }

    /// The schema version with this number.
    pub fn get(&self, number: u16) -> Option<Arc<SchemaVersion>> {
        self.versions.get(number)
    }

    /// Reads the catalog again, unless another writer has done so since `seen` was the newest schema version. The inner error
    /// says why the job can't go on with the table as it is.
    pub fn read_again(&self, seen: &SchemaVersion, limit: &WaitLimit) -> Attempt<std::result::Result<(), String>> {
        // The writer that holds this lock has a limit of its own, which may be longer.
        let alone = limit.lock(&self.rereading);
        let _alone = alone.map_err(|error| AttemptError::new(&error, During::Connect))?;
        if self.versions.newest().revision != seen.revision {
            return Ok(Ok(()));
        }
        // A session of the pool: the server may allow no more.
        let mut session = self.database.pool.session(limit)?;
        let read = session.attempt(|session| read_catalog(session, self.greenplum, &self.sink, Some(&self.written)))?;
        drop(session);
        let found = match read {
            Err(Error::Target { message, passing: true, .. }) => return Err(AttemptError::outage(message)),
            Err(error) => return Ok(Err(error.to_string())),
            Ok(catalog) if self.sink.vector_index == VectorIndexMode::Behind && catalog.tree.is_none() => {
                return Ok(Err("its hot child is gone".to_owned()));
            }
            Ok(catalog) => {
                SchemaVersion::new(&catalog, catalog.target(&self.sink), self.sink.conflict_mode, &self.capabilities)
            }
        };
        Ok(self.versions.add(found).map(|difference| match difference {
            SchemaDifference::None => {}
            // A session that has prepared statements for the former tables is replaced when it is used next.
            SchemaDifference::Tree => {
                log::info!("{}: its child tables have changed; going on with them as they are now", self.database.name)
            }
            SchemaDifference::Table => {
                log::warn!("{}: the table was altered; going on with it as it is now", self.database.name);
                self.database.pool.renew();
            }
        }))
    }

    /// The error that ends the job when the table was altered in such a way that it can't go on.
    pub fn can_not_follow(&self, altered: &str, why: &str) -> Error {
        Error::target(format!(
            "table {} was altered meanwhile ({altered}): {why}; {}",
            self.database.name,
            self.sink.origin.again()
        ))
    }

    /// Whether the table must be checked before a row is refused that was encoded for the newest schema version. If so, the
    /// caller calls [`TableSchema::check`].
    pub fn is_check_due(&self) -> bool {
        !self.database.outage.is_on() && self.check_times.is_due(Instant::now())
    }

    /// Checks the table; afterwards there may be a newer schema version. If the database is away and can't be asked, the
    /// row is judged by what is known. Err: the job can't go on with the table as it is.
    pub fn check(&self) -> Result<()> {
        let schema_version = self.newest();
        let limit = WaitLimit::until(Deadline::after(LONGEST));
        let compared = self.database.pool.session(&limit);
        let compared =
            compared.and_then(|mut session| session.attempt(|session| schema_version.shape.compare(session)));
        let failure = match compared {
            Err(altered) if altered.class == Class::Altered => match self.read_again(&schema_version, &limit) {
                Ok(Err(why)) => return Err(self.can_not_follow(&altered.text, &why)),
                Ok(Ok(())) => None,
                Err(failure) => Some(failure),
            },
            compared => compared.err(),
        };
        if let Some(failure) = failure {
            log::debug!("{}: a refused row's table can't be checked: {failure:?}", self.database.name);
        }
        Ok(())
    }
}
