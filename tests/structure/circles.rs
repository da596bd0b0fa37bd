//! Circles: groups of names in which each name uses itself through others.

use std::collections::{BTreeMap, BTreeSet};

/// For each name, the names that it uses.
pub type Uses = BTreeMap<String, BTreeSet<String>>;

/// The groups of names that use each other in a circle, each in the order of the names.
pub fn circles(uses: &Uses) -> Vec<Vec<String>> {
    let reachable: BTreeMap<&str, BTreeSet<&str>> =
        uses.keys().map(|from| (from.as_str(), reached(uses, from))).collect();
    let mut found = BTreeSet::new();
    for (from, reached) in &reachable {
        if reached.contains(from) {
            let group = reached.iter().filter(|to| reachable.get(*to).is_some_and(|back| back.contains(from)));
            found.insert(group.map(|name| (*name).to_owned()).collect());
        }
    }
    found.into_iter().collect()
}

fn reached<'a>(uses: &'a Uses, from: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        for to in uses.get(name).into_iter().flatten() {
            if found.insert(to.as_str()) {
                open.push(to);
            }
        }
    }
    found
}

#[test]
fn a_circle_is_found_and_a_chain_is_none() {
    let uses = |pairs: &[(&str, &str)]| {
        let mut uses = Uses::new();
        for (from, to) in pairs {
            uses.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        uses
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert!(circles(&uses(&[("a", "b"), ("b", "c"), ("a", "c")])).is_empty());
    assert_eq!(circles(&uses(&[("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")])), [names(&["b", "c"])]);
    let two = circles(&uses(&[("a", "b"), ("b", "a"), ("b", "x"), ("x", "y"), ("y", "z"), ("z", "x")]));
    assert_eq!(two, [names(&["a", "b"]), names(&["x", "y", "z"])]);
}
