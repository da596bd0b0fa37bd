//! The plan by which a writer's bytes become a reader's columns. It is made once for each pair of schemas.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::skip::{self, Skip, Skips};
use crate::formats::avro::schema::{AvroKind, AvroSchema, AvroTimeUnit, Logical, RecordField, TypeId};
use crate::types::data_type::{DataType, RowField};

/// How one value is read.
#[derive(Debug)]
pub enum ValuePlan {
    Null,
    Boolean,
    Whole {
        least: i64,
        most: i64,
    },
    WholeAsFloat,
    WholeAsDouble,
    Float,
    FloatAsDouble,
    Double,
    Decimal(DecimalPlan),
    Text,
    Bytes,
    Fixed(usize),
    /// The symbols of an enum, as text.
    Symbol(Box<[Box<str>]>),
    Date,
    Time(AvroTimeUnit),
    Timestamp(AvroTimeUnit),
    Instant(AvroTimeUnit),
    Vector(Box<VectorPlan>),
    Array(Box<ElementPlan>),
    Map(Box<ValuePlan>),
    Row(Box<RowPlan>),
    /// The union of one type with null, which is branch 0 or 1.
    Nullable {
        null: usize,
        inner: Box<ValuePlan>,
    },
    Union(Box<[ValuePlan]>),
    /// The column can't hold the writer's type, for this reason.
    Refused(Box<str>),
}

#[derive(Debug, Clone, Copy)]
pub struct DecimalPlan {
    /// The number of bytes. `None`: the bytes come after their length.
    pub fixed: Option<usize>,
    /// The scale in the writer's schema.
    pub written_scale: u32,
    pub precision: u8,
    pub scale: u8,
}

/// An array of floats or doubles. Each number may be in a union with null.
#[derive(Debug)]
pub struct VectorPlan {
    pub written: NumberWidth,
    pub read: NumberWidth,
    /// The byte before each number that isn't null. `None`: the numbers are not in a union.
    pub tag: Option<u8>,
    /// How the array is read if one of its numbers is null.
    pub elements: ElementPlan,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberWidth {
    Float,
    Double,
}

#[derive(Debug)]
pub struct ElementPlan {
    pub read: ValuePlan,
    /// The fewest bytes that an element takes.
    pub least: usize,
}

#[derive(Debug)]
pub struct RowPlan {
    pub names: Box<[Box<str>]>,
    pub steps: Box<[FieldPlan]>,
    /// The columns that the writer's record doesn't have, and their values.
    pub absent: Box<[(usize, AvroAbsent)]>,
    /// The number of the writer's fields that no column reads.
    pub skipped: u64,
}

#[derive(Debug)]
pub enum FieldPlan {
    Read { column: usize, read: ValuePlan },
    Skip(Skip),
}

#[derive(Debug)]
pub enum AvroAbsent {
    /// The default in the reader's schema, with its type.
    Default {
        json: Json,
        reader: TypeId,
        data_type: DataType,
    },
    Refused,
}

/// How a whole message is read: a record of the writer's schema becomes the reader's columns.
#[derive(Debug)]
pub struct ResolutionPlan {
    pub row: RowPlan,
    pub skips: Skips,
}

impl ResolutionPlan {
    /// `reader` must be a record with the fields of `columns`, which may be in any order.
    pub fn new(writer: &AvroSchema, reader: &AvroSchema, columns: &[RowField]) -> Result<ResolutionPlan, String> {
        let mut compiler = Compiler { writer, reader, skips: Skips::default(), least: HashMap::new() };
        let (AvroKind::Record(written), AvroKind::Record(read)) =
            (writer.kind(writer.root()), reader.kind(reader.root()))
        else {
            let found = writer.describe(writer.root());
            return Err(format!("the writer's schema is {found} where a record was expected"));
        };
        let row = compiler.row(written, read, columns, false);
        Ok(ResolutionPlan { row, skips: compiler.skips })
    }
}

struct Compiler<'s> {
    writer: &'s AvroSchema,
    reader: &'s AvroSchema,
    skips: Skips,
    /// The fewest bytes that each of the writer's records takes.
    least: HashMap<TypeId, usize>,
}

