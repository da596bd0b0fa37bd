//! A message's type as a table's columns see it: what each field number on the wire becomes, and what a field is that isn't
//! there.

use prost_reflect::{EnumDescriptor, FieldDescriptor, MessageDescriptor, Syntax};

use super::wire::WireType;
use crate::types::data_type::DataType;

/// The fields of a message that matter: those with a column, required ones, and those whose presence in a oneof is
/// another's absence.
#[derive(Debug)]
pub struct ProtobufMessage {
    /// By their numbers.
    fields: Vec<ProtobufField>,
    /// For each column what stands for a field that isn't there.
    pub absent: Vec<ProtobufAbsent>,
    /// A bit for each required field.
    pub required: u64,
}

#[derive(Debug)]
pub struct ProtobufField {
    pub number: u32,
    pub name: String,
    /// The column's index and how the value is read. `None`: it has none.
    pub column: Option<(usize, FieldReading)>,
    /// Columns of the same oneof: they are empty once this one comes.
    pub others: Vec<usize>,
    /// Its bit in [`ProtobufMessage::required`].
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
    /// `int32`, and `uint32` as Java has it: the lower 32 bits.
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
    /// Names by number, for a column of text.
    pub names: Option<Vec<(i32, String)>>,
    /// Numbers that it doesn't have count as unknown fields (proto2).
    pub closed: Option<Vec<i32>>,
    /// What the column holds.
    pub least: i64,
    pub most: i64,
}

/// What a field is that isn't there.
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

    /// The field of a number; `hint` is where it may stand, and is moved behind it.
    #[inline]
    pub fn find(&self, number: u32, hint: &mut usize) -> Option<&ProtobufField> {
        let index = match self.fields.get(*hint) {
            Some(field) if field.number == number => *hint,
            _ => match hint.checked_sub(1).and_then(|last| self.fields.get(last)) {
                // One of a list that is not packed follows another.
                Some(field) if field.number == number => *hint - 1,
                _ => self.fields.binary_search_by_key(&number, |field| field.number).ok()?,
            },
        };
        *hint = index + 1;
        self.fields.get(index)
    }

    /// The message that a column is a ROW of, and the field's name.
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

/// `None`: the types don't fit, which the job's check refuses.
fn reading(field: &FieldDescriptor, data_type: &DataType, read_defaults: bool) -> Option<FieldReading> {
    let field_kind = field.kind();
    if field.is_map() {
        let (DataType::Map(key_type, value_type), Some(entry)) = (data_type, field_kind.as_message()) else {
            return None;
        };
        let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        let key_kind = kind(&key, key_type, read_defaults)?;
        let value_kind = kind(&value, value_type, read_defaults)?;
        // An entry without them has zeros, whatever the options say.
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

/// Numbers and texts of proto3 that don't tell whether they were set are zeros and empty. Everything else is NULL, unless
/// defaults are asked for.
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

/// The declared default, else zero, the empty text, the enumeration's first name, or a message without fields.
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
            // As Java has it.
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
        // They are no single values.
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
        // Of several names of a number the first counts.
        names.sort_by_key(|(number, _)| *number);
        names.dedup_by_key(|(number, _)| *number);
        Some(Enumeration {
            closed: is_closed.then(|| names.iter().map(|(number, _)| *number).collect()),
            names: data_type.is_text().then_some(names),
            least,
            most,
        })
    }

    /// Whether the number is one of the enumeration's, or any may be.
    pub fn takes(&self, number: i32) -> bool {
        self.closed.as_ref().is_none_or(|closed| closed.binary_search(&number).is_ok())
    }

    /// `None`: the column takes numbers.
    pub fn name(&self, number: i32) -> Option<&str> {
        let names = self.names.as_ref()?;
        // Java's word for a number that was declared after the reader was built.
        let known = names.binary_search_by_key(&number, |(number, _)| *number).ok().and_then(|index| names.get(index));
        Some(known.map_or("UNRECOGNIZED", |(_, name)| name.as_str()))
    }
}

impl ProtobufKind {
    /// How a single value stands on the wire.
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

    /// Whether several values may stand behind one length.
    pub fn can_be_packed(&self) -> bool {
        !matches!(self.wire_type(), WireType::Delimited | WireType::StartGroup)
    }
}
