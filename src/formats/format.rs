//! The list of formats.

use std::sync::Arc;

use super::Decode;
use super::avro::confluent_options::ConfluentFormat;
use super::avro::debezium_options::DebeziumConfluentFormat;
use super::avro::options::AvroFormat;
use super::canal::options::CanalFormat;
use super::csv::options::CsvFormat;
use super::debezium::options::DebeziumFormat;
use super::definition::{DeclaredColumn, MessageFormat};
use super::json::options::JsonFormat;
use super::maxwell::MaxwellFormat;
use super::ogg::OggFormat;
use super::protobuf::options::ProtobufFormat;
use super::raw::options::RawFormat;
use crate::options::{OptionSpec, TableOptions, specs};
use crate::schema_registry::schemas::Schemas;
use crate::settings::registry::Registry;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::data_type::DataType;

/// Makes [`Format`] and [`FORMATS`] of the list. Each format implements [`MessageFormat`], so a format that lacks an item
/// doesn't compile.
macro_rules! formats {
    ($($variant:ident: $format:ty,)*) => {
        /// How messages are decoded: a format with its options.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Format {
            $($variant($format),)*
        }

        /// All formats, as documentation lists them.
        pub const FORMATS: &[FormatSpec] = &[$(FormatSpec {
            name: <$format as MessageFormat>::NAME,
            is_changing: <$format as MessageFormat>::IS_CHANGING,
            options: || specs(<$format as MessageFormat>::OPTIONS),
            read: |options| <$format as MessageFormat>::read(options).map(Format::$variant),
        },)*];

        /// The same for each format: `each!(self, format => format.registry())`.
        macro_rules! each {
            ($self:expr, $inner:ident => $what:expr) => {
                match $self { $(Format::$variant($inner) => $what,)* }
            };
        }
    };
}

formats! {
    Csv: CsvFormat,
    Json: JsonFormat,
    Raw: RawFormat,
    Avro: AvroFormat,
    AvroConfluent: ConfluentFormat,
    Protobuf: ProtobufFormat,
    Debezium: DebeziumFormat,
    DebeziumAvroConfluent: DebeziumConfluentFormat,
    Canal: CanalFormat,
    Maxwell: MaxwellFormat,
    Ogg: OggFormat,
}

/// What is known of a format without the options of a table.
#[derive(Debug)]
pub struct FormatSpec {
    pub name: &'static str,
    pub is_changing: bool,
    options: fn() -> Vec<OptionSpec>,
    read: fn(&mut TableOptions<'_>) -> Option<Format>,
}

impl FormatSpec {
    pub fn find(name: &str) -> Option<&'static FormatSpec> {
        FORMATS.iter().find(|format| format.name == name)
    }

    pub fn options(&self) -> Vec<OptionSpec> {
        (self.options)()
    }

    /// Reads the options. `options` already adds the format's prefix to their names. `None`: they are wrong, and the error
    /// was added.
    pub fn read(&self, options: &mut TableOptions<'_>) -> Option<Format> {
        (self.read)(options)
    }
}

/// The names of the formats that an option takes.
pub fn names(takes_changes: bool) -> impl Iterator<Item = &'static str> {
    FORMATS.iter().filter(move |format| takes_changes || !format.is_changing).map(|format| format.name)
}

/// The error for a format that doesn't exist.
pub fn unknown(name: &str) -> String {
    let known: Vec<&str> = names(true).collect();
    format!("= '{name}' is unknown; {} are supported", known.join(", "))
}

impl Format {
    /// The format's name in a job file.
    pub fn name(&self) -> &'static str {
        fn name_of<F: MessageFormat>(_: &F) -> &'static str {
            F::NAME
        }
        each!(self, format => name_of(format))
    }

    /// Any format, in the place of one that was refused.
    pub fn none() -> Format {
        Format::Json(JsonFormat::default())
    }

    /// Whether the format's messages can also update and delete rows.
    pub fn is_changing(&self) -> bool {
        fn of<F: MessageFormat>(_: &F) -> bool {
            F::IS_CHANGING
        }
        each!(self, format => of(format))
    }

    /// The metadata that the format reads from a message.
    pub fn metadata(&self) -> Vec<MetadataColumn> {
        fn of<F: MessageFormat>(_: &F) -> Vec<MetadataColumn> {
            F::metadata()
        }
        each!(self, format => of(format))
    }

    /// The registry that has the schemas, if the format's messages contain the id of their schema.
    pub fn registry(&self) -> Option<&Registry> {
        each!(self, format => format.registry())
    }

    /// The reason why the format can't have a column of this type, `None` if it can.
    pub fn refuse_column(&self, name: &str, data_type: &DataType) -> Option<String> {
        each!(self, format => format.refuse_column(name, data_type))
    }

    /// The reason why the format can't have this many columns, `None` if it can. `part` is `value` or `key`.
    pub fn refuse_count(&self, columns: usize, part: &str) -> Option<String> {
        each!(self, format => format.refuse_count(columns, part))
    }

    /// Derives the format's schema from the table's columns, or checks that the given schema fits them.
    pub fn complete(&mut self, table: &str, columns: &[DeclaredColumn<'_>]) -> Result<(), String> {
        each!(self, format => format.complete(table, columns))
    }

    /// Makes the decoder of messages. A format with a registry looks up schemas in `schemas`.
    pub fn decoder(
        &self,
        columns: &[SourceColumn],
        metadata: &[MetadataColumn],
        schemas: Option<Arc<dyn Schemas>>,
    ) -> Box<dyn Decode> {
        each!(self, format => format.decoder(columns, metadata, schemas))
    }
}
