//! Job files of many kinds. A snapshot of each has the plan that is made from it, or all of its errors. Lines `-- -D TABLE.OPTION=VALUE`
//! and `-- NAME=value` at a file's top are the command line and the environment.

mod plan;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use vecsink::internals::error::Error;
use vecsink::internals::job::settings::job::Job;
use vecsink::internals::job::{JobInput, Override, parse_job};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/job_files").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn stem(file: &Path) -> &str {
    file.file_stem().unwrap().to_str().unwrap()
}

fn parse(file: &Path) -> Result<Job, Error> {
    let text = fs::read_to_string(file).unwrap();
    let mut overrides = Vec::new();
    let mut environment = HashMap::new();
    for line in text.lines().map_while(|line| line.strip_prefix("-- ")) {
        let Some((name, value)) = line.split_once('=') else { continue };
        match name.strip_prefix("-D ").and_then(|name| name.split_once('.')) {
            Some((table, option)) => {
                overrides.push(Override { table: table.into(), option: option.into(), value: value.into() });
            }
            None => drop(environment.insert(name.to_string(), value.to_string())),
        }
    }
    parse_job(&JobInput {
        text: &text,
        file_stem: Some(stem(file)),
        overrides: &overrides,
        environment: &|name| environment.get(name).cloned(),
        properties: &|_| Vec::new(),
    })
}

fn compare(folder: &str, file: &Path, text: &str) {
    insta::with_settings!({ snapshot_path => format!("snapshots/{folder}"), prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(stem(file), text);
    });
}

#[test]
fn each_good_job_file_has_the_plan_of_its_snapshot() {
    let files = files("good");
    assert!(files.len() >= 40, "{}", files.len());
    for file in files {
        match parse(&file) {
            Ok(job) => compare("good", &file, &plan::print(&job)),
            Err(error) => panic!("{}: {error}", file.display()),
        }
    }
}

#[test]
fn each_wrong_job_file_has_all_errors_of_its_snapshot() {
    let files = files("wrong");
    assert!(files.len() >= 25, "{}", files.len());
    for file in files {
        match parse(&file) {
            Err(Error::Config(diagnostics)) => {
                let lines: Vec<String> = diagnostics
                    .iter()
                    .map(|diagnostic| match diagnostic.location {
                        Some(at) => format!("{}:{} {}", at.line, at.column, diagnostic.message),
                        None => diagnostic.message.clone(),
                    })
                    .collect();
                compare("wrong", &file, &lines.join("\n"));
            }
            other => panic!("{}: expected errors, got {other:?}", file.display()),
        }
    }
}
