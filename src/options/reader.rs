//! Reads one table's options by their definitions, and adds all errors to the report.

use super::{Given, Named, OptionDefinition, OptionEntry, OptionSpec, OptionValue};
use crate::error::Location;
use crate::options::environment;
use crate::options::nearest::nearest;
use crate::options::report::Report;

/// An error shows a value only if it has at most this many characters.
const LONGEST_SHOWN: usize = 60;

/// The error for a value such as `<user>`, which was copied from an example.
const PLACEHOLDER: &str = "is a placeholder from an example; replace it by your own value";

pub struct TableOptions<'a> {
    table: &'a str,
    table_at: Location,
    entries: Vec<TableOption>,
    /// The prefix of the options that are read now, such as `csv.`.
    prefix: String,
    report: &'a mut Report,
}

struct TableOption {
    /// The name as it is written.
    key: String,
    /// The name by which the option is looked up: in lower case if the connector takes any case.
    name: String,
    key_at: Option<Location>,
    /// `None`: a `${…}` in the value can't be replaced, and the error was added.
    value: Option<String>,
    /// The value is a placeholder such as `<password>`, as examples have them.
    is_placeholder: bool,
    value_at: Option<Location>,
}

impl<'a> TableOptions<'a> {
    /// `fold_case`: option names are taken in upper and lower case. The vendor's cloud service writes the adbpg connector's
    /// option names in camel case.
    pub fn new(
        table: &'a str,
        table_at: Location,
        written: &[OptionEntry],
        fold_case: bool,
        environment: &dyn Fn(&str) -> Option<String>,
        report: &'a mut Report,
    ) -> Self {
        let mut options =
            TableOptions { table, table_at, entries: Vec::with_capacity(written.len()), prefix: String::new(), report };
        for OptionEntry { key, key_at, value, value_at } in written {
            let name = if fold_case { key.to_ascii_lowercase() } else { key.clone() };
            options.entries.retain(|earlier| earlier.name != name); // the last one counts
            let is_placeholder = is_placeholder(value);
            let value = environment::expand(value, environment)
                .map_err(|message| options.refuse(key, *value_at, &message))
                .ok();
            options.entries.push(TableOption {
                key: key.clone(),
                name,
                key_at: *key_at,
                value,
                is_placeholder,
                value_at: *value_at,
            });
        }
        options
    }

