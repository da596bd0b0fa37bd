//! `'format' = 'protobuf'` and its options. Flink asks for a generated Java class; here the descriptors that protoc writes take
//! its place, and the columns are checked against them.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};

use super::Protobuf;
use crate::formats::Decode;
use crate::formats::definition::MessageFormat;
use crate::options::nearest::nearest;
use crate::options::{OptionDefinition, OptionValue, TableOptions, with_defaults};
use crate::schema_registry::schemas::Schemas;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::data_type::DataType;

#[derive(Clone, PartialEq)]
pub struct ProtobufFormat {
    /// The type of the messages, with all types that it contains.
    pub message: MessageDescriptor,
    pub ignore_parse_errors: bool,
    /// Fields that aren't set have their default value instead of NULL.
    pub read_default_values: bool,
}

impl fmt::Debug for ProtobufFormat {
    /// Shows only the name, because a descriptor's own `Debug` prints its whole file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProtobufFormat")
            .field("message", &self.message.full_name())
            .field("ignore_parse_errors", &self.ignore_parse_errors)
            .field("read_default_values", &self.read_default_values)
            .finish()
    }
}

/// The values of the options.
#[derive(Default)]
pub struct ProtobufOptions {
    descriptors: Option<DescriptorPool>,
    message: Option<String>,
    ignore_parse_errors: bool,
    read_default_values: bool,
}

type ProtobufOption = OptionDefinition<ProtobufOptions>;

const DESCRIPTOR_FILE: ProtobufOption = ProtobufOption::new(
    "descriptor-file",
    OptionValue::Parsed(|given, path| {
        given.descriptors = Some(descriptors(path)?);
        Ok(())
    }),
    "The file with the message's type, as 'protoc --include_imports --descriptor_set_out=FILE' writes it.",
)
.required()
.own();
const MESSAGE: ProtobufOption = ProtobufOption::new(
    "message",
    OptionValue::Text(|given, name| given.message = Some(name)),
    "The message's full name, such as shop.Car.",
)
.required()
.own();
const IGNORE_PARSE_ERRORS: ProtobufOption = ProtobufOption::new(
    "ignore-parse-errors",
    OptionValue::Boolean(|given, on| given.ignore_parse_errors = on),
    "true: messages that can't be decoded are dropped.",
)
.default("false")
.since("1.16");
const READ_DEFAULT_VALUES: ProtobufOption = ProtobufOption::new(
    "read-default-values",
    OptionValue::Boolean(|given, on| given.read_default_values = on),
    "true: a field that isn't set has its default value instead of NULL, also a field whose type is a message. Number and \
     text fields of proto3 that aren't declared optional have it in any case.",
)
.default("false")
.since("1.16");
const MESSAGE_CLASS_NAME: ProtobufOption = ProtobufOption::new(
    "message-class-name",
    OptionValue::NoEffect,
    "The Java class by which Flink reads messages. It has no effect here: descriptor-file and message take its place.",
)
.since("1.16");
const WRITE_NULL_STRING_LITERAL: ProtobufOption =
    ProtobufOption::new("write-null-string-literal", OptionValue::NoEffect, "For writing only; accepted, no effect.")
        .since("1.16");

/// The largest file that is read. Descriptors are only a few kilobytes for each file of definitions.
const LARGEST: u64 = 64 << 20;

impl MessageFormat for ProtobufFormat {
    const NAME: &'static str = "protobuf";
    const IS_CHANGING: bool = false;
    type Options = ProtobufOptions;
    const OPTIONS: &'static [ProtobufOption] = &[
        DESCRIPTOR_FILE,
        MESSAGE,
        IGNORE_PARSE_ERRORS,
        READ_DEFAULT_VALUES,
        MESSAGE_CLASS_NAME,
        WRITE_NULL_STRING_LITERAL,
    ];

    fn read(options: &mut TableOptions<'_>) -> Option<Self> {
        let is_flinks = options.is_set(&MESSAGE_CLASS_NAME);
        if is_flinks && !options.is_set(&DESCRIPTOR_FILE) && !options.is_set(&MESSAGE) {
            options.error(
                &MESSAGE_CLASS_NAME,
                "names a Java class, which can't be loaded here; set 'protobuf.descriptor-file' to what 'protoc \
                 --include_imports --descriptor_set_out=FILE' writes, and 'protobuf.message' to the message's full name",
            );
            return None;
        }
        let mut given = with_defaults(Self::OPTIONS);
        options.read_into(Self::OPTIONS, &mut given);
        Self::new(given, options)
    }

    fn new(given: ProtobufOptions, options: &mut TableOptions<'_>) -> Option<Self> {
        let ProtobufOptions { descriptors, message, ignore_parse_errors, read_default_values } = given;
        match find(&descriptors?, &message?) {
            Ok(message) => Some(ProtobufFormat { message, ignore_parse_errors, read_default_values }),
            Err(wrong) => {
                options.error(&MESSAGE, &wrong);
                None
            }
        }
    }

    fn metadata() -> Vec<MetadataColumn> {
        Vec::new()
    }

    fn refuse_column(&self, name: &str, data_type: &DataType) -> Option<String> {
        refuse_column(&self.message, name, data_type)
    }

    fn decoder(&self, columns: &[SourceColumn], _: &[MetadataColumn], _: Option<Arc<dyn Schemas>>) -> Box<dyn Decode> {
        Box::new(Protobuf::new(self, columns))
    }
}

