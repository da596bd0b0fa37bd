//! The structure of the sources: folders and files depend one way, each driver is used in one folder, files stay small, and unit tests
//! are at fixed places.

mod circles;
mod paths;
mod source;

use std::collections::BTreeMap;
use std::fs;

use circles::{Uses, circles};
use paths::Crate;
use proc_macro2::TokenTree;
use source::{File, files, is_punct, root};

/// Files and folders directly under src/. Each uses only those before it. `lib.rs` names them all.
const ORDER: [&str; 26] = [
    // Shared by several folders.
    "position",
    "error",
    "excerpt",
    "batch",
    "stop",
    "sync",
    "threads",
    "membership",
    "metrics",
    // Values and their types.
    "types",
    "change",
    "record",
    "options",
    "settings",
    // The sources of rows.
    "sql",
    "kafka",
    "schema_registry",
    "formats",
    "job",
    // The targets of rows.
    "dispatch",
    "progress",
    "dead_letters",
    "postgres",
    // The threads, and the interfaces for hosts and for the command line.
    "pipeline",
    "host",
    "command",
];

/// Drivers, and the only folder that uses each.
const DRIVERS: [(&str, &str); 11] = [
    ("rdkafka", "kafka"),
    ("rdkafka_sys", "kafka"),
    ("tokio_postgres", "postgres"),
    ("postgres_openssl", "postgres"),
    ("socket2", "postgres"),
    ("curl", "schema_registry"),
    ("sqlparser", "sql"),
    ("prost_reflect", "formats"),
    ("encoding_rs", "formats"),
    ("libc", "ffi"),
    ("clap", "command"),
];

/// The most lines of a file.
const LONGEST_FILE: usize = 500;

/// The most lines of unit tests at a file's end. Longer ones get a file of their own.
const LONGEST_TESTS_IN_THE_FILE: usize = 100;

/// The crates in src/: the folder of each, and its files.
fn crates(files: &[File]) -> BTreeMap<&str, Vec<&File>> {
    let folder_of = |path: &str| path.rfind('/').map_or(0, |end| end + 1);
    let begins = |file: &&File| ["lib.rs", "main.rs"].contains(&&file.path[folder_of(&file.path)..]);
    let mut crates: BTreeMap<&str, Vec<&File>> =
        files.iter().filter(begins).map(|file| (&file.path[..folder_of(&file.path)], Vec::new())).collect();
    for file in files {
        let (_, members) = crates.iter_mut().rfind(|(folder, _)| file.path.starts_with(**folder)).unwrap();
        members.push(file);
    }
    crates
}

/// The files of the library.
fn library(files: &[File]) -> Crate<'_> {
    Crate::new("", crates(files).remove("").unwrap())
}

#[test]
fn each_file_and_folder_of_the_source_is_in_the_order() {
    let mut found: Vec<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap().trim_end_matches(".rs").to_owned())
        .filter(|name| !["lib", "bin", "ffi", "internals"].contains(&name.as_str()))
        .collect();
    found.sort();
    let mut ordered = ORDER.to_vec();
    ordered.sort_unstable();
    assert_eq!(found, ordered);
}

#[test]
fn a_folder_names_only_folders_before_it() {
    let files = files();
    let place = |name: &str| ORDER.iter().position(|subject| *subject == name);
    let mut offences = Vec::new();
    let mut checked = 0;
    for (file, path) in library(&files).named() {
        let Some(own) = place(file.subject()) else { continue };
        checked += 1;
        match path.first().and_then(|other| place(other)) {
            Some(theirs) if theirs <= own => {}
            // With items in the crate's root the order could be evaded.
            _ => offences.push(format!("{} names crate::{}", file.path, path.join("::"))),
        }
    }
    assert!(checked > 1000, "the scan finds what files name");
    assert!(offences.is_empty(), "{offences:#?}");
}

