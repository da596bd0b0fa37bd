//! Where a decoder asks for the schema that a message names by its number.

use std::sync::Arc;

/// A collection of schemas. Asked once for each number, and again for one that couldn't be told.
pub trait Schemas: Send + Sync {
    fn find(&self, id: u32) -> SchemaLookup;
}

/// What is known of a number.
#[derive(Debug, Clone)]
pub enum SchemaLookup {
    Schema(Arc<RegisteredSchema>),
    /// There is no such schema, or none that a decoder could use: why.
    Nothing(String),
    /// Nobody can tell just now; asked again somewhat later, somebody may.
    NotNow,
    /// Nobody will ever tell: why, and what to do.
    Refused(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredSchema {
    pub text: String,
    /// The texts of the schemas that it refers to, each behind those that it refers to itself.
    pub references: Vec<String>,
}
