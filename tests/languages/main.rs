//! Rust, C, C++ and Python say the same things: docs/languages.md lists them, and this compares the page with the sources.

mod page;
mod sources;

use page::{LANGUAGES, Row, Table, names, read, tables};
use sources::Names;
use vecsink::internals::settings::sink::options::OPTIONS;

/// Public, but no part of what the languages share: each with the reason.
const APART: [&str; 7] = [
    // For a program that stops a job from a signal handler's thread.
    "Pipeline::stop_handle",
    // The C handle.
    "sink::get",
    "sink_builder::get",
    "row::get",
    "pipeline::get",
    "pipeline_builder::get",
    // The names that the row was made with.
    "FilledRow::columns",
];

fn page() -> Vec<Table> {
    tables(&read("docs/languages.md"))
}

fn rows<'a>(tables: &'a [Table], of: &str) -> Vec<&'a Row> {
    let rows: Vec<&Row> = tables.iter().filter(|table| table.of == of).flat_map(|table| &table.rows).collect();
    assert!(rows.len() > 10, "the page has a table of each {of}");
    rows
}

/// The names of a language's functions, and the page's text about them.
fn offered() -> [Names; 4] {
    [sources::rust(), sources::c(), sources::cpp(), sources::python()]
}

#[test]
fn each_function_on_the_page_is_there_in_its_language() {
    let (tables, offered) = (page(), offered());
    let python =
        [read("bindings/python/src/vecsink/_sink.py"), read("bindings/python/src/vecsink/_pipeline.py")].concat();
    let header = read("include/vecsink.h");
    let mut missing = Vec::new();
    for row in rows(&tables, "function") {
        for (language, (cell, offered)) in LANGUAGES.iter().zip(row.cells.iter().zip(&offered)) {
            for name in names(cell) {
                let there = match (*language, name.split_once('=')) {
                    ("Python", Some((keyword, _))) => python.contains(&format!("{keyword}: ")),
                    ("Python", None) if name == "with" => python.contains("def __enter__"),
                    ("C", None) if !name.starts_with("vecsink_") => header.contains(&format!(" {}", &name)),
                    _ => offered.contains(name),
                };
                if !there {
                    missing.push(format!("{language} has no {name} ({})", row.what));
                }
            }
        }
    }
    assert!(missing.is_empty(), "docs/languages.md names what isn't there: {missing:#?}");
}

