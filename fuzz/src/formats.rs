//! Every format, with the table of its example in docs/formats.md: rows fit their types, and nothing panics. Formats with
//! further checks, such as a comparison with another reader, have targets of their own.

use std::path::Path;
use std::sync::Arc;

use vecsink::internals::formats::format::FORMATS;
use vecsink::internals::job::decoder::of_source;
use vecsink::internals::job::settings::source::Source;
use vecsink::internals::job::{JobInput, parse_job};
use vecsink::internals::schema_registry::schemas::Schemas;

use super::decoded::{self, Case};
use super::page::{PageRegistry, Section, section_of};
use super::pick;

pub const PIECES: &[&str] = &["\"", "{", "}", "[", "]", ",", ":", "null", "\0", "\u{7f}", "1e9", "é", "\n", "|"];

/// The first byte picks a format.
pub fn check(input: &[u8]) {
    let Some((format, message)) = pick(input, FORMATS) else { return };
    let source = source(&section_of(format.name));
    let case = Case {
        format: source.format.clone(),
        columns: &source.columns,
        metadata: &source.format_metadata,
        ignores: false,
    };
    let schemas = Arc::new(PageRegistry) as Arc<dyn Schemas>;
    let mut decoder = of_source(&source, &|_| Ok(Some(Arc::clone(&schemas)))).expect("a decoder");
    decoded::check_with(&case, decoder.as_mut(), message, |_| {});
}

/// The page's messages, as inputs for [`check`].
pub fn examples() -> Vec<Vec<u8>> {
    let of = |(number, name): (u8, &str)| {
        let messages = section_of(name).messages;
        messages.into_iter().map(move |message| [&[b'0' + number][..], &message].concat()).collect::<Vec<_>>()
    };
    (0..).zip(FORMATS.iter().map(|format| format.name)).flat_map(of).collect()
}

fn source(section: &Section) -> Source {
    // Paths of files begin at the top of the repository. This package may be that folder or the one below it.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let top = if here.join("examples/sql").exists() { here } else { here.parent().expect("a folder above") };
    let text = section.job.replace("'examples/", &format!("'{}/examples/", top.display()));
    let input =
        JobInput { text: &text, file_stem: None, overrides: &[], environment: &|_| None, properties: &|_| Vec::new() };
    let job = parse_job(&input).unwrap_or_else(|error| panic!("docs/formats.md, {}: {error}", section.name));
    job.sources.into_iter().next().expect("a source")
}
