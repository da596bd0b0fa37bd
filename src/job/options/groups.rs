//! All options, as the documentation lists them.

use super::set;
use crate::formats::format::FORMATS;
use crate::options::{OptionSpec, specs};
use crate::settings::kafka::options::{KAFKA_OPTIONS, UPSERT_KAFKA_OPTIONS};
use crate::settings::sink::options as sink;

/// Options that belong together.
#[derive(Debug, Clone)]
pub struct OptionGroup {
    pub title: String,
    pub options: Vec<OptionSpec>,
}

/// The options of the connectors, of each format, and of SET.
pub fn groups() -> Vec<OptionGroup> {
    let group = |title: &str, options: Vec<OptionSpec>| OptionGroup { title: title.to_owned(), options };
    let mut groups = vec![
        group("Sink table, 'connector' = 'adbpg-nightly-1.13' or 'adbpg'", specs(sink::OPTIONS)),
        group("Source table, 'connector' = 'kafka'", specs(KAFKA_OPTIONS)),
        group("Source table, 'connector' = 'upsert-kafka'", specs(UPSERT_KAFKA_OPTIONS)),
    ];
    groups.extend(of_formats());
    groups.push(group("SET", specs(set::OPTIONS)));
    groups
}

/// Formats with the same options share a group.
fn of_formats() -> Vec<OptionGroup> {
    let mut sharing: Vec<(Vec<OptionSpec>, Vec<&str>)> = Vec::new();
    for format in FORMATS {
        let options = format.options();
        match sharing.iter_mut().find(|(other, _)| *other == options) {
            Some((_, names)) => names.push(format.name),
            None => sharing.push((options, vec![format.name])),
        }
    }
    let group = |(options, names): (Vec<OptionSpec>, Vec<&str>)| OptionGroup { title: title(&names), options };
    sharing.into_iter().map(group).collect()
}

fn title(names: &[&str]) -> String {
    if let [name] = names {
        return format!("'format' = '{name}', with the prefix '{name}.' (or 'value.{name}.')");
    }
    let list = |end: &str, word: &str| {
        names.iter().map(|name| format!("'{name}{end}'")).collect::<Vec<_>>().join(&format!(" {word} "))
    };
    format!("'format' = {}, with the prefix {} (after 'value.' or not)", list("", "and"), list(".", "or"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::ValueType;
    use crate::options::{Named, value_types};

    #[test]
    fn every_default_is_a_value_that_the_option_takes() {
        for option in groups().iter().flat_map(|group| &group.options) {
            let Some(default) = option.default else { continue };
            let fits = match &option.value {
                ValueType::Text | ValueType::Secret => !default.trim().is_empty(),
                ValueType::Integer { least, most } => value_types::integer(default, *least, *most).is_ok(),
                ValueType::Boolean => value_types::boolean(default).is_ok(),
                ValueType::Duration => value_types::duration(default).is_ok(),
                ValueType::MemorySize => value_types::memory_size(default).is_ok(),
                ValueType::Choice(words) => words.contains(&default),
                ValueType::Character => value_types::character(default).is_ok(),
                ValueType::Format { .. } => FORMATS.iter().any(|format| format.name == default),
                ValueType::Any => true,
            };
            assert!(fits, "{}", option.name);
        }
    }

    #[test]
    fn every_format_has_a_group_and_those_with_the_same_options_share_one() {
        let titles: Vec<String> = of_formats().into_iter().map(|group| group.title).collect();
        for format in FORMATS {
            let named = titles.iter().filter(|title| title.contains(&format!("'{}.'", format.name)));
            assert_eq!(named.count(), 1, "{}", format.name);
        }
        assert!(
            titles.iter().any(|title| title.starts_with("'format' = 'maxwell-json' and 'ogg-json', with the prefix"))
        );
    }

    #[test]
    fn every_option_says_what_it_means_and_has_a_name_of_its_own() {
        for group in groups() {
            for (index, option) in group.options.iter().enumerate() {
                assert!(!option.meaning.is_empty(), "{}", option.name);
                assert!(!group.options[..index].iter().any(|other| other.is_called(option.name)), "{}", option.name);
            }
        }
    }
}
