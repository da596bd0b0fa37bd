//! The modules of the crate, for its own tests, benches and fuzz targets. They are only there with the feature `internals`.
//!
//! Nothing here is part of the public interface: it changes without notice.

pub mod batch {
    pub use crate::batch::*;
}
pub mod change {
    pub use crate::change::*;
}
pub mod error {
    pub use crate::error::*;
}
pub mod membership {
    pub use crate::membership::*;
}
pub mod metrics {
    pub use crate::metrics::*;
}
pub mod position {
    pub use crate::position::*;
}
pub mod record {
    pub use crate::record::*;
}
pub mod stop {
    pub use crate::stop::*;
}
pub mod types {
    pub use crate::types::*;
}
pub mod settings {
    pub use crate::settings::*;
}
pub mod options {
    pub use crate::options::*;
}
#[cfg(feature = "job")]
pub mod sql {
    pub use crate::sql::*;
}
#[cfg(feature = "kafka")]
pub mod kafka {
    pub use crate::kafka::*;
}
#[cfg(feature = "job")]
pub mod schema_registry {
    pub use crate::schema_registry::*;
}
#[cfg(feature = "job")]
pub mod formats {
    pub use crate::formats::*;
}
#[cfg(feature = "job")]
pub mod job {
    pub use crate::job::*;
}
pub mod dispatch {
    pub use crate::dispatch::*;
}
pub mod progress {
    pub use crate::progress::*;
}
pub mod dead_letters {
    pub use crate::dead_letters::*;
}
pub mod postgres {
    pub use crate::postgres::*;
}
pub mod pipeline {
    pub use crate::pipeline::*;
}
pub mod host {
    pub use crate::host::*;
}
