//! The dead letters of a replay: a file of JSON Lines, read in the order of the records. Only positions are held in memory.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use super::json_line;
use crate::dead_letters::dead_letter::DeadLetter;
use crate::error::{Diagnostic, Error, Result};

/// The most lines named in one error.
const NAMED: usize = 10;

/// The longest line that is read. No record of Kafka makes a longer line.
const LONGEST: usize = i32::MAX as usize;

/// A dead letter's place in the file. Only this is held in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpoolPlace {
    topic: u32,
    partition: i32,
    offset: i64,
    /// Dead letters of one record stay in the order in which they were rejected.
    start: u64,
    length: u64,
    /// The dead letter's `id`, if it is in a table.
    pub id: Option<i64>,
}

impl SpoolPlace {
    /// Whether both come from one record.
    pub fn is_of_same_record(&self, other: &SpoolPlace) -> bool {
        (self.topic, self.partition, self.offset) == (other.topic, other.partition, other.offset)
    }
}

pub struct Spool {
    file: BufWriter<File>,
    end: u64,
    topics: HashMap<Arc<str>, u32>,
    /// The places of the dead letters, by the sink that they name.
    places: HashMap<String, Vec<SpoolPlace>>,
}

impl Spool {
    /// An empty file without a name. The system removes it when the process ends.
    pub fn temporary() -> Result<Spool> {
        let folder = std::env::temp_dir();
        let failed = |error: io::Error| {
            Error::DeadLetter(format!("no room for the dead letters in {}: {error}; set TMPDIR", folder.display()))
        };
        for attempt in 0_u32.. {
            let path = folder.join(format!("vecsink-replay-{}-{attempt}", std::process::id()));
            match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => {
                    std::fs::remove_file(&path).map_err(failed)?;
                    return Ok(Spool::new(file));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(Error::Internal("no name is free".into()))
    }

    /// The dead letters that are in a file now. Lines that are appended later aren't read. [`Error::Config`] names the lines that
    /// aren't dead letters.
    pub fn of_file(path: &Path) -> Result<Spool> {
        let shown = path.display();
        let unreadable = |error: io::Error| Error::Config(vec![wrong(format!("{shown}: {error}"))]);
        let file = File::open(path).map_err(unreadable)?;
        let mut spool = Spool::new(file.try_clone().map_err(unreadable)?);
        let (mut lines, mut text, mut start, mut bad) = (BufReader::new(file), Vec::new(), 0, Vec::new());
        for number in 1_u64.. {
            text.clear();
            let length = lines.read_until(b'\n', &mut text).map_err(unreadable)? as u64;
            if length == 0 {
                break;
            }
            if text.len() > LONGEST {
                bad.push(wrong(format!(
                    "{shown}:{number}: not a dead letter: it has {length} bytes, at most {LONGEST} are allowed"
                )));
            } else if !text.trim_ascii().is_empty() {
                match json_line::read(&text) {
                    Ok(dead_letter) => spool.note(&dead_letter, start, length, None),
                    Err(what) => bad.push(wrong(format!("{shown}:{number}: not a dead letter: {what}"))),
                }
            }
            start += length;
        }
        if bad.is_empty() {
            return Ok(spool);
        }
        let more = bad.len().saturating_sub(NAMED);
        bad.truncate(NAMED);
        if more > 0 {
            bad.push(wrong(format!("{shown}: and {more} more")));
        }
        bad.push(wrong(
            "correct these lines or take them out; an incomplete line may have been left by a crash".into(),
        ));
        Err(Error::Config(bad))
    }

    fn new(file: File) -> Spool {
        Spool { file: BufWriter::new(file), end: 0, topics: HashMap::new(), places: HashMap::new() }
    }

    /// Adds a dead letter of a topic or of a table.
    pub fn add(&mut self, dead_letter: &DeadLetter, id: Option<i64>) -> Result<()> {
        let mut text = Vec::new();
        json_line::append(dead_letter, &mut text);
        self.file
            .write_all(&text)
            .map_err(|error| Error::DeadLetter(format!("no room for the dead letters: {error}; set TMPDIR")))?;
        self.note(dead_letter, self.end, text.len() as u64, id);
        self.end += text.len() as u64;
        Ok(())
    }

    fn note(&mut self, dead_letter: &DeadLetter, start: u64, length: u64, id: Option<i64>) {
        let next = self.topics.len() as u32;
        let topic = *self.topics.entry(Arc::clone(&dead_letter.position.topic)).or_insert(next);
        let (partition, offset) = (dead_letter.position.partition, dead_letter.position.offset);
        let place = SpoolPlace { topic, partition, offset, start, length, id };
        self.places.entry(dead_letter.sink.clone()).or_default().push(place);
    }

    /// The sinks that the dead letters name. The name is empty for dead letters that name no sink.
    pub fn sinks(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// The dead letters that name these sinks, in the order of their records.
    pub fn take(&mut self, sinks: &[&str]) -> Result<Vec<SpoolPlace>> {
        self.file
            .flush()
            .map_err(|error| Error::DeadLetter(format!("no room for the dead letters: {error}; set TMPDIR")))?;
        let mut places: Vec<SpoolPlace> = sinks.iter().filter_map(|sink| self.places.remove(*sink)).flatten().collect();
        places.sort_unstable();
        Ok(places)
    }

    pub fn read(&self, place: &SpoolPlace) -> Result<DeadLetter> {
        let length = usize::try_from(place.length).map_err(|error| Error::Internal(error.to_string()))?;
        let mut text = vec![0; length];
        let read = self.file.get_ref().read_exact_at(&mut text, place.start).map_err(|error| error.to_string());
        read.and_then(|()| json_line::read(&text))
            .map_err(|what| Error::DeadLetter(format!("the dead letters changed while they were read: {what}")))
    }
}

fn wrong(message: String) -> Diagnostic {
    Diagnostic { location: None, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dead_letters::dead_letter::samples::dead_letter;
    use crate::position::Position;

    fn at(topic: &str, offset: i64, sink: &str) -> DeadLetter {
        DeadLetter {
            position: Position { topic: topic.into(), partition: 0, offset },
            sink: sink.into(),
            time_ms: 0,
            ..dead_letter()
        }
    }

    fn offsets(spool: &mut Spool, sinks: &[&str]) -> Vec<i64> {
        let places = spool.take(sinks).unwrap();
        places.iter().map(|place| spool.read(place).unwrap().position.offset).collect()
    }

    #[test]
    fn dead_letters_come_back_in_the_order_of_their_records() {
        let mut spool = Spool::temporary().unwrap();
        for offset in [5, 3, 9, 3] {
            spool.add(&at("t", offset, "s"), Some(offset)).unwrap();
        }
        spool.add(&at("t", 4, "other"), None).unwrap();
        assert_eq!(offsets(&mut spool, &["s"]), [3, 3, 5, 9]);
        assert_eq!(spool.sinks().collect::<Vec<_>>(), ["other"]);
    }

    #[test]
    fn a_file_is_read_as_it_was_when_it_was_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead.jsonl");
        let mut text = Vec::new();
        json_line::append(&at("t", 7, "s"), &mut text);
        text.extend_from_slice(b"\n  \n");
        json_line::append(&at("t", 6, "s"), &mut text);
        std::fs::write(&path, &text).unwrap();
        let mut spool = Spool::of_file(&path).unwrap();
        std::fs::write(&path, [text.as_slice(), b"{}\n"].concat()).unwrap();
        assert_eq!(offsets(&mut spool, &["s"]), [6, 7]);
    }

    #[test]
    fn lines_that_are_no_dead_letters_are_named_before_anything_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead.jsonl");
        let mut text = b"{\"offset\":8,\"val\n".to_vec();
        json_line::append(&at("t", 7, "s"), &mut text);
        std::fs::write(&path, text).unwrap();
        let error = Spool::of_file(&path).err().unwrap().to_string();
        assert!(error.contains("dead.jsonl:1: not a dead letter") && !error.contains("jsonl:2"), "{error}");
        assert!(Spool::of_file(&folder.path().join("absent")).is_err());
    }
}
