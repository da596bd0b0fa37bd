//! What a writer's bytes become in a reader's columns, found out once for each pair of schemas.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::skip::{self, Skip, Skips};
use crate::formats::avro::schema::{Kind, Logical, RecordField, Schema, TypeId, Unit};
use crate::types::data_type::{DataType, Field};

/// How one value is read.
#[derive(Debug)]
pub enum Read {
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
    Time(Unit),
    Timestamp(Unit),
    Instant(Unit),
    Vector(Box<VectorPlan>),
    Array(Box<ElementPlan>),
    Map(Box<Read>),
    Row(Box<RowPlan>),
    /// The union of null, as branch 0 or 1, and one type.
    Nullable {
        null: usize,
        inner: Box<Read>,
    },
    Union(Box<[Read]>),
    /// The writer's type is none that the column could hold: why.
    Refused(Box<str>),
}

#[derive(Debug, Clone, Copy)]
pub struct DecimalPlan {
    /// `None`: counted bytes.
    pub fixed: Option<usize>,
    /// The writer's.
    pub written_scale: u32,
    pub precision: u8,
    pub scale: u8,
}

/// An array of floats or doubles, perhaps each in a union with null.
#[derive(Debug)]
pub struct VectorPlan {
    pub written: Width,
    pub read: Width,
    /// The byte in front of each that isn't null.
    pub tag: Option<u8>,
    /// How it is read when one is null.
    pub elements: ElementPlan,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    Float,
    Double,
}

#[derive(Debug)]
pub struct ElementPlan {
    pub read: Read,
    /// The fewest bytes of one.
    pub least: usize,
}

#[derive(Debug)]
pub struct RowPlan {
    pub names: Box<[Box<str>]>,
    pub steps: Box<[Step]>,
    /// Columns that the writer lacks.
    pub absent: Box<[(usize, Absent)]>,
    /// The writer's fields that no column reads.
    pub skipped: u64,
}

#[derive(Debug)]
pub enum Step {
    Read { column: usize, read: Read },
    Skip(Skip),
}

#[derive(Debug)]
pub enum Absent {
    /// The reader's default, by its schema's type.
    Default {
        json: Json,
        reader: TypeId,
        data_type: DataType,
    },
    Refused,
}

/// A whole message: a record of the writer's in the columns of the reader's.
#[derive(Debug)]
pub struct Plan {
    pub row: RowPlan,
    pub skips: Skips,
}

impl Plan {
    /// `reader`: a record with the fields of `columns`, which may be in any order.
    pub fn new(writer: &Schema, reader: &Schema, columns: &[Field]) -> Result<Plan, String> {
        let mut compiler = Compiler { writer, reader, skips: Skips::default(), least: HashMap::new() };
        let (Kind::Record(written), Kind::Record(read)) = (writer.kind(writer.root()), reader.kind(reader.root()))
        else {
            let found = writer.describe(writer.root());
            return Err(format!("the writer's schema is {found} where a record was expected"));
        };
        let row = compiler.row(written, read, columns, false);
        Ok(Plan { row, skips: compiler.skips })
    }
}

struct Compiler<'s> {
    writer: &'s Schema,
    reader: &'s Schema,
    skips: Skips,
    /// The fewest bytes of the writer's records.
    least: HashMap<TypeId, usize>,
}

