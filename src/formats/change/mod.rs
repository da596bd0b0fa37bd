//! The code that the change formats in JSON share.

pub(crate) mod envelope;
pub mod json_format;
pub mod options;
#[cfg(test)]
mod tests;
