//! Reads the JSON text of Avro schemas as Java does. Annotations without a meaning here are ignored. So are defaults of the
//! wrong type, because there are such schemas in registries, and Java's readers take them. This is our own code, because
//! the data can only be read if the type below a logical type is known (a UUID may be a text or 16 bytes). The usual crate
//! doesn't keep it.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

/// At most this many characters of a name are shown.
const LONGEST_NAME: usize = 120;

/// How deep named types may be nested, because code that walks through a schema is recursive.
const DEEPEST: usize = 200;

/// A schema's types, by number. A type can contain itself.
#[derive(Debug, Clone)]
pub struct AvroSchema {
    types: Vec<AvroType>,
    root: TypeId,
}

pub type TypeId = usize;

#[derive(Debug, Clone)]
pub struct AvroType {
    pub kind: AvroKind,
    pub logical: Option<Logical>,
    /// The name of a record, an enum or a fixed, with its namespace.
    pub name: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum AvroKind {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed(usize),
    Enum(Vec<String>),
    Array(TypeId),
    Map(TypeId),
    Union(Vec<TypeId>),
    Record(Vec<RecordField>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct RecordField {
    pub name: String,
    /// Other names of a reader's field.
    pub aliases: Vec<String>,
    pub field_type: TypeId,
    /// The value that a reader takes if the writer has no such field.
    pub default: Option<Json>,
}

/// The meaning of a plain type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logical {
    Decimal {
        scale: u32,
    },
    Date,
    Time(AvroTimeUnit),
    /// A timestamp with or without a time zone: the numbers count the same unit from the same start.
    Timestamp(AvroTimeUnit),
    Uuid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AvroTimeUnit {
    Millis,
    Micros,
    Nanos,
}

impl AvroSchema {
    /// Reads a schema. `references` are the texts of the other schemas that it names. A reference comes after those that it
    /// names itself.
    pub fn parse(text: &str, references: &[String]) -> Result<AvroSchema, String> {
        let mut parser = Parser::default();
        for reference in references {
            parser.text(reference)?;
        }
        let root = parser.text(text)?;
        Ok(AvroSchema { types: parser.types, root })
    }

    pub fn root(&self) -> TypeId {
        self.root
    }

    pub fn get(&self, id: TypeId) -> &AvroType {
        // Every `id` comes from the parser, so it is an index of `types`.
        &self.types[id]
    }

    pub fn kind(&self, id: TypeId) -> &AvroKind {
        &self.get(id).kind
    }

    /// The name of a type in messages.
    pub fn describe(&self, id: TypeId) -> String {
        let named = self.get(id);
        let plain = match &named.kind {
            AvroKind::Null => "null",
            AvroKind::Boolean => "boolean",
            AvroKind::Int => "int",
            AvroKind::Long => "long",
            AvroKind::Float => "float",
            AvroKind::Double => "double",
            AvroKind::Bytes => "bytes",
            AvroKind::String => "string",
            AvroKind::Fixed(_) => "fixed",
            AvroKind::Enum(_) => "enum",
            AvroKind::Array(_) => "array",
            AvroKind::Map(_) => "map",
            AvroKind::Union(_) => "union",
            AvroKind::Record(_) => "record",
        };
        let unit = |unit| match unit {
            AvroTimeUnit::Millis => "milliseconds",
            AvroTimeUnit::Micros => "microseconds",
            AvroTimeUnit::Nanos => "nanoseconds",
        };
        let logical = match named.logical {
            Some(Logical::Decimal { .. }) => " (decimal)".to_string(),
            Some(Logical::Date) => " (date)".to_string(),
            Some(Logical::Time(of)) => format!(" (a time in {})", unit(of)),
            Some(Logical::Timestamp(of)) => format!(" (a timestamp in {})", unit(of)),
            Some(Logical::Uuid) => " (uuid)".to_string(),
            None => String::new(),
        };
        match &named.name {
            Some(name) => format!("{plain} {}{logical}", shown(name)),
            None => format!("{plain}{logical}"),
        }
    }
}

#[derive(Default)]
struct Parser {
    types: Vec<AvroType>,
    /// For each type: how deep types are nested in it.
    depths: Vec<usize>,
    by_name: HashMap<String, TypeId>,
}

impl Parser {
    fn text(&mut self, text: &str) -> Result<TypeId, String> {
        // The JSON parser refuses text that is nested too deeply. A name without quotes is taken too, because registries
        // give `string`.
        let json = match serde_json::from_str(text) {
            Ok(json) => json,
            Err(_) if text.trim().chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_')) => {
                Json::String(text.trim().to_string())
            }
            Err(error) => return Err(format!("not JSON: {error}")),
        };
        self.parse(&json, "")
    }

    fn add(&mut self, kind: AvroKind, logical: Option<Logical>) -> TypeId {
        self.depths.push(self.depth(&kind));
        self.types.push(AvroType { kind, logical, name: None });
        self.types.len() - 1
    }

    fn depth(&self, kind: &AvroKind) -> usize {
        let of = |id: &TypeId| self.depths[*id] + 1;
        match kind {
            AvroKind::Array(inner) | AvroKind::Map(inner) => of(inner),
            AvroKind::Union(branches) => branches.iter().map(of).max().unwrap_or(0),
            AvroKind::Record(fields) => fields.iter().map(|field| of(&field.field_type)).max().unwrap_or(0),
            _ => 0,
        }
    }

    fn parse(&mut self, json: &Json, namespace: &str) -> Result<TypeId, String> {
        match json {
            Json::String(name) => match primitive(name) {
                Some(kind) => Ok(self.add(kind, None)),
                None => self.find(name, namespace),
            },
            Json::Array(branches) => {
                let branches =
                    branches.iter().map(|branch| self.parse(branch, namespace)).collect::<Result<Vec<_>, _>>()?;
                if branches.iter().any(|branch| matches!(self.types[*branch].kind, AvroKind::Union(_))) {
                    return Err("a union in a union".into());
                }
                Ok(self.add(AvroKind::Union(branches), None))
            }
            Json::Object(object) => self.object(object, namespace),
            other => Err(format!("found {other} where a type was expected")),
        }
    }

    fn find(&self, name: &str, namespace: &str) -> Result<TypeId, String> {
        let full = full_name(name, namespace);
        let found = self.by_name.get(&full).or_else(|| self.by_name.get(name));
        found.copied().ok_or_else(|| format!("unknown type {}", shown(&full)))
    }

    fn object(&mut self, object: &Map<String, Json>, namespace: &str) -> Result<TypeId, String> {
        let name = match object.get("type") {
            Some(Json::String(name)) => name.as_str(),
            Some(nested) => return self.parse(nested, namespace),
            None => return Err("found an object without 'type' where a type was expected".into()),
        };
        match name {
            "array" => {
                let items = self.inner(object, "items", namespace)?;
                Ok(self.add(AvroKind::Array(items), None))
            }
            "map" => {
                let values = self.inner(object, "values", namespace)?;
                Ok(self.add(AvroKind::Map(values), None))
            }
            "record" | "error" | "enum" | "fixed" => self.named(name, object, namespace),
            _ => match primitive(name) {
                Some(kind) => {
                    let logical = logical(object, &kind);
                    Ok(self.add(kind, logical))
                }
                None => self.find(name, namespace),
            },
        }
    }

    fn inner(&mut self, object: &Map<String, Json>, key: &str, namespace: &str) -> Result<TypeId, String> {
        let inner = object.get(key).ok_or_else(|| format!("a type without '{key}'"))?;
        self.parse(inner, namespace)
    }

    fn named(&mut self, kind: &str, object: &Map<String, Json>, namespace: &str) -> Result<TypeId, String> {
        let text = |key: &str| object.get(key).and_then(Json::as_str);
        let name = text("name").ok_or_else(|| format!("a type {kind} without 'name'"))?;
        let name = full_name(name, text("namespace").unwrap_or(namespace));
        // The type gets its number before its fields are read, because they can be of this type.
        let id = self.add(AvroKind::Null, None);
        self.types[id].name = Some(name.clone());
        if self.by_name.insert(name.clone(), id).is_some() {
            return Err(format!("two types are called {}", shown(&name)));
        }
        let list = |key: &str| match object.get(key) {
            Some(Json::Array(list)) => Ok(list),
            _ => Err(format!("{kind} {} has no list '{key}'", shown(&name))),
        };
        let kind = match kind {
            "enum" => AvroKind::Enum(texts(Some(&Json::Array(list("symbols")?.clone())))),
            "fixed" => {
                let size = object.get("size").and_then(Json::as_u64).and_then(|size| usize::try_from(size).ok());
                AvroKind::Fixed(size.ok_or_else(|| format!("fixed {} has no 'size'", shown(&name)))?)
            }
            _ => {
                let namespace = name.rsplit_once('.').map_or("", |(namespace, _)| namespace).to_string();
                let fields = list("fields")?.iter().map(|field| self.field(field, &name, &namespace));
                AvroKind::Record(fields.collect::<Result<_, _>>()?)
            }
        };
        self.depths[id] = self.depth(&kind);
        if self.depths[id] > DEEPEST {
            return Err(format!("types are nested more than {DEEPEST} deep in {}", shown(&name)));
        }
        self.types[id].logical = logical(object, &kind);
        self.types[id].kind = kind;
        Ok(id)
    }

    fn field(&mut self, json: &Json, record: &str, namespace: &str) -> Result<RecordField, String> {
        let record = || shown(record);
        let name =
            json.get("name").and_then(Json::as_str).ok_or_else(|| format!("a field of {} has no name", record()))?;
        let field_type =
            json.get("type").ok_or_else(|| format!("field {} of {} has no type", shown(name), record()))?;
        Ok(RecordField {
            name: name.to_string(),
            aliases: texts(json.get("aliases")),
            field_type: self.parse(field_type, namespace)?,
            default: json.get("default").cloned(),
        })
    }
}

/// A name as messages show it. Names from a registry can have any length.
fn shown(name: &str) -> String {
    let mut characters = name.chars();
    let start = characters.by_ref().take(LONGEST_NAME).map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let mut shown: String = start.collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

fn texts(list: Option<&Json>) -> Vec<String> {
    let list = list.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|text| text.as_str().map(str::to_string)).collect()
}

fn full_name(name: &str, namespace: &str) -> String {
    match name.contains('.') || namespace.is_empty() {
        true => name.to_string(),
        false => format!("{namespace}.{name}"),
    }
}

fn primitive(name: &str) -> Option<AvroKind> {
    Some(match name {
        "null" => AvroKind::Null,
        "boolean" => AvroKind::Boolean,
        "int" => AvroKind::Int,
        "long" => AvroKind::Long,
        "float" => AvroKind::Float,
        "double" => AvroKind::Double,
        "bytes" => AvroKind::Bytes,
        "string" => AvroKind::String,
        _ => return None,
    })
}

/// A logical type that doesn't fit its type is ignored, as the specification says.
fn logical(object: &Map<String, Json>, kind: &AvroKind) -> Option<Logical> {
    let name = object.get("logicalType")?.as_str()?;
    Some(match (name, kind) {
        ("decimal", AvroKind::Bytes | AvroKind::Fixed(_)) => {
            let scale = match object.get("scale") {
                None => 0,
                Some(scale) => u32::try_from(scale.as_u64()?).ok()?,
            };
            Logical::Decimal { scale }
        }
        ("date", AvroKind::Int) => Logical::Date,
        ("time-millis", AvroKind::Int) => Logical::Time(AvroTimeUnit::Millis),
        ("time-micros", AvroKind::Long) => Logical::Time(AvroTimeUnit::Micros),
        ("timestamp-millis" | "local-timestamp-millis", AvroKind::Long) => Logical::Timestamp(AvroTimeUnit::Millis),
        ("timestamp-micros" | "local-timestamp-micros", AvroKind::Long) => Logical::Timestamp(AvroTimeUnit::Micros),
        ("timestamp-nanos" | "local-timestamp-nanos", AvroKind::Long) => Logical::Timestamp(AvroTimeUnit::Nanos),
        ("uuid", AvroKind::String | AvroKind::Fixed(16)) => Logical::Uuid,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> AvroSchema {
        AvroSchema::parse(text, &[]).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_record_may_hold_itself_and_names_have_namespaces() {
        let schema = parse(
            r#"{"type": "record", "name": "a.b.Node", "fields": [{"name": "next", "type": ["null", "Node"]},
                {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["X", "Y"]}},
                {"name": "again", "type": "a.b.Kind", "default": "X", "aliases": ["once"]}]}"#,
        );
        let AvroKind::Record(fields) = schema.kind(schema.root()) else { panic!() };
        let AvroKind::Union(branches) = schema.kind(fields[0].field_type) else { panic!() };
        assert_eq!(branches[1], schema.root());
        assert_eq!(fields[1].field_type, fields[2].field_type);
        assert_eq!((fields[2].default.clone(), fields[2].aliases.len()), (Some("X".into()), 1));
        assert_eq!(schema.describe(schema.root()), "record a.b.Node");
    }

    #[test]
    fn a_logical_type_counts_where_it_fits() {
        let logical = |text: &str| {
            let schema = parse(text);
            schema.get(schema.root()).logical
        };
        assert_eq!(logical(r#"{"type": "int", "logicalType": "date"}"#), Some(Logical::Date));
        assert_eq!(logical(r#"{"type": "string", "logicalType": "date"}"#), None);
        assert_eq!(
            logical(r#"{"type": "long", "logicalType": "local-timestamp-micros"}"#),
            Some(Logical::Timestamp(AvroTimeUnit::Micros))
        );
        assert_eq!(
            logical(r#"{"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}"#),
            Some(Logical::Decimal { scale: 2 })
        );
        assert_eq!(logical(r#"{"type": "long", "logicalType": "wholly-new"}"#), None);
    }

    #[test]
    fn schemas_that_are_referred_to_are_known_by_name() {
        let color = r#"{"type": "enum", "name": "shop.Color", "symbols": ["red"]}"#;
        let car = r#"{"type": "record", "name": "shop.Car", "fields": [{"name": "color", "type": "Color"}]}"#;
        assert!(AvroSchema::parse(car, &[color.to_string()]).is_ok());
        assert_eq!(AvroSchema::parse(car, &[]).unwrap_err(), "unknown type shop.Color");
        assert_eq!(*parse("string").kind(0), AvroKind::String);
    }

    #[test]
    fn types_may_stand_in_each_other_by_their_names_but_not_without_end() {
        let record = |of: usize, field: &str| {
            format!(r#"{{"type": "record", "name": "r{of}", "fields": [{{"name": "f", "type": "{field}"}}]}}"#)
        };
        let chain = |length: usize| {
            let first = record(0, "int");
            let others = (1..length).map(|of| record(of, &format!("r{}", of - 1)));
            let all: Vec<String> = std::iter::once(first).chain(others).collect();
            AvroSchema::parse(&format!("[{}]", all.join(", ")), &[])
        };
        assert!(chain(150).is_ok());
        assert!(chain(100_000).unwrap_err().contains("more than 200 deep"));
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        for text in [
            "",
            "7",
            "{}",
            r#"{"type": "array"}"#,
            r#"["null", ["int"]]"#,
            r#"{"type": "record", "name": "r"}"#,
            r#"{"type": "fixed", "name": "f", "size": -1}"#,
            r#"{"type": "record", "name": "r", "fields": [{"name": "a", "type": {"type": "fixed", "name": "r", "size": 1}}]}"#,
            &format!("{}\"int\"{}", "[".repeat(100_000), "]".repeat(100_000)),
        ] {
            assert!(AvroSchema::parse(text, &[]).is_err(), "{text:.100}");
        }
    }
}
