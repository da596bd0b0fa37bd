//! MD5 and SHA256.

use bumpalo::Bump;
use sha2::Digest;

use super::characters::collect;
use crate::sql::functions::definition::*;

pub const MD5: Function = Function {
    name: "MD5",
    parameters: Parameters::of(&[Text]),
    form: "MD5(text)",
    meaning: "The text's MD5 digest in hexadecimal digits.",
    plan: |operands| Ok(Expression::call(TextDigest::Md5, operands, DataType::Char(32))),
};

pub const SHA256: Function = Function {
    name: "SHA256",
    parameters: Parameters::of(&[Text]),
    form: "SHA256(text)",
    meaning: "The text's SHA-256 digest in hexadecimal digits.",
    plan: |operands| Ok(Expression::call(TextDigest::Sha256, operands, DataType::Char(64))),
};

#[derive(Debug, PartialEq)]
enum TextDigest {
    Md5,
    Sha256,
}

impl Evaluate for TextDigest {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        let [Value::Text(text)] = operands.values else { return operands.unexpected() };
        Ok(match self {
            TextDigest::Md5 => hexadecimal(&md5::Md5::digest(text.as_bytes()), operands.arena()),
            TextDigest::Sha256 => hexadecimal(&sha2::Sha256::digest(text.as_bytes()), operands.arena()),
        })
    }
}

fn hexadecimal<'a>(bytes: &[u8], arena: &'a Bump) -> Value<'a> {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' + half - 10 });
    let digits = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    collect(bytes.len() * 2, digits, arena)
}
