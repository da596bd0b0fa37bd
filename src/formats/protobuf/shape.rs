//! A message's type as a table's columns need it: the column of each field number, and the value of a field that isn't in
//! the message.

use prost_reflect::{EnumDescriptor, FieldDescriptor, MessageDescriptor, Syntax};

use super::wire::WireType;
use crate::types::data_type::DataType;

/// The fields of a message that are read: those with a column, those that are required, and those of a oneof, because their
/// presence clears the other members of the oneof.
#[derive(Debug)]
pub struct ProtobufMessage {
    /// Sorted by their numbers.
    fields: Vec<ProtobufField>,
    /// For each column: the value if the field isn't in the message.
    pub absent: Vec<ProtobufAbsent>,
    /// A bit for each of the first 64 required fields. It isn't checked that the message has further ones.
    pub required: u64,
}

#[derive(Debug)]
pub struct ProtobufField {
    pub number: u32,
    pub name: String,
    /// The column's index and how the value is read. `None`: the field has no column.
    pub column: Option<(usize, FieldReading)>,
    /// The columns of the other members of the same oneof. They are cleared when this field comes.
    pub others: Vec<usize>,
    /// The field's bit in [`ProtobufMessage::required`].
    pub required: u64,
}

#[derive(Debug)]
pub enum FieldReading {
    One(ProtobufKind),
    List(ProtobufKind),
    Map(Box<(ProtobufKind, ProtobufKind, ProtobufAbsent, ProtobufAbsent)>),
}

#[derive(Debug)]
pub enum ProtobufKind {
    Bool,
    /// `int32`, and `uint32` in a column that takes Java's int: the lower 32 bits.
    Int32,
    Uint32,
    Sint32,
    Fixed32,
    Sfixed32,
    /// `int64` and `uint64`.
    Int64,
    Sint64,
    /// `fixed64` and `sfixed64`.
    Fixed64,
    Float,
    Double,
    Text,
    Bytes,
    Enum(Box<Enumeration>),
    Message(Box<ProtobufMessage>),
    Group(Box<ProtobufMessage>),
    /// `google.protobuf.Timestamp`
    Instant,
}

#[derive(Debug)]
pub struct Enumeration {
    /// The names by their numbers, for a column of text.
    pub names: Option<Vec<(i32, String)>>,
    /// `Some`: a closed enumeration (proto2), with its numbers. Other numbers count as unknown fields.
    pub closed: Option<Vec<i32>>,
    /// The range of numbers that the column holds.
    pub least: i64,
    pub most: i64,
}

/// The value of a field that isn't in the message.
#[derive(Debug, Clone)]
pub enum ProtobufAbsent {
    Null,
    Bool(bool),
    Int(i64),
    Float(f32),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Array,
    Map,
    Row(Vec<ProtobufAbsent>),
    Instant,
}

impl ProtobufMessage {
    pub fn new<'n>(
        descriptor: &MessageDescriptor,
        columns: impl IntoIterator<Item = (&'n str, &'n DataType)>,
        read_defaults: bool,
    ) -> Self {
        let columns: Vec<_> = columns.into_iter().collect();
        let position = |field: &FieldDescriptor| columns.iter().position(|(name, _)| *name == field.name());
        let mut absent = vec![ProtobufAbsent::Null; columns.len()];
        let mut required = 0_u64;
        let mut fields = Vec::new();
        for field in descriptor.fields() {
            let index = position(&field);
            let column = index.and_then(|index| {
                let (_, data_type) = columns.get(index)?;
                let reading = reading(&field, data_type, read_defaults)?;
                if let Some(absent) = absent.get_mut(index) {
                    *absent = if_absent(&field, &reading, data_type, read_defaults);
                }
                Some((index, reading))
            });
            let others: Vec<usize> = match field.containing_oneof() {
                Some(oneof) => {
                    oneof.fields().filter(|other| *other != field).filter_map(|other| position(&other)).collect()
                }
                None => Vec::new(),
            };
            let bit =
                if field.is_required() { 1_u64.checked_shl(required.count_ones()).unwrap_or_default() } else { 0 };
            required |= bit;
            if column.is_some() || !others.is_empty() || bit != 0 {
                let name = field.name().to_string();
                fields.push(ProtobufField { number: field.number(), name, column, others, required: bit });
            }
        }
        fields.sort_by_key(|field| field.number);
        ProtobufMessage { fields, absent, required }
    }

    /// The field with a number. `hint` is the index at which it probably is. It is set to the index after the field.
    #[inline]
    pub fn find(&self, number: u32, hint: &mut usize) -> Option<&ProtobufField> {
        let index = match self.fields.get(*hint) {
            Some(field) if field.number == number => *hint,
            _ => match hint.checked_sub(1).and_then(|last| self.fields.get(last)) {
                // An element of a list that isn't packed follows another element.
                Some(field) if field.number == number => *hint - 1,
                _ => self.fields.binary_search_by_key(&number, |field| field.number).ok()?,
            },
        };
        *hint = index + 1;
        self.fields.get(index)
    }

    /// The type of the nested message in a ROW column, and the field's name.
    pub fn nested(&self, column: usize) -> Option<(&str, &ProtobufMessage)> {
        self.fields.iter().find_map(|field| match &field.column {
            Some((index, FieldReading::One(ProtobufKind::Message(message) | ProtobufKind::Group(message))))
                if *index == column =>
            {
                Some((field.name.as_str(), &**message))
            }
            _ => None,
        })
    }

    /// The first required field that is not among `seen`.
    pub fn missing(&self, seen: u64) -> Option<&str> {
        let missing = self.required & !seen;
        self.fields.iter().find(|field| field.required & missing != 0).map(|field| field.name.as_str())
    }
}

