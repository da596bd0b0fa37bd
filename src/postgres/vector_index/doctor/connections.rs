//! Whether the server has the connections that the job may open.

use super::Finding;
use super::facts::DoctorFacts;

pub fn too_few(facts: &DoctorFacts) -> Vec<Finding> {
    let (server, job) = (&facts.server, &facts.job);
    let (writers, besides) = (job.connections, job.sessions_for_index);
    let wanted = writers.saturating_add(besides);
    let opens = match besides {
        0 => format!("connectionmaxactive is {writers}"),
        _ => format!(
            "the job may open {wanted} connections (connectionmaxactive {writers}, {besides} more for \
             'sink.vector-index' = 'behind')"
        ),
    };
    // This connection is one of the job's.
    let others = server.connections.saturating_sub(1);
    let free = server.max_connections.saturating_sub(server.reserved_connections).saturating_sub(others);
    let mut found = Vec::new();
    if free < wanted {
        let smaller = match free.saturating_sub(besides) {
            0 => String::new(),
            smaller => format!("; or set connectionmaxactive to {smaller}"),
        };
        found.push(Finding {
            text: format!(
                "{opens}, but the server has {free} connections left (max_connections {}, {} reserved, {others} in use)",
                server.max_connections, server.reserved_connections
            ),
            remedy: format!(
                "ALTER SYSTEM SET max_connections = {} -- then restart the server{smaller}",
                server.max_connections.saturating_add(wanted - free)
            ),
        });
    }
    if let Some(limit) = server.connection_limit.filter(|limit| *limit < wanted) {
        found.push(Finding {
            text: format!("{opens}, but the job's role or database may have {limit} connections"),
            remedy: format!("ALTER ROLE CURRENT_USER CONNECTION LIMIT {wanted} -- or the same of the database"),
        });
    }
    found
}
