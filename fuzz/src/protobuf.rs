//! protobuf, compared with prost-reflect: both read the same values. A message that prost-reflect reads is refused only for a
//! reason that prost-reflect doesn't check.

use prost_reflect::prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value as Oracle,
};
use vecsink::internals::change::Change;
use vecsink::internals::formats::format::Format;
use vecsink::internals::formats::protobuf::options::ProtobufFormat;
use vecsink::internals::types::column::SourceColumn;
use vecsink::internals::types::data_type::DataType;
use vecsink::internals::types::value::{Value, Vector};

use super::decoded::{self, Case, array, column, row_of};
use super::pick;

pub const PIECES: &[&str] = &[
    "\u{8}",
    "\u{10}",
    "\n",
    "\0",
    "\u{1}",
    "\u{7f}",
    "\u{a2}\u{1}\u{4}\0\0\0?",
    "\u{18}\u{12}\u{12}",
    "#",
    "$",
    "3",
    "4",
    "\u{8a}\u{1}\u{2}\u{8}\u{1}",
    "é",
];

const DESCRIPTORS: &[u8] = include_bytes!("../../tests/protobuf/everything.desc");

fn descriptor() -> MessageDescriptor {
    let pool = DescriptorPool::decode(DESCRIPTORS).expect("the tests' own descriptors");
    pool.get_message_by_name("test.Everything").expect("a message of it")
}

/// `0` and `1`: the input is a message, read without and with defaults; `2` and `3`: the message is generated from the input;
/// `4`: with ignore-parse-errors.
pub fn check(input: &[u8]) {
    let cases =
        [(false, false, false), (false, true, false), (true, false, false), (true, true, false), (false, false, true)];
    let Some(((is_made, defaults, ignores), bytes)) = pick(input, &cases) else { return };
    let descriptor = descriptor();
    let message = match is_made {
        true => Maker { bytes, left: 200 }.message(&descriptor, 0).encode_to_vec(),
        false => bytes.to_vec(),
    };
    if has_odd_map(&message) {
        return;
    }
    let oracle = DynamicMessage::decode(descriptor.clone(), message.as_slice());
    let columns = columns();
    let format = ProtobufFormat { message: descriptor, ignore_parse_errors: *ignores, read_default_values: *defaults };
    let case = Case { format: Format::Protobuf(format), columns: &columns, metadata: &[], ignores: *ignores };
    decoded::check(&case, &message, |decoded| match (decoded, oracle) {
        (Ok(decoded), Ok(oracle)) => {
            let [Change::Insert(row)] = decoded.changes else { return assert!(*ignores, "{decoded:?}") };
            for (value, column) in row.iter().zip(&columns) {
                let field = oracle.descriptor().get_field_by_name(&column.name).expect("a field of it");
                let is_same = is_same(value, &oracle, &field, &column.data_type, *defaults);
                assert!(is_same, "{}: {value:?} is not {:?}", column.name, oracle.get_field(&field));
            }
        }
        (Err(rejection), Ok(_)) => {
            let is_stricter =
                ["required field", "a Timestamp of"].iter().any(|reason| rejection.reason.contains(reason));
            assert!(is_stricter, "{rejection}");
        }
        // Fields that have no column in the table are skipped, and so are fields of another type.
        (_, Err(_)) => assert!(!is_made),
    });
}

/// prost-reflect accepts an entry of a map with any wire type in its tag.
fn has_odd_map(message: &[u8]) -> bool {
    message.windows(2).any(|tag| matches!(tag, [0xe0..=0xef, 1]) && tag[0] & 7 != 2)
}

