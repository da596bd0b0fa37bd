//! The definition of an option: its names, its meaning, and how its value changes the settings.

use std::time::Duration;

use super::{OptionSpec, ValueType, value_types};

/// One option of a table, of a format or of SET. `S` is the type of the settings that it changes. Reading, checking and
/// documentation all use this definition.
pub struct OptionDefinition<S: 'static> {
    /// The name of an option that stands for a whole group ends in `*`.
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    value: OptionValue<S>,
    /// The default as a job file would write it.
    default: Option<&'static str>,
    required: bool,
    meaning: &'static str,
    /// The first version of Flink, or of the connector for it, that has the option; `vecsink` for our own.
    since: &'static str,
    read_when: Option<fn(&S) -> bool>,
    setter: Option<&'static str>,
}

/// The form of an option's values, and the function that sets them.
pub enum OptionValue<S: 'static> {
    /// Any text. The option has no effect.
    NoEffect,
    /// Any text, which may be blank.
    Any(fn(&mut S, &str) -> Result<(), String>),
    /// Any text that is not blank.
    Text(fn(&mut S, String)),
    /// Any text that is not blank. It is never shown.
    Secret(fn(&mut S, String)),
    /// A text of another form, which the function checks.
    Parsed(fn(&mut S, &str) -> Result<(), String>),
    /// A whole number within bounds.
    Integer {
        least: i64,
        most: i64,
        set: fn(&mut S, i64),
    },
    /// A whole number of at least 1.
    Count {
        most: u32,
        set: fn(&mut S, u32),
    },
    /// A whole number of milliseconds, at least 1.
    Millis(fn(&mut S, Duration)),
    /// `true` or `false`.
    Boolean(fn(&mut S, bool)),
    Duration(fn(&mut S, Duration)),
    MemorySize(fn(&mut S, usize) -> Result<(), String>),
    /// One of these words, in upper or lower case.
    Choice(&'static [Word<S>]),
    /// Exactly one character.
    Character(fn(&mut S, char)),
    /// The name of a message format. `takes_changes`: formats whose messages update and delete rows are allowed too.
    Format {
        takes_changes: bool,
        set: fn(&mut S, String),
    },
    /// All options whose names begin with this option's name (without the `*`). The function gets their names without this
    /// beginning, and their values.
    Group(fn(&mut S, Vec<(String, String)>)),
}

/// A word of a choice, and what it sets.
pub type Word<S> = (&'static str, fn(&mut S));

/// The function for a word of a choice that changes nothing.
pub fn no_effect<S>(_: &mut S) {}

/// The largest count and the longest time in milliseconds: Java's `int`.
pub const MOST: u32 = i32::MAX as u32;

impl<S> OptionDefinition<S> {
    pub const fn new(name: &'static str, value: OptionValue<S>, meaning: &'static str) -> Self {
        let (default, read_when, setter) = (None, None, None);
        OptionDefinition {
            name,
            aliases: &[],
            value,
            default,
            required: false,
            meaning,
            since: "1.13",
            read_when,
            setter,
        }
    }

    pub const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub const fn since(mut self, version: &'static str) -> Self {
        self.since = version;
        self
    }

    /// The option is vecsink's own: Flink doesn't have it.
    pub const fn own(self) -> Self {
        self.since("vecsink")
    }

    pub const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// The value is read only if `holds` returns true for the settings that the options before this one have made.
    pub const fn read_when(mut self, holds: fn(&S) -> bool) -> Self {
        self.read_when = Some(holds);
        self
    }

    /// Programs set this option by a function with this name in every language. tests/languages checks it.
    pub const fn setter(mut self, name: &'static str) -> Self {
        self.setter = Some(name);
        self
    }

    /// The name of the function by which programs set this option.
    #[cfg_attr(not(feature = "internals"), allow(dead_code, reason = "tests/languages walks the setters"))]
    pub fn setter_name(&self) -> Option<&'static str> {
        self.setter
    }

    pub fn is_read(&self, settings: &S) -> bool {
        self.read_when.is_none_or(|holds| holds(settings))
    }

    pub fn is_required(&self) -> bool {
        self.required
    }

    pub fn value(&self) -> &OptionValue<S> {
        &self.value
    }

    /// The option's description for the documentation.
    pub fn spec(&self) -> OptionSpec {
        OptionSpec {
            name: self.name,
            aliases: self.aliases,
            value: self.value.value_type(),
            default: self.default,
            required: self.required,
            meaning: self.meaning,
            since: self.since,
        }
    }
}

