//! The shape of the source tree: folders depend one way, a driver is named in one folder, files stay small.

use std::fs;
use std::path::{Path, PathBuf};

/// Files and folders directly under src/. Each names only those before it; `lib.rs` names them all.
const ORDER: [&str; 26] = [
    // What several folders share.
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
    // What a row comes from.
    "sql",
    "kafka",
    "schema_registry",
    "formats",
    "job",
    // Where it goes.
    "dispatch",
    "progress",
    "dead_letters",
    "postgres",
    // The threads, and the faces for hosts and for the command line.
    "pipeline",
    "host",
    "command",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    assert!(found.len() > 30, "the scan finds the sources");
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
    found.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// `stop` of `stop.rs`, `kafka` of `kafka/read/mod.rs`.
fn subject(file: &str) -> &str {
    file.split('/').next().map_or(file, |first| first.trim_end_matches(".rs"))
}

/// What follows `crate::` in the code: the folders and files under src/ that a text names.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| {
        line.match_indices("crate::").map(|(at, head)| {
            let rest = &line[at + head.len()..];
            &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())]
        })
    })
}

#[test]
fn each_file_and_folder_of_the_source_has_its_place_in_the_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found: Vec<String> = fs::read_dir(root)
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
    let place = |name: &str| ORDER.iter().position(|subject| *subject == name);
    let mut offences = Vec::new();
    let mut checked = 0;
    for (file, text) in all_sources() {
        let Some(own) = place(subject(&file)) else { continue };
        for other in named(&text) {
            checked += 1;
            match place(other) {
                Some(theirs) if theirs <= own => {}
                // An item of the crate's root would be a way around the order.
                _ => offences.push(format!("{file} names crate::{other}")),
            }
        }
    }
    assert!(checked > 500, "the scan finds what files name");
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn each_driver_is_used_in_one_folder() {
    let mut offences = Vec::new();
    let mut homes = 0;
    for (file, text) in all_sources() {
        for (driver, home) in [
            ("rdkafka::", "kafka/"),
            ("tokio_postgres::", "postgres/"),
            ("postgres_protocol::", "postgres/"),
            ("curl::", "schema_registry/"),
            ("sqlparser::", "sql/"),
        ] {
            let used = text.lines().any(|line| {
                let code = line.trim_start();
                !code.starts_with("//")
                    && code
                        .match_indices(driver)
                        .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
            });
            homes += usize::from(used && file.starts_with(home));
            if used && !file.starts_with(home) {
                offences.push(format!("{file} uses {driver}"));
            }
        }
    }
    assert!(homes >= 5, "the scan finds the drivers");
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn nothing_is_unsafe_outside_the_c_interface_the_calls_of_simd_and_two_of_librdkafka() {
    for (file, text) in all_sources() {
        assert!(
            file.starts_with("ffi/")
                || file == "types/float/simd.rs"
                || file == "kafka/read/native.rs"
                || !text.contains("unsafe {") && !text.contains("unsafe fn"),
            "{file}"
        );
    }
}
