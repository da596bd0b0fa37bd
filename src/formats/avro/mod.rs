//! Flink's Avro formats: values alone, values with the id of their schema in a registry, and Debezium's changes.

mod confluent;
pub mod confluent_options;
mod cursor;
mod debezium;
pub mod debezium_options;
mod derive;
mod json;
pub mod options;
mod plan;
mod read;
mod scalar;
pub mod schema;
mod skip;
#[cfg(test)]
mod tests;
mod vector;

use std::sync::Arc;

use bumpalo::Bump;

use self::confluent::ConfluentMessages;
use self::cursor::AvroCursor;
pub(crate) use self::debezium::DebeziumAvro;
use self::json::Walk;
use self::options::AvroEncoding;
use self::plan::ResolutionPlan;
use self::read::AvroReader;
use self::schema::AvroSchema;

use super::decode_error::DecodeError;
use super::{Decode, Decoded};
use crate::error::{Rejection, Result, Stage};
use crate::record::Record;
use crate::schema_registry::schemas::Schemas;
use crate::types::column::SourceColumn;
use crate::types::data_type::RowField;
use crate::types::value::Value;

/// The columns as a record's fields.
pub(crate) fn fields(columns: &[SourceColumn]) -> Vec<RowField> {
    let field = |column: &SourceColumn| RowField { name: column.name.clone(), data_type: column.data_type.clone() };
    columns.iter().map(field).collect()
}

/// The decoder of `avro`. The writer's schema is the table's own schema.
pub(crate) struct Avro {
    schema: AvroSchema,
    columns: Vec<RowField>,
    plan: std::result::Result<ResolutionPlan, String>,
    encoding: AvroEncoding,
}

impl Avro {
    pub fn new(schema: AvroSchema, columns: Vec<RowField>, encoding: AvroEncoding) -> Self {
        Avro { plan: ResolutionPlan::new(&schema, &schema, &columns), schema, columns, encoding }
    }

    fn row<'a>(&self, message: &'a [u8], arena: &'a Bump) -> std::result::Result<&'a [Value<'a>], DecodeError> {
        match self.encoding {
            AvroEncoding::Binary => {
                let plan = self.plan.as_ref().map_err(DecodeError::of_message)?;
                AvroReader { plan, schema: &self.schema, arena }.row(&plan.row, &mut AvroCursor::new(message))
            }
            AvroEncoding::Json => {
                let json = serde_json::from_slice(message)
                    .map_err(|error| DecodeError::of_message(format!("the message is not JSON: {error}")))?;
                Walk { schema: &self.schema, tagged: true, arena }.row(&json, self.schema.root(), &self.columns)
            }
        }
    }
}

impl Decode for Avro {
    fn decode<'a>(&mut self, record: &Record<'a>, arena: &'a Bump) -> std::result::Result<Decoded<'a>, Rejection> {
        let Some(message) = record.value else { return Ok(Decoded::default()) };
        match self.row(message, arena) {
            Ok(row) => Ok(Decoded::insert(row, arena)),
            Err(fault) => Err(fault.into_rejection(0)),
        }
    }
}

/// The decoder of `avro-confluent`.
pub(crate) struct Confluent {
    messages: ConfluentMessages,
}

impl Confluent {
    pub fn new(reader: AvroSchema, columns: Vec<RowField>, schemas: Arc<dyn Schemas>) -> Self {
        Confluent { messages: ConfluentMessages::new(reader, columns, schemas) }
    }
}

impl Decode for Confluent {
    fn is_ready(&mut self, record: &Record<'_>) -> Result<bool> {
        record.value.map_or(Ok(true), |message| self.messages.prepare(message))
    }

    fn decode<'a>(&mut self, record: &Record<'a>, arena: &'a Bump) -> std::result::Result<Decoded<'a>, Rejection> {
        let Some(message) = record.value else { return Ok(Decoded::default()) };
        match self.messages.read(message, arena) {
            Ok((row, inner, own)) => Ok(Decoded { fields_ignored: inner + own, ..Decoded::insert(row, arena) }),
            Err(fault) => Err(fault.into_rejection(0)),
        }
    }
}

/// Rejects each message, because the format's schema can't be read or there is no registry. A checked job never needs this
/// decoder.
pub(crate) struct Unreadable(pub String);

impl Decode for Unreadable {
    fn decode<'a>(&mut self, _: &Record<'a>, _: &'a Bump) -> std::result::Result<Decoded<'a>, Rejection> {
        Err(Rejection::new(Stage::Decode, &self.0))
    }
}
