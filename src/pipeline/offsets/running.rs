//! Whether a job runs, as far as its database and its consumer groups show.

use crate::error::{Error, Result};
use crate::job::settings::job::Job;
use crate::kafka::GroupOffsets;
use crate::pipeline::job::job_application_name;
use crate::postgres::{LedgerSession, LedgerStream};

/// Refuses when a session of the job is in a sink's database, or of a process that owns one of the streams.
pub fn refuse_sessions(job: &Job, session: &mut LedgerSession, streams: &[LedgerStream], sink: &str) -> Result<()> {
    let own = job_application_name(job);
    let name = own.rsplit_once('/').map_or(own.as_str(), |(name, _)| name);
    let owners: Vec<&str> =
        streams.iter().map(|stream| stream.owner.as_str()).filter(|owner| !owner.is_empty()).collect();
    let sessions = session.sessions_of(name, &owners)?;
    if sessions.is_empty() {
        return Ok(());
    }
    Err(Error::target(format!(
        "{sink}: the job is running, its sessions are in the database ({}); stop it first, with SIGTERM, so that it finishes what it \
         has read",
        sessions.join(", ")
    )))
}

/// Refuses when a consumer group has members.
pub fn refuse_members(group: &GroupOffsets) -> Result<()> {
    match group.members()? {
        0 => Ok(()),
        members => Err(Error::Source(format!(
            "consumer group '{}' has {members} members: the job is running, or something else uses its group; stop it first",
            group.name()
        ))),
    }
}
