//! The shape of the house: stages don't name each other, drivers stay in their rooms, files stay small.

use std::fs;
use std::path::{Path, PathBuf};

const STAGES: [&str; 8] = ["config", "consume", "decode", "dispatch", "encode", "flush", "progress", "reject"];

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

#[test]
fn a_stage_never_names_another_stage() {
    let mut offences = Vec::new();
    for (file, text) in all_sources() {
        let Some(own) = STAGES.into_iter().find(|stage| file.starts_with(&format!("{stage}/"))) else { continue };
        for other in STAGES.into_iter().filter(|stage| *stage != own) {
            if text.contains(&format!("crate::{other}::")) || text.contains(&format!("crate::{{{other}")) {
                offences.push(format!("{file} names {other}"));
            }
        }
        if text.contains("crate::pipeline") {
            offences.push(format!("{file} names pipeline"));
        }
    }
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn each_driver_is_used_in_one_folder() {
    let mut offences = Vec::new();
    for (file, text) in all_sources() {
        for (driver, home) in [
            ("rdkafka::", "consume/"),
            ("postgres::", "flush/"),
            ("tokio_postgres::", "flush/"),
            ("curl::", "consume/"),
            ("sqlparser::", "config/job/"),
        ] {
            let used = text.lines().any(|line| {
                let code = line.trim_start();
                !code.starts_with("//")
                    && code
                        .match_indices(driver)
                        .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
            });
            if used && !file.starts_with(home) {
                offences.push(format!("{file} uses {driver}"));
            }
        }
    }
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn nothing_is_unsafe_outside_the_c_interface_the_calls_of_simd_and_two_of_librdkafka() {
    for (file, text) in all_sources() {
        assert!(
            file.starts_with("ffi/")
                || file == "float/simd.rs"
                || file == "consume/kafka/native.rs"
                || !text.contains("unsafe {") && !text.contains("unsafe fn"),
            "{file}"
        );
    }
}