fn columns() -> Vec<SourceColumn> {
    let inner = row_of(&[
        ("v", array(DataType::Float)),
        ("a", DataType::Int),
        ("b", DataType::STRING),
        ("next", row_of(&[("b", DataType::STRING)])),
    ]);
    let legacy = row_of(&[
        ("id", DataType::Int),
        ("number", DataType::Int),
        ("text", DataType::STRING),
        ("closed", DataType::STRING),
        ("list", array(DataType::TinyInt)),
        ("extra", row_of(&[("flag", DataType::Boolean)])),
        ("real", DataType::Double),
        ("raw", DataType::Varbinary(9)),
    ]);
    let map = |key, value| DataType::Map(Box::new(key), Box::new(value));
    [
        ("f_bool", DataType::Boolean),
        ("f_int32", DataType::Int),
        ("f_sint32", DataType::BigInt),
        ("f_uint32", DataType::Int),
        ("f_fixed32", DataType::BigInt),
        ("f_sfixed32", DataType::Int),
        ("f_int64", DataType::BigInt),
        ("f_sint64", DataType::BigInt),
        ("f_uint64", DataType::BigInt),
        ("f_fixed64", DataType::BigInt),
        ("f_sfixed64", DataType::BigInt),
        ("f_float", DataType::Float),
        ("f_double", DataType::Double),
        ("f_string", DataType::STRING),
        ("f_bytes", DataType::Varbinary(9)),
        ("f_enum", DataType::STRING),
        ("f_message", inner.clone()),
        ("o_int32", DataType::Int),
        ("o_string", DataType::STRING),
        ("vector", array(DataType::Float)),
        ("doubles", array(DataType::Double)),
        ("ints", array(DataType::Int)),
        ("longs", array(DataType::BigInt)),
        ("texts", array(DataType::STRING)),
        ("colors", array(DataType::Int)),
        ("inners", array(row_of(&[("a", DataType::Int)]))),
        ("loose", array(DataType::Float)),
        ("m_text", map(DataType::STRING, DataType::Int)),
        ("m_message", map(DataType::BigInt, row_of(&[("a", DataType::Int)]))),
        ("c_int32", DataType::Int),
        ("c_message", inner),
        ("at", DataType::TimestampLtz { precision: 9 }),
        ("legacy", legacy),
        ("beyond", DataType::Int),
    ]
    .into_iter()
    .map(|(name, data_type)| column(name, data_type))
    .collect()
}

fn is_same(
    value: &Value<'_>,
    message: &DynamicMessage,
    field: &FieldDescriptor,
    data_type: &DataType,
    defaults: bool,
) -> bool {
    let is_empty = !message.has_field(field);
    let oracle = message.get_field(field);
    match (value, oracle.as_ref(), data_type) {
        (Value::Null, ..) => {
            // A number that the enumeration doesn't have is read as if it were missing, but prost-reflect keeps it.
            is_empty && !defaults && (field.supports_presence() || field.is_list() || field.is_map())
                || only_unknown(field, &oracle)
        }
        _ if is_empty && !defaults && field.supports_presence() => false,
        (Value::Vector(vector), Oracle::List(list), DataType::Array(_)) => {
            let numbers: Vec<Value<'_>> = (0..vector.len()).map(|index| vector.element(index)).collect();
            let is_float = matches!(vector, Vector::Float(_));
            numbers.len() == list.len()
                && numbers.iter().zip(list).all(|(number, oracle)| match (number, oracle) {
                    (Value::Float(number), Oracle::F32(oracle)) => is_float && number.to_bits() == oracle.to_bits(),
                    (Value::Double(number), Oracle::F64(oracle)) => number.to_bits() == oracle.to_bits(),
                    _ => false,
                })
        }
        (Value::Array(values), Oracle::List(list), DataType::Array(element)) => {
            let known: Vec<&Oracle> = list.iter().filter(|oracle| !only_unknown(field, oracle)).collect();
            values.len() == known.len()
                && values.iter().zip(known).all(|(value, oracle)| is_single(value, oracle, field, element, defaults))
        }
        (Value::Map(entries), Oracle::Map(map), DataType::Map(_, element)) => {
            let Some(entry) = field.kind().as_message().cloned() else { return false };
            let value_field = entry.map_entry_value_field();
            entries.len() == map.len()
                && entries.iter().all(|(key, value)| {
                    let key = match key {
                        Value::Text(text) => MapKey::String(text.to_string()),
                        Value::Int(number) => MapKey::I64(*number),
                        _ => return false,
                    };
                    map.get(&key).is_some_and(|oracle| is_single(value, oracle, &value_field, element, defaults))
                })
        }
        (value, oracle, data_type) => {
            is_single(value, oracle, field, data_type, defaults) || only_unknown(field, oracle)
        }
    }
}

fn only_unknown(field: &FieldDescriptor, oracle: &Oracle) -> bool {
    match (oracle, field.kind()) {
        (Oracle::EnumNumber(number), Kind::Enum(enumeration)) => {
            enumeration.full_name() == "test.Closed" && enumeration.get_value(*number).is_none()
        }
        (Oracle::List(list), _) => !list.is_empty() && list.iter().all(|oracle| only_unknown(field, oracle)),
        _ => false,
    }
}

