//! The known defects of the Java connector: vecsink has none of them. Each has a number and a test. `docs/migrating-from-flink.md` lists
//! them with their tests.

mod delivery;
mod modes;
mod scene;
mod statements;
mod values;

use std::fs;
use std::path::Path;

#[test]
fn the_migration_guide_names_the_test_of_every_defect() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = fs::read_to_string(root.join("docs/migrating-from-flink.md")).expect("the guide is there");
    let mut names = Vec::new();
    for file in fs::read_dir(root.join("tests/it/defects")).expect("the tests are there") {
        let text = fs::read_to_string(file.expect("a file").path()).expect("Rust is text");
        let tests =
            text.lines().filter_map(|line| line.strip_prefix("fn ")?.split_once('(').map(|(name, _)| name.to_owned()));
        names.extend(tests.filter(|name| name.starts_with("defect_")));
    }
    names.sort();
    let numbers: Vec<String> = names.iter().map(|name| name[..9].to_owned()).collect();
    assert_eq!(numbers, (1..=20).map(|number| format!("defect_{number:02}")).collect::<Vec<_>>());
    for name in names {
        assert!(guide.contains(&format!("`{name}`")), "{name} is not in the guide");
    }
}
