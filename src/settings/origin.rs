//! Where a sink's rows come from, for what an error advises and promises.

/// A job reads its records again at its next start; the rows that a program pushed are in its memory only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowOrigin {
    #[default]
    Job,
    Program,
}

impl RowOrigin {
    /// What to do once the cause is gone, and what became of the rows.
    pub fn again(self) -> &'static str {
        match self {
            RowOrigin::Job => "start the job again: nothing is lost",
            RowOrigin::Program => {
                "open the sink again; rows that were accepted and are not durable may not be in the database: push them again"
            }
        }
    }

    /// What becomes of the rows while something is waited for.
    pub fn meanwhile(self) -> &'static str {
        match self {
            RowOrigin::Job => "nothing is lost",
            RowOrigin::Program => "accepted rows wait in memory",
        }
    }

    /// What an error does that ends it.
    pub fn ends(self) -> &'static str {
        match self {
            RowOrigin::Job => "the job stops",
            RowOrigin::Program => "the sink fails",
        }
    }
}
