//! The options that all change formats in JSON have in common.

use crate::formats::json::options::{JsonOptions, TimestampStandard};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChangeFormat {
    pub ignore_parse_errors: bool,
    pub timestamps: TimestampStandard,
}

impl<T: AsMut<ChangeFormat> + 'static> JsonOptions for T {
    fn set_ignore_parse_errors(&mut self, on: bool) {
        self.as_mut().ignore_parse_errors = on;
    }

    fn set_timestamps(&mut self, standard: TimestampStandard) {
        self.as_mut().timestamps = standard;
    }
}