/// Which file uses which. A folder's own `mod.rs` is left out, because it names the folder's files, and they may use it.
fn uses_between_files(of: &Crate) -> Uses {
    let mut uses = Uses::new();
    for (file, path) in of.named() {
        let definition = of.definition(path);
        if file.path != definition.path && !file.is_root() && !definition.is_root() {
            uses.entry(file.path.clone()).or_default().insert(definition.path.clone());
        }
    }
    uses
}

#[test]
fn no_files_name_each_other_in_a_circle() {
    let files = files();
    let mut found = Vec::new();
    for (folder, members) in crates(&files) {
        let uses = uses_between_files(&Crate::new(folder, members));
        assert!(!uses.is_empty(), "the scan finds what the files of src/{folder} name");
        found.extend(circles(&uses));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn no_folders_name_each_other_in_a_circle() {
    let files = files();
    let mut found = Vec::new();
    for (folder, members) in crates(&files) {
        let of = Crate::new(folder, members);
        // Within each folder: which of its files and folders use each other.
        let mut within: BTreeMap<String, Uses> = BTreeMap::new();
        for (file, path) in of.named() {
            let definition = of.definition(path);
            if let Some((parent, from, to)) = siblings(&file.path, &definition.path) {
                within.entry(parent).or_default().entry(from).or_default().insert(to);
            }
        }
        assert!(within.len() > 1 || !folder.is_empty(), "the scan finds what folders name");
        for (parent, uses) in within {
            let mixed = circles(&uses).into_iter().filter(|circle| circle.iter().any(|name| !name.ends_with(".rs")));
            found.extend(mixed.map(|circle| format!("in src/{parent}: {}", circle.join(", "))));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// The innermost folder that has both files, and the file or folder in it to which each of them belongs. `None` if that is the same one,
/// or the folder's own `mod.rs`.
fn siblings(one: &str, other: &str) -> Option<(String, String, String)> {
    let shared = one.split('/').zip(other.split('/')).take_while(|(one, other)| one == other).count();
    let part = |path: &str| path.split('/').nth(shared).map(str::to_owned);
    let (from, to) = (part(one)?, part(other)?);
    let own = |name: &str| ["mod.rs", "lib.rs", "main.rs"].contains(&name);
    let parent = one.split('/').take(shared).collect::<Vec<_>>().join("/");
    (!own(&from) && !own(&to)).then_some((parent, from, to))
}

#[test]
fn each_driver_is_named_in_one_folder() {
    let files = files();
    let mut offences = Vec::new();
    let mut homes = Vec::new();
    for file in &files {
        for (driver, home) in DRIVERS {
            if !names_crate(&file.tokens, driver) {
                continue;
            }
            if file.subject() == home {
                homes.push(driver);
            } else {
                offences.push(format!("{} names {driver}, which only {home}/ may", file.path));
            }
        }
    }
    let unused: Vec<_> = DRIVERS.iter().filter(|(driver, _)| !homes.contains(driver)).collect();
    assert!(unused.is_empty(), "no longer named where they may be: {unused:?}");
    assert!(offences.is_empty(), "{offences:#?}");
}

/// Whether a path begins with this crate.
fn names_crate(tokens: &[TokenTree], name: &str) -> bool {
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Group(group) => names_crate(&group.stream().into_iter().collect::<Vec<_>>(), name),
        TokenTree::Ident(word) => {
            let first = !at.checked_sub(1).is_some_and(|before| is_punct(&tokens[before], ':'));
            let leads = tokens.get(at + 1).is_some_and(|next| is_punct(next, ':'));
            word == name && first && leads
        }
        _ => false,
    })
}

/// It gets what it needs to know about a key as data.
#[test]
fn the_dispatcher_knows_no_type_of_a_value_or_column() {
    let files = files();
    let mut offences = Vec::new();
    let mut checked = 0;
    for (file, path) in library(&files).named().filter(|(file, _)| file.subject() == "dispatch") {
        checked += 1;
        if !["batch", "sync", "dispatch"].contains(&path[0].as_str()) {
            offences.push(format!("{} names crate::{}", file.path, path.join("::")));
        }
    }
    assert!(checked > 10, "the scan finds what files name");
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn unsafe_code_is_only_in_the_c_interface_simd_and_the_calls_of_librdkafka() {
    for file in files() {
        let may = file.subject() == "ffi" || ["types/float/simd.rs", "kafka/native.rs"].contains(&file.path.as_str());
        assert!(may || !file.text.contains("unsafe {") && !file.text.contains("unsafe fn"), "{}", file.path);
    }
}

#[test]
fn each_file_is_short_and_begins_with_what_it_is_about() {
    let mut offences = Vec::new();
    for file in files() {
        let lines = file.text.lines().count();
        if lines > LONGEST_FILE {
            offences.push(format!("{}: {lines} lines, where {LONGEST_FILE} are allowed", file.path));
        }
        if !file.is_tests() && !file.text.starts_with("//!") {
            offences.push(format!("{}: its first line is not a comment that begins with //!", file.path));
        }
    }
    assert!(offences.is_empty(), "{offences:#?}");
}

/// Names of types of two folders, which never meet in one file. No new one is allowed.
const GIVEN_TWICE: [&str; 4] = ["BuilderState", "Error", "RunningPipeline", "Sink"];

/// No name is given to types of two files, so that a word always means the same thing.
#[test]
fn each_name_is_given_to_one_type() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files().iter().filter(|file| !file.is_tests()) {
        for pair in file.tokens.windows(2) {
            if let [TokenTree::Ident(word), TokenTree::Ident(name)] = pair
                && ["struct", "enum", "union", "trait", "type"].contains(&word.to_string().as_str())
            {
                places.entry(name.to_string()).or_default().push(file.path.clone());
            }
        }
    }
    assert!(places.len() > 300, "the scan finds the types");
    places.retain(|_, files| files.len() > 1);
    let names: Vec<&str> = places.keys().map(String::as_str).collect();
    assert_eq!(names, GIVEN_TWICE, "rename one of the types, or take a name from the list: {places:#?}");
}

/// Unit tests are a module `tests` at the end of their file. If that would be long, they are a file next to it: `x_tests.rs` for `x.rs`,
/// and the file or folder `tests` for a folder's `mod.rs`.
#[test]
fn unit_tests_are_in_one_place() {
    let files = files();
    let mut offences = Vec::new();
    for file in files.iter().filter(|file| !file.is_tests()) {
        let mut offend = |what: &str| offences.push(format!("{}: {what}", file.path));
        let Some(start) = file.text.find("#[cfg(test)]\nmod ").or_else(|| file.text.find("#[cfg(test)]\n#[path"))
        else {
            if file.text.contains("#[test]") {
                offend("a test outside of a module `tests`");
            }
            continue;
        };
        let tests = &file.text[start..];
        let stem = file.path.rsplit('/').next().unwrap().trim_end_matches(".rs");
        let beside = format!("#[cfg(test)]\n#[path = \"{stem}_tests.rs\"]\nmod tests;\n");
        if tests.starts_with("#[cfg(test)]\nmod tests {\n") {
            if tests.lines().count() > LONGEST_TESTS_IN_THE_FILE + 1 {
                offend(&format!(
                    "its tests have more than {LONGEST_TESTS_IN_THE_FILE} lines: they need a file of their own"
                ));
            }
            if tests.find("\n}\n").is_none_or(|end| end + 3 != tests.len()) {
                offend("something follows its tests");
            }
        } else if tests != beside && !(file.is_root() && tests.starts_with("#[cfg(test)]\nmod tests;\n")) {
            offend("its tests are no module `tests` at its end");
        }
    }
    assert!(offences.is_empty(), "{offences:#?}");
}
