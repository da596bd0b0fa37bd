//! Records that are generated from the input. apache-avro writes them.

use apache_avro::schema::ResolvedSchema;
use apache_avro::types::Value;
use apache_avro::{Decimal, Schema, to_avro_datum};

pub struct Maker<'i> {
    bytes: &'i [u8],
    /// How many more values may be made.
    left: usize,
}

impl<'i> Maker<'i> {
    pub fn new(bytes: &'i [u8]) -> Self {
        Maker { bytes, left: 200 }
    }

    pub fn message(&mut self, schema: &Schema) -> Vec<u8> {
        let names = ResolvedSchema::try_from(schema).expect("all its names are known");
        let value = self.value(schema, &names);
        to_avro_datum(schema, value).expect("the value is of its schema")
    }

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

    fn text(number: u64) -> String {
        char::from_u32(number as u32 % 0x11_0000).map_or("x".into(), String::from)
    }

    fn value(&mut self, schema: &Schema, names: &ResolvedSchema<'_>) -> Value {
        self.left = self.left.saturating_sub(1);
        let number = self.number();
        let length = if self.left == 0 { 0 } else { number % 5 };
        match schema {
            Schema::Boolean => Value::Boolean(number % 2 == 1),
            Schema::Int => Value::Int(if number.is_multiple_of(3) { number as i32 } else { number as i8 as i32 }),
            Schema::Long => Value::Long(number as i64),
            Schema::Float => Value::Float(f32::from_bits(number as u32)),
            Schema::Double => Value::Double(f64::from_bits(number)),
            Schema::String => Value::String(Self::text(number)),
            Schema::Bytes => Value::Bytes(Self::text(number).into_bytes()),
            Schema::Decimal(_) => Value::Decimal(Decimal::from((number as i32).to_be_bytes())),
            Schema::Date => Value::Date(number as i32),
            Schema::TimeMillis => Value::TimeMillis((number % 86_400_000) as i32),
            Schema::TimestampMillis => Value::TimestampMillis(number as i64),
            Schema::TimestampMicros => Value::TimestampMicros(number as i64),
            Schema::Fixed(fixed) => Value::Fixed(fixed.size, vec![number as u8; fixed.size]),
            Schema::Enum(of) => {
                let at = number as usize % of.symbols.len();
                Value::Enum(at as u32, of.symbols[at].clone())
            }
            Schema::Array(of) => Value::Array((0..length).map(|_| self.value(&of.items, names)).collect()),
            Schema::Map(of) => {
                let entry = |_| (Self::text(self.number()), self.value(&of.types, names));
                Value::Map((0..length).map(entry).collect())
            }
            Schema::Union(of) => {
                let null = of.variants().iter().position(|variant| *variant == Schema::Null);
                let at = match null {
                    Some(null) if self.left == 0 || number.is_multiple_of(4) => null,
                    _ => number as usize % of.variants().len(),
                };
                Value::Union(at as u32, Box::new(self.value(&of.variants()[at], names)))
            }
            Schema::Record(of) => {
                let field =
                    |field: &apache_avro::schema::RecordField| (field.name.clone(), self.value(&field.schema, names));
                Value::Record(of.fields.iter().map(field).collect())
            }
            Schema::Ref { name } => {
                let found = names.get_names().iter().find(|(known, _)| known.name == name.name);
                self.value(found.expect("a known name").1, names)
            }
            Schema::Null => Value::Null,
            other => panic!("{other:?} is in no schema here"),
        }
    }
}
