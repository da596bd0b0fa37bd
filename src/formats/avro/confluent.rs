//! Confluent's wire format: a zero byte, the id of the writer's schema in a registry, and the value. Each schema is
//! looked up once, and one plan is made of it for reading all its messages.

use std::collections::HashMap;
use std::sync::Arc;

use bumpalo::Bump;

use super::cursor::AvroCursor;
use super::plan::ResolutionPlan;
use super::read::AvroReader;
use crate::error::{Error, Result};
use crate::formats::avro::schema::AvroSchema;
use crate::formats::decode_error::DecodeError;
use crate::schema_registry::schemas::{SchemaLookup, Schemas};
use crate::types::data_type::RowField;
use crate::types::value::Value;

/// The number of bytes before the value.
const HEADER: usize = 5;

/// Reads messages in Confluent's wire format as records of the reader's schema.
pub struct ConfluentMessages {
    reader: AvroSchema,
    columns: Vec<RowField>,
    schemas: Arc<dyn Schemas>,
    /// By the id of the writer's schema: the plan, or the reason why its messages can't be read.
    plans: HashMap<u32, std::result::Result<ResolutionPlan, String>>,
    /// An id that the registry doesn't know, and the registry's answer.
    unknown: Option<(u32, String)>,
}

impl ConfluentMessages {
    pub fn new(reader: AvroSchema, columns: Vec<RowField>, schemas: Arc<dyn Schemas>) -> Self {
        ConfluentMessages { reader, columns, schemas, plans: HashMap::new(), unknown: None }
    }

    /// Looks up the message's schema, unless it is known. `false`: it can't be looked up now.
    pub fn prepare(&mut self, message: &[u8]) -> Result<bool> {
        let Ok(id) = schema_id(message) else { return Ok(true) };
        if self.plans.contains_key(&id) {
            return Ok(true);
        }
        self.unknown = None;
        match self.schemas.find(id) {
            SchemaLookup::Schema(found) => {
                let plan = AvroSchema::parse(&found.text, &found.references)
                    .map_err(|error| format!("can't be read: {error}"))
                    .and_then(|writer| ResolutionPlan::new(&writer, &self.reader, &self.columns));
                if let Err(reason) = &plan {
                    log::warn!("all messages with schema {id} are refused: {reason}");
                }
                self.plans.insert(id, plan);
            }
            SchemaLookup::Nothing(reason) => self.unknown = Some((id, reason)),
            SchemaLookup::NotNow => return Ok(false),
            SchemaLookup::Refused(reason) => return Err(Error::Source(reason)),
        }
        Ok(true)
    }

    /// The record's values, and how many of the writer's fields were not read: first those of nested records, then those of
    /// the record itself.
    pub fn read<'a>(
        &self,
        message: &'a [u8],
        arena: &'a Bump,
    ) -> std::result::Result<(&'a [Value<'a>], u64, u64), DecodeError> {
        let id = schema_id(message).map_err(DecodeError::of_message)?;
        let plan = match (self.plans.get(&id), &self.unknown) {
            (Some(Ok(plan)), _) => plan,
            (Some(Err(reason)), _) => return Err(DecodeError::of_message(format!("schema {id}: {reason}"))),
            (None, Some((unknown, reason))) if *unknown == id => return Err(DecodeError::of_message(reason)),
            (None, _) => return Err(DecodeError::of_message(format!("schema {id} was not looked up"))),
        };
        let mut cursor = AvroCursor::new(&message[HEADER..]);
        let reader = AvroReader { plan, schema: &self.reader, arena };
        let values = reader.row(&plan.row, &mut cursor).map_err(|fault| fault.moved_by(HEADER))?;
        Ok((values, cursor.skipped - plan.row.skipped, plan.row.skipped))
    }
}

/// The id of the schema, which comes before the value.
fn schema_id(message: &[u8]) -> std::result::Result<u32, String> {
    match message {
        [0, a, b, c, d, ..] => Ok(u32::from_be_bytes([*a, *b, *c, *d])),
        [0, ..] => Err(format!("the message ends after {} bytes, within the id of its schema", message.len())),
        [] => Err("found no byte where a schema's id was expected".into()),
        [other, ..] => Err(format!(
            "found byte {other} at the start where 0 was expected; is the message in Confluent's format, with its schema's id?"
        )),
    }
}
