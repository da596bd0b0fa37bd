//! Jobs: from their settings to their end, and what they would do.

mod check;
mod ddl;
mod indexes;
mod key_text;
mod ledger;
mod run;
mod sample;
pub(super) mod sources;
mod start;

pub use self::check::{CheckedColumn, CheckedSink, check};
pub use self::ddl::{ddl, ddl_of_ledger};
pub use self::run::{Pipeline, RunOptions, check_settings, start_job};
#[cfg(all(test, feature = "cli"))]
pub use self::sample::SampledRecord;
pub use self::sample::{Sample, SampledColumn, sample};

pub(super) use self::run::job_application_name;