    /// The options that a program sets by these names. They have no place in a file.
    pub fn of_program<'n>(table: &'a str, names: impl Iterator<Item = &'n str>, report: &'a mut Report) -> Self {
        const NOWHERE: Location = Location { line: 0, column: 0 };
        let entry = |key: &str| TableOption {
            key: key.to_owned(),
            name: key.to_ascii_lowercase(),
            key_at: Some(NOWHERE),
            value: None,
            is_placeholder: false,
            value_at: Some(NOWHERE),
        };
        TableOptions { table, table_at: NOWHERE, entries: names.map(entry).collect(), prefix: String::new(), report }
    }

    fn entry(&self, option: &impl Named) -> Option<&TableOption> {
        let has = |entry: &TableOption, called: &dyn Fn(&str) -> bool| {
            entry.name.strip_prefix(&self.prefix).is_some_and(called)
        };
        // A name is looked up before the aliases, so that 'format' counts if 'value.format' is set too.
        let named = self.entries.iter().find(|entry| has(entry, &|name| name == option.name()));
        named.or_else(|| self.entries.iter().find(|entry| has(entry, &|name| option.is_called(name))))
    }

    /// Calls `read` for options whose names have a prefix in this table.
    pub fn under<T>(&mut self, prefix: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.prefix, prefix.to_string());
        let read = read(self);
        self.prefix = outer;
        read
    }

    pub fn is_set(&self, option: &impl Named) -> bool {
        self.entry(option).is_some()
    }

    /// Whether the option is set under exactly this name.
    pub fn is_set_as(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.name == name)
    }

    /// The options of a group `name.*` under the current prefix. Their names come without the prefix and without `name.`.
    pub fn group(&self, option: &impl Named) -> Vec<(String, String)> {
        self.with_prefix(&format!("{}{}", self.prefix, option.name().trim_end_matches('*')))
    }

    /// All `prefix…` options, without the prefix.
    pub fn with_prefix(&self, prefix: &str) -> Vec<(String, String)> {
        let strip = |entry: &TableOption| Some((entry.name.strip_prefix(prefix)?.to_string(), entry.value.clone()?));
        self.entries.iter().filter_map(strip).collect()
    }

    /// If the option is set, removes it and adds the error that it is not allowed here.
    pub fn take_out(&mut self, name: &str, message: &str) {
        if let Some(at) = self.entries.iter().position(|entry| entry.name == name) {
            let entry = self.entries.remove(at);
            self.refuse(&entry.key, entry.key_at, message);
        }
    }

    /// Adds an error for every option that is in none of the groups (a prefix and its options), unless it begins with a prefix in
    /// `open`: under those any name is allowed.
    pub fn refuse_unknown(&mut self, connector: &str, groups: &[(&str, &[OptionSpec])], open: &[&str]) {
        let is_known = |name: &str| {
            let listed = |(prefix, options): &(&str, &[OptionSpec])| {
                let is_one = |option: &OptionSpec, name| option.is_called(name) || option.begins(name);
                name.strip_prefix(prefix).is_some_and(|name| options.iter().any(|option| is_one(option, name)))
            };
            groups.iter().any(listed) || open.iter().any(|prefix| name.starts_with(prefix))
        };
        let mut names: Vec<String> = groups
            .iter()
            .flat_map(|(prefix, options)| options.iter().map(move |option| format!("{prefix}{}", option.name)))
            .collect();
        names.extend(open.iter().map(|prefix| format!("{prefix}*")));
        names.sort_unstable();
        names.dedup();
        for entry in self.entries.iter().filter(|entry| !is_known(&entry.name)) {
            let suggestion = match nearest(&entry.key, names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("valid options: {}", names.join(", ")),
            };
            let message = format!("unknown option '{}' for connector '{connector}'; {suggestion}", entry.key);
            let message = match entry.key_at {
                Some(_) => message,
                None => format!("-D {}.{}: {message}", self.table, entry.key),
            };
            self.report.error(entry.key_at, message);
        }
    }

    /// Adds an error about an option at the place of its value. If the option isn't set, the place is that of the table.
    pub fn error(&mut self, option: &impl Named, message: &str) {
        match self.entry(option) {
            Some(entry) => {
                let (key, at) = (entry.key.clone(), entry.value_at);
                self.refuse(&key, at, message);
            }
            None => self.report.error(
                Some(self.table_at),
                format!("table '{}': option '{}{}' {message}", self.table, self.prefix, option.name()),
            ),
        }
    }

    /// Whether every `${…}` in the options of a prefix could be replaced.
    pub fn can_read_all(&self, prefix: &str) -> bool {
        self.entries.iter().all(|entry| entry.value.is_some() || !entry.name.starts_with(prefix))
    }

    /// Adds an error whose text begins with an option's name. Its place is that of the option's value, or of the table if
    /// there is no such option.
    pub fn error_by_name(&mut self, message: &str) {
        let continues = |character: char| character.is_alphanumeric() || matches!(character, '.' | '_' | '-');
        let is_meant =
            |entry: &&TableOption| message.strip_prefix(&entry.name).is_some_and(|rest| !rest.starts_with(continues));
        let (at, message) = match self.entries.iter().find(is_meant).map(|entry| entry.value_at) {
            Some(Some(at)) => (Some(at), message.to_string()),
            Some(None) => (None, format!("-D {}.{message}", self.table)),
            None => (Some(self.table_at), format!("table '{}': {message}", self.table)),
        };
        self.report.error(at, message);
    }

    pub fn notice(&mut self, message: &str) {
        let text = format!("table '{}': {message}", self.table);
        self.report.notice(text);
    }

    fn refuse(&mut self, key: &str, at: Option<Location>, message: &str) {
        // An option of the command line has no place in the file, so it is named in full.
        let message = match at {
            Some(_) => format!("option '{key}' {message}"),
            None => format!("-D {}.{key} {message}", self.table),
        };
        self.report.error(at, message);
    }

    /// Changes the settings as the options say. Settings without an option stay as they are.
    pub fn read_into<S>(&mut self, definitions: &[OptionDefinition<S>], settings: &mut S) {
        for definition in definitions.iter() {
            self.read_one(definition, settings);
        }
    }

    fn read_one<S>(&mut self, definition: &OptionDefinition<S>, settings: &mut S) {
        if let OptionValue::Group(set) = definition.value() {
            return set(settings, self.group(definition));
        }
        if !definition.is_read(settings) {
            return;
        }
        let Some(entry) = self.entry(definition) else {
            if definition.is_required() {
                self.error(definition, "is required");
            }
            return;
        };
        let Some(value) = entry.value.clone() else { return };
        let refused = entry.is_placeholder && definition.value().refuses_placeholders();
        let applied = if refused { Err(PLACEHOLDER.into()) } else { definition.value().apply(settings, &value) };
        self.note(definition, &value, applied);
    }

    /// Changes the settings as the program's options say. Settings without an option stay as they are.
    pub fn take<S>(
        &mut self,
        definitions: &[OptionDefinition<S>],
        mut given: Vec<(String, Given<S>)>,
        settings: &mut S,
    ) {
        for definition in definitions {
            if !definition.is_read(settings) {
                continue;
            }
            match given.iter().position(|(name, _)| definition.is_called(&name.to_ascii_lowercase())) {
                Some(at) => self.take_one(definition, given.swap_remove(at).1, settings),
                None if definition.is_required() => self.error(definition, "is required"),
                None => {}
            }
        }
    }

    fn take_one<S>(&mut self, definition: &OptionDefinition<S>, given: Given<S>, settings: &mut S) {
        match given {
            Given::Text(text) => {
                let refused = is_placeholder(&text) && definition.value().refuses_placeholders();
                let applied = if refused { Err(PLACEHOLDER.into()) } else { definition.value().apply(settings, &text) };
                self.note(definition, &text, applied);
            }
            Given::Number(number) => {
                let applied = definition.value().apply_number(settings, number);
                self.note(definition, &number.to_string(), applied);
            }
            Given::Typed(set) => {
                if let Err(message) = set(settings) {
                    self.error(definition, &message);
                }
            }
        }
    }

    /// If the value was refused, adds the error. It shows the value, unless it may be a secret.
    fn note<S>(&mut self, definition: &OptionDefinition<S>, value: &str, applied: Result<(), String>) {
        match applied {
            Ok(()) => {}
            Err(message) if definition.value().is_secret() => self.error(definition, &message),
            Err(message) => self.error(definition, &shown(value, &message)),
        }
    }

    /// Adds an error about the value of an option that is set, and shows the value.
    pub fn refuse_value(&mut self, option: &impl Named, message: &str) {
        let value = self.entry(option).and_then(|entry| entry.value.clone()).unwrap_or_default();
        self.error(option, &shown(&value, message));
    }
}

/// The error about a value. It begins with the value if that isn't too long.
fn shown(value: &str, message: &str) -> String {
    if value.chars().count() > LONGEST_SHOWN { message.to_owned() } else { format!("= '{value}' {message}") }
}

/// Whether it is a placeholder such as `<user>` or `<your password>`.
fn is_placeholder(text: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.');
    let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    inner.is_some_and(|inner| !inner.is_empty() && inner.chars().all(is_word))
}
