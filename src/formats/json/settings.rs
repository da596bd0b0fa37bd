//! How `json` messages are decoded.

/// Options of `format = 'json'`; see Flink's json format for their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonFormat {
    pub fail_on_missing_field: bool,
    pub ignore_parse_errors: bool,
    pub timestamps: TimestampStandard,
}

/// `timestamp-format.standard`: how JSON spells timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampStandard {
    /// `2024-03-01 08:30:00.5`
    Sql,
    /// `2024-03-01T08:30:00.5`
    Iso8601,
}
