//! Java's regular expressions, as far as they can be matched in linear time.

use regex::Regex;

use crate::options::regular_expression;

/// How deep character classes may be nested.
const DEEPEST: usize = 16;

/// A compiled expression. Two expressions are equal when their texts are equal.
#[derive(Debug, Clone)]
pub struct Pattern {
    written: String,
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

const DIGIT: &str = "0-9";
const WORD: &str = "a-zA-Z_0-9";
const SPACE: &str = r" \t\n\x0B\x0C\r";
const BLANK: &str = r" \t\u{a0}\u{1680}\u{180e}\u{2000}-\u{200a}\u{202f}\u{205f}\u{3000}";
/// Java's dot. It excludes more line ends than the library's dot.
const DOT: &str = r"[^\n\r\u{85}\u{2028}\u{2029}]";

impl Pattern {
    pub fn new(java: &str) -> Result<Self, String> {
        let translated = PatternTranslation { rest: java, out: String::new(), dot_is_all: vec![false] }.run()?;
        Ok(Pattern { written: java.to_string(), regex: regular_expression::compile(&translated)? })
    }

    pub fn as_str(&self) -> &str {
        &self.written
    }

    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// How many groups the expression has, without group 0, the whole match.
    pub fn groups(&self) -> usize {
        self.regex.captures_len() - 1
    }

    /// A group of the first match. Group 0 is the whole match.
    pub fn group<'t>(&self, text: &'t str, group: usize) -> Option<&'t str> {
        if group == 0 {
            return self.regex.find(text).map(|found| found.as_str());
        }
        self.regex.captures(text)?.get(group).map(|found| found.as_str())
    }

    /// The places of all matches, as Java counts them: an empty match can directly follow another match.
    pub fn matches<'t>(&'t self, text: &'t str) -> impl Iterator<Item = (usize, usize)> + 't {
        let mut at = Some(0);
        std::iter::from_fn(move || {
            let found = self.regex.find_at(text, at?)?;
            at = match text[found.end()..].chars().next() {
                _ if !found.is_empty() => Some(found.end()),
                Some(skipped) => Some(found.end() + skipped.len_utf8()),
                None => None,
            };
            Some((found.start(), found.end()))
        })
    }
}

/// Translates Java's notation to the library's, because some signs have another meaning there.
struct PatternTranslation<'a> {
    rest: &'a str,
    out: String,
    /// Whether `.` matches line ends, for each open group.
    dot_is_all: Vec<bool>,
}

type Translated<T> = Result<T, String>;

fn unsupported<T>(what: &str) -> Translated<T> {
    Err(format!("has {what}, which can't be matched in linear time"))
}

