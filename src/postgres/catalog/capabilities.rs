//! What the server was found to be able to do with the table.

/// What a target can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// COPY into the table itself.
    pub direct: bool,
    /// `INSERT … ON CONFLICT`.
    pub on_conflict: bool,
    /// ADBPG's `COPY … DO ON CONFLICT`.
    pub resolving: bool,
}