impl Compiler<'_> {
    fn row(&mut self, written: &[RecordField], read: &[RecordField], columns: &[RowField], in_array: bool) -> RowPlan {
        let reader_field = |column: &RowField| read.iter().find(|field| field.name == column.name);
        let mut is_there = vec![false; columns.len()];
        let mut steps = Vec::new();
        let mut skipped = 0;
        for field in written {
            let is_it = |column: &RowField| {
                let aliases = reader_field(column).map(|field| field.aliases.as_slice()).unwrap_or_default();
                column.name == field.name
                    || aliases.contains(&field.name) && !written.iter().any(|other| other.name == column.name)
            };
            let found = columns.iter().enumerate().find(|(at, column)| !is_there[*at] && is_it(column));
            match found.and_then(|(at, column)| Some((at, column, reader_field(column)?))) {
                Some((column, RowField { data_type, .. }, reader)) => {
                    is_there[column] = true;
                    let read = self.value(field.field_type, reader.field_type, data_type, in_array);
                    steps.push(FieldPlan::Read { column, read });
                }
                None => {
                    skipped += 1;
                    let skip = self.skips.of(self.writer, field.field_type);
                    push(&mut steps, skip);
                }
            }
        }
        let absent = columns.iter().enumerate().filter(|(at, _)| !is_there[*at]).map(|(at, column)| {
            let of = |reader: &RecordField| {
                let json = reader.default.clone()?;
                Some(AvroAbsent::Default { json, reader: reader.field_type, data_type: column.data_type.clone() })
            };
            (at, reader_field(column).and_then(of).unwrap_or(AvroAbsent::Refused))
        });
        RowPlan {
            names: columns.iter().map(|column| column.name.as_str().into()).collect(),
            absent: absent.collect(),
            steps: steps.into(),
            skipped,
        }
    }

    /// `in_array`: the value is an element of an array, so it isn't read as a vector.
    fn value(&mut self, writer: TypeId, reader: TypeId, data_type: &DataType, in_array: bool) -> ValuePlan {
        let (reader, is_nullable) = without_null(self.reader, reader);
        let AvroKind::Union(branches) = self.writer.kind(writer) else {
            return self.branch(writer, reader, is_nullable, data_type, in_array);
        };
        let is_null = |branch: &TypeId| *self.writer.kind(*branch) == AvroKind::Null;
        match (branches.as_slice(), is_nullable) {
            ([null, other], true) if is_null(null) => {
                ValuePlan::Nullable { null: 0, inner: Box::new(self.branch(*other, reader, true, data_type, in_array)) }
            }
            ([other, null], true) if is_null(null) => {
                ValuePlan::Nullable { null: 1, inner: Box::new(self.branch(*other, reader, true, data_type, in_array)) }
            }
            (branches, _) => {
                let branch = |branch: &TypeId| self.branch(*branch, reader, is_nullable, data_type, in_array);
                ValuePlan::Union(branches.iter().map(branch).collect())
            }
        }
    }

    fn branch(
        &mut self,
        writer: TypeId,
        reader: TypeId,
        nullable: bool,
        data_type: &DataType,
        in_array: bool,
    ) -> ValuePlan {
        let kind = self.writer.kind(writer);
        match (kind, nullable) {
            (AvroKind::Null, true) => return ValuePlan::Null,
            (AvroKind::Null, false) => return refused("found null where the table says NOT NULL"),
            _ => {}
        }
        self.plain(writer, reader, data_type, in_array).unwrap_or_else(|| {
            refused(&format!("the writer's {} can't become {data_type}", self.writer.describe(writer)))
        })
    }

    fn plain(&mut self, writer: TypeId, reader: TypeId, data_type: &DataType, in_array: bool) -> Option<ValuePlan> {
        let written = self.writer.get(writer);
        let logical = written.logical;
        let whole = |least, most| Some(ValuePlan::Whole { least, most });
        match (data_type, &written.kind) {
            (DataType::Boolean, AvroKind::Boolean) => Some(ValuePlan::Boolean),
            (DataType::TinyInt, AvroKind::Int) => whole(i8::MIN.into(), i8::MAX.into()),
            (DataType::SmallInt, AvroKind::Int) => whole(i16::MIN.into(), i16::MAX.into()),
            (DataType::Int | DataType::BigInt, AvroKind::Int) => whole(i32::MIN.into(), i32::MAX.into()),
            (DataType::BigInt, AvroKind::Long) => whole(i64::MIN, i64::MAX),
            (DataType::Float, AvroKind::Int | AvroKind::Long) => Some(ValuePlan::WholeAsFloat),
            (DataType::Float, AvroKind::Float) => Some(ValuePlan::Float),
            (DataType::Double, AvroKind::Int | AvroKind::Long) => Some(ValuePlan::WholeAsDouble),
            (DataType::Double, AvroKind::Float) => Some(ValuePlan::FloatAsDouble),
            (DataType::Double, AvroKind::Double) => Some(ValuePlan::Double),
            (DataType::Decimal { precision, scale }, AvroKind::Bytes | AvroKind::Fixed(_)) => {
                let fixed = if let AvroKind::Fixed(size) = &written.kind { Some(*size) } else { None };
                let written_scale = match logical {
                    Some(Logical::Decimal { scale }) => scale,
                    _ => (*scale).into(),
                };
                Some(ValuePlan::Decimal(DecimalPlan { fixed, written_scale, precision: *precision, scale: *scale }))
            }
            (DataType::Char(_) | DataType::Varchar(_), AvroKind::String | AvroKind::Bytes) => Some(ValuePlan::Text),
            (DataType::Char(_) | DataType::Varchar(_), AvroKind::Enum(symbols)) => {
                Some(ValuePlan::Symbol(symbols.iter().map(|symbol| symbol.as_str().into()).collect()))
            }
            (DataType::Binary(_) | DataType::Varbinary(_), AvroKind::String | AvroKind::Bytes) => {
                Some(ValuePlan::Bytes)
            }
            (DataType::Binary(_) | DataType::Varbinary(_), AvroKind::Fixed(size)) => Some(ValuePlan::Fixed(*size)),
            (DataType::Date, AvroKind::Int) if matches!(logical, None | Some(Logical::Date)) => Some(ValuePlan::Date),
            (DataType::Time { .. }, AvroKind::Int | AvroKind::Long) => match logical {
                Some(Logical::Time(unit)) => Some(ValuePlan::Time(unit)),
                None if written.kind == AvroKind::Int => Some(ValuePlan::Time(AvroTimeUnit::Millis)),
                _ => None,
            },
            (DataType::Timestamp { .. }, AvroKind::Int | AvroKind::Long) => unit(logical).map(ValuePlan::Timestamp),
            (DataType::TimestampLtz { .. }, AvroKind::Int | AvroKind::Long) => unit(logical).map(ValuePlan::Instant),
            (DataType::Array(element), AvroKind::Array(items)) => {
                let AvroKind::Array(reader) = self.reader.kind(reader) else { return None };
                Some(self.array(*items, *reader, element, in_array))
            }
            (data_type, AvroKind::Map(values)) => {
                let (_, value) = data_type.entries()?;
                let AvroKind::Map(reader) = self.reader.kind(reader) else { return None };
                Some(ValuePlan::Map(Box::new(self.value(*values, *reader, value, true))))
            }
            (DataType::Row(columns), AvroKind::Record(fields)) => {
                let AvroKind::Record(reader) = self.reader.kind(reader) else { return None };
                Some(ValuePlan::Row(Box::new(self.row(fields, reader, columns, in_array))))
            }
            _ => None,
        }
    }

    fn array(&mut self, items: TypeId, reader: TypeId, element: &DataType, in_array: bool) -> ValuePlan {
        let elements = ElementPlan { read: self.value(items, reader, element, true), least: self.fewest_bytes(items) };
        let tag = match &elements.read {
            ValuePlan::Nullable { null, .. } => Some(if *null == 0 { 2 } else { 0 }),
            _ => None,
        };
        let one = match &elements.read {
            ValuePlan::Nullable { inner, .. } => inner,
            read => read,
        };
        let (written, read) = match one {
            ValuePlan::Float => (NumberWidth::Float, NumberWidth::Float),
            ValuePlan::FloatAsDouble => (NumberWidth::Float, NumberWidth::Double),
            ValuePlan::Double => (NumberWidth::Double, NumberWidth::Double),
            _ => return ValuePlan::Array(Box::new(elements)),
        };
        match in_array {
            true => ValuePlan::Array(Box::new(elements)),
            false => ValuePlan::Vector(Box::new(VectorPlan { written, read, tag, elements })),
        }
    }

    /// The fewest bytes that a value takes. They limit the number of values that the rest of a message can hold.
    fn fewest_bytes(&mut self, id: TypeId) -> usize {
        let writer = self.writer;
        match writer.kind(id) {
            AvroKind::Null => 0,
            AvroKind::Float => 4,
            AvroKind::Double => 8,
            AvroKind::Fixed(size) => *size,
            AvroKind::Record(fields) => {
                if let Some(least) = self.least.get(&id) {
                    return *least;
                }
                // A record that must contain itself can't have a value.
                self.least.insert(id, 0);
                let of = |field: &RecordField| self.fewest_bytes(field.field_type);
                let least = fields.iter().map(of).fold(0, usize::saturating_add);
                self.least.insert(id, least);
                least
            }
            _ => 1,
        }
    }
}

