//! The former owner of a partition or a stream, whose open transaction keeps the new owner waiting: its sessions are ended.

use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;

/// How long a new owner waits for the former owner's open transaction before it ends the former owner's sessions.
pub const LONGEST_WAIT: &str = "5s";

/// Ends the sessions of this role in this database that fit a condition over `pg_stat_activity a`.
pub fn end_sessions(session: &mut Session, condition: &str, topic: &str, partition: i32) -> Attempt<()> {
    let sql = format!(
        "SELECT a.pid, a.application_name, pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a
          WHERE a.usename = current_user AND a.datname = current_database() AND a.pid <> pg_catalog.pg_backend_pid()
            AND {condition}"
    );
    for ended in session.ask(&sql)? {
        log::warn!(
            "{topic}[{partition}]: a former owner's transaction is still open after {LONGEST_WAIT}; its session was ended (pid {}, {})",
            ended.first().map_or("", String::as_str),
            ended.get(1).map_or("", String::as_str)
        );
    }
    Ok(())
}
