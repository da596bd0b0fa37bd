//! Which topics a source reads: a list, or all topics whose names match a pattern.

use std::fmt;

use regex::Regex;
use regex_syntax::ast::{self, Ast, ClassSetBinaryOpKind, ClassSetItem, Visitor};

use crate::options::regular_expression::compile_whole;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topics {
    Named(Vec<String>),
    Matching(TopicPattern),
}

/// No topic.
impl Default for Topics {
    fn default() -> Self {
        Topics::Named(Vec::new())
    }
}

impl Topics {
    /// Whether a topic with this name is read. The topic need not exist yet.
    pub fn contains(&self, topic: &str) -> bool {
        match self {
            Topics::Named(names) => names.iter().any(|name| name == topic),
            Topics::Matching(pattern) => pattern.matches(topic),
        }
    }

    /// Texts that are equal if, and only if, two selections are equal, whatever the order of the names is. The text of a
    /// pattern contains a character that no topic's name can contain.
    pub fn identity(&self) -> Vec<String> {
        match self {
            Topics::Named(names) => names.clone(),
            Topics::Matching(pattern) => vec![format!("/{pattern}/")],
        }
    }
}

impl fmt::Display for Topics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Topics::Named(names) if names.len() == 1 => write!(f, "topic {}", names[0]),
            Topics::Named(names) => write!(f, "topics {}", names.join(", ")),
            Topics::Matching(pattern) => write!(f, "topics that match {pattern}"),
        }
    }
}

/// A regular expression in Java's syntax that must match a topic's whole name.
#[derive(Debug, Clone)]
pub struct TopicPattern {
    text: String,
    whole: Regex,
}

impl TopicPattern {
    /// The error says what is wrong with the pattern, or which part of it is not supported here or has another meaning in Java.
    pub fn parse(text: &str) -> Result<TopicPattern, String> {
        let syntax = ast::parse::Parser::new().parse(text).map_err(|error| {
            let unknown = matches!(
                error.kind(),
                ast::ErrorKind::UnsupportedLookAround
                    | ast::ErrorKind::UnsupportedBackreference
                    | ast::ErrorKind::EscapeUnrecognized
                    | ast::ErrorKind::FlagUnrecognized
            );
            let why = if unknown { "has a part that is not supported here" } else { "is not a regular expression" };
            format!("{why}, at character {}: {}", error.span().start.column, error.kind())
        })?;
        ast::visit(&syntax, OtherInJava)?;
        Ok(TopicPattern { text: text.to_owned(), whole: compile_whole(text)? })
    }

    pub fn matches(&self, topic: &str) -> bool {
        self.whole.is_match(topic)
    }
}

impl fmt::Display for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for TopicPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for TopicPattern {}

/// Finds the parts of a pattern that have another meaning in Java.
struct OtherInJava;

impl Visitor for OtherInJava {
    type Output = ();
    type Err = String;

    fn finish(self) -> Result<(), String> {
        Ok(())
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), String> {
        match ast {
            Ast::Repetition(outer) if matches!(*outer.ast, Ast::Repetition(_)) => Err(format!(
                "has a possessive repetition at character {}, which is not supported here",
                outer.op.span.start.column
            )),
            _ => Ok(()),
        }
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), String> {
        match item {
            ClassSetItem::Ascii(class) => Err(format!(
                "has a POSIX class at character {}, which Java doesn't know; \\p{{Alpha}} and the like work in both",
                class.span.start.column
            )),
            _ => Ok(()),
        }
    }

    fn visit_class_set_binary_op_pre(&mut self, operation: &ast::ClassSetBinaryOp) -> Result<(), String> {
        match operation.kind {
            ClassSetBinaryOpKind::Intersection => Ok(()),
            _ => Err(format!(
                "has '--' or '~~' in a character class at character {}, which means something else in Java; write \
                 a '-' as \\-",
                operation.span.start.column
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, topic: &str) -> bool {
        TopicPattern::parse(pattern).unwrap().matches(topic)
    }

    #[test]
    fn a_pattern_is_matched_against_the_whole_name() {
        assert!(matches("cars-.*", "cars-2026"));
        assert!(!matches("cars-.*", "old-cars-2026"));
        assert!(!matches("cars", "cars-2026"));
        assert!(matches("cars|cars-2026", "cars-2026"), "the longer alternative counts too");
        assert!(matches(r"(?i)CARS\.\d{4}", "cars.2026"));
        assert!(matches(r"[\w&&[^0-9]]+", "cars") && !matches(r"[\w&&[^0-9]]+", "cars1"));
    }

    #[test]
    fn what_java_alone_understands_is_refused_by_name() {
        for (pattern, named) in [
            ("(?!internal).*", "look-around"),
            (r"(a)\1", "backreferences"),
            (r"\Qa.b\E", "escape"),
            ("a++b", "possessive"),
            ("[[:alpha:]]+", "POSIX"),
            ("[a-z--b]", "'--'"),
            ("(?>a)", "not supported"),
            ("a(b", "unclosed group"),
            ("a)|(b", "unopened group"),
        ] {
            let error = TopicPattern::parse(pattern).map(|p| p.to_string()).expect_err(pattern);
            assert!(error.contains(named), "{pattern}: {error}");
        }
    }
}
