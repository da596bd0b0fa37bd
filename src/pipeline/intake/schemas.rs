//! Where a source's messages have their schemas.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::formats::format::Format;
use crate::schema_registry::client;
use crate::schema_registry::schemas::Schemas;
use crate::settings::registry::Registry;

/// How long a reader waits for a schema before it goes on: as long as for a record. Most registries answer sooner, and
/// pausing partitions throws away what was fetched.
const SCHEMA_WAIT: Duration = Duration::from_millis(100);

/// Where a format's messages have their schemas, if they name them.
pub fn schemas_of(format: &Format) -> Result<Option<Arc<dyn Schemas>>> {
    format.registry().map(|settings| client::open(settings, SCHEMA_WAIT)).transpose()
}

/// The same for a caller that may wait for a schema.
pub fn patient_schemas_of(format: &Format) -> Result<Option<Arc<dyn Schemas>>> {
    let open = |settings: &Registry| {
        let all = (settings.connect_timeout + settings.read_timeout) * settings.urls.len().max(1) as u32;
        client::open(settings, all)
    };
    format.registry().map(open).transpose()
}
