//! What the formats of changes share.

pub(crate) mod envelope;
pub mod json_format;
pub mod options;
#[cfg(test)]
mod tests;
