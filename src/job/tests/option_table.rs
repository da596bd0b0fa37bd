//! Tests each option of the table: it takes the values that it should, and the error for other values has its name.

use super::*;
use crate::job::options::groups::OptionGroup;
use crate::job::options::groups::groups;
use crate::options::{OptionSpec, ValueType};

/// The errors of a job that sets an option to a value, under one of the option's names.
fn errors_of(group: &OptionGroup, option: &OptionSpec, name: &str, value: &str) -> Vec<String> {
    let written = |name: &str| format!("'{name}' = '{}'", value.replace('\'', "''"));
    let (text, shown) = if group.title.starts_with("Sink table") {
        (set(with_sink_options("'usecopy' = '0'"), option.name, &written(name)), name.to_owned())
    } else if group.title.starts_with("Source table") {
        let mut text = with_source_options("'sink.x' = '0'");
        // Some options are only read in the mode that needs them.
        let mode = match name.rsplit_once('.') {
            Some((scan, "timestamp-millis")) => Some((scan, "timestamp")),
            Some((scan, "specific-offsets")) => Some((scan, "specific-offsets")),
            Some(("properties.auto.offset", _)) => Some(("scan.startup", "group-offsets")),
            _ => None,
        };
        if let Some((scan, mode)) = mode {
            let mode = format!("'{scan}.mode' = '{mode}', 'properties.group.id' = 'g', 'sink.x' = '0'");
            text = set(text, &format!("{scan}.mode"), &mode);
        }
        if group.title.contains("'upsert-kafka'") {
            text = text.replace("CREATE TABLE k (id INT)", "CREATE TABLE k (id INT PRIMARY KEY NOT ENFORCED)");
            text = text.replace("'connector' = 'kafka'", "'connector' = 'upsert-kafka'");
            text = text.replace("'format' = 'csv'", "'key.format' = 'csv', 'value.format' = 'csv'");
            text = text.replace(", 'scan.startup.mode' = 'earliest-offset'", "");
        }
        (set(text, option.name, &written(name)), name.to_owned())
    } else if group.title == "SET" {
        (format!("SET {};\n{GUIDE}", written(name)), name.to_owned())
    } else {
        let format = group.title.split('\'').nth(3).expect("a format's title names it");
        let prefixed = format!("{format}.{name}");
        let text = with_source_options(&written(&prefixed));
        (text.replace("'format' = 'csv'", &format!("'format' = '{format}'")), prefixed)
    };
    match parse(&text) {
        Ok(_) => Vec::new(),
        Err(Error::Config(found)) => {
            found.iter().map(ToString::to_string).filter(|message| message.contains(&format!("'{shown}'"))).collect()
        }
        Err(other) => panic!("{name}: {other}"),
    }
}

/// Puts `written` in the place of the option. If the text doesn't have the option, `written` replaces the filler.
fn set(text: String, name: &str, written: &str) -> String {
    let key = format!("'{name}' = '");
    let Some(start) = text.find(&key) else {
        return text.replace("'usecopy' = '0'", written).replace("'sink.x' = '0'", written);
    };
    let value_at = start + key.len();
    let end = value_at + text[value_at..].find('\'').expect("a closed value") + 1;
    format!("{}{written}{}", &text[..start], &text[end..])
}

/// Values that an option of this type takes, and values that it refuses.
fn samples(option: &OptionSpec) -> (Vec<String>, Vec<String>) {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    match &option.value {
        ValueType::Text | ValueType::Secret => (Vec::new(), words(&["", "  "])),
        ValueType::Integer { least, most } => {
            let mut wrong = words(&["", "x", "1.5"]);
            wrong.extend([(i128::from(*least) - 1).to_string(), (i128::from(*most) + 1).to_string()]);
            (vec![least.to_string()], wrong)
        }
        ValueType::Boolean => (words(&["true", "FALSE"]), words(&["maybe", "2"])),
        ValueType::Duration => (words(&["10 s", "1 min"]), words(&["soon", "10 parsecs"])),
        ValueType::MemorySize => (words(&["64mb"]), words(&["large", "1 elephant"])),
        ValueType::Choice(choices) => (Vec::new(), vec![format!("no-{}", choices[0])]),
        ValueType::Format { takes_changes } => {
            let wrong = if *takes_changes { "xml" } else { "debezium-json" };
            (words(&["json", "avro"]), words(&["", wrong]))
        }
        ValueType::Character => (words(&["x"]), words(&["", "xy"])),
        ValueType::Any => (Vec::new(), Vec::new()),
    }
}

#[test]
fn every_option_takes_its_values_and_refuses_others_by_its_name() {
    let (mut refused, mut taken) = (0, Vec::new());
    for group in groups() {
        for option in group.options.iter().filter(|option| !option.name.ends_with('*')) {
            let (good, bad) = samples(option);
            for value in good.iter().map(String::as_str).chain(option.default) {
                let found = errors_of(&group, option, option.name, value);
                // Errors about another option that isn't set don't count here.
                let is_about_it =
                    |message: &&String| message.contains(&format!("= '{value}'")) && !message.contains(" needs '");
                let about_value = found.iter().find(is_about_it);
                assert!(about_value.is_none(), "{} = '{value}': {found:#?}", option.name);
            }
            for value in &bad {
                match errors_of(&group, option, option.name, value)[..] {
                    [] => taken.push(format!("{} = '{value}'", option.name)),
                    _ => refused += 1,
                }
            }
        }
    }
    assert!(taken.is_empty(), "these were taken: {taken:#?}");
    assert!(refused > 60, "only {refused} values were refused");
}

#[test]
fn an_alias_is_read_as_its_option() {
    let mut aliases = 0;
    for group in groups() {
        for option in &group.options {
            for alias in option.aliases {
                let (_, bad) = samples(option);
                for value in &bad {
                    let found = errors_of(&group, option, alias, value);
                    assert!(!found.is_empty(), "{alias} takes '{value}'");
                }
                aliases += 1;
            }
        }
    }
    assert!(aliases > 0);
}

#[test]
fn every_option_says_in_which_version_it_first_appeared() {
    for option in groups().iter().flat_map(|group| &group.options) {
        let is_version = option.since.strip_prefix("1.").is_some_and(|minor| minor.parse::<u8>().is_ok());
        assert!(is_version || option.since == "vecsink", "{}: {}", option.name, option.since);
    }
}

/// Options that only vecsink has are in docs/options.md, to which the guide links.
#[test]
fn the_migration_guide_names_every_option_that_flink_or_the_connector_has() {
    let guide = include_str!("../../../docs/migrating-from-flink.md");
    for group in groups().iter().filter(|group| !group.title.starts_with("'format'")) {
        let theirs = group.options.iter().filter(|option| option.since != "vecsink");
        for name in theirs.flat_map(|option| option.aliases.iter().chain([&option.name])) {
            assert!(guide.contains(&format!("`{name}`")), "{name} is not in the guide");
        }
    }
}
