//! A damaged job file gives errors or a job, never a panic, and never shows the password.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;

const PIECES: &[&str] = &[
    "'",
    "`",
    "(",
    ")",
    ",",
    ";",
    "--",
    "/*",
    "*/",
    "=",
    "<",
    ">>",
    "ARRAY<ARRAY<",
    "NULL",
    "é",
    "\0",
    "SELECT",
    "U&'\\00",
    "9999999999999999999999",
    "${",
    "1e999",
    "CAST(",
    "\"",
    ".",
    "NOT",
    "ROW<a ",
    "MAP<",
    "LIKE",
    "AS",
    "METADATA",
    "END",
    "WITH",
    "DATE ''",
    "\\",
    "[",
    "?",
    "@",
];

/// A statement of each kind behind those of the guide.
const MORE: &str = "
CREATE TEMPORARY TABLE more (part INT METADATA FROM 'partition' VIRTUAL, twice AS CAST(id AS BIGINT) COMMENT 'x',
  r ARRAY<INT NOT NULL>) PARTITIONED BY (id)
  WITH ('topic' = 'u') LIKE vector_kafka (EXCLUDING CONSTRAINTS OVERWRITING OPTIONS);
CREATE VIEW v (a, b) AS WITH q AS (SELECT id, part FROM more) SELECT id, part FROM q AS w;
BEGIN STATEMENT SET;
INSERT INTO vector_ingest (id) SELECT a FROM v UNION ALL SELECT CAST(price AS INT) FROM (SELECT * FROM vector_kafka) k
  WHERE NOT (id = 1 OR color IS NULL) AND market_time > TIMESTAMP '2024-01-01 00:00:00';
END;
RESET 'a'; DROP VIEW IF EXISTS v;
";

#[test]
fn a_damaged_job_file_never_panics_and_never_shows_the_password() {
    job(&format!("{GUIDE}{MORE}"));
    let mut random = StdRng::seed_from_u64(3);
    let whole: Vec<char> = format!("{GUIDE}{MORE}").replace("S3cret!", "zq7;xj ${k'w").chars().collect();
    for _ in 0..3000 {
        let mut text = whole.clone();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..text.len());
            match random.random_range(0..3) {
                0 => drop(text.drain(at..(at + random.random_range(1..9)).min(text.len()))),
                1 => drop(text.splice(at..at, PIECES[random.random_range(0..PIECES.len())].chars())),
                _ => text.truncate(at.max(1)),
            }
            if text.is_empty() {
                break;
            }
        }
        let text: String = text.into_iter().collect();
        if let Err(error) = parse(&text) {
            let shown = error.to_string();
            assert!(!shown.contains("zq7") && !shown.contains("xj"), "{shown}\n\n{text}");
            assert!(!shown.is_empty());
        }
    }
}
