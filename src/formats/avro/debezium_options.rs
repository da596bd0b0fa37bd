//! `'format' = 'debezium-avro-confluent'`, which has the options of `avro-confluent`.

use std::sync::Arc;

use super::confluent_options::{ConfluentFormat, ConfluentOptions, OPTIONS, other_schema};
use super::derive::{check_schema, envelope_of, fits_envelope};
use super::options::refuse_common;
use super::{DebeziumAvro, fields};
use crate::formats::Decode;
use crate::formats::definition::{DeclaredColumn, MessageFormat};
use crate::options::{OptionDefinition, TableOptions};
use crate::schema_registry::schemas::Schemas;
use crate::settings::registry::Registry;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::data_type::DataType;

/// The format's options. The schema is the one of the whole change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebeziumConfluentFormat(pub ConfluentFormat);

impl MessageFormat for DebeziumConfluentFormat {
    const NAME: &'static str = "debezium-avro-confluent";
    const IS_CHANGING: bool = true;
    type Options = ConfluentOptions;
    const OPTIONS: &'static [OptionDefinition<ConfluentOptions>] = OPTIONS;

    fn new(given: ConfluentOptions, options: &mut TableOptions<'_>) -> Option<Self> {
        ConfluentFormat::new(given, options).map(DebeziumConfluentFormat)
    }

    /// This format has no metadata columns in Flink.
    fn metadata() -> Vec<MetadataColumn> {
        Vec::new()
    }

    fn refuse_column(&self, _: &str, data_type: &DataType) -> Option<String> {
        refuse_common(data_type)
    }

    fn registry(&self) -> Option<&Registry> {
        Some(&self.0.registry)
    }

    fn complete(&mut self, table: &str, columns: &[DeclaredColumn<'_>]) -> Result<(), String> {
        if self.0.schema.is_empty() {
            self.0.schema = envelope_of(columns).to_string();
            return Ok(());
        }
        check_schema(&self.0.schema, |schema| fits_envelope(schema, columns)).map_err(|why| other_schema(table, &why))
    }

    fn decoder(
        &self,
        columns: &[SourceColumn],
        _: &[MetadataColumn],
        schemas: Option<Arc<dyn Schemas>>,
    ) -> Box<dyn Decode> {
        self.0.decoder_of(schemas, |reader, schemas| Box::new(DebeziumAvro::new(reader, fields(columns), schemas)))
    }
}
