//! How rows get into the table, and the COPY statements for it.

use crate::batch::RowFormat;
use crate::postgres::schema::statements::Statement;

/// How rows get into the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// COPY into the table.
    Direct,
    /// ADBPG's COPY that resolves conflicts.
    Resolving,
    /// COPY into a temporary table, then INSERT.
    Staged,
}

/// The COPY statements of a path, for either format.
#[derive(Debug, Clone, Copy)]
pub struct CopyStatements {
    pub binary: Statement,
    pub text: Statement,
}

impl CopyStatements {
    pub fn statement(self, format: RowFormat) -> Statement {
        match format {
            RowFormat::Binary => self.binary,
            RowFormat::Text => self.text,
        }
    }
}

impl From<Path> for CopyStatements {
    fn from(path: Path) -> CopyStatements {
        match path {
            Path::Direct => CopyStatements { binary: Statement::CopyBinary, text: Statement::CopyText },
            Path::Resolving => CopyStatements { binary: Statement::ResolvingBinary, text: Statement::ResolvingText },
            Path::Staged => CopyStatements { binary: Statement::StagingBinary, text: Statement::StagingText },
        }
    }
}