/// How a field is read. `None`: the types don't fit. The job's check refuses such a column.
fn reading(field: &FieldDescriptor, data_type: &DataType, read_defaults: bool) -> Option<FieldReading> {
    let field_kind = field.kind();
    if field.is_map() {
        let (DataType::Map(key_type, value_type), Some(entry)) = (data_type, field_kind.as_message()) else {
            return None;
        };
        let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        let key_kind = kind(&key, key_type, read_defaults)?;
        let value_kind = kind(&value, value_type, read_defaults)?;
        // An entry without a key or a value has the default in its place, whatever the options say.
        let (no_key, no_value) = (default_of(&key, &key_kind), default_of(&value, &value_kind));
        return Some(FieldReading::Map(Box::new((key_kind, value_kind, no_key, no_value))));
    }
    if field.is_list() {
        let DataType::Array(element) = data_type else { return None };
        return kind(field, element, read_defaults).map(FieldReading::List);
    }
    kind(field, data_type, read_defaults).map(FieldReading::One)
}

fn kind(field: &FieldDescriptor, data_type: &DataType, read_defaults: bool) -> Option<ProtobufKind> {
    use prost_reflect::Kind as Declared;
    let is_long = *data_type == DataType::BigInt;
    Some(match (field.kind(), data_type) {
        (Declared::Bool, DataType::Boolean) => ProtobufKind::Bool,
        (Declared::Int32, DataType::Int | DataType::BigInt) | (Declared::Uint32, DataType::Int) => ProtobufKind::Int32,
        (Declared::Uint32, DataType::BigInt) => ProtobufKind::Uint32,
        (Declared::Sint32, DataType::Int | DataType::BigInt) => ProtobufKind::Sint32,
        (Declared::Fixed32, DataType::Int | DataType::BigInt) if is_long => ProtobufKind::Fixed32,
        (Declared::Fixed32 | Declared::Sfixed32, DataType::Int | DataType::BigInt) => ProtobufKind::Sfixed32,
        (Declared::Int64 | Declared::Uint64, DataType::BigInt) => ProtobufKind::Int64,
        (Declared::Sint64, DataType::BigInt) => ProtobufKind::Sint64,
        (Declared::Fixed64 | Declared::Sfixed64, DataType::BigInt) => ProtobufKind::Fixed64,
        (Declared::Float, DataType::Float) => ProtobufKind::Float,
        (Declared::Double, DataType::Double) => ProtobufKind::Double,
        (Declared::String, DataType::Char(_) | DataType::Varchar(_)) => ProtobufKind::Text,
        (Declared::Bytes, DataType::Binary(_) | DataType::Varbinary(_)) => ProtobufKind::Bytes,
        (Declared::Enum(descriptor), _) => ProtobufKind::Enum(Box::new(Enumeration::new(&descriptor, data_type)?)),
        (Declared::Message(message), DataType::TimestampLtz { .. }) if message.full_name() == TIMESTAMP => {
            ProtobufKind::Instant
        }
        (Declared::Message(message), DataType::Row(fields)) => {
            let fields = fields.iter().map(|field| (field.name.as_str(), &field.data_type));
            let message = Box::new(ProtobufMessage::new(&message, fields, read_defaults));
            if field.is_group() { ProtobufKind::Group(message) } else { ProtobufKind::Message(message) }
        }
        _ => return None,
    })
}

/// The message that a TIMESTAMP_LTZ may be read from.
pub const TIMESTAMP: &str = "google.protobuf.Timestamp";

/// The value of a field that isn't in the message. In proto3 some numbers and texts don't say whether they were set: such a
/// field is 0 or empty. All other fields are NULL, unless the option asks for defaults.
fn if_absent(
    field: &FieldDescriptor,
    reading: &FieldReading,
    data_type: &DataType,
    read_defaults: bool,
) -> ProtobufAbsent {
    match (reading, data_type) {
        (FieldReading::List(_), _) if read_defaults => ProtobufAbsent::Array,
        (FieldReading::Map(_), _) if read_defaults => ProtobufAbsent::Map,
        (FieldReading::One(kind), _) if read_defaults || !field.supports_presence() => default_of(field, kind),
        _ => ProtobufAbsent::Null,
    }
}

