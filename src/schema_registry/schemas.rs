//! The trait by which a decoder asks for the schema whose id is in a message.

use std::sync::Arc;

/// A collection of schemas. A decoder asks once for each id, and again if the schema couldn't be looked up.
pub trait Schemas: Send + Sync {
    fn find(&self, id: u32) -> SchemaLookup;
}

/// The answer for an id.
#[derive(Debug, Clone)]
pub enum SchemaLookup {
    Schema(Arc<RegisteredSchema>),
    /// There is no such schema, or a decoder can't use it. The text is the reason.
    Nothing(String),
    /// The schema can't be looked up now. A later request may succeed.
    NotNow,
    /// The schema can never be looked up. The text says why, and what to do.
    Refused(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredSchema {
    pub text: String,
    /// The texts of the schemas that this one refers to. A schema comes after those that it refers to itself.
    pub references: Vec<String>,
}
