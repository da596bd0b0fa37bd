//! Patterns for texts, of LIKE and of Java: they never cut a character into parts, and LIKE agrees with a simple, slow matcher.

use vecsink::internals::sql::functions::text::like::Like;
use vecsink::internals::sql::functions::text::pattern::Pattern;

pub const PIECES: &[&str] = &[
    "%",
    "_",
    "\\",
    "\n",
    "(",
    ")",
    "[",
    "]",
    "^",
    "$",
    ".",
    "*",
    "+",
    "?",
    "{2,3}",
    "|",
    "\\d",
    "\\p{L}",
    "\\Q",
    "\\E",
    "(?i)",
    "(?:",
    "&&",
    "-",
    "é",
    "汉",
    "\\x{1F600}",
    "\\u0041",
    "[^",
    "a",
    "(?<n>",
    "\\b",
];

/// The first line is the pattern, the rest is the text.
pub fn check(input: &[u8]) {
    let Ok(both) = std::str::from_utf8(input) else { return };
    let (pattern, text) = both.split_once('\n').unwrap_or((both, ""));
    match Like::new(pattern, Some('\\')) {
        Ok(like) if pattern.len() * text.len() < 4096 => {
            let parts: Vec<char> = pattern.chars().collect();
            let text_parts: Vec<char> = text.chars().collect();
            assert_eq!(like.matches(text), matches(&parts, &text_parts), "{pattern:?} {text:?}");
        }
        Ok(like) => assert_eq!(like.matches(text), like.matches(text)),
        Err(wrong) => assert!(!wrong.is_empty()),
    }
    let Ok(regex) = Pattern::new(pattern) else { return };
    let found: Vec<(usize, usize)> = regex.matches(text).collect();
    assert_eq!(regex.is_match(text), !found.is_empty());
    assert_eq!(regex.group(text, 0), found.first().map(|(start, end)| &text[*start..*end]));
    assert!(found.iter().all(|(start, end)| text.get(*start..*end).is_some()));
    assert!(found.is_sorted_by(|left, right| left.1 <= right.0 && left != right));
    for group in 0..=regex.groups() + 1 {
        let _ = regex.group(text, group);
    }
}

/// The simple matcher follows the definition of LIKE, by a table that it computes one column at a time.
fn matches(pattern: &[char], text: &[char]) -> bool {
    // reached[n]: the pattern so far matches the first n characters.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    let mut rest = pattern.iter();
    while let Some(part) = rest.next() {
        let mut next = vec![false; text.len() + 1];
        let wanted = if *part == '\\' { rest.next().copied() } else { None };
        for at in 0..=text.len() {
            next[at] = match (part, wanted) {
                (_, Some(wanted)) => at > 0 && reached[at - 1] && text[at - 1] == wanted,
                ('%', _) => reached[at] || at > 0 && next[at - 1],
                ('_', _) => at > 0 && reached[at - 1],
                (part, _) => at > 0 && reached[at - 1] && text[at - 1] == *part,
            };
        }
        reached = next;
    }
    reached[text.len()]
}
