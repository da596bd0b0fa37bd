//! Dead letters in a file of JSON Lines.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use super::json_line;
use crate::dead_letters::dead_letter::{DeadLetter, DeadLetters};
use crate::error::{Error, Result};

/// Held while any file is written: several sinks may name the same file, and their lines must not interleave.
/// Dead letters are rare enough that one lock for all files costs nothing.
static WRITING: Mutex<()> = Mutex::new(());

/// A file that is only appended to. It is opened again for each write, so that it may be moved away (rotated) at any time.
#[derive(Debug)]
pub struct DeadLetterFile {
    path: PathBuf,
}

impl DeadLetterFile {
    /// Creates the file if it isn't there. Nothing is written to it.
    pub fn open(path: &Path) -> Result<Self> {
        let dead_letters = DeadLetterFile { path: path.to_owned() };
        dead_letters.append(&[]).map_err(|error| dead_letters.error("can't be opened for appending", &error))?;
        Ok(dead_letters)
    }

    /// Checks that [`DeadLetterFile::open`] would succeed. A file that isn't there is not created and removed: a running job may
    /// create it at the same time, and its dead letters must stay. Instead, another file is created in the same folder and removed.
    pub fn check(path: &Path) -> Result<()> {
        if path.exists() {
            return Self::open(path).map(drop);
        }
        let dead_letters = DeadLetterFile { path: path.to_owned() };
        let probe = dead_letters.folder().join(format!(".vecsink-check-{}", std::process::id()));
        let made = OpenOptions::new().write(true).create_new(true).open(&probe);
        made.and_then(|_| std::fs::remove_file(&probe))
            .map_err(|error| dead_letters.error("can't be opened for appending", &error))
    }

    fn append(&self, lines: &[u8]) -> io::Result<()> {
        let _alone = WRITING.lock();
        // Rejected records are user data: nobody else may read a file that we create.
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let length = metadata.len();
        if length == 0 {
            self.sync_folder()?;
        }
        if lines.is_empty() {
            return Ok(());
        }
        if length > 0 && !ends_with_line_feed(&file, length)? {
            file.write_all(b"\n")?;
        }
        file.write_all(lines)?;
        file.sync_data()
    }

    /// Makes a new file's name durable. The fsync of the file itself doesn't do that.
    fn sync_folder(&self) -> io::Result<()> {
        File::open(self.folder())?.sync_all()
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    fn error(&self, what: &str, error: &io::Error) -> Error {
        let advice = match error.kind() {
            io::ErrorKind::NotFound => "create its folder first",
            io::ErrorKind::PermissionDenied => "let this user write there",
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room",
            io::ErrorKind::IsADirectory | io::ErrorKind::InvalidInput => "name a file",
            _ => "check the file and its disk",
        };
        Error::DeadLetter(format!(
            "dead-letter file {} {what}: {error}; {advice}, or change 'deadletter'",
            self.path.display()
        ))
    }
}

impl DeadLetters for DeadLetterFile {
    fn write(&self, dead_letters: &[DeadLetter]) -> Result<()> {
        let mut lines = Vec::new();
        for dead_letter in dead_letters {
            json_line::append(dead_letter, &mut lines);
        }
        self.append(&lines).map_err(|error| self.error("can't be written", &error))
    }
}

/// False if a crash or a full disk has left an incomplete last line. Then a line feed is added before the next dead letter is written.
fn ends_with_line_feed(file: &File, length: u64) -> io::Result<bool> {
    let mut last = [0];
    file.read_exact_at(&mut last, length - 1)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