#[test]
fn each_public_function_is_on_the_page() {
    let (tables, offered) = (page(), offered());
    let (functions, options) = (rows(&tables, "function"), rows(&tables, "option"));
    let builders = ["SinkBuilder::", "vecsink_sink_builder_", "sink_builder::", "–"];
    let mut missing = Vec::new();
    for (at, language) in LANGUAGES.iter().enumerate() {
        let listed: Names = functions.iter().flat_map(|row| names(&row.cells[at]).map(str::to_owned)).collect();
        let set: Names = options.iter().flat_map(|row| names(&row.cells[at]).map(str::to_owned)).collect();
        let shared = |name: &&String| {
            ["vecsink_sink_", "vecsink_row_", "vecsink_pipeline_"].iter().any(|start| name.starts_with(start))
                || name.contains("::")
                || name.contains('.')
        };
        assert!(offered[at].len() > 15, "the scan finds the functions of {language}");
        for name in offered[at].iter().filter(shared) {
            let is_setter = name.strip_prefix(builders[at]).is_some_and(|option| set.contains(option));
            if !listed.contains(name) && !is_setter && !APART.contains(&name.as_str()) {
                missing.push(format!("{language}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "docs/languages.md lacks: {missing:#?}");
}

#[test]
fn each_option_can_be_set_in_all_languages() {
    let (tables, offered) = (page(), offered());
    let keywords = sources::python_keywords("_sink.py", "__init__");
    let mut missing = Vec::new();
    for row in rows(&tables, "option") {
        let [rust, c, cpp, python] = row.cells.each_ref().map(|cell| names(cell).next().unwrap_or_default());
        let found = [
            ("Rust", offered[0].contains(&format!("SinkBuilder::{rust}"))),
            ("C", offered[1].contains(&format!("vecsink_sink_builder_{c}"))),
            ("C++", offered[2].contains(&format!("sink_builder::{cpp}"))),
            ("Python", keywords.contains(python)),
        ];
        missing
            .extend(found.iter().filter(|(_, found)| !found).map(|(language, _)| format!("{language}: {}", row.what)));
        let same = rust == c && c == cpp && (cpp == python || rust == "option");
        assert!(same, "{} has another name in another language", row.what);
    }
    assert!(missing.is_empty(), "can't be set: {missing:#?}");
    let listed: Names =
        rows(&tables, "option").iter().flat_map(|row| names(&row.cells[3]).map(str::to_owned)).collect();
    let what_it_opens = ["url", "table"].map(str::to_owned);
    assert_eq!(
        keywords,
        listed.into_iter().chain(what_it_opens).collect(),
        "the keyword arguments of Python's Sink, and those on the page"
    );
}

/// If an option's definition names a setter, each language has this setter. The page says for which option a setter is.
#[test]
fn the_setters_are_those_of_the_definitions() {
    let (tables, offered) = (page(), offered());
    let keywords = sources::python_keywords("_sink.py", "__init__");
    let options = rows(&tables, "option");
    let mut missing = Vec::new();
    for definition in OPTIONS {
        let row = options.iter().find(|row| names(&row.what).next() == Some(definition.name));
        let Some(setter) = definition.setter_name() else {
            assert!(row.is_none(), "docs/languages.md has '{}', whose definition names no setter", definition.name);
            continue;
        };
        let (of_c, of_cpp) = (format!("vecsink_sink_builder_{setter}"), format!("sink_builder::{setter}"));
        let (in_c, in_cpp) =
            (format!("{of_c}, in src/ffi/sink_options.rs"), format!("{of_cpp}, in include/vecsink/sink_builder.hpp"));
        let needed = [
            (
                row.is_some_and(|row| row.cells.iter().all(|cell| names(cell).next() == Some(setter))),
                "a line in docs/languages.md".to_owned(),
            ),
            (
                offered[0].contains(&format!("SinkBuilder::{setter}")),
                format!("SinkBuilder::{setter}, in src/host/sink/builder.rs"),
            ),
            (offered[1].contains(&of_c), in_c),
            (offered[2].contains(&of_cpp), in_cpp),
            (
                keywords.contains(setter),
                format!("the keyword argument {setter} of Sink, in bindings/python/src/vecsink/_sink.py"),
            ),
        ];
        missing.extend(
            needed.into_iter().filter(|(found, _)| !found).map(|(_, what)| format!("{}: {what}", definition.name)),
        );
    }
    assert!(missing.is_empty(), "options lack: {missing:#?}");
}

#[test]
fn each_error_has_one_name() {
    let rust = [read("src/error.rs"), read("src/host/sink/error.rs")].concat();
    let (header, cpp) = (read("include/vecsink.h"), read("include/vecsink/error.hpp"));
    let python = read("bindings/python/src/vecsink/_errors.py");
    let tables = page();
    let errors = rows(&tables, "error");
    for row in &errors {
        for name in names(&row.cells[0]) {
            assert!(rust.contains(&format!("\n    {name}")), "Rust has no error {name}");
        }
        for (c, member) in names(&row.cells[1]).zip(names(&row.cells[2])) {
            assert!(header.contains(&format!("#define {c} ")), "C has no {c}");
            assert_eq!(c.to_lowercase(), format!("vecsink_{member}"));
            assert!(cpp.contains(&format!("    {member} = {c}")), "C++ has no errc::{member}");
        }
        for name in names(&row.cells[3]) {
            assert!(python.contains(&format!("\nclass {name}(")), "Python has no {name}");
        }
        let words = |name: &str| name.trim_end_matches("Error").to_lowercase();
        if let (Some(rust), Some(python)) = (names(&row.cells[0]).next(), names(&row.cells[3]).next()) {
            assert_eq!(words(rust), words(python));
        }
    }
    let listed: Names = errors.iter().flat_map(|row| names(&row.cells[3]).map(str::to_owned)).collect();
    let classes = python.lines().filter_map(|line| line.strip_prefix("class ")?.split_once('(')).map(|(name, _)| name);
    let apart = ["Position", "Error"];
    assert_eq!(classes.filter(|name| !apart.contains(name)).map(str::to_owned).collect::<Names>(), listed);
    for code in cpp.lines().filter_map(|line| line.trim().split_once(" = VECSINK_").map(|(member, _)| member)) {
        assert!(code == "ok" || errors.iter().any(|row| names(&row.cells[2]).any(|name| name == code)), "{code}");
    }
}

#[test]
fn each_figure_has_one_name() {
    let rust = [read("src/host/sink/mod.rs"), read("src/metrics.rs"), read("src/pipeline/stats.rs")].concat();
    let (header, python) = (read("include/vecsink.h"), read("bindings/python/src/vecsink/_stats.py"));
    let tables = page();
    let figures = rows(&tables, "figure");
    for row in &figures {
        let [own, c, cpp, ours] = row.cells.each_ref().map(|cell| names(cell).next().unwrap_or_default());
        assert!(rust.contains(&format!("    pub {own}: ")) || rust.contains(&format!("    {own},")), "Rust: {own}");
        assert!(header.contains(&format!(" {c};")), "C: {c}");
        assert!(python.contains(&format!("\n    {ours}: ")), "Python: {ours}");
        assert!(c == cpp && own == ours && c.trim_end_matches("_ms") == own, "{}", row.what);
    }
    let start = header.find("typedef struct vecsink_stats {").unwrap();
    let members = header[start..].split("} vecsink_stats;").next().unwrap();
    for member in members.lines().filter_map(|line| line.trim().strip_suffix(';')?.split_once(' ')) {
        let (_, member) = member;
        assert!(
            member == "size" || figures.iter().any(|row| names(&row.cells[1]).any(|name| name == member)),
            "{member}"
        );
    }
}

/// A default is defined in one place. If the documentation of a language repeats it, it must be the same.
#[test]
fn the_defaults_are_those_of_the_page() {
    let page = read("docs/languages.md");
    let says = |line: &str, what: &str| {
        let found = page.lines().find(|found| found.starts_with(line)).unwrap_or_else(|| panic!("no line {line}"));
        assert!(found.contains(what), "{found} should say {what}");
    };
    let holds = |file: &str, text: &str| assert!(read(file).contains(text), "{file} should have: {text}");
    // The comments of C, C++ and Python about each option that has a default.
    for (option, what, of_c, of_cpp, of_python) in [
        ("| memory for rows | `buffer_memory`", "buffer_memory", "64 MiB", "64 MiB", "64 MiB"),
        ("| `connectionmaxactive`", "connections", "20", "20", "20"),
        ("| `conflictmode`", "conflict_mode", "VECSINK_CONFLICT_UPSERT", "conflict_mode::upsert", "default"),
        ("| `exceptionmode`", "exception_mode", "VECSINK_EXCEPTION_IGNORE", "exception_mode::ignore", "default"),
        ("| how long a row waits for others", "linger", "Default: 2", "2 ms", "linger"),
    ] {
        says(option, what);
        let comments = [
            (comment("include/vecsink.h", &format!("vecsink_sink_builder_{what}(")), of_c),
            (comment("include/vecsink/sink_builder.hpp", &format!("sink_builder &{what}(")), of_cpp),
        ];
        for (comment, expected) in comments {
            assert!(comment.contains(expected), "the comment of {what} should say {expected}: {comment}");
        }
        let docstring = read("bindings/python/src/vecsink/_sink.py");
        let sentence = docstring.split(&format!("``{what}``")).nth(1).unwrap_or_else(|| panic!("Python: {what}"));
        let sentence = sentence.split("``").next().unwrap_or_default();
        assert!(sentence.contains(of_python) || of_python == what, "Python should say of {what}: {of_python}");
    }
    says("| memory for rows | `buffer_memory`", "64 MiB");
    says("| memory for rows | 64 MiB", "32 MiB");
    holds("src/host/sink/builder.rs", "const DEFAULT_MEMORY: usize = 64 << 20;");
    says("| `connectionmaxactive`", "20");
    says("| `conflictmode`", "upsert");
    says("| `exceptionmode`", "ignore");
    says("| how long a row waits for others", "2 ms; 50 ms");
    says("- A sink that is freed while it is open", "5 seconds");
    holds("src/host/sink/close.rs", "const DROP_GRACE: Duration = Duration::from_secs(5);");
    let freeing = comment("include/vecsink.h", "void vecsink_sink_free(");
    assert!(freeing.contains("5 s"), "{freeing}");
    holds("include/vecsink/sink.hpp", "vecsink_sink_close(get(), 5000, nullptr, nullptr)");
    says("- `close` says whether", "in Python it is 25 seconds");
    holds("bindings/python/src/vecsink/_sink.py", "def close(self, timeout: float = 25.0)");
    holds("bindings/python/src/vecsink/_pipeline.py", "def stop(self, timeout: float = 25.0)");
    // The Python package sets only options that the caller gives, so the library's default is also Python's.
    let sink = read("bindings/python/src/vecsink/_sink.py");
    for keyword in sources::python_keywords("_sink.py", "__init__") {
        let left_out = ["| None = None,", "bool = False,"];
        let line = sink.lines().find(|line| line.starts_with(&format!("        {keyword}: "))).unwrap();
        let is_left_out = left_out.iter().any(|end| line.ends_with(end));
        assert!(["url", "table"].contains(&keyword.as_str()) || is_left_out, "{line}");
    }
}

/// The comment above a declaration.
fn comment(file: &str, declaration: &str) -> String {
    let text = read(file);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let at = lines.iter().position(|line| !line.starts_with("//") && line.contains(declaration));
    let at = at.unwrap_or_else(|| panic!("{file} has no {declaration}"));
    let above: Vec<&str> = lines[..at].iter().rev().take_while(|line| line.starts_with("//")).copied().collect();
    above.into_iter().rev().map(|line| line.trim_start_matches(['/', ' '])).collect::<Vec<_>>().join(" ")
}
