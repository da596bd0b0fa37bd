//! The options about messages: the formats of their values and keys, and which columns are in each.

use crate::formats::format::{self, Format, FormatSpec};
use crate::job::settings::source::{KeyField, KeyFormat};
use crate::options::{Named, OptionSpec, TableOptions, specs as specs_of};
use crate::settings::kafka::options::{KEY_FIELDS, KEY_FIELDS_PREFIX, SourceOption, SourceOptions};
use crate::types::column::SourceColumn;

/// The options of a connector that are about its messages.
pub struct Specs {
    pub connector: &'static str,
    /// All options of the connector except those of formats.
    pub options: &'static [SourceOption],
    pub format: &'static SourceOption,
    pub key_format: &'static SourceOption,
}

pub struct MessageFormats {
    pub format: Format,
    pub key: Option<KeyFormat>,
}

/// `primary_key`: these columns are in the message key, whatever `key.fields` says.
pub fn read(
    options: &mut TableOptions<'_>,
    specs: &Specs,
    given: &SourceOptions,
    columns: &[SourceColumn],
    primary_key: Option<Vec<usize>>,
) -> MessageFormats {
    let before_value = if options.is_set_as("format") { "" } else { "value." };
    let value = NamedFormat::new(specs.format, &given.format, before_value);
    let key = NamedFormat::new(specs.key_format, &given.key_format, "key.");
    refuse_unknown(options, specs, &[&value, &key]);
    let format = value.read(options).unwrap_or_else(Format::none);
    let key_format = key.read(options).filter(|format| only_adds(options, specs.key_format, format));
    let also_in_value = !given.key_only_in_key;
    let prefix = &given.key_fields_prefix;
    if also_in_value && !prefix.is_empty() {
        options.error(
            &KEY_FIELDS_PREFIX,
            "needs 'value.fields-include' = 'EXCEPT_KEY': otherwise the value would contain the prefixed columns too",
        );
    }
    let is_keyed = options.is_set(specs.key_format);
    let fields = match primary_key {
        Some(key) => key,
        None => key_fields(options, specs, &given.key_fields, is_keyed, columns),
    };
    let fields = names_in_key(options, fields, columns, prefix);
    let key = key_format.map(|format| KeyFormat { format, fields, also_in_value });
    MessageFormats { format, key }
}

/// Adds an error if the format has updates and deletes: message keys, and the values of `upsert-kafka`, can't have them. `true`: the
/// format only inserts rows.
pub fn only_adds(options: &mut TableOptions<'_>, option: &impl Named, format: &Format) -> bool {
    if format.is_changing() {
        let names: Vec<&str> = format::names(false).collect();
        options.error(option, &format!("must be a format whose messages only insert rows: {}", names.join(", ")));
    }
    !format.is_changing()
}

/// A format that an option names.
struct NamedFormat {
    option: &'static SourceOption,
    name: Option<String>,
    /// The prefix of its options' names.
    prefix: String,
}

impl NamedFormat {
    fn new(option: &'static SourceOption, name: &Option<String>, prefix: &str) -> NamedFormat {
        let prefix = format!("{prefix}{}.", name.as_deref().unwrap_or_default());
        NamedFormat { option, name: name.clone(), prefix }
    }

    fn find(&self) -> Option<&'static FormatSpec> {
        FormatSpec::find(self.name.as_deref()?)
    }

    fn read(&self, options: &mut TableOptions<'_>) -> Option<Format> {
        let name = self.name.as_deref()?;
        match self.find() {
            // If the format is wrong, an error was added.
            Some(found) => options.under(&self.prefix, |options| found.read(options)).or_else(|| Some(Format::none())),
            None => {
                options.error(self.option, &format::unknown(name));
                None
            }
        }
    }
}

fn refuse_unknown(options: &mut TableOptions<'_>, specs: &Specs, formats: &[&NamedFormat]) {
    let of_formats: Vec<(&str, Vec<OptionSpec>)> =
        formats.iter().filter_map(|format| Some((format.prefix.as_str(), format.find()?.options()))).collect();
    let of_connector = specs_of(specs.options);
    let mut groups = vec![("", of_connector.as_slice())];
    groups.extend(of_formats.iter().map(|(prefix, options)| (*prefix, options.as_slice())));
    let mut open = vec!["properties.", "sink."];
    // If a format isn't known, or isn't given, its options must not be called unknown.
    for (format, prefix) in formats.iter().zip(["value.", "key."]) {
        if format.find().is_none() && (format.name.is_some() || format.option.is_required()) {
            open.push(prefix);
            if prefix == "value." {
                open.extend(format::names(true));
            }
        }
    }
    options.refuse_unknown(specs.connector, &groups, &open);
}

/// The columns that `key.fields` names.
fn key_fields(
    options: &mut TableOptions<'_>,
    specs: &Specs,
    names: &[String],
    is_keyed: bool,
    columns: &[SourceColumn],
) -> Vec<usize> {
    match (is_keyed, options.is_set(&KEY_FIELDS)) {
        (false, true) => options.error(&KEY_FIELDS, "needs 'key.format', which says how to read the key"),
        (true, false) => {
            options.error(specs.key_format, "needs 'key.fields': the columns that the key holds, separated by ';'")
        }
        _ => {}
    }
    let mut fields = Vec::with_capacity(names.len());
    for name in names {
        match columns.iter().position(|column| column.name == *name) {
            Some(column) => fields.push(column),
            None => {
                let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
                let known = known.join(", ");
                let message =
                    format!("names '{name}', which is not a column that a message contains; these are: {known}");
                options.refuse_value(&KEY_FIELDS, &message);
                return Vec::new();
            }
        }
    }
    fields
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
