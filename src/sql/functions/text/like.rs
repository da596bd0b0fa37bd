//! LIKE: `%` stands for any characters, `_` for one.

use memchr::memmem;

use crate::sql::functions::definition::*;

/// `text LIKE pattern` with a compiled pattern.
pub fn like(text: Expression, pattern: Like) -> Expression {
    Expression::call(pattern, vec![text], DataType::Boolean)
}

/// A compiled pattern. Two patterns are equal when their texts are equal.
#[derive(Debug, Clone)]
pub struct Like {
    written: (String, Option<char>),
    shape: LikeShape,
}

impl PartialEq for Like {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

#[derive(Debug, Clone)]
enum LikeShape {
    /// A pattern without a wildcard.
    Whole(String),
    /// `text%`
    Start(String),
    /// `%text`
    End(String),
    /// `%text%`
    Inside(Box<memmem::Finder<'static>>),
    Any(Vec<LikePart>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LikePart {
    Character(char),
    One,
    Many,
}

impl Like {
    pub fn new(pattern: &str, escape: Option<char>) -> Result<Self, String> {
        let mut parts: Vec<LikePart> = Vec::with_capacity(pattern.len());
        let mut rest = pattern.chars();
        while let Some(character) = rest.next() {
            let part = match character {
                character if Some(character) == escape => match rest.next() {
                    Some(next) if next == '%' || next == '_' || next == character => LikePart::Character(next),
                    _ => return Err(format!("the escape '{character}' must be followed by %, _ or '{character}'")),
                },
                '%' => LikePart::Many,
                '_' => LikePart::One,
                character => LikePart::Character(character),
            };
            if part != LikePart::Many || parts.last() != Some(&LikePart::Many) {
                parts.push(part);
            }
        }
        Ok(Like { written: (pattern.to_string(), escape), shape: shape(parts) })
    }

    pub fn matches(&self, text: &str) -> bool {
        match &self.shape {
            LikeShape::Whole(whole) => text == whole,
            LikeShape::Start(start) => text.starts_with(start.as_str()),
            LikeShape::End(end) => text.ends_with(end.as_str()),
            LikeShape::Inside(finder) => finder.find(text.as_bytes()).is_some(),
            LikeShape::Any(parts) => matches(parts, text),
        }
    }
}

impl Evaluate for Like {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Text(text)] => Ok(Value::Bool(self.matches(text))),
            _ => operands.unexpected(),
        }
    }
}

fn shape(parts: Vec<LikePart>) -> LikeShape {
    let text = |parts: &[LikePart]| -> Option<String> {
        let character =
            |part: &LikePart| if let LikePart::Character(character) = part { Some(*character) } else { None };
        parts.iter().map(character).collect()
    };
    if let Some(whole) = text(&parts) {
        return LikeShape::Whole(whole);
    }
    match parts.as_slice() {
        [LikePart::Many, inside @ .., LikePart::Many] => {
            text(inside).map(|inside| LikeShape::Inside(Box::new(memmem::Finder::new(&inside).into_owned())))
        }
        [start @ .., LikePart::Many] => text(start).map(LikeShape::Start),
        [LikePart::Many, end @ ..] => text(end).map(LikeShape::End),
        _ => None,
    }
    .unwrap_or(LikeShape::Any(parts))
}

/// Whether the text matches. After a mismatch the search goes back to the last `%` only: going back to an earlier one can't
/// find more matches.
fn matches(parts: &[LikePart], text: &str) -> bool {
    let (mut part, mut at) = (0, 0);
    // Where to go on if the parts after the last `%` don't match: one character after the last try.
    let mut again: Option<(usize, usize)> = None;
    loop {
        let next = text[at..].chars().next();
        match (parts.get(part), next) {
            (Some(LikePart::Many), _) => {
                part += 1;
                again = Some((part, at));
                continue;
            }
            (Some(LikePart::One), Some(character)) => {
                part += 1;
                at += character.len_utf8();
                continue;
            }
            (Some(LikePart::Character(wanted)), Some(character)) if *wanted == character => {
                part += 1;
                at += character.len_utf8();
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        match again {
            Some((behind, from)) => match text[from..].chars().next() {
                Some(skipped) => {
                    part = behind;
                    at = from + skipped.len_utf8();
                    again = Some((behind, at));
                }
                None => return false,
            },
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn like(text: &str, pattern: &str) -> bool {
        Like::new(pattern, None).unwrap().matches(text)
    }

    #[test]
    fn wildcards_stand_for_one_character_or_any_number() {
        for (text, pattern, expected) in [
            ("red", "red", true),
            ("red", "re", false),
            ("redder", "red%", true),
            ("infrared", "%red", true),
            ("a redder b", "%red%", true),
            ("", "%", true),
            ("", "_", false),
            ("äb", "_b", true),
            ("abcbc", "a%bc", true),
            ("abcbd", "a%bc", false),
            ("a\nb", "a_b", true),
            ("line\nbreak", "%k", true),
            ("Red", "red", false),
            ("a.c", "a.c", true),
            ("abc", "a.c", false),
        ] {
            assert_eq!(like(text, pattern), expected, "{text} LIKE {pattern}");
        }
    }

    #[test]
    fn an_escaped_wildcard_is_itself() {
        let like = Like::new("10!%!!_", Some('!')).unwrap();
        assert!(like.matches("10%!x"));
        assert!(!like.matches("100!x"));
        assert!(Like::new("a!b", Some('!')).is_err());
        assert!(Like::new("a!", Some('!')).is_err());
    }

    proptest! {
        #[test]
        fn like_matches_the_same_texts_as_the_equivalent_regular_expression(text in "[ab.\nä]{0,8}", pattern in "[ab.ä%_]{0,6}") {
            let mut expression = String::from("(?s)^");
            for character in pattern.chars() {
                match character {
                    '%' => expression.push_str(".*"),
                    '_' => expression.push('.'),
                    character => expression.push_str(&regex::escape(&character.to_string())),
                }
            }
            expression.push('$');
            let oracle = regex::Regex::new(&expression).unwrap();
            prop_assert_eq!(like(&text, &pattern), oracle.is_match(&text));
        }
    }
}
