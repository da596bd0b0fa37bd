//! Opens the schema registry of a source's format.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::formats::format::Format;
use crate::schema_registry::client;
use crate::schema_registry::schemas::Schemas;
use crate::settings::registry::Registry;

/// How long a reader waits for a schema before it pauses its partitions and goes on polling. Most registries answer sooner, and a pause
/// throws away the messages that were fetched.
const SCHEMA_WAIT: Duration = Duration::from_millis(100);

/// The schemas of a format whose messages name their schema by an id of a registry. `None`: it is another format.
pub fn schemas_of(format: &Format) -> Result<Option<Arc<dyn Schemas>>> {
    format.registry().map(|settings| client::open(settings, SCHEMA_WAIT)).transpose()
}

/// The same schemas, for a caller that may wait until the registry has answered or its time-outs are over.
pub fn patient_schemas_of(format: &Format) -> Result<Option<Arc<dyn Schemas>>> {
    let open = |settings: &Registry| {
        let all = (settings.connect_timeout + settings.read_timeout) * settings.urls.len().max(1) as u32;
        client::open(settings, all)
    };
    format.registry().map(open).transpose()
}
