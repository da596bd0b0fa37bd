//! The differences between Flink's SQL and the SQL that the tokenizer reads by default.

use sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName,
};
use sqlparser::dialect::{Dialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use super::cursor::is_word;

/// Identifiers are in back-quotes, and there are `U&'…'` literals. Backslashes and double quotes have no special meaning.
#[derive(Debug)]
pub struct FlinkSql;

impl Dialect for FlinkSql {
    fn is_delimited_identifier_start(&self, character: char) -> bool {
        character == '`'
    }

    fn is_identifier_start(&self, character: char) -> bool {
        character.is_alphabetic() || character == '_'
    }

    fn is_identifier_part(&self, character: char) -> bool {
        character.is_alphanumeric() || character == '_' || character == '$'
    }

    fn supports_unicode_string_literal(&self) -> bool {
        true
    }

    /// `MAP[key, value, …]` becomes a call. The type of a CAST stays a text, because Flink has types of its own.
    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        let next = parser.peek_token_ref();
        let Token::Word(word) = &next.token else { return None };
        let name = || word.to_ident(next.span);
        match (&next.token, &parser.peek_nth_token_ref(1).token) {
            (next, Token::LBracket) if is_word(next, "MAP") => {
                let name = name();
                (0..2).for_each(|_| parser.advance_token());
                Some(map(parser, name))
            }
            (next, Token::LParen) if is_word(next, "CAST") || is_word(next, "TRY_CAST") => {
                let kind = if is_word(next, "CAST") { CastKind::Cast } else { CastKind::TryCast };
                (0..2).for_each(|_| parser.advance_token());
                Some(cast(parser, kind))
            }
            (next, Token::LParen) if is_word(next, "TRIM") && is_word(&parser.peek_nth_token_ref(3).token, "FROM") => {
                (0..2).for_each(|_| parser.advance_token());
                Some(trim_blanks(parser))
            }
            _ => None,
        }
    }

    /// `x [NOT] BETWEEN SYMMETRIC a AND b`, whose bounds may be in any order.
    fn parse_infix(
        &self,
        parser: &mut Parser<'_>,
        operand: &Expr,
        _precedence: u8,
    ) -> Option<Result<Expr, ParserError>> {
        let negated = is_word(&parser.peek_token_ref().token, "NOT");
        let words = usize::from(negated);
        let is = |at: usize, word: &str| is_word(&parser.peek_nth_token_ref(at).token, word);
        if !is(words, "BETWEEN") || !(is(words + 1, "SYMMETRIC") || is(words + 1, "ASYMMETRIC")) {
            return None;
        }
        let symmetric = is(words + 1, "SYMMETRIC");
        (0..words + 2).for_each(|_| parser.advance_token());
        Some(between(parser, self.prec_value(Precedence::Between), operand, negated, symmetric))
    }
}

/// Parses a CAST after its opening parenthesis.
fn cast(parser: &mut Parser<'_>, kind: CastKind) -> Result<Expr, ParserError> {
    let expr = Box::new(parser.parse_expr()?);
    parser.expect_keyword(Keyword::AS)?;
    let mut text = String::new();
    let mut open = 0_usize;
    loop {
        let next = parser.peek_token_ref();
        match &next.token {
            Token::EOF => break,
            Token::RParen if open == 0 => break,
            Token::LParen => open += 1,
            Token::RParen => open -= 1,
            _ => {}
        }
        let joins = |character: char| character.is_alphanumeric() || matches!(character, '_' | '`' | '\'');
        let token = next.token.to_string();
        if text.ends_with(joins) && token.starts_with(joins) {
            text.push(' ');
        }
        text.push_str(&token);
        parser.advance_token();
    }
    if text.is_empty() {
        return parser.expected("a type", parser.peek_token());
    }
    parser.expect_token(&Token::RParen)?;
    let data_type = DataType::Custom(ObjectName::from(vec![Ident::new(text)]), vec![]);
    Ok(Expr::Cast { kind, expr, data_type, format: None })
}

/// Parses `LEADING FROM x)`.
fn trim_blanks(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    let trim_where = Some(parser.parse_trim_where()?);
    parser.expect_keyword(Keyword::FROM)?;
    let expr = Box::new(parser.parse_expr()?);
    parser.expect_token(&Token::RParen)?;
    Ok(Expr::Trim { expr, trim_where, trim_what: None, trim_characters: None })
}

fn map(parser: &mut Parser<'_>, name: Ident) -> Result<Expr, ParserError> {
    let entries = parser.parse_comma_separated(Parser::parse_expr)?;
    parser.expect_token(&Token::RBracket)?;
    let args = entries.into_iter().map(|entry| FunctionArg::Unnamed(FunctionArgExpr::Expr(entry))).collect();
    Ok(Expr::Function(Function {
        name: ObjectName::from(vec![name]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: vec![] }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: vec![],
    }))
}

fn between(
    parser: &mut Parser<'_>,
    precedence: u8,
    operand: &Expr,
    negated: bool,
    symmetric: bool,
) -> Result<Expr, ParserError> {
    let low = parser.parse_subexpr(precedence)?;
    parser.expect_keyword(Keyword::AND)?;
    let high = parser.parse_subexpr(precedence)?;
    let between = |negated: bool, low: &Expr, high: &Expr| {
        Box::new(Expr::Between {
            expr: Box::new(operand.clone()),
            negated,
            low: Box::new(low.clone()),
            high: Box::new(high.clone()),
        })
    };
    if !symmetric {
        return Ok(*between(negated, &low, &high));
    }
    let either = Expr::BinaryOp {
        left: between(negated, &low, &high),
        op: if negated { BinaryOperator::And } else { BinaryOperator::Or },
        right: between(negated, &high, &low),
    };
    Ok(Expr::Nested(Box::new(either)))
}
