//! Derives the Avro schema of a table as Flink's AvroSchemaConverter does, and checks whether a schema in the options fits
//! the table.

use serde_json::{Value as Json, json};

use super::schema::{AvroKind, AvroSchema, TypeId};
use crate::formats::definition::DeclaredColumn;
use crate::types::data_type::{DataType, RowField, TypePart};

/// The name of the outermost record. The names of nested records are this name and the names of their fields.
const RECORD: &str = "org.apache.flink.avro.generated.record";

/// The schema of a record with a table's columns. `legacy` is the option `timestamp_mapping.legacy`.
pub fn record_of(columns: &[DeclaredColumn<'_>], legacy: bool) -> Json {
    Derive { legacy }.record(columns, RECORD)
}

/// The schema of Debezium's change of these columns: two nullable rows, and the operation.
pub fn envelope_of(columns: &[DeclaredColumn<'_>]) -> Json {
    let row = record_of(columns, true);
    // A record is declared once, and then named.
    json!({"type": "record", "name": "org.apache.flink.avro.generated.change", "fields": [
        {"name": "before", "type": ["null", row], "default": null},
        {"name": "after", "type": ["null", RECORD], "default": null},
        {"name": "op", "type": ["null", "string"], "default": null},
    ]})
}

#[derive(Clone, Copy)]
struct Derive {
    legacy: bool,
}

impl Derive {
    fn record(self, columns: &[DeclaredColumn<'_>], name: &str) -> Json {
        let field = |DeclaredColumn { column, parts }: &DeclaredColumn<'_>| {
            self.field(&column.name, &column.data_type, column.not_null, parts, name)
        };
        json!({"type": "record", "name": name, "fields": columns.iter().map(field).collect::<Vec<_>>()})
    }

    fn field(self, field: &str, data_type: &DataType, not_null: bool, parts: &[TypePart], record: &str) -> Json {
        let inner = self.nullable(data_type, not_null, parts, &format!("{record}_{field}"));
        match not_null {
            true => json!({"name": field, "type": inner}),
            false => json!({"name": field, "type": inner, "default": null}),
        }
    }

    fn nullable(self, data_type: &DataType, not_null: bool, parts: &[TypePart], name: &str) -> Json {
        let plain = self.plain(data_type, parts, name);
        if not_null { plain } else { json!(["null", plain]) }
    }

    fn inner(self, data_type: &DataType, part: Option<&TypePart>, name: &str) -> Json {
        let (not_null, parts) = part.map_or((false, &[][..]), |part| (part.not_null, &part.parts));
        self.nullable(data_type, not_null, parts, name)
    }

    fn plain(self, data_type: &DataType, parts: &[TypePart], name: &str) -> Json {
        let logical = |plain: &str, logical: &str| json!({"type": plain, "logicalType": logical});
        match data_type {
            DataType::Boolean => json!("boolean"),
            DataType::TinyInt | DataType::SmallInt | DataType::Int => json!("int"),
            DataType::BigInt => json!("long"),
            DataType::Float => json!("float"),
            DataType::Double => json!("double"),
            DataType::Char(_) | DataType::Varchar(_) => json!("string"),
            DataType::Binary(_) | DataType::Varbinary(_) => json!("bytes"),
            DataType::Decimal { precision, scale } => {
                json!({"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale})
            }
            DataType::Date => logical("int", "date"),
            DataType::Time { .. } => logical("int", "time-millis"),
            DataType::Timestamp { .. } if self.legacy => logical("long", "timestamp-millis"),
            DataType::Timestamp { precision: ..=3 } => logical("long", "local-timestamp-millis"),
            DataType::Timestamp { .. } => logical("long", "local-timestamp-micros"),
            DataType::TimestampLtz { precision: ..=3 } => logical("long", "timestamp-millis"),
            DataType::TimestampLtz { .. } if self.legacy => logical("long", "timestamp-millis"),
            DataType::TimestampLtz { .. } => logical("long", "timestamp-micros"),
            DataType::Array(element) => json!({"type": "array", "items": self.inner(element, parts.first(), name)}),
            DataType::Map(_, value) => json!({"type": "map", "values": self.inner(value, parts.get(1), name)}),
            DataType::Multiset(_) => json!({"type": "map", "values": self.inner(&DataType::Int, None, name)}),
            DataType::Row(fields) => {
                let field = |(at, field): (usize, &RowField)| {
                    let (not_null, parts) = parts.get(at).map_or((false, &[][..]), |part| (part.not_null, &part.parts));
                    self.field(&field.name, &field.data_type, not_null, parts, name)
                };
                json!({"type": "record", "name": name, "fields": fields.iter().enumerate().map(field).collect::<Vec<_>>()})
            }
            // Intervals were refused before.
            DataType::Null | DataType::IntervalYearMonth | DataType::IntervalDayTime => json!("null"),
        }
    }
}

/// Checks that a text is a schema, and that `fits` accepts it.
pub fn check_schema(text: &str, fits: impl Fn(&AvroSchema) -> Result<(), String>) -> Result<(), String> {
    AvroSchema::parse(text, &[]).and_then(|schema| fits(&schema))
}

/// Checks that a type is a record with these columns.
pub fn fits_row(schema: &AvroSchema, id: TypeId, columns: &[DeclaredColumn<'_>]) -> Result<(), String> {
    let AvroKind::Record(fields) = schema.kind(id) else {
        return Err(format!("it is {}, and a record is needed", schema.describe(id)));
    };
    let names = |names: Vec<&str>| names.join(", ");
    if !fields.iter().map(|field| &field.name).eq(columns.iter().map(|declared| &declared.column.name)) {
        return Err(format!(
            "its fields are {}, and the columns are {}",
            names(fields.iter().map(|field| field.name.as_str()).collect()),
            names(columns.iter().map(|declared| declared.column.name.as_str()).collect())
        ));
    }
    for (field, DeclaredColumn { column, .. }) in fields.iter().zip(columns) {
        let (inner, is_nullable) = without_null(schema, field.field_type);
        if is_nullable == column.not_null {
            let (of_field, of_column) = if is_nullable { ("may", "NOT NULL") } else { ("can't", "not NOT NULL") };
            return Err(format!("its field {} {of_field} be null, and the column is {of_column}", field.name));
        }
        if !fits(schema, inner, &column.data_type) {
            let found = schema.describe(inner);
            return Err(format!("its field {} is {found}, and the column is {}", field.name, column.data_type));
        }
    }
    Ok(())
}

pub fn fits_envelope(schema: &AvroSchema, columns: &[DeclaredColumn<'_>]) -> Result<(), String> {
    let fields: &[_] = match schema.kind(schema.root()) {
        AvroKind::Record(fields) => fields,
        _ => &[],
    };
    let find = |name: &str| {
        let field = fields.iter().find(|field| field.name == name);
        field.map(|field| without_null(schema, field.field_type).0).ok_or_else(|| format!("it has no field {name}"))
    };
    fits_row(schema, find("before")?, columns)?;
    fits_row(schema, find("after")?, columns)?;
    let op = find("op")?;
    let is_text = *schema.kind(op) == AvroKind::String;
    if is_text { Ok(()) } else { Err(format!("its field op is {}, and must be string", schema.describe(op))) }
}

fn fits(schema: &AvroSchema, id: TypeId, data_type: &DataType) -> bool {
    let inner = |id: TypeId, data_type: &DataType| fits(schema, without_null(schema, id).0, data_type);
    match (schema.kind(id), data_type) {
        (AvroKind::Boolean, DataType::Boolean) => true,
        (AvroKind::Int, DataType::TinyInt | DataType::SmallInt | DataType::Int) => true,
        (AvroKind::Int, DataType::Date | DataType::Time { .. }) => true,
        (AvroKind::Long, DataType::BigInt | DataType::Timestamp { .. } | DataType::TimestampLtz { .. }) => true,
        (AvroKind::Long, DataType::Time { .. }) => true,
        (AvroKind::Float, DataType::Float) | (AvroKind::Double, DataType::Double) => true,
        (AvroKind::Bytes | AvroKind::Fixed(_), DataType::Binary(_) | DataType::Varbinary(_)) => true,
        (AvroKind::Bytes | AvroKind::Fixed(_), DataType::Decimal { .. }) => true,
        (AvroKind::String | AvroKind::Enum(_), DataType::Char(_) | DataType::Varchar(_)) => true,
        (AvroKind::Array(items), DataType::Array(element)) => inner(*items, element),
        (AvroKind::Map(values), data_type) => data_type.entries().is_some_and(|(_, value)| inner(*values, value)),
        (AvroKind::Record(fields), DataType::Row(columns)) => {
            fields.len() == columns.len()
                && fields
                    .iter()
                    .zip(columns)
                    .all(|(field, column)| field.name == column.name && inner(field.field_type, &column.data_type))
        }
        _ => false,
    }
}

/// The type without null, and whether it can be null.
fn without_null(schema: &AvroSchema, id: TypeId) -> (TypeId, bool) {
    let AvroKind::Union(branches) = schema.kind(id) else { return (id, false) };
    let is_null = |branch: &TypeId| *schema.kind(*branch) == AvroKind::Null;
    match branches.as_slice() {
        [null, other] | [other, null] if is_null(null) && !is_null(other) => (*other, true),
        _ => (id, false),
    }
}
