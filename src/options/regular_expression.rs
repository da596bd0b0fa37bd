//! Compiles the regular expressions of options and of SQL, with a limit to their size.

use regex::{Error, Regex, RegexBuilder};

/// The most memory that a compiled expression may take, in bytes.
const LARGEST: usize = 10 << 20;

/// The error continues a sentence about the expression.
pub fn compile(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text).size_limit(LARGEST).build().map_err(|error| match error {
        Error::CompiledTooBig(_) => "is too large".into(),
        _ => "is not a supported regular expression (look-around and back-references are not supported)".into(),
    })
}

/// An expression that must match a text as a whole.
pub fn compile_whole(text: &str) -> Result<Regex, String> {
    // The expression is first compiled alone, because "a)|(b" is valid only inside the group that is added here.
    compile(text)?;
    compile(&format!("^(?:{text})$"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_may_have_to_match_as_a_whole() {
        assert!(compile("a|b").unwrap().is_match("xb"));
        let whole = compile_whole("a|ab").unwrap();
        assert!(whole.is_match("ab") && !whole.is_match("abc") && !whole.is_match("xab"));
    }

    #[test]
    fn an_error_says_what_is_wrong() {
        let error = |text| compile_whole(text).map(|regex| regex.to_string()).unwrap_err();
        for none in ["(", "a)|(b", "(?=a)", r"(a)\1", "(?x) a # a comment that would hide the group's end"] {
            assert!(error(none).starts_with("is not a supported regular expression"), "{none}");
        }
        assert_eq!(error(r"(\w{100}){100}"), "is too large");
    }
}
