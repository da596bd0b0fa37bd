//! The metadata that a source's METADATA columns can ask for, with Flink's keys and types.

use super::table::DeclaredTable;
use crate::formats::format::Format;
use crate::job::settings::mapping::Mapping;
use crate::job::settings::source::Source;
use crate::options::nearest::nearest;
use crate::options::report::Report;
use crate::sql::expression::Expression;
use crate::sql::parse::{ColumnKind, Name};
use crate::types::column::MetadataColumn;
use crate::types::data_type::{DataType, RowField, UNBOUNDED};

/// The prefix of a format's keys.
const OF_THE_VALUE: &str = "value.";

/// The metadata of a Kafka record. The most expensive columns come last, because columns after the last one that is used
/// are not read.
fn record_metadata() -> Vec<MetadataColumn> {
    let bytes = DataType::Varbinary(UNBOUNDED);
    let header = vec![
        RowField { name: "key".into(), data_type: DataType::STRING },
        RowField { name: "value".into(), data_type: bytes.clone() },
    ];
    let keys = [
        ("topic", DataType::STRING),
        ("partition", DataType::Int),
        ("offset", DataType::BigInt),
        ("leader-epoch", DataType::Int),
        ("timestamp", DataType::TimestampLtz { precision: 3 }),
        ("timestamp-type", DataType::STRING),
        ("headers", DataType::Map(Box::new(DataType::STRING), Box::new(bytes))),
        ("header-list", DataType::Array(Box::new(DataType::Row(header)))),
    ];
    keys.map(|(key, data_type)| MetadataColumn { key: key.into(), data_type }).into()
}

/// The metadata that a table's columns name. Each key is in it once.
pub struct Metadata {
    pub format: Vec<MetadataColumn>,
    pub record: Vec<MetadataColumn>,
    /// The number of columns before the metadata in a source's row.
    physical: usize,
}

impl Metadata {
    pub fn of(table: &DeclaredTable, format: &Format, report: &mut Report) -> Metadata {
        let mut metadata = Metadata { format: Vec::new(), record: Vec::new(), physical: table.columns().len() };
        let (of_format, of_record) = (format.metadata(), record_metadata());
        for column in &table.definition.columns {
            let ColumnKind::Metadata { key, .. } = &column.kind else { continue };
            let (known, chosen, name) = match key.text.strip_prefix(OF_THE_VALUE) {
                Some(name) => (&of_format, &mut metadata.format, name),
                None => (&of_record, &mut metadata.record, key.text.as_str()),
            };
            match known.iter().find(|known| known.key == name) {
                Some(found) if !chosen.contains(found) => chosen.push(found.clone()),
                Some(_) => {}
                None => report.error(Some(key.at), unknown_key(table, key, &of_format, &of_record)),
            }
        }
        let place = |column: &MetadataColumn| of_record.iter().position(|known| known == column);
        metadata.record.sort_by_key(place);
        metadata
    }

    /// The index of a key's value in a source's row, and the value's type.
    pub fn find(&self, key: &str) -> Option<(usize, &DataType)> {
        let (list, before, key) = match key.strip_prefix(OF_THE_VALUE) {
            Some(key) => (&self.format, self.physical, key),
            None => (&self.record, self.physical + self.format.len(), key),
        };
        let index = list.iter().position(|column| column.key == key)?;
        Some((before + index, &list[index].data_type))
    }
}

/// Removes the metadata of records after the last one that a mapping uses. Above all, headers are read only if they are
/// used.
pub fn drop_unused<'m>(source: &mut Source, mappings: impl Iterator<Item = &'m Mapping>) {
    let before = source.columns.len() + source.format_metadata.len();
    let mut used = before;
    for mapping in mappings {
        let mut rest: Vec<&Expression> = mapping.expressions.iter().chain(&mapping.filter).collect();
        while let Some(expression) = rest.pop() {
            match expression {
                Expression::Column(index, _) => used = used.max(index + 1),
                other => rest.extend(other.operands()),
            }
        }
    }
    source.record_metadata.truncate(used - before);
}

fn unknown_key(
    table: &DeclaredTable,
    key: &Name,
    of_format: &[MetadataColumn],
    of_record: &[MetadataColumn],
) -> String {
    let of_record = of_record.iter().map(|column| column.key.clone());
    let keys: Vec<String> =
        of_record.chain(of_format.iter().map(|column| format!("{OF_THE_VALUE}{}", column.key))).collect();
    let advice = match nearest(&key.text, keys.iter().map(String::as_str)) {
        Some(near) => format!("did you mean '{near}'? It has"),
        None => "it has".to_owned(),
    };
    let (name, key, keys) = (table.name(), &key.text, keys.join(", "));
    format!("table '{name}' has no metadata '{key}'; {advice} {keys}")
}
