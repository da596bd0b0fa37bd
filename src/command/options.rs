//! `vecsink options`: prints all options of a job file as Markdown. `docs/options.md` is its output.

use std::fmt::Write;

use crate::formats::format::names as format_names;
use crate::job::options::groups::groups;
use crate::options::{OptionSpec, ValueType};

use super::Exit;
use super::console::Console;

/// List every option of a job file, with its default and meaning
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  vecsink options
  vecsink options | grep conflict")]
pub struct OptionsArguments {}

pub fn options(console: &Console) -> Exit {
    console.print(markdown().trim_end());
    Exit::Done
}

fn markdown() -> String {
    let mut text = "# Options of a job file\n\n\"since\": the first version of Flink, or of the connector for it, that has the option; \
                    `vecsink` for what Flink doesn't have.\n"
        .to_owned();
    for group in groups() {
        let _ = write!(text, "\n## {}\n\n| option | value | default | since | |\n|---|---|---|---|---|\n", group.title);
        for option in &group.options {
            let default = match option.default {
                Some(default) => format!("`{default}`"),
                None if option.required => "required".to_owned(),
                None => String::new(),
            };
            let names = [option.name].iter().chain(option.aliases).map(|name| format!("`{name}`")).collect::<Vec<_>>();
            let (value, meaning) = (value(option), option.meaning.replace('|', "\\|"));
            let _ = writeln!(text, "| {} | {value} | {default} | {} | {meaning} |", names.join(", "), option.since);
        }
    }
    text
}

/// The form of a value. Empty if any text is allowed.
fn value(option: &OptionSpec) -> String {
    match &option.value {
        ValueType::Any | ValueType::Text | ValueType::Secret => String::new(),
        ValueType::Integer { least, most } if *most >= i32::MAX.into() => format!("{least} …"),
        ValueType::Integer { least, most } => format!("{least} … {most}"),
        ValueType::Boolean => "`true`, `false`".to_owned(),
        ValueType::Duration => "duration, `10 s`".to_owned(),
        ValueType::MemorySize => "size, `64mb`".to_owned(),
        ValueType::Choice(words) => list(words.iter().copied()),
        ValueType::Format { takes_changes } => list(format_names(*takes_changes)),
        ValueType::Character => "one character".to_owned(),
    }
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_options_are_those_of_the_table() {
        let documented = include_str!("../../docs/options.md");
        assert_eq!(documented, markdown(), "run: vecsink options > docs/options.md");
    }
}