impl Compiler<'_> {
    fn row(&mut self, written: &[RecordField], read: &[RecordField], columns: &[Field], in_array: bool) -> RowPlan {
        let reader_field = |column: &Field| read.iter().find(|field| field.name == column.name);
        let mut is_there = vec![false; columns.len()];
        let mut steps = Vec::new();
        let mut skipped = 0;
        for field in written {
            let is_it = |column: &Field| {
                let aliases = reader_field(column).map(|field| field.aliases.as_slice()).unwrap_or_default();
                column.name == field.name
                    || aliases.contains(&field.name) && !written.iter().any(|other| other.name == column.name)
            };
            let found = columns.iter().enumerate().find(|(at, column)| !is_there[*at] && is_it(column));
            match found.and_then(|(at, column)| Some((at, column, reader_field(column)?))) {
                Some((column, Field { data_type, .. }, reader)) => {
                    is_there[column] = true;
                    let read = self.value(field.field_type, reader.field_type, data_type, in_array);
                    steps.push(Step::Read { column, read });
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
                Some(Absent::Default { json, reader: reader.field_type, data_type: column.data_type.clone() })
            };
            (at, reader_field(column).and_then(of).unwrap_or(Absent::Refused))
        });
        RowPlan {
            names: columns.iter().map(|column| column.name.as_str().into()).collect(),
            absent: absent.collect(),
            steps: steps.into(),
            skipped,
        }
    }

    /// `in_array`: a vector would stand in an array, where nobody looks for one.
    fn value(&mut self, writer: TypeId, reader: TypeId, data_type: &DataType, in_array: bool) -> Read {
        let (reader, is_nullable) = without_null(self.reader, reader);
        let Kind::Union(branches) = self.writer.kind(writer) else {
            return self.branch(writer, reader, is_nullable, data_type, in_array);
        };
        let is_null = |branch: &TypeId| *self.writer.kind(*branch) == Kind::Null;
        match (branches.as_slice(), is_nullable) {
            ([null, other], true) if is_null(null) => {
                Read::Nullable { null: 0, inner: Box::new(self.branch(*other, reader, true, data_type, in_array)) }
            }
            ([other, null], true) if is_null(null) => {
                Read::Nullable { null: 1, inner: Box::new(self.branch(*other, reader, true, data_type, in_array)) }
            }
            (branches, _) => {
                let branch = |branch: &TypeId| self.branch(*branch, reader, is_nullable, data_type, in_array);
                Read::Union(branches.iter().map(branch).collect())
            }
        }
    }

    fn branch(&mut self, writer: TypeId, reader: TypeId, nullable: bool, data_type: &DataType, in_array: bool) -> Read {
        let kind = self.writer.kind(writer);
        match (kind, nullable) {
            (Kind::Null, true) => return Read::Null,
            (Kind::Null, false) => return refused("found null where the table says NOT NULL"),
            _ => {}
        }
        self.plain(writer, reader, data_type, in_array).unwrap_or_else(|| {
            refused(&format!("the writer's {} can't become {data_type}", self.writer.describe(writer)))
        })
    }

    fn plain(&mut self, writer: TypeId, reader: TypeId, data_type: &DataType, in_array: bool) -> Option<Read> {
        let written = self.writer.get(writer);
        let logical = written.logical;
        let whole = |least, most| Some(Read::Whole { least, most });
        match (data_type, &written.kind) {
            (DataType::Boolean, Kind::Boolean) => Some(Read::Boolean),
            (DataType::TinyInt, Kind::Int) => whole(i8::MIN.into(), i8::MAX.into()),
            (DataType::SmallInt, Kind::Int) => whole(i16::MIN.into(), i16::MAX.into()),
            (DataType::Int | DataType::BigInt, Kind::Int) => whole(i32::MIN.into(), i32::MAX.into()),
            (DataType::BigInt, Kind::Long) => whole(i64::MIN, i64::MAX),
            (DataType::Float, Kind::Int | Kind::Long) => Some(Read::WholeAsFloat),
            (DataType::Float, Kind::Float) => Some(Read::Float),
            (DataType::Double, Kind::Int | Kind::Long) => Some(Read::WholeAsDouble),
            (DataType::Double, Kind::Float) => Some(Read::FloatAsDouble),
            (DataType::Double, Kind::Double) => Some(Read::Double),
            (DataType::Decimal { precision, scale }, Kind::Bytes | Kind::Fixed(_)) => {
                let fixed = if let Kind::Fixed(size) = &written.kind { Some(*size) } else { None };
                let written_scale = match logical {
                    Some(Logical::Decimal { scale }) => scale,
                    _ => (*scale).into(),
                };
                Some(Read::Decimal(DecimalPlan { fixed, written_scale, precision: *precision, scale: *scale }))
            }
            (DataType::Char(_) | DataType::Varchar(_), Kind::String | Kind::Bytes) => Some(Read::Text),
            (DataType::Char(_) | DataType::Varchar(_), Kind::Enum(symbols)) => {
                Some(Read::Symbol(symbols.iter().map(|symbol| symbol.as_str().into()).collect()))
            }
            (DataType::Binary(_) | DataType::Varbinary(_), Kind::String | Kind::Bytes) => Some(Read::Bytes),
            (DataType::Binary(_) | DataType::Varbinary(_), Kind::Fixed(size)) => Some(Read::Fixed(*size)),
            (DataType::Date, Kind::Int) if matches!(logical, None | Some(Logical::Date)) => Some(Read::Date),
            (DataType::Time { .. }, Kind::Int | Kind::Long) => match logical {
                Some(Logical::Time(unit)) => Some(Read::Time(unit)),
                None if written.kind == Kind::Int => Some(Read::Time(Unit::Millis)),
                _ => None,
            },
            (DataType::Timestamp { .. }, Kind::Int | Kind::Long) => unit(logical).map(Read::Timestamp),
            (DataType::TimestampLtz { .. }, Kind::Int | Kind::Long) => unit(logical).map(Read::Instant),
            (DataType::Array(element), Kind::Array(items)) => {
                let Kind::Array(reader) = self.reader.kind(reader) else { return None };
                Some(self.array(*items, *reader, element, in_array))
            }
            (data_type, Kind::Map(values)) => {
                let (_, value) = data_type.entries()?;
                let Kind::Map(reader) = self.reader.kind(reader) else { return None };
                Some(Read::Map(Box::new(self.value(*values, *reader, value, true))))
            }
            (DataType::Row(columns), Kind::Record(fields)) => {
                let Kind::Record(reader) = self.reader.kind(reader) else { return None };
                Some(Read::Row(Box::new(self.row(fields, reader, columns, in_array))))
            }
            _ => None,
        }
    }

    fn array(&mut self, items: TypeId, reader: TypeId, element: &DataType, in_array: bool) -> Read {
        let elements = ElementPlan { read: self.value(items, reader, element, true), least: self.fewest_bytes(items) };
        let tag = match &elements.read {
            Read::Nullable { null, .. } => Some(if *null == 0 { 2 } else { 0 }),
            _ => None,
        };
        let one = match &elements.read {
            Read::Nullable { inner, .. } => inner,
            read => read,
        };
        let (written, read) = match one {
            Read::Float => (Width::Float, Width::Float),
            Read::FloatAsDouble => (Width::Float, Width::Double),
            Read::Double => (Width::Double, Width::Double),
            _ => return Read::Array(Box::new(elements)),
        };
        match in_array {
            true => Read::Array(Box::new(elements)),
            false => Read::Vector(Box::new(VectorPlan { written, read, tag, elements })),
        }
    }

    /// The fewest bytes that a value takes: what bounds how many there can be.
    fn fewest_bytes(&mut self, id: TypeId) -> usize {
        let writer = self.writer;
        match writer.kind(id) {
            Kind::Null => 0,
            Kind::Float => 4,
            Kind::Double => 8,
            Kind::Fixed(size) => *size,
            Kind::Record(fields) => {
                if let Some(least) = self.least.get(&id) {
                    return *least;
                }
                // One that holds itself all the way down has no value at all.
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

fn refused(reason: &str) -> Read {
    Read::Refused(reason.into())
}

/// The unit of a timestamp. A bare number counts milliseconds, as Flink's reader takes it.
fn unit(logical: Option<Logical>) -> Option<Unit> {
    match logical {
        Some(Logical::Timestamp(unit)) => Some(unit),
        None => Some(Unit::Millis),
        Some(_) => None,
    }
}

/// What a type is beside null, and whether it may be null.
pub fn without_null(schema: &Schema, id: TypeId) -> (TypeId, bool) {
    let Kind::Union(branches) = schema.kind(id) else { return (id, false) };
    let other = branches.iter().copied().find(|branch| *schema.kind(*branch) != Kind::Null);
    (other.unwrap_or(id), branches.iter().any(|branch| *schema.kind(*branch) == Kind::Null))
}

fn push(steps: &mut Vec<Step>, skip: Skip) {
    let mut last = match steps.pop_if(|step| matches!(step, Step::Skip(_))) {
        Some(Step::Skip(before)) => vec![before],
        _ => Vec::new(),
    };
    skip::push(&mut last, skip);
    steps.extend(last.into_iter().map(Step::Skip));
}
