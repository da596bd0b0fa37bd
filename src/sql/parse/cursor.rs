//! A place in a statement's tokens, with the functions that the parsers need.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::error::{Diagnostic, Location};

/// A syntax error ends a statement, and parsing goes on after its `;`. In a list it only ends the element: see [`TokenCursor::recover`].
pub type Parsed<T> = Result<T, Diagnostic>;

pub struct TokenCursor<'a> {
    tokens: &'a [TokenWithSpan],
    next: usize,
    /// The end of the statement: the place of its `;`, or the end of the file.
    end: Location,
    /// The first half of a `>>`, which closes two levels of `ARRAY<ARRAY<…>>`, was used.
    half_shift: bool,
    depth: usize,
    /// Errors after which parsing went on, in the order of the statement.
    errors: Vec<Diagnostic>,
}

/// Types that are nested deeper are refused, because they are a mistake and could exhaust the stack.
pub const DEEPEST: usize = 16;

/// A name with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub text: String,
    pub at: Location,
}

impl<'a> TokenCursor<'a> {
    pub fn new(tokens: &'a [TokenWithSpan], end: Location) -> Self {
        TokenCursor { tokens, next: 0, end, half_shift: false, depth: 0, errors: Vec::new() }
    }

    pub fn peek(&self) -> &'a Token {
        self.look(0)
    }

    fn look(&self, ahead: usize) -> &'a Token {
        self.tokens.get(self.next + ahead).map_or(&Token::EOF, |token| &token.token)
    }

    /// Whether there is a blank or a line end before the next token.
    pub fn follows_blank(&self) -> bool {
        let before = self.next.checked_sub(1).and_then(|before| self.tokens.get(before));
        let next = self.tokens.get(self.next);
        before.zip(next).is_some_and(|(before, next)| before.span.end != next.span.start)
    }

    /// Whether the next tokens are `(SELECT`, `(WITH` or `((`, so that no list of names begins here.
    pub fn opens_query(&self) -> bool {
        let inner = self.look(1);
        *self.peek() == Token::LParen && (*inner == Token::LParen || is_word(inner, "SELECT") || is_word(inner, "WITH"))
    }

    pub fn advance(&mut self) -> &'a Token {
        let token = self.peek();
        self.next += 1;
        token
    }

    pub fn at(&self) -> Location {
        self.tokens.get(self.next).map_or(self.end, |token| location(token.span.start))
    }

    pub fn end(&self) -> Location {
        self.end
    }

    pub fn is_at_end(&self) -> bool {
        self.next >= self.tokens.len()
    }

    /// The rest of the tokens, for the query parser.
    pub fn rest(&mut self) -> &'a [TokenWithSpan] {
        let rest = self.tokens.get(self.next..).unwrap_or_default();
        self.next = self.tokens.len();
        rest
    }

    /// The rest of this element of a list: all tokens up to the `,` or `)` after it.
    pub fn element(&mut self) -> &'a [TokenWithSpan] {
        self.skip_element(false)
    }

    /// Skips an element. `typed`: `<` and `>` are the brackets of a type.
    fn skip_element(&mut self, typed: bool) -> &'a [TokenWithSpan] {
        let start = self.next;
        let mut open = 0_usize;
        while !self.is_at_end() {
            match self.peek() {
                Token::RParen | Token::Comma if open == 0 => break,
                Token::LParen | Token::LBracket => open += 1,
                Token::RParen | Token::RBracket => open = open.saturating_sub(1),
                Token::Lt if typed => open += 1,
                Token::Gt if typed => open = open.saturating_sub(1),
                Token::ShiftRight if typed => open = open.saturating_sub(2),
                _ => {}
            }
            self.next += 1;
        }
        self.tokens.get(start..self.next).unwrap_or_default()
    }

    /// Parses an element of a list. If it has an error, the error is kept, and parsing goes on after the element.
    pub fn recover(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<()>) {
        let start = self.next;
        if let Err(diagnostic) = parse(self) {
            self.errors.push(diagnostic);
            (self.next, self.half_shift, self.depth) = (start, false, 0);
            let is_computed = is_word(self.look(1), "AS");
            self.skip_element(!is_computed);
        }
    }

    /// The errors after which parsing went on.
    pub fn take_errors(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.errors)
    }

    pub fn next_is(&self, keyword: &str) -> bool {
        is_word(self.peek(), keyword)
    }

    pub fn next_are(&self, keywords: &[&str]) -> bool {
        keywords.iter().enumerate().all(|(ahead, keyword)| is_word(self.look(ahead), keyword))
    }

    pub fn accept_word(&mut self, keyword: &str) -> bool {
        let found = self.next_is(keyword);
        self.next += usize::from(found);
        found
    }

    pub fn accept_words(&mut self, keywords: &[&str]) -> bool {
        let found = self.next_are(keywords);
        self.next += if found { keywords.len() } else { 0 };
        found
    }

    pub fn accept(&mut self, token: &Token) -> bool {
        let found = self.peek() == token;
        self.next += usize::from(found);
        found
    }

    pub fn expect_word(&mut self, keyword: &str) -> Parsed<()> {
        if self.accept_word(keyword) { Ok(()) } else { Err(self.expected(keyword)) }
    }

    pub fn expect(&mut self, token: &Token) -> Parsed<()> {
        if self.accept(token) { Ok(()) } else { Err(self.expected(&format!("'{token}'"))) }
    }

    /// Takes a `>`, or one half of `>>`.
    pub fn expect_closing_angle(&mut self) -> Parsed<()> {
        if self.half_shift {
            self.half_shift = false;
            self.next += 1;
            return Ok(());
        }
        if matches!(self.peek(), Token::ShiftRight) {
            self.half_shift = true;
            return Ok(());
        }
        self.expect(&Token::Gt)
    }

    /// Parses something that can contain itself.
    pub fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEEPEST {
            return Err(self.error(format!("nested more than {DEEPEST} levels deep")));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// Takes an identifier, with or without back-quotes.
    pub fn name(&mut self, what: &str) -> Parsed<Name> {
        let at = self.at();
        match self.peek() {
            Token::Word(word) if word.quote_style != Some('"') => {
                self.next += 1;
                Ok(Name { text: word.value.clone(), at })
            }
            _ => Err(self.expected(what)),
        }
    }

    /// Takes a string literal: `'…'` or `U&'…'`.
    pub fn text(&mut self, what: &str) -> Parsed<(String, Location)> {
        let at = self.at();
        match self.peek() {
            Token::SingleQuotedString(text) | Token::UnicodeStringLiteral(text) => {
                self.next += 1;
                Ok((text.clone(), at))
            }
            _ => Err(self.expected(&format!("{what} in single quotes"))),
        }
    }

    pub fn number(&mut self, what: &str) -> Parsed<u32> {
        match self.peek() {
            Token::Number(digits, false) => {
                let number = digits.parse().map_err(|_| self.expected(what))?;
                self.next += 1;
                Ok(number)
            }
            _ => Err(self.expected(what)),
        }
    }

    pub fn number_between(&mut self, what: &str, least: u8, most: u8) -> Parsed<u8> {
        let at = self.at();
        let number = self.number(what)?;
        u8::try_from(number)
            .ok()
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| error(at, format!("{what} is from {least} to {most}, not {number}")))
    }

    pub fn error(&self, message: impl Into<String>) -> Diagnostic {
        error(self.at(), message)
    }

    pub fn expected(&self, what: &str) -> Diagnostic {
        self.error(format!("expected {what}, found {}", describe(self.peek())))
    }

    pub fn unsupported(&self, what: &str) -> Diagnostic {
        self.error(format!("not supported: {what}"))
    }
}

pub fn error(at: Location, message: impl Into<String>) -> Diagnostic {
    Diagnostic { location: Some(at), message: message.into() }
}

pub fn location(at: sqlparser::tokenizer::Location) -> Location {
    Location { line: at.line, column: at.column }
}

pub fn is_word(token: &Token, keyword: &str) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(keyword))
}

/// The text of a token in an error. Only keywords and punctuation are shown as they are. If a quote is missing, the words
/// and strings after it can be parts of a password.
fn describe(token: &Token) -> String {
    match token {
        Token::EOF => "the end of the statement".into(),
        Token::Word(word) if word.keyword != Keyword::NoKeyword => format!("'{}'", word.value),
        Token::Word(_) => "a name".into(),
        Token::SingleQuotedString(_) | Token::UnicodeStringLiteral(_) => "a string".into(),
        Token::DoubleQuotedString(_) => "a string in double quotes (Flink SQL needs single quotes)".into(),
        Token::Number(..) => "a number".into(),
        Token::Comma => "','".into(),
        token => {
            let text = token.to_string();
            if text.chars().count() <= 3 { format!("'{text}'") } else { "something else".into() }
        }
    }
}