fn is_single(
    value: &Value<'_>,
    oracle: &Oracle,
    field: &FieldDescriptor,
    data_type: &DataType,
    defaults: bool,
) -> bool {
    match (value, oracle) {
        (Value::Bool(value), Oracle::Bool(oracle)) => value == oracle,
        (Value::Int(value), Oracle::I32(oracle)) => *value == i64::from(*oracle),
        (Value::Int(value), Oracle::I64(oracle)) => value == oracle,
        (Value::Int(value), Oracle::U32(oracle)) if *data_type == DataType::Int => *value == i64::from(*oracle as i32),
        (Value::Int(value), Oracle::U32(oracle)) => *value == i64::from(*oracle),
        (Value::Int(value), Oracle::U64(oracle)) => *value == *oracle as i64,
        (Value::Float(value), Oracle::F32(oracle)) => value.to_bits() == oracle.to_bits(),
        (Value::Double(value), Oracle::F64(oracle)) => value.to_bits() == oracle.to_bits(),
        (Value::Text(value), Oracle::String(oracle)) => value == oracle,
        (Value::Bytes(value), Oracle::Bytes(oracle)) => *value == oracle.as_ref(),
        (Value::Int(value), Oracle::EnumNumber(oracle)) => *value == i64::from(*oracle),
        (Value::Text(value), Oracle::EnumNumber(oracle)) => {
            let Kind::Enum(enumeration) = field.kind() else { return false };
            let known = enumeration.get_value(*oracle);
            *value == known.as_ref().map_or("UNRECOGNIZED", |known| known.name())
        }
        (Value::Instant { seconds, nanos }, Oracle::Message(oracle)) => {
            let part = |name| oracle.get_field_by_name(name).map(std::borrow::Cow::into_owned);
            part("seconds") == Some(Oracle::I64(*seconds)) && part("nanos") == Some(Oracle::I32(*nanos as i32))
        }
        (Value::Row(values), Oracle::Message(oracle)) => {
            let DataType::Row(fields) = data_type else { return false };
            values.len() == fields.len()
                && values.iter().zip(fields).all(|(value, declared)| {
                    let Some(field) = oracle.descriptor().get_field_by_name(&declared.name) else { return false };
                    is_same(value, oracle, &field, &declared.data_type, defaults)
                })
        }
        _ => false,
    }
}

/// A message that is generated from the input.
struct Maker<'i> {
    bytes: &'i [u8],
    /// How many more values may be made.
    left: usize,
}

impl Maker<'_> {
    fn next(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((byte, rest)) => {
                self.bytes = rest;
                *byte
            }
            None => 0,
        }
    }

    fn number(&mut self) -> u64 {
        match self.next() {
            byte @ 0..128 => byte.into(),
            byte => (0..byte % 9).fold(u64::from(byte), |number, _| number.wrapping_mul(256) + u64::from(self.next())),
        }
    }

    fn message(&mut self, descriptor: &MessageDescriptor, depth: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        for field in descriptor.fields() {
            if !field.is_required() && (self.bytes.is_empty() || !self.next().is_multiple_of(3)) || self.left == 0 {
                continue;
            }
            let length = if field.is_list() || field.is_map() { self.number() % 9 } else { 1 };
            let value = match field.kind() {
                Kind::Message(entry) if field.is_map() => {
                    let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
                    let entry = |_| {
                        let key = match self.value(&key, depth) {
                            Oracle::String(text) => MapKey::String(text),
                            Oracle::I64(number) => MapKey::I64(number),
                            other => panic!("{other:?} is no key here"),
                        };
                        (key, self.value(&value, depth))
                    };
                    Oracle::Map((0..length).map(entry).collect())
                }
                _ if field.is_list() => Oracle::List((0..length).map(|_| self.value(&field, depth)).collect()),
                Kind::Message(_) if depth > 3 => continue,
                _ => self.value(&field, depth),
            };
            message.set_field(&field, value);
        }
        message
    }

    fn value(&mut self, field: &FieldDescriptor, depth: usize) -> Oracle {
        self.left = self.left.saturating_sub(1);
        let number = self.number();
        match field.kind() {
            Kind::Bool => Oracle::Bool(number % 2 == 1),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Oracle::I32(number as i32),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Oracle::I64(number as i64),
            Kind::Uint32 | Kind::Fixed32 => Oracle::U32(number as u32),
            Kind::Uint64 | Kind::Fixed64 => Oracle::U64(number),
            Kind::Float => Oracle::F32(f32::from_bits(number as u32)),
            Kind::Double => Oracle::F64(f64::from_bits(number)),
            Kind::String => Oracle::String(char::from_u32(number as u32 % 0x11_0000).map_or("x".into(), String::from)),
            Kind::Bytes => Oracle::Bytes(number.to_be_bytes().to_vec().into()),
            Kind::Enum(enumeration) => {
                let known = enumeration.values().nth(number as usize % enumeration.values().len());
                Oracle::EnumNumber(known.map_or(0, |value| value.number()))
            }
            Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp" => {
                let mut at = DynamicMessage::new(message);
                at.set_field_by_name("seconds", Oracle::I64((number % 253_402_300_800) as i64));
                at.set_field_by_name("nanos", Oracle::I32((number % 1_000_000_000) as i32));
                Oracle::Message(at)
            }
            Kind::Message(message) => Oracle::Message(self.message(&message, depth + 1)),
        }
    }
}
