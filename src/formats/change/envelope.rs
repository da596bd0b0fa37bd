//! The code that the change formats in JSON share. It reads the object around the rows, the *envelope*, and the metadata in
//! it.

use bumpalo::Bump;

use crate::change::Change;
use crate::error::Rejection;
use crate::excerpt::Excerpt;
use crate::formats::change::options::ChangeFormat;
use crate::formats::decode_error::DecodeError;
use crate::formats::json::{JsonFields, JsonReader, JsonRules, JsonType, Missing};
use crate::formats::{Decoded, temporal};
use crate::record::Record;
use crate::types::column::MetadataColumn;
use crate::types::data_type::DataType;
use crate::types::java::number;
use crate::types::value::Value;

/// The fields of the envelope that a format reads.
#[derive(Default)]
pub(crate) struct EnvelopeLayout {
    fields: Vec<(&'static str, JsonType)>,
    origins: Vec<MetadataField>,
}

/// The place of a metadata column's value in the envelope.
#[derive(Debug, Clone, Copy)]
struct MetadataField {
    field: usize,
    reading: MetadataReading,
}

/// How a metadata column's value is made of the envelope's field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetadataReading {
    AsIs,
    /// Milliseconds since 1970.
    Millis,
    Seconds,
    /// A text with a date and a time in UTC.
    DateTime,
    /// The entry of a MAP with this key. It is a text.
    Entry(&'static str),
    /// The entry of a MAP with this key. It is a text of milliseconds since 1970.
    EntryMillis(&'static str),
    /// The schema that is beside the payload.
    Schema,
}

/// How a message's envelope is read.
pub(crate) struct Envelope {
    fields: JsonFields,
    /// The envelope is the field `payload` of an object that also has a field `schema`.
    is_wrapped: bool,
    origins: Vec<MetadataField>,
    rules: JsonRules,
}

impl EnvelopeLayout {
    /// Adds a field and returns its index. If there is a field of this name already, it is kept.
    pub fn field(&mut self, name: &'static str, shape: JsonType) -> usize {
        match self.fields.iter().position(|(known, _)| *known == name) {
            Some(index) => index,
            None => {
                self.fields.push((name, shape));
                self.fields.len() - 1
            }
        }
    }

    pub fn typed(&mut self, name: &'static str, data_type: &DataType) -> usize {
        self.field(name, JsonType::new(data_type, Missing::Null))
    }

    /// Adds the field for the next metadata column.
    fn metadata(&mut self, name: &'static str, data_type: &DataType, reading: MetadataReading) {
        let field = self.typed(name, data_type);
        self.origins.push(MetadataField { field, reading });
    }

    /// The next metadata column is the text of the schema beside the payload, or NULL if there is none.
    fn schema_metadata(&mut self) {
        self.origins.push(MetadataField { field: 0, reading: MetadataReading::Schema });
    }

    pub fn into_envelope(self, options: ChangeFormat) -> Envelope {
        let rules = JsonRules {
            ignore_parse_errors: options.ignore_parse_errors,
            timestamps: options.timestamps,
            // Flink parses these messages into a tree first, which has doubles.
            numbers_as_doubles: true,
        };
        Envelope { fields: JsonFields::envelope(self.fields), is_wrapped: false, origins: self.origins, rules }
    }

    /// The envelope as the field `payload` of an object that also has a field `schema`.
    pub fn into_payload(self, options: ChangeFormat) -> Envelope {
        let wants_schema = self.origins.iter().any(|origin| origin.reading == MetadataReading::Schema);
        let inner = self.into_envelope(options);
        let schema = wants_schema.then(|| ("schema", JsonType::new(&DataType::STRING, Missing::Null)));
        let fields = [("payload", JsonType::from(inner.fields))].into_iter().chain(schema);
        Envelope { fields: JsonFields::envelope(fields), is_wrapped: true, ..inner }
    }
}

/// Metadata from a field of the envelope: the key, the field, its type and how it is read.
pub(crate) type PlainMetadata = (&'static str, &'static str, DataType, MetadataReading);

impl EnvelopeLayout {
    pub fn plain_metadata(&mut self, columns: &[MetadataColumn], known: &[PlainMetadata]) {
        for column in columns {
            match known.iter().find(|(key, ..)| *key == column.key) {
                Some((_, _, _, MetadataReading::Schema)) => self.schema_metadata(),
                Some((_, name, data_type, reading)) => self.metadata(name, data_type, *reading),
                None => {}
            }
        }
    }
}

/// The metadata columns that a table can declare for these fields.
pub(crate) fn metadata_columns(known: &[PlainMetadata]) -> Vec<MetadataColumn> {
    let column = |(key, _, data_type, reading): &PlainMetadata| {
        let data_type = match reading {
            MetadataReading::AsIs | MetadataReading::Schema => data_type.clone(),
            MetadataReading::Millis | MetadataReading::Seconds | MetadataReading::EntryMillis(_) => {
                DataType::TimestampLtz { precision: 3 }
            }
            MetadataReading::DateTime => DataType::TimestampLtz { precision: 6 },
            MetadataReading::Entry(_) => DataType::STRING,
        };
        MetadataColumn { key: (*key).into(), data_type }
    };
    known.iter().map(column).collect()
}

/// A message whose envelope has been read.
pub(crate) struct ChangeMessage<'a, 'e> {
    envelope: &'e Envelope,
    /// The values of the envelope's fields.
    values: &'a [Value<'a>],
    schema: Value<'a>,
    pub arena: &'a Bump,
}

impl Envelope {
    /// Decodes a message. `changes` makes the changes of its envelope. A tombstone makes none. `depth` is the depth of the
    /// columns in the message.
    pub fn decode<'a>(
        &self,
        record: &Record<'a>,
        depth: usize,
        arena: &'a Bump,
        changes: impl FnOnce(&ChangeMessage<'a, '_>) -> Result<&'a [Change<'a>], DecodeError>,
    ) -> Result<Decoded<'a>, Rejection> {
        let Some(message) = record.value.filter(|message| !message.is_empty()) else {
            return Ok(Decoded::default());
        };
        let mut reader = JsonReader::new(message, self.rules, arena);
        let read = reader.message(&self.fields);
        match read.and_then(|values| changes(&self.open(values, arena)?)) {
            Ok(changes) => Ok(Decoded { changes, parse_errors_ignored: reader.nulled, fields_ignored: reader.unknown }),
            Err(_) if self.rules.ignore_parse_errors => Ok(Decoded { parse_errors_ignored: 1, ..Decoded::default() }),
            Err(fault) => Err(fault.into_rejection(depth)),
        }
    }
}