impl PatternTranslation<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    fn literal(&mut self, character: char) {
        // In the library, `\<` and `\>` are the start and the end of a word.
        if matches!(character, '<' | '>') {
            self.out.push(character);
        } else {
            self.out.push_str(&regex::escape(character.encode_utf8(&mut [0; 4])));
        }
    }

    fn run(mut self) -> Translated<String> {
        while let Some(character) = self.next() {
            match character {
                '\\' => self.escape(false)?,
                '[' => self.class(0)?,
                '(' => self.group()?,
                ')' => {
                    self.dot_is_all.pop();
                    if self.dot_is_all.is_empty() {
                        return Err("has one ')' too many".into());
                    }
                    self.out.push(')');
                }
                '.' if self.dot_is_all.last() == Some(&true) => self.out.push_str("(?s:.)"),
                '.' => self.out.push_str(DOT),
                '*' | '+' | '?' | '}' => {
                    self.out.push(character);
                    if let Some(rest) = self.rest.strip_prefix('?') {
                        self.out.push('?');
                        self.rest = rest;
                    } else if self.rest.starts_with('+') {
                        return unsupported("a possessive quantifier");
                    }
                    if self.rest.starts_with(['*', '+']) {
                        return Err("has a quantifier of a quantifier".into());
                    }
                }
                other => self.out.push(other),
            }
        }
        Ok(self.out)
    }

    fn group(&mut self) -> Translated<()> {
        let mut dot_is_all = self.dot_is_all.last().copied().unwrap_or_default();
        self.out.push('(');
        if let Some(rest) = self.rest.strip_prefix('?') {
            for (start, what) in [
                ("=", "a lookahead"),
                ("!", "a lookahead"),
                ("<=", "a lookbehind"),
                ("<!", "a lookbehind"),
                (">", "an atomic group"),
            ] {
                if rest.starts_with(start) {
                    return unsupported(what);
                }
            }
            if !rest.starts_with(['<', ':']) {
                let end = rest.find([':', ')']).ok_or("has a group that is not closed")?;
                let flags = &rest[..end];
                if flags.contains(|flag| !"ims-".contains(flag)) {
                    return Err(format!("has the flags (?{flags}), but only the flags i, m and s are supported"));
                }
                let (on, off) = flags.split_once('-').unwrap_or((flags, ""));
                dot_is_all = (dot_is_all || on.contains('s')) && !off.contains('s');
                // The flag `s` is left out, because the dot is replaced by a class of the characters that it matches.
                let kept = flags.replace('s', "");
                let kept = kept.strip_suffix('-').unwrap_or(&kept);
                if rest[end..].starts_with(')') {
                    // The flag counts up to the end of the group around it.
                    if let Some(current) = self.dot_is_all.last_mut() {
                        *current = dot_is_all;
                    }
                    self.rest = &rest[end + 1..];
                    self.out.pop();
                    if !kept.is_empty() {
                        self.out.push_str(&format!("(?{kept})"));
                    }
                    return Ok(());
                }
                self.out.push('?');
                self.out.push_str(kept);
                self.rest = &rest[end..];
            }
        }
        self.dot_is_all.push(dot_is_all);
        Ok(())
    }

    /// Translates the text after a `[`, up to its `]`.
    fn class(&mut self, depth: usize) -> Translated<()> {
        if depth > DEEPEST {
            return Err(format!("has character classes nested more than {DEEPEST} levels deep"));
        }
        self.out.push('[');
        if let Some(rest) = self.rest.strip_prefix('^') {
            self.out.push('^');
            self.rest = rest;
        }
        let mut is_first = true;
        while let Some(character) = self.next() {
            match character {
                ']' if is_first => return Err("has an empty [] or a ']' that needs a '\\'".into()),
                ']' => {
                    self.out.push(']');
                    return Ok(());
                }
                '[' => self.class(depth + 1)?,
                '\\' => self.escape(true)?,
                '&' if self.rest.starts_with('&') => {
                    self.next();
                    self.out.push_str("&&");
                }
                '-' if !is_first && !self.rest.starts_with([']', '[', '-']) => self.out.push('-'),
                other => self.literal(other),
            }
            is_first = false;
        }
        Err("has a '[' that is not closed".into())
    }

    /// Translates the text after a backslash.
    fn escape(&mut self, in_class: bool) -> Translated<()> {
        let Some(character) = self.next() else { return Err("ends with a '\\'".into()) };
        let class = |members: &str, negated: bool| match (in_class, negated) {
            (true, false) => members.to_string(),
            (_, true) => format!("[^{members}]"),
            (false, false) => format!("[{members}]"),
        };
        let translated = match character {
            'd' | 'D' => class(DIGIT, character == 'D'),
            'w' | 'W' => class(WORD, character == 'W'),
            's' | 'S' => class(SPACE, character == 'S'),
            'h' | 'H' => class(BLANK, character == 'H'),
            't' | 'n' | 'r' | 'f' | 'a' => format!("\\{character}"),
            'e' => r"\x1B".into(),
            'b' | 'B' | 'A' | 'z' if !in_class => format!("\\{character}"),
            'x' | 'u' => return self.code(character),
            'p' | 'P' => return self.property(character == 'P', in_class),
            'Q' => {
                let end = self.rest.find("\\E").unwrap_or(self.rest.len());
                let (quoted, rest) = self.rest.split_at(end);
                self.rest = rest.strip_prefix("\\E").unwrap_or(rest);
                quoted.chars().for_each(|character| self.literal(character));
                return Ok(());
            }
            '1'..='9' | 'k' if !in_class => return unsupported("a back reference"),
            character if character.is_ascii_alphanumeric() => {
                return Err(format!("has '\\{character}', which is not supported"));
            }
            character => {
                self.literal(character);
                return Ok(());
            }
        };
        self.out.push_str(&translated);
        Ok(())
    }

    /// Translates `\x41`, `\x{1F600}` and `\u0041`.
    fn code(&mut self, kind: char) -> Translated<()> {
        let malformed = || format!("has a '\\{kind}' without its hexadecimal digits");
        let braced = if kind == 'x' { self.rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) } else { None };
        let width = if kind == 'x' { 2 } else { 4 };
        let (digits, rest) = match braced {
            Some(split) => split,
            None => self.rest.split_at_checked(width).ok_or_else(malformed)?,
        };
        let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).ok_or_else(malformed)?;
        self.rest = rest;
        self.literal(code);
        Ok(())
    }

    /// Translates `\p{Alpha}`, `\p{L}`, `\pL` and `\p{IsHan}`.
    fn property(&mut self, negated: bool, in_class: bool) -> Translated<()> {
        let (name, rest) = match self.rest.strip_prefix('{') {
            Some(rest) => rest.split_once('}').ok_or("has a '\\p{' that is not closed")?,
            None => self.rest.split_at_checked(1).ok_or("has a '\\p' without a name")?,
        };
        self.rest = rest;
        let ascii = match name {
            "Lower" => "a-z",
            "Upper" => "A-Z",
            "ASCII" => r"\x00-\x7F",
            "Alpha" => "a-zA-Z",
            "Digit" => DIGIT,
            "Alnum" => "a-zA-Z0-9",
            "Punct" => r"!-/:-@\[-`{-~",
            "Graph" => "!-~",
            "Print" => " -~",
            "Blank" => r" \t",
            "Cntrl" => r"\x00-\x1F\x7F",
            "XDigit" => "0-9a-fA-F",
            "Space" => SPACE,
            _ => {
                let known = name.strip_prefix("Is").unwrap_or(name);
                let plain = !known.is_empty()
                    && known.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
                let sign = if negated { 'P' } else { 'p' };
                if !plain || regular_expression::compile(&format!("\\p{{{known}}}")).is_err() {
                    return Err(format!("has '\\p{{{name}}}', which is not supported"));
                }
                self.out.push_str(&format!("\\{sign}{{{known}}}"));
                return Ok(());
            }
        };
        let translated = match (negated, in_class) {
            (true, _) => format!("[^{ascii}]"),
            (false, true) => ascii.to_string(),
            (false, false) => format!("[{ascii}]"),
        };
        self.out.push_str(&translated);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pattern: &str, text: &str) -> Vec<String> {
        let pattern = Pattern::new(pattern).unwrap();
        pattern.matches(text).map(|(start, end)| text[start..end].to_string()).collect()
    }

    #[test]
    fn classes_are_those_of_ascii_as_in_java() {
        assert_eq!(all(r"\d+", "7 ٣ 42"), ["7", "42"]);
        assert_eq!(all(r"[\w-]+", "a-b ä"), ["a-b"]);
        assert_eq!(all(r"\S+", "a\u{a0}b c"), ["a\u{a0}b", "c"]);
        assert_eq!(all(r"\p{Punct}", "a,b[c]"), [",", "[", "]"]);
        assert_eq!(all(r"\p{L}+", "äb1c"), ["äb", "c"]);
        assert_eq!(all(r"\p{IsHan}", "a汉b"), ["汉"]);
        assert_eq!(all(r"[a-z&&[^b]]+", "abc"), ["a", "c"]);
        assert_eq!(all(r"[\[\],]", "[1,2]"), ["[", ",", "]"]);
        assert_eq!(all(r"[[:a]]", "[:a"), [":", "a"]);
        assert_eq!(all(r"[+--]+", "+-"), ["+-"]);
    }

    #[test]
    fn a_dot_matches_no_line_end_without_the_flag_s() {
        assert_eq!(all("a.b", "a\rb a\u{2028}b axb"), ["axb"]);
        assert_eq!(all("(?s)a.b", "a\rb"), ["a\rb"]);
        assert_eq!(all("(?s:a.)b.", "a\nb\n a\nbx"), ["a\nbx"]);
        assert_eq!(all("(?i)red", "RED"), ["RED"]);
    }

    #[test]
    fn escapes_mean_what_they_mean_in_java() {
        assert_eq!(all(r"\<b\>", "<b>"), ["<b>"]);
        assert_eq!(all(r"\Qa.b\E.", "a.bc axbc"), ["a.bc"]);
        assert_eq!(all(r"\x41\u0042\x{43}", "ABC"), ["ABC"]);
        assert_eq!(all(r"\$\{(\w+)\}", "${x}"), ["${x}"]);
        assert_eq!(all(r"a\/b", "a/b"), ["a/b"]);
    }

    #[test]
    fn an_empty_match_may_follow_another() {
        assert_eq!(all("a*", "aab"), ["aa", "", ""]);
        assert_eq!(all("", "äb"), ["", "", ""]);
    }

    #[test]
    fn the_error_names_the_part_that_only_backtracking_could_match() {
        for (pattern, reason) in [
            (r"(a)\1", "back reference"),
            ("(?=a)", "lookahead"),
            ("(?<!a)b", "lookbehind"),
            ("a*+", "possessive"),
            ("(?>a)", "atomic"),
            ("(?x)a", "flags"),
            (r"a\Z", "not supported"),
            ("[]a]", "empty"),
            ("a**", "quantifier of a quantifier"),
            ("(a", "not a supported regular expression"),
            ("a)", "too many"),
            ("[a", "not closed"),
        ] {
            let error = Pattern::new(pattern).unwrap_err();
            assert!(error.contains(reason), "{pattern}: {error}");
        }
    }

    #[test]
    fn a_group_of_the_first_match_is_found_by_its_number() {
        let pattern = Pattern::new("(\\w)(\\d)?").unwrap();
        assert_eq!(pattern.group("-a1", 0), Some("a1"));
        assert_eq!(pattern.group("-a1", 2), Some("1"));
        assert_eq!(pattern.group("-a", 2), None);
        assert_eq!(pattern.groups(), 2);
    }
}
