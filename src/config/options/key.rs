//! Columns of the message's key: `key.format` and its like.

use super::{OptionSpec, TableOptions, ValueType, format, kafka};
use crate::settings::{Column, Keyed};

pub const FORMAT: OptionSpec = OptionSpec::new(
    "key.format",
    ValueType::Text,
    "How message keys are decoded: csv, json or another format that only adds rows. Needs key.fields. Its options have 'key.' in \
     front: key.csv.field-delimiter.",
);
pub const FIELDS: OptionSpec = OptionSpec::new(
    "key.fields",
    ValueType::Text,
    "The columns that the key holds, in the key format's order, separated by ';'.",
);
pub const PREFIX: OptionSpec = OptionSpec::new(
    "key.fields-prefix",
    ValueType::Any,
    "What all columns of the key have in front of the names that the key format knows. Needs value.fields-include = EXCEPT_KEY.",
);
pub const FIELDS_INCLUDE: OptionSpec = OptionSpec::new(
    "value.fields-include",
    ValueType::Choice(&["ALL", "EXCEPT_KEY"]),
    "ALL: the message value holds every column, and wins over the key. EXCEPT_KEY: it holds those that the key doesn't.",
)
.default("ALL");

/// What is said of a format with updates where only rows can be added.
pub const ONLY_ADDS: &str = "has updates and deletes; a format that only adds rows is needed here, such as json, csv or avro";

/// What a table declares, as far as its options ask for it.
pub struct Declared<'a> {
    pub columns: &'a [Column],
    /// Of `upsert-kafka`: the columns of its PRIMARY KEY, in their order.
    pub upsert_key: Option<&'a [usize]>,
}

impl Declared<'_> {
    fn option(&self) -> &'static OptionSpec {
        if self.upsert_key.is_some() { &kafka::UPSERT_KEY_FORMAT } else { &FORMAT }
    }
}

/// The key's format, and the prefix of its options.
pub fn format(options: &mut TableOptions<'_>, declared: &Declared<'_>) -> (Option<String>, String) {
    let name = options.text(declared.option());
    let prefix = format!("key.{}.", name.as_deref().unwrap_or_default());
    (name, prefix)
}

/// `name` and `prefix` are those of [`format`].
pub fn read(
    options: &mut TableOptions<'_>,
    declared: &Declared<'_>,
    name: Option<&str>,
    prefix: &str,
) -> Option<Keyed> {
    let except_key = options.choice(&FIELDS_INCLUDE) == Some("EXCEPT_KEY");
    let Some(name) = name else {
        for option in [&FIELDS, &PREFIX] {
            if declared.upsert_key.is_none() && options.is_set(option) {
                options.error(option, "needs 'key.format'");
            }
        }
        return None;
    };
    if format::options_of(name).is_none() {
        options.error(declared.option(), &format::unknown(name));
        return None;
    }
    let format = options.under(prefix, |options| format::read(name, options));
    if format.is_changing() {
        options.error(declared.option(), &format!("= '{name}' {ONLY_ADDS}"));
    }
    let fields = match declared.upsert_key {
        Some(key) => key.to_vec(),
        None => fields(options, declared.columns)?,
    };
    let prefix = options.text(&PREFIX).unwrap_or_default();
    if !prefix.is_empty() {
        check_prefix(options, declared.columns, &fields, &prefix, except_key);
    }
    Some(Keyed { format, fields, prefix, except_key, upsert: declared.upsert_key.is_some() })
}

fn fields(options: &mut TableOptions<'_>, columns: &[Column]) -> Option<Vec<usize>> {
    if !options.is_set(&FIELDS) {
        options.error(&FORMAT, "needs 'key.fields': the columns that the key holds");
        return None;
    }
    options.convert(&FIELDS, |text| {
        let mut fields = Vec::new();
        for name in text.split(';').map(str::trim).filter(|name| !name.is_empty()) {
            match columns.iter().position(|column| column.name == name) {
                Some(place) if fields.contains(&place) => return Err(format!("names column '{name}' twice")),
                Some(place) => fields.push(place),
                None => {
                    let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
                    return Err(format!("names '{name}', which is no column of the message; it has {}", known.join(", ")));
                }
            }
        }
        if fields.is_empty() { Err("must name a column".into()) } else { Ok(fields) }
    })
}

fn check_prefix(
    options: &mut TableOptions<'_>,
    columns: &[Column],
    fields: &[usize],
    prefix: &str,
    except_key: bool,
) {
    if !except_key {
        options.error(&PREFIX, "needs 'value.fields-include' = 'EXCEPT_KEY': the value has no such names");
    }
    let without = fields.iter().filter_map(|field| columns.get(*field)).find(|column| !column.name.starts_with(prefix));
    if let Some(column) = without {
        options.error(&PREFIX, &format!("= '{prefix}' is not in front of '{}', a column of the key", column.name));
    }
}
