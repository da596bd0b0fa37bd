//! What messages hold: the formats of their values and keys, and which columns each has.

use crate::formats::format::{self, Format, FormatSpec};
use crate::job::settings::source::{KeyField, KeyFormat};
use crate::options::{OptionSpec, TableOptions, ValueType};
use crate::types::column::SourceColumn;

pub const FORMAT: OptionSpec =
    OptionSpec::new("format", ValueType::Format { takes_changes: true }, "How message values are decoded.")
        .alias(&["value.format"])
        .required();
pub const KEY_FORMAT: OptionSpec = OptionSpec::new(
    "key.format",
    ValueType::Format { takes_changes: false },
    "How message keys are decoded, by a format that only adds rows. Its options have the prefix 'key.' before their own, as \
     in key.csv.field-delimiter. Left out: keys aren't read.",
);
pub const KEY_FIELDS: OptionSpec = OptionSpec::new(
    "key.fields",
    ValueType::Text,
    "The columns that the key holds, in its order, separated by ';'. Goes with key.format.",
);
pub const KEY_FIELDS_PREFIX: OptionSpec = OptionSpec::new(
    "key.fields-prefix",
    ValueType::Text,
    "What the columns of key.fields begin with, and the fields in the key don't: it tells them from the value's. Needs \
     value.fields-include = EXCEPT_KEY.",
);
pub const FIELDS_INCLUDE: OptionSpec = OptionSpec::new(
    "value.fields-include",
    ValueType::Choice(std::borrow::Cow::Borrowed(&["ALL", "EXCEPT_KEY"])),
    "ALL: the message value holds every column, and counts where the key has it too. EXCEPT_KEY: only those that the key \
     doesn't hold.",
)
.default("ALL");

/// The options of a connector that say what messages hold.
pub struct Specs {
    pub connector: &'static str,
    /// All options of the connector, formats' aside.
    pub options: &'static [OptionSpec],
    pub format: &'static OptionSpec,
    pub key_format: &'static OptionSpec,
}

pub struct MessageFormats {
    pub format: Format,
    pub key: Option<KeyFormat>,
}

/// `primary_key`: its columns are the key's, whatever `key.fields` says.
pub fn read(
    options: &mut TableOptions<'_>,
    specs: &Specs,
    columns: &[SourceColumn],
    primary_key: Option<Vec<usize>>,
) -> MessageFormats {
    let value = NamedFormat::new(options, specs.format, if options.is_set_as("format") { "" } else { "value." });
    let key = NamedFormat::new(options, specs.key_format, "key.");
    refuse_unknown(options, specs, &[&value, &key]);
    let format = value.read(options).unwrap_or_else(Format::none);
    let key_format = key.read(options).filter(|format| only_adds(options, specs.key_format, format));
    let also_in_value = options.choice(&FIELDS_INCLUDE) != Some("EXCEPT_KEY");
    let prefix = options.text(&KEY_FIELDS_PREFIX).unwrap_or_default();
    if also_in_value && !prefix.is_empty() {
        options.error(
            &KEY_FIELDS_PREFIX,
            "needs 'value.fields-include' = 'EXCEPT_KEY': else the value would hold the prefixed columns too",
        );
    }
    let is_keyed = options.is_set(specs.key_format);
    let fields = match primary_key {
        Some(key) => key,
        None => key_fields(options, is_keyed, columns),
    };
    let fields = names_in_key(options, fields, columns, &prefix);
    let key = key_format.map(|format| KeyFormat { format, fields, also_in_value });
    MessageFormats { format, key }
}

/// A format that messages with keys, or keys themselves, can't have.
pub fn only_adds(options: &mut TableOptions<'_>, option: &OptionSpec, format: &Format) -> bool {
    if format.is_changing() {
        let names: Vec<&str> = format::names(false).collect();
        options.error(option, &format!("must be a format that only ever adds rows: {}", names.join(", ")));
    }
    !format.is_changing()
}

/// A format that an option names.
struct NamedFormat {
    option: &'static OptionSpec,
    name: Option<String>,
    /// Before the names of its options.
    prefix: String,
}

impl NamedFormat {
    fn new(options: &mut TableOptions<'_>, option: &'static OptionSpec, prefix: &str) -> NamedFormat {
        let name = options.text(option);
        let prefix = format!("{prefix}{}.", name.as_deref().unwrap_or_default());
        NamedFormat { option, name, prefix }
    }

    fn find(&self) -> Option<&'static FormatSpec> {
        FormatSpec::find(self.name.as_deref()?)
    }

    fn read(&self, options: &mut TableOptions<'_>) -> Option<Format> {
        let name = self.name.as_deref()?;
        match self.find() {
            // One that is wrong has been refused.
            Some(found) => options.under(&self.prefix, |options| found.read(options)).or_else(|| Some(Format::none())),
            None => {
                options.error(self.option, &format::unknown(name));
                None
            }
        }
    }
}

fn refuse_unknown(options: &mut TableOptions<'_>, specs: &Specs, formats: &[&NamedFormat]) {
    let of_formats: Vec<_> =
        formats.iter().filter_map(|format| Some((format.prefix.as_str(), format.find()?.options()))).collect();
    let mut groups = vec![("", specs.options)];
    groups.extend(of_formats.iter().map(|(prefix, options)| (*prefix, options.as_slice())));
    let mut open = vec!["properties.", "sink."];
    // The options of a format that isn't known, or isn't given, would be called unknown, which they aren't.
    for (format, prefix) in formats.iter().zip(["value.", "key."]) {
        if format.find().is_none() && (format.name.is_some() || format.option.required) {
            open.push(prefix);
            if prefix == "value." {
                open.extend(format::names(true));
            }
        }
    }
    options.refuse_unknown(specs.connector, &groups, &open);
}

/// The columns that `key.fields` names.
fn key_fields(options: &mut TableOptions<'_>, is_keyed: bool, columns: &[SourceColumn]) -> Vec<usize> {
    if !is_keyed {
        if options.is_set(&KEY_FIELDS) {
            options.error(&KEY_FIELDS, "needs 'key.format', which says how to read the key");
        }
        return Vec::new();
    }
    if !options.is_set(&KEY_FIELDS) {
        options.error(&KEY_FORMAT, "needs 'key.fields': the columns that the key holds, separated by ';'");
    }
    let place = |name: &str| {
        let found = columns.iter().position(|column| column.name == name);
        let names = || columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
        found.ok_or_else(|| format!("names '{name}', which is no column that a message holds; these are: {}", names()))
    };
    let read = |text: &str| {
        let names: Vec<&str> = text.split(';').map(str::trim).filter(|name| !name.is_empty()).collect();
        if names.is_empty() { Err("must name a column".into()) } else { names.into_iter().map(place).collect() }
    };
    options.convert(&KEY_FIELDS, read).unwrap_or_default()
}

fn names_in_key(
    options: &mut TableOptions<'_>,
    fields: Vec<usize>,
    columns: &[SourceColumn],
    prefix: &str,
) -> Vec<KeyField> {
    let mut named = Vec::with_capacity(fields.len());
    for column in fields {
        let Some(SourceColumn { name, .. }) = columns.get(column) else { continue };
        match name.strip_prefix(prefix) {
            Some(name) => named.push(KeyField { column, name: name.to_owned() }),
            None => {
                let message =
                    format!("= '{prefix}' must begin the name of every column of the key; '{name}' begins otherwise");
                options.error(&KEY_FIELDS_PREFIX, &message);
            }
        }
    }
    named
}
