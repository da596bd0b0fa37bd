//! What the fuzzer checks (fuzz/), over its corpus and over seeded mutations of it: the same functions, without LLVM.
//!
//! FUZZ_SEED=7 takes other mutations, FUZZ_CASES=100000 more of them.

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use fuzz::{TARGETS, Target};

const CASES: u64 = 3000;
/// No more mutations are tried after this time, because of slow machines.
const ENOUGH: Duration = Duration::from_secs(20);
const LONGEST: usize = 4096;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// The committed inputs of a target, by their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = folder().join("corpus").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut inputs: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap())
        })
        .collect();
    inputs.sort();
    inputs
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn check(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    let mut seeds = corpus(name);
    if name == "formats" {
        // The example of each format. A format without an example fails here.
        let examples = fuzz::formats::examples().into_iter();
        seeds.extend((1..).zip(examples).map(|(number, example)| (format!("example {number} of the page"), example)));
    }
    assert!(!seeds.is_empty(), "{name} has no corpus");
    for (file, input) in &seeds {
        run(target, input, &format!("{name}, {file}"));
    }
    let (seed, cases) = (setting("FUZZ_SEED", 1), setting("FUZZ_CASES", CASES));
    let start = Instant::now();
    println!("{name}: FUZZ_SEED={seed}, {cases} mutations");
    for case in 0..cases {
        // Each case has its own state, so that one can be repeated alone.
        let mut random = SmallRng::seed_from_u64(seed ^ case << 20);
        let input = mutated(&seeds, target.pieces, &mut random);
        run(target, &input, &format!("{name}, FUZZ_SEED={seed}, mutation {case}"));
        if cases == CASES && start.elapsed() > ENOUGH {
            println!("{name}: time is up after mutation {case}");
            return;
        }
    }
}

/// Runs the target. If it fails, shows the input in the form in which the corpus would have it.
fn run(target: &Target, input: &[u8], origin: &str) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| fuzz::run(target.name, input))) {
        eprintln!("{origin}: failed with the input b\"{}\"", input.escape_ascii());
        std::panic::resume_unwind(panic);
    }
}

/// A committed input, changed in one to five places; the first byte, which picks the case, may change as well.
fn mutated(seeds: &[(String, Vec<u8>)], pieces: &[&str], random: &mut SmallRng) -> Vec<u8> {
    let any = |random: &mut SmallRng| seeds[random.random_range(0..seeds.len())].1.clone();
    let mut input = any(random);
    for _ in 0..random.random_range(1..=5) {
        let at = random.random_range(0..=input.len());
        let end = random.random_range(at..=input.len().min(at + 16));
        match random.random_range(0..9) {
            0 => drop(input.drain(at..end)),
            1 => input.truncate(at),
            2 => input.insert(at, random.random()),
            3 | 4 => {
                let piece = pieces[random.random_range(0..pieces.len())];
                input.splice(at..end, piece.bytes());
            }
            5 => {
                let copy = input[at..end].repeat(random.random_range(1..8));
                input.splice(at..at, copy);
            }
            6 => {
                let other = any(random);
                let from = random.random_range(0..=other.len());
                input.splice(at..end, other[from..].iter().copied());
            }
            7 => input.splice(at..end, random.random::<i64>().to_string().into_bytes()).for_each(drop),
            _ => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << random.random_range(0..8);
                }
            }
        }
    }
    if random.random_range(0..4) == 0
        && let Some(first) = input.first_mut()
    {
        *first = b'0' + random.random_range(0..16);
    }
    input.truncate(LONGEST);
    input
}

#[test]
fn every_target_has_a_corpus_a_program_and_a_test() {
    let listed = |folder: PathBuf| -> BTreeSet<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect()
    };
    let targets: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_string()).collect();
    assert_eq!(targets, listed(folder().join("corpus")));
    assert_eq!(targets, listed(folder().join("fuzz_targets")));
    assert_eq!(targets, TESTED.iter().map(ToString::to_string).collect());
    let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    let programs = manifest.split("[[bin]]\nname = \"").skip(1).filter_map(|rest| rest.split('"').next());
    assert_eq!(targets, programs.map(str::to_owned).collect());
}

/// One test for each target, so that they run in parallel.
macro_rules! targets {
    ($($test:ident: $target:literal,)*) => {
        const TESTED: &[&str] = &[$($target),*];

        $(
        #[test]
        fn $test() {
            check($target);
        }
    )* };
}

targets! {
    csv_has_the_fields_that_the_csv_crate_finds: "csv",
    json_is_what_serde_json_reads: "json",
    protobuf_is_what_prost_reflect_reads: "protobuf",
    avro_is_what_apache_avro_reads: "avro",
    an_avro_schema_is_the_one_that_apache_avro_finds: "avro_schema",
    each_format_decodes_its_example_and_damage_to_it_breaks_nothing: "formats",
    raw_text_and_numbers_are_what_std_reads: "raw",
    changes_of_debezium_fit_their_columns: "debezium_json",
    changes_of_canal_fit_their_columns: "canal_json",
    changes_of_maxwell_fit_their_columns: "maxwell_json",
    changes_of_ogg_fit_their_columns: "ogg_json",
    plain_numbers_of_a_literal_are_taken_exactly: "vectors",
    errors_of_a_job_file_stand_inside_it_and_show_no_password: "job",
    errors_of_options_show_no_password: "options",
    errors_of_a_url_show_no_password: "urls",
    errors_of_kafka_properties_show_no_password: "properties",
    a_dead_letter_is_written_as_it_was_read: "dead_letters",
    times_print_and_read_the_same: "times",
    like_is_what_its_definition_says: "patterns",
}
