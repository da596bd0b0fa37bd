//! Messages of Avro and Protobuf, written by the usual crates.

use apache_avro::types::Value as Avro;
use apache_avro::{Schema, to_avro_datum};
use prost_reflect::prost::Message;
use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use prost_reflect::prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value as Protobuf};

use super::spelling::{Field, Spelling};

/// The origin of an Avro schema.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Schematic {
    /// Flink derives it from its table: everything may be null.
    Derived,
    /// It is a writer's schema: only the elements of one array may be null.
    Own,
}

impl Schematic {
    fn nullable(self, of: &str) -> String {
        if self == Schematic::Derived { format!(r#"["null", {of}]"#) } else { of.to_owned() }
    }

    /// A record of the columns.
    pub fn schema(self, name: &str, spellings: &[Spelling]) -> String {
        let field = |(name, data_type): (String, String)| format!(r#"{{"name": "{name}", "type": {data_type}}}"#);
        let array = |items: String| format!(r#"{{"type": "array", "items": {items}}}"#);
        let column = |&spelling: &Spelling| {
            let data_type = match spelling {
                Spelling::Floats => array(self.nullable(r#""float""#)),
                Spelling::Doubles => array(Schematic::Derived.nullable(r#""double""#)),
                Spelling::Bytes(_) => r#""bytes""#.to_owned(),
                _ => r#""string""#.to_owned(),
            };
            field((spelling.column(), self.nullable(&data_type)))
        };
        let id = field(("id".to_owned(), self.nullable(r#""int""#)));
        let fields: Vec<String> = std::iter::once(id).chain(spellings.iter().map(column)).collect();
        format!(r#"{{"type": "record", "name": "{name}", "fields": [{}]}}"#, fields.join(", "))
    }

    pub fn record(self, id: i32, fields: &[(Spelling, Field)]) -> Avro {
        let whole = |value: Avro| if self == Schematic::Derived { some(value) } else { value };
        let column = |(spelling, field): &(Spelling, Field)| {
            let value = match field {
                Field::Text(text) | Field::Json(text) => Avro::String(text.clone()),
                Field::Floats(numbers) => {
                    Avro::Array(numbers.iter().map(|&number| whole(Avro::Float(number))).collect())
                }
                Field::Doubles(numbers) => {
                    Avro::Array(numbers.iter().map(|&number| some(Avro::Double(number))).collect())
                }
                Field::Bytes(bytes) => Avro::Bytes(bytes.clone()),
            };
            (spelling.column(), whole(value))
        };
        let id = ("id".to_owned(), whole(Avro::Int(id)));
        Avro::Record(std::iter::once(id).chain(fields.iter().map(column)).collect())
    }
}

pub fn some(value: Avro) -> Avro {
    Avro::Union(1, Box::new(value))
}

pub fn none() -> Avro {
    Avro::Union(0, Box::new(Avro::Null))
}

pub fn datum(schema: &Schema, value: Avro) -> Vec<u8> {
    to_avro_datum(schema, value).expect("the value is of the schema")
}

/// In Confluent's wire format.
pub fn message(id: u32, schema: &Schema, value: Avro) -> Vec<u8> {
    [&[0][..], &id.to_be_bytes(), &datum(schema, value)].concat()
}

/// The descriptors of a message `test.Vectors` of the columns, as protoc writes them.
pub fn descriptors(spellings: &[Spelling]) -> Vec<u8> {
    let field = |(number, name, data_type, label): (i32, String, Type, Label)| FieldDescriptorProto {
        name: Some(name),
        number: Some(number),
        label: Some(label.into()),
        r#type: Some(data_type.into()),
        ..FieldDescriptorProto::default()
    };
    let column = |(at, spelling): (usize, &Spelling)| {
        let (data_type, label) = match spelling {
            Spelling::Floats => (Type::Float, Label::Repeated),
            Spelling::Doubles => (Type::Double, Label::Repeated),
            Spelling::Bytes(_) => (Type::Bytes, Label::Optional),
            _ => (Type::String, Label::Optional),
        };
        field((at as i32 + 2, spelling.column(), data_type, label))
    };
    let id = field((1, "id".to_owned(), Type::Int32, Label::Optional));
    let message = DescriptorProto {
        name: Some("Vectors".into()),
        field: std::iter::once(id).chain(spellings.iter().enumerate().map(column)).collect(),
        ..DescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("vectors.proto".into()),
        package: Some("test".into()),
        syntax: Some("proto3".into()),
        message_type: vec![message],
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![file] }.encode_to_vec()
}

pub fn descriptor(descriptors: &[u8]) -> MessageDescriptor {
    let pool = DescriptorPool::decode(descriptors).expect("they are descriptors");
    pool.get_message_by_name("test.Vectors").expect("it is among them")
}

pub fn protobuf(descriptor: &MessageDescriptor, id: i32, fields: &[(Spelling, Field)]) -> Vec<u8> {
    let mut message = DynamicMessage::new(descriptor.clone());
    message.set_field_by_name("id", Protobuf::I32(id));
    for (spelling, field) in fields {
        let value = match field {
            Field::Text(text) | Field::Json(text) => Protobuf::String(text.clone()),
            Field::Floats(numbers) => Protobuf::List(numbers.iter().map(|&number| Protobuf::F32(number)).collect()),
            Field::Doubles(numbers) => Protobuf::List(numbers.iter().map(|&number| Protobuf::F64(number)).collect()),
            Field::Bytes(bytes) => Protobuf::Bytes(bytes.clone().into()),
        };
        message.set_field_by_name(&spelling.column(), value);
    }
    message.encode_to_vec()
}