fn refused(reason: &str) -> ValuePlan {
    ValuePlan::Refused(reason.into())
}

/// The unit of a timestamp. A number without a logical type counts milliseconds, as in Flink's reader.
fn unit(logical: Option<Logical>) -> Option<AvroTimeUnit> {
    match logical {
        Some(Logical::Timestamp(unit)) => Some(unit),
        None => Some(AvroTimeUnit::Millis),
        Some(_) => None,
    }
}

/// The type without null, and whether it can be null.
pub fn without_null(schema: &AvroSchema, id: TypeId) -> (TypeId, bool) {
    let AvroKind::Union(branches) = schema.kind(id) else { return (id, false) };
    let other = branches.iter().copied().find(|branch| *schema.kind(*branch) != AvroKind::Null);
    (other.unwrap_or(id), branches.iter().any(|branch| *schema.kind(*branch) == AvroKind::Null))
}

fn push(steps: &mut Vec<FieldPlan>, skip: Skip) {
    let mut last = match steps.pop_if(|step| matches!(step, FieldPlan::Skip(_))) {
        Some(FieldPlan::Skip(before)) => vec![before],
        _ => Vec::new(),
    };
    skip::push(&mut last, skip);
    steps.extend(last.into_iter().map(FieldPlan::Skip));
}
