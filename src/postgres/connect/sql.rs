//! Names and constants in SQL texts.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// An identifier exactly as given, whatever it holds.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `"schema"."name"`.
pub fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quote(schema), quote(name))
}

/// Quoted names with commas between them.
pub fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(quote).collect::<Vec<_>>().join(", ")
}

/// The list after SET that gives these columns the values of the columns with the same names in `from`.
pub fn assignments(columns: &[&str], from: &str) -> String {
    columns.iter().map(|name| format!("{0} = {from}.{0}", quote(name))).collect::<Vec<_>>().join(", ")
}

/// A string constant that means the same whether `standard_conforming_strings` is on or off: after an `E` a backslash always
/// begins an escape.
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// A name in the server that nobody else has: `begin` and 128 random bits.
pub fn own_name(begin: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Each RandomState has new keys. But a forked process would begin with the same keys as its parent.
    let salt = (std::process::id(), SystemTime::now(), NEXT.fetch_add(1, Ordering::Relaxed));
    let random = || RandomState::new().hash_one(salt);
    format!("{begin}_{:016x}{:016x}", random(), random())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_within_names_and_constants_are_doubled() {
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("it\\'s"), "E'it\\\\''s'");
    }

    #[test]
    fn no_two_names_in_the_server_are_the_same() {
        let names: std::collections::HashSet<String> = (0..1000).map(|_| own_name("a")).collect();
        assert_eq!(names.len(), 1000);
        assert!(names.iter().all(|name| name.len() == 34), "{names:?}");
    }
}
