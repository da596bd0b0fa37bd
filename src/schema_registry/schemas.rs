//! Where a decoder asks for the schema that a message names by its number.

use std::sync::Arc;

/// A collection of schemas. Asked once for each number, and again if it couldn't be looked up.
pub trait Schemas: Send + Sync {
    fn find(&self, id: u32) -> SchemaLookup;
}

/// What is known of a number.
#[derive(Debug, Clone)]
pub enum SchemaLookup {
    Schema(Arc<RegisteredSchema>),
    /// There is no such schema, or none that a decoder could use: why.
    Nothing(String),
    /// It can't be looked up now. A later request may succeed.
    NotNow,
    /// It can never be looked up: why, and what to do.
    Refused(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredSchema {
    pub text: String,
    /// The texts of the schemas that it refers to, each behind those that it refers to itself.
    pub references: Vec<String>,
}
