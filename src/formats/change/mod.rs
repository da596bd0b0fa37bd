//! What the formats of changes share.

pub(crate) mod envelope;
pub mod settings;
#[cfg(test)]
mod tests;