/// The descriptions of these options for the documentation, in the same order.
pub fn specs<S>(definitions: &[OptionDefinition<S>]) -> Vec<OptionSpec> {
    definitions.iter().map(OptionDefinition::spec).collect()
}

/// Settings with the defaults of all options.
pub fn with_defaults<S: Default>(definitions: &[OptionDefinition<S>]) -> S {
    let mut settings = S::default();
    for (definition, default) in definitions.iter().filter_map(|definition| Some((definition, definition.default?))) {
        let applied = definition.value.apply(&mut settings, default);
        debug_assert!(applied.is_ok(), "the default of {}", definition.name);
    }
    settings
}

impl<S> OptionValue<S> {
    /// Reads the text and sets its value.
    pub fn apply(&self, settings: &mut S, text: &str) -> Result<(), String> {
        match self {
            OptionValue::NoEffect | OptionValue::Group(_) => {}
            OptionValue::Any(set) | OptionValue::Parsed(set) => return set(settings, text),
            OptionValue::Text(_) | OptionValue::Secret(_) if text.trim().is_empty() => {
                return Err("must not be empty".into());
            }
            OptionValue::Format { .. } if text.trim().is_empty() => return Err("must not be empty".into()),
            OptionValue::Text(set) | OptionValue::Secret(set) | OptionValue::Format { set, .. } => {
                set(settings, text.to_owned())
            }
            OptionValue::Integer { least, most, set } => set(settings, value_types::integer(text, *least, *most)?),
            OptionValue::Count { most, set } => set(settings, count(text, *most)?),
            OptionValue::Millis(set) => set(settings, Duration::from_millis(count(text, MOST)?.into())),
            OptionValue::Boolean(set) => set(settings, value_types::boolean(text)?),
            OptionValue::Duration(set) => set(settings, value_types::duration(text)?),
            OptionValue::MemorySize(set) => return set(settings, value_types::memory_size(text)?),
            OptionValue::Choice(choices) => match choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)) {
                Some((_, set)) => set(settings),
                None => {
                    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                    return Err(format!("must be one of {}", words.join(", ")));
                }
            },
            OptionValue::Character(set) => set(settings, value_types::character(text)?),
        }
        Ok(())
    }

    /// Sets the number.
    pub fn apply_number(&self, settings: &mut S, number: u64) -> Result<(), String> {
        let number = i64::try_from(number).ok();
        match self {
            OptionValue::Integer { least, most, set } => set(settings, value_types::within(number, *least, *most)?),
            OptionValue::Count { most, set } => set(settings, counted(number, *most)?),
            _ => return Err("is not a number".into()),
        }
        Ok(())
    }

    fn value_type(&self) -> ValueType {
        match self {
            OptionValue::NoEffect | OptionValue::Any(_) | OptionValue::Group(_) => ValueType::Any,
            OptionValue::Text(_) | OptionValue::Parsed(_) => ValueType::Text,
            OptionValue::Secret(_) => ValueType::Secret,
            OptionValue::Integer { least, most, .. } => ValueType::Integer { least: *least, most: *most },
            OptionValue::Count { most, .. } => ValueType::Integer { least: 1, most: (*most).into() },
            OptionValue::Millis(_) => ValueType::Integer { least: 1, most: MOST.into() },
            OptionValue::Boolean(_) => ValueType::Boolean,
            OptionValue::Duration(_) => ValueType::Duration,
            OptionValue::MemorySize(_) => ValueType::MemorySize,
            OptionValue::Choice(choices) => ValueType::Choice(choices.iter().map(|(word, _)| *word).collect()),
            OptionValue::Character(_) => ValueType::Character,
            OptionValue::Format { takes_changes, .. } => ValueType::Format { takes_changes: *takes_changes },
        }
    }

    /// Whether a placeholder from an example, such as `<user>`, is refused as a value.
    pub fn refuses_placeholders(&self) -> bool {
        matches!(self, OptionValue::Text(_) | OptionValue::Secret(_) | OptionValue::Format { .. })
    }

    pub fn is_secret(&self) -> bool {
        matches!(self, OptionValue::Secret(_))
    }
}

fn count(text: &str, most: u32) -> Result<u32, String> {
    counted(text.trim().parse().ok(), most)
}

fn counted(number: Option<i64>, most: u32) -> Result<u32, String> {
    // A number within these bounds fits into a u32.
    value_types::within(number, 1, most.into()).map(|count| u32::try_from(count).unwrap_or(most))
}
