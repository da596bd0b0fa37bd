//! The fuzz targets: for each, a function that checks what must hold for any input. `fuzz_targets/` runs them with libFuzzer;
//! `tests/fuzz.rs` runs them on the corpus and on seeded mutations of it. They use the crate as a host program does.

mod avro;
mod avro_schema;
mod changes;
mod csv;
mod dead_letters;
mod decoded;
pub mod formats;
mod job;
mod json;
mod options;
#[path = "../../tests/formats/page.rs"]
mod page;
mod patterns;
#[cfg(feature = "kafka")]
mod properties;
mod protobuf;
mod raw;
mod times;
mod urls;
mod vectors;

/// The check of one of a target's cases.
type Check<'a> = &'a dyn Fn(&[u8]);

/// A part of the crate that reads input from outside, and its check.
pub struct Target {
    pub name: &'static str,
    pub check: fn(&[u8]),
    /// Texts that have a meaning in the input. Mutations insert them.
    pub pieces: &'static [&'static str],
}

const fn target(name: &'static str, check: fn(&[u8]), pieces: &'static [&'static str]) -> Target {
    Target { name, check, pieces }
}

pub const TARGETS: &[Target] = &[
    target("csv", csv::check, csv::PIECES),
    target("json", json::check, json::PIECES),
    target("protobuf", protobuf::check, protobuf::PIECES),
    target("avro", avro::check, avro::PIECES),
    target("avro_schema", avro_schema::check, avro_schema::PIECES),
    target("formats", formats::check, formats::PIECES),
    target("raw", raw::check, &["\u{feff}", "\0", "红"]),
    target("debezium_json", changes::debezium, changes::PIECES),
    target("canal_json", changes::canal, changes::PIECES),
    target("maxwell_json", changes::maxwell, changes::PIECES),
    target("ogg_json", changes::ogg, changes::PIECES),
    target("vectors", vectors::check, vectors::PIECES),
    target("job", job::check, job::PIECES),
    target("options", options::check, options::PIECES),
    target("urls", urls::check, urls::PIECES),
    #[cfg(feature = "kafka")]
    target("properties", properties::check, properties::PIECES),
    target("dead_letters", dead_letters::check, dead_letters::PIECES),
    target("times", times::check, times::PIECES),
    target("patterns", patterns::check, patterns::PIECES),
];

/// Runs a target once. It panics if a check fails.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.unwrap_or_else(|| panic!("no target is called {name}")).check)(input);
}

/// The input's first byte selects one of the cases, `0` the first one. The rest is the case's input.
fn pick<'i, 't, T>(input: &'i [u8], cases: &'t [T]) -> Option<(&'t T, &'i [u8])> {
    let (first, rest) = input.split_first()?;
    let number = usize::from(first.wrapping_sub(b'0')) % cases.len();
    Some((&cases[number], rest))
}