impl Envelope {
    fn open<'a>(&self, values: &'a [Value<'a>], arena: &'a Bump) -> Result<ChangeMessage<'a, '_>, DecodeError> {
        if !self.is_wrapped {
            return Ok(ChangeMessage { envelope: self, values, schema: Value::Null, arena });
        }
        let schema = values.get(1).copied().unwrap_or(Value::Null);
        match row_of(values.first()) {
            Some(values) => Ok(ChangeMessage { envelope: self, values, schema, arena }),
            None => Err(DecodeError::of_message(
                "found no 'payload'; a message without its schema needs 'schema-include' = 'false'",
            )),
        }
    }
}

impl<'a> ChangeMessage<'a, '_> {
    pub fn text(&self, field: usize) -> Option<&'a str> {
        match self.values.get(field) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The row of a field, if there is one.
    pub fn row(&self, field: usize) -> Option<&'a [Value<'a>]> {
        row_of(self.values.get(field))
    }

    pub fn rows(&self, field: usize) -> Option<&'a [Value<'a>]> {
        match self.values.get(field) {
            Some(Value::Array(rows)) => Some(rows),
            _ => None,
        }
    }

    pub fn one(&self, change: Change<'a>) -> &'a [Change<'a>] {
        std::slice::from_ref(self.arena.alloc(change))
    }

    /// A whole row with its metadata. Values that the message doesn't have are NULL.
    pub fn whole(&self, row: &'a [Value<'a>]) -> Result<&'a [Value<'a>], DecodeError> {
        if !row.contains(&Value::Unchanged) {
            return self.with_metadata(row);
        }
        let whole = self.arena.alloc_slice_copy(row);
        for value in whole.iter_mut().filter(|value| **value == Value::Unchanged) {
            *value = Value::Null;
        }
        self.with_metadata(whole)
    }

    /// The row before an update: `row` with the values of `old` that are there.
    pub fn overlaid(&self, row: &'a [Value<'a>], old: &'a [Value<'a>]) -> Result<&'a [Value<'a>], DecodeError> {
        let before = self.arena.alloc_slice_copy(row);
        for (value, old) in before.iter_mut().zip(old) {
            if *old != Value::Unchanged {
                *value = *old;
            }
        }
        self.whole(before)
    }

    /// The row's values, then those of the metadata columns.
    pub fn with_metadata(&self, row: &'a [Value<'a>]) -> Result<&'a [Value<'a>], DecodeError> {
        let origins = &self.envelope.origins;
        if origins.is_empty() {
            return Ok(row);
        }
        let values = self.arena.alloc_slice_fill_copy(row.len() + origins.len(), Value::Null);
        let (columns, metadata) = values.split_at_mut(row.len());
        columns.copy_from_slice(row);
        for (value, origin) in metadata.iter_mut().zip(origins) {
            *value = self.read(*origin)?;
        }
        Ok(values)
    }

    fn read(&self, origin: MetadataField) -> Result<Value<'a>, DecodeError> {
        let value = self.values.get(origin.field).copied().unwrap_or(Value::Null);
        let instant = |millis: Option<i64>| match millis {
            Some(millis) => {
                Value::Instant { seconds: millis.div_euclid(1000), nanos: (millis.rem_euclid(1000) * 1_000_000) as u32 }
            }
            None => Value::Null,
        };
        Ok(match origin.reading {
            MetadataReading::AsIs => value,
            MetadataReading::Millis => instant(int(value)),
            MetadataReading::Seconds => int(value).map_or(Value::Null, |seconds| Value::Instant { seconds, nanos: 0 }),
            MetadataReading::DateTime => date_time(value)?,
            MetadataReading::Schema => self.schema,
            MetadataReading::Entry(key) => entry(value, key),
            MetadataReading::EntryMillis(key) => match entry(value, key) {
                Value::Text(text) => instant(number::integer(text.as_bytes())),
                _ => Value::Null,
            },
        })
    }
}

/// The fields of the value if it is a row.
pub(crate) fn row_of<'a>(value: Option<&Value<'a>>) -> Option<&'a [Value<'a>]> {
    match value {
        Some(Value::Row(row)) => Some(row),
        _ => None,
    }
}

fn int(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Int(value) => Some(value),
        _ => None,
    }
}

fn entry<'a>(map: Value<'a>, key: &str) -> Value<'a> {
    let Value::Map(entries) = map else { return Value::Null };
    entries.iter().find(|(name, _)| *name == Value::Text(key)).map_or(Value::Null, |(_, value)| *value)
}

fn date_time(value: Value<'_>) -> Result<Value<'_>, DecodeError> {
    let Value::Text(text) = value else { return Ok(Value::Null) };
    let bytes = text.as_bytes();
    match temporal::timestamp(bytes).or_else(|| temporal::iso_timestamp(bytes)) {
        Some((seconds, nanos)) => Ok(Value::Instant { seconds, nanos }),
        None => Err(DecodeError::of_message(format!("found {} where a date and a time were expected", Excerpt(bytes)))),
    }
}