fn descriptors(path: &str) -> Result<DescriptorPool, String> {
    let unreadable = |error: std::io::Error| format!("can't be read: {error}");
    let file = File::open(path).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err("is not a file".into());
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err("is larger than 64mb, so it is not a file of descriptors".into());
    }
    let pool = DescriptorPool::decode(bytes.as_slice());
    pool.map_err(|error| {
        format!(
            "is not a file of descriptors, or the descriptors of its imports are missing (--include_imports): {error}"
        )
    })
}

fn find(pool: &DescriptorPool, name: &str) -> Result<MessageDescriptor, String> {
    if let Some(message) = pool.get_message_by_name(name) {
        return Ok(message);
    }
    let names: Vec<String> = pool
        .all_messages()
        .filter(|message| !message.is_map_entry() && !message.full_name().starts_with("google.protobuf."))
        .map(|message| message.full_name().to_string())
        .collect();
    let ends_so = names.iter().find(|full| full.rsplit('.').next() == Some(name)).map(String::as_str);
    Err(match ends_so.or_else(|| nearest(name, names.iter().map(String::as_str))) {
        Some(near) => format!("= '{name}' is not in the file; did you mean '{near}'?"),
        None => format!("= '{name}' is not in the file, which has {}", shortened(&names)),
    })
}

/// The reason why a message's field can't fill a column, `None` if it can.
fn refuse_column(message: &MessageDescriptor, name: &str, data_type: &DataType) -> Option<String> {
    let Some(field) = message.get_field_by_name(name) else {
        let names: Vec<String> = message.fields().map(|field| field.name().to_string()).collect();
        let suggestion = match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("it has {}", shortened(&names)),
        };
        return Some(format!("message '{}' has no field '{name}'; {suggestion}", message.full_name()));
    };
    refuse_field(&field, data_type)
}

fn refuse_field(field: &FieldDescriptor, data_type: &DataType) -> Option<String> {
    let kind = field.kind();
    if let (true, Some(entry)) = (field.is_map(), kind.as_message()) {
        let DataType::Map(key, value) = data_type else {
            return Some(expected(field, data_type, "MAP"));
        };
        return refuse_field(&entry.map_entry_key_field(), key)
            .or_else(|| refuse_field(&entry.map_entry_value_field(), value));
    }
    if field.is_list() {
        let DataType::Array(element) = data_type else {
            return Some(expected(field, data_type, &format!("ARRAY<{}>", fitting(&kind))));
        };
        return refuse_single(field, &kind, element);
    }
    refuse_single(field, &kind, data_type)
}

fn refuse_single(field: &FieldDescriptor, kind: &Kind, data_type: &DataType) -> Option<String> {
    let fits = match (kind, data_type) {
        (Kind::Message(message), DataType::Row(fields)) => {
            return fields.iter().find_map(|field| refuse_column(message, &field.name, &field.data_type));
        }
        (Kind::Message(message), DataType::TimestampLtz { .. }) => message.full_name() == TIMESTAMP,
        (Kind::Bool, DataType::Boolean) => true,
        (
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 | Kind::Uint32 | Kind::Fixed32,
            DataType::Int | DataType::BigInt,
        ) => true,
        (Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64, DataType::BigInt) => true,
        (Kind::Float, DataType::Float) | (Kind::Double, DataType::Double) => true,
        (Kind::String, data_type) => data_type.is_text(),
        (Kind::Bytes, DataType::Binary(_) | DataType::Varbinary(_)) => true,
        (Kind::Enum(_), data_type) => data_type.is_text() || data_type.is_integer(),
        _ => false,
    };
    (!fits).then(|| expected(field, data_type, fitting(kind)))
}

const TIMESTAMP: &str = "google.protobuf.Timestamp";

fn expected(field: &FieldDescriptor, found: &DataType, expected: &str) -> String {
    format!("the field '{}' needs a column of type {expected}, but the column is {found}", field.full_name())
}

/// The Flink types that a field of this kind can have in a table.
fn fitting(kind: &Kind) -> &'static str {
    match kind {
        Kind::Bool => "BOOLEAN",
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 | Kind::Uint32 | Kind::Fixed32 => "INT or BIGINT",
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => "BIGINT",
        Kind::Float => "FLOAT",
        Kind::Double => "DOUBLE",
        Kind::String => "STRING",
        Kind::Bytes => "BYTES",
        Kind::Enum(_) => "STRING or INT",
        Kind::Message(message) if message.full_name() == TIMESTAMP => "TIMESTAMP_LTZ or ROW",
        Kind::Message(_) => "ROW",
    }
}

fn shortened(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let more = if names.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", names[..names.len().min(SHOWN)].join(", "))
}
