//! Messages of the text formats.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::spelling::{Field, Spelling};

fn joined<T: ToString>(numbers: &[T], delimiter: &str) -> String {
    numbers.iter().map(T::to_string).collect::<Vec<_>>().join(delimiter)
}

/// Fields between `|`.
pub fn line(id: i32, fields: &[(Spelling, Field)]) -> String {
    let field = |(_, field): &(Spelling, Field)| match field {
        Field::Text(text) | Field::Json(text) => text.clone(),
        Field::Floats(numbers) => joined(numbers, ";"),
        Field::Doubles(numbers) => joined(numbers, ";"),
        Field::Bytes(bytes) => BASE64.encode(bytes),
    };
    std::iter::once(id.to_string()).chain(fields.iter().map(field)).collect::<Vec<_>>().join("|")
}

pub fn object(id: i32, fields: &[(Spelling, Field)]) -> String {
    let field = |(spelling, field): &(Spelling, Field)| {
        let value = match field {
            Field::Text(text) => format!("{text:?}"),
            Field::Json(document) => document.clone(),
            Field::Floats(numbers) => format!("[{}]", joined(numbers, ", ")),
            Field::Doubles(numbers) => format!("[{}]", joined(numbers, ",")),
            Field::Bytes(bytes) => format!("{:?}", BASE64.encode(bytes)),
        };
        format!(",{:?}:{value}", spelling.column())
    };
    format!(r#"{{"id":{id}{}}}"#, fields.iter().map(field).collect::<String>())
}
