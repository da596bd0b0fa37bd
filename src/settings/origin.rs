//! Whether a sink's rows come from a job or from a program. Errors and their advice depend on it.

/// A job reads its records again at its next start. Rows that a program pushed are only in the memory of that process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowOrigin {
    #[default]
    Job,
    Program,
}

impl RowOrigin {
    /// The end of an error: what the user must do after the cause is removed, and what has happened to the rows.
    pub fn again(self) -> &'static str {
        match self {
            RowOrigin::Job => "start the job again: nothing is lost",
            RowOrigin::Program => {
                "open the sink again; rows that were accepted and are not durable may not be in the database: push them again"
            }
        }
    }

    /// The end of a message about a wait: what happens to the rows meanwhile.
    pub fn meanwhile(self) -> &'static str {
        match self {
            RowOrigin::Job => "nothing is lost",
            RowOrigin::Program => "accepted rows wait in memory",
        }
    }

    /// Part of a message about an error that ends the job or the sink.
    pub fn ends(self) -> &'static str {
        match self {
            RowOrigin::Job => "the job stops",
            RowOrigin::Program => "the sink fails",
        }
    }

    /// What is said to a process that is fenced. `owner`: the column that says by whom.
    pub fn fenced(self, owner: &str) -> String {
        match self {
            RowOrigin::Job => format!(
                "another process runs this job, or the database was restored while it ran; only one process may, and {owner} says \
                 which one has the partitions now; start the job again: it begins where the ledger stands"
            ),
            RowOrigin::Program => format!(
                "another sink has opened this stream, or the database was restored meanwhile; only one sink at a time may push into \
                 a stream, and {owner} says which one has it now; open the stream again to take it back, and push from the resume \
                 position on"
            ),
        }
    }
}