/// The declared default. If there is none: zero, the empty text, the enumeration's first name, or a message without fields.
fn default_of(field: &FieldDescriptor, kind: &ProtobufKind) -> ProtobufAbsent {
    use prost_reflect::Value;
    match kind {
        ProtobufKind::Message(message) | ProtobufKind::Group(message) => {
            return ProtobufAbsent::Row(message.absent.clone());
        }
        ProtobufKind::Instant => return ProtobufAbsent::Instant,
        _ => {}
    }
    match field.default_value() {
        Value::Bool(value) => ProtobufAbsent::Bool(value),
        Value::I32(value) => ProtobufAbsent::Int(value.into()),
        Value::I64(value) => ProtobufAbsent::Int(value),
        Value::U32(value) => match kind {
            ProtobufKind::Uint32 | ProtobufKind::Fixed32 => ProtobufAbsent::Int(value.into()),
            // Java has no unsigned int: its value is the int with the same bits.
            _ => ProtobufAbsent::Int((value as i32).into()),
        },
        Value::U64(value) => ProtobufAbsent::Int(value as i64),
        Value::F32(value) => ProtobufAbsent::Float(value),
        Value::F64(value) => ProtobufAbsent::Double(value),
        Value::String(value) => ProtobufAbsent::Text(value),
        Value::Bytes(value) => ProtobufAbsent::Bytes(value.to_vec()),
        Value::EnumNumber(number) => match kind {
            ProtobufKind::Enum(enumeration) => match enumeration.name(number) {
                Some(name) => ProtobufAbsent::Text(name.to_string()),
                None => ProtobufAbsent::Int(number.into()),
            },
            _ => ProtobufAbsent::Int(number.into()),
        },
        // These are not single values.
        Value::Message(_) | Value::List(_) | Value::Map(_) => ProtobufAbsent::Null,
    }
}

impl Enumeration {
    fn new(descriptor: &EnumDescriptor, data_type: &DataType) -> Option<Self> {
        let (least, most) = match data_type {
            DataType::Char(_) | DataType::Varchar(_) => (0, 0),
            DataType::TinyInt => (i8::MIN.into(), i8::MAX.into()),
            DataType::SmallInt => (i16::MIN.into(), i16::MAX.into()),
            DataType::Int | DataType::BigInt => (i64::MIN, i64::MAX),
            _ => return None,
        };
        let is_closed = descriptor.parent_file().syntax() == Syntax::Proto2;
        let mut names: Vec<(i32, String)> =
            descriptor.values().map(|value| (value.number(), value.name().to_string())).collect();
        // If a number has several names, the first one counts.
        names.sort_by_key(|(number, _)| *number);
        names.dedup_by_key(|(number, _)| *number);
        Some(Enumeration {
            closed: is_closed.then(|| names.iter().map(|(number, _)| *number).collect()),
            names: data_type.is_text().then_some(names),
            least,
            most,
        })
    }

    /// Whether the enumeration has the number or isn't closed.
    pub fn takes(&self, number: i32) -> bool {
        self.closed.as_ref().is_none_or(|closed| closed.binary_search(&number).is_ok())
    }

    /// The name of a number. `None`: the column takes numbers.
    pub fn name(&self, number: i32) -> Option<&str> {
        let names = self.names.as_ref()?;
        // `UNRECOGNIZED` is Java's name for a number that the enumeration doesn't have.
        let known = names.binary_search_by_key(&number, |(number, _)| *number).ok().and_then(|index| names.get(index));
        Some(known.map_or("UNRECOGNIZED", |(_, name)| name.as_str()))
    }
}

impl ProtobufKind {
    /// The wire type of a single value.
    pub fn wire_type(&self) -> WireType {
        match self {
            ProtobufKind::Bool
            | ProtobufKind::Int32
            | ProtobufKind::Uint32
            | ProtobufKind::Sint32
            | ProtobufKind::Int64
            | ProtobufKind::Sint64
            | ProtobufKind::Enum(_) => WireType::Varint,
            ProtobufKind::Fixed64 | ProtobufKind::Double => WireType::Fixed64,
            ProtobufKind::Fixed32 | ProtobufKind::Sfixed32 | ProtobufKind::Float => WireType::Fixed32,
            ProtobufKind::Text | ProtobufKind::Bytes | ProtobufKind::Message(_) | ProtobufKind::Instant => {
                WireType::Delimited
            }
            ProtobufKind::Group(_) => WireType::StartGroup,
        }
    }

    /// Whether several values can be packed: they come one after another, after their total length.
    pub fn can_be_packed(&self) -> bool {
        !matches!(self.wire_type(), WireType::Delimited | WireType::StartGroup)
    }
}
