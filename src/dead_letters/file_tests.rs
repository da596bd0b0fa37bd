use std::os::unix::fs::PermissionsExt;
use std::{fs, thread};

use super::*;
use crate::dead_letters::dead_letter::samples::dead_letter;
use crate::position::Position;

fn write(dead_letters: &DeadLetterFile, offsets: std::ops::Range<i64>) -> Result<()> {
    let at = |offset| Position { offset, ..dead_letter().position };
    let long = || Some(vec![b'x'; 300]);
    let batch: Vec<_> =
        offsets.map(|offset| DeadLetter { position: at(offset), value: long(), ..dead_letter() }).collect();
    dead_letters.write(&batch)
}

fn offsets(path: &Path) -> Vec<Option<i64>> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    let parse = |line: &str| serde_json::from_str::<serde_json::Value>(line).ok()?["offset"].as_i64();
    text.lines().map(parse).collect()
}

#[test]
fn dead_letters_are_appended_to_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dead.jsonl");
    write(&DeadLetterFile::open(&path).unwrap(), 0..2).unwrap();
    write(&DeadLetterFile::open(&path).unwrap(), 2..3).unwrap();
    assert_eq!(offsets(&path), [Some(0), Some(1), Some(2)]);
}

#[test]
fn opening_creates_an_empty_file_that_only_its_owner_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dead.jsonl");
    DeadLetterFile::open(&path).unwrap();
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!((metadata.len(), metadata.permissions().mode() & 0o777), (0, 0o600));
}

#[test]
fn a_line_torn_by_a_crash_spoils_no_other_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dead.jsonl");
    fs::write(&path, "{\"offset\":7}\n{\"offset\":8,\"val").unwrap();
    let dead_letters = DeadLetterFile::open(&path).unwrap();
    write(&dead_letters, 9..10).unwrap();
    write(&dead_letters, 10..11).unwrap();
    assert_eq!(offsets(&path), [Some(7), None, Some(9), Some(10)]);
}

#[test]
fn a_file_that_was_moved_away_is_created_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dead.jsonl");
    let dead_letters = DeadLetterFile::open(&path).unwrap();
    write(&dead_letters, 0..1).unwrap();
    fs::rename(&path, folder.path().join("dead.1")).unwrap();
    write(&dead_letters, 1..2).unwrap();
    assert_eq!(offsets(&path), [Some(1)]);
}

#[test]
fn lines_of_several_sinks_do_not_interleave() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dead.jsonl");
    thread::scope(|scope| {
        for sink in 0..4_i64 {
            let dead_letters = DeadLetterFile::open(&path).unwrap();
            scope.spawn(move || {
                for batch in 0..10 {
                    write(&dead_letters, sink * 100 + batch * 10..sink * 100 + batch * 10 + 10).unwrap();
                }
            });
        }
    });
    let mut found: Vec<_> = offsets(&path).into_iter().flatten().collect();
    found.sort_unstable();
    assert_eq!(found, (0..4).flat_map(|sink| sink * 100..sink * 100 + 100).collect::<Vec<_>>());
}

#[test]
fn a_target_that_cannot_be_written_is_an_error_with_path_and_advice() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no/such/dead.jsonl");
    let error = DeadLetterFile::open(&missing).unwrap_err().to_string();
    assert!(error.contains(missing.to_str().unwrap()) && error.contains("create its folder"), "{error}");
    let error = DeadLetterFile::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("name a file"), "{error}");
    let error = DeadLetterFile::open(Path::new("/dev/null")).unwrap_err().to_string();
    assert!(error.contains("not a regular file"), "{error}");
}

#[test]
fn checking_finds_what_opening_would_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    DeadLetterFile::check(&folder.path().join("dead.jsonl")).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(DeadLetterFile::check(&folder.path().join("no/such/dead.jsonl")).is_err());
    assert!(DeadLetterFile::check(folder.path()).is_err());
}

#[test]
fn a_full_disk_is_an_error_that_says_so() {
    let dead_letters = DeadLetterFile { path: "dead.jsonl".into() };
    let error = dead_letters.error("can't be written", &io::Error::from(io::ErrorKind::StorageFull)).to_string();
    assert!(error.contains("dead.jsonl") && error.contains("make room"), "{error}");
}
