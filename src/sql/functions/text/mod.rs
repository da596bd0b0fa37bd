//! Functions of texts. Positions and lengths are counted in characters.

mod ascii;
mod base64;
mod char_length;
mod characters;
pub mod concat;
mod digest;
mod letter_case;
pub mod like;
mod pad;
pub mod pattern;
mod position;
mod regexp;
mod repeat;
mod replace;
mod reverse;
mod split_index;
mod substring;
mod trim;

use super::definition::Function;

pub const FUNCTIONS: &[Function] = &[
    letter_case::UPPER,
    letter_case::LOWER,
    letter_case::INITCAP,
    trim::TRIM,
    trim::LTRIM,
    trim::RTRIM,
    substring::SUBSTRING,
    substring::LEFT,
    substring::RIGHT,
    pad::LPAD,
    pad::RPAD,
    repeat::REPEAT,
    reverse::REVERSE,
    concat::CONCAT,
    concat::CONCAT_WS,
    replace::REPLACE,
    regexp::REGEXP_REPLACE,
    regexp::REGEXP_EXTRACT,
    regexp::REGEXP,
    split_index::SPLIT_INDEX,
    char_length::CHAR_LENGTH,
    char_length::CHARACTER_LENGTH,
    char_length::LENGTH,
    position::POSITION,
    position::LOCATE,
    position::INSTR,
    ascii::ASCII,
    digest::MD5,
    digest::SHA256,
    base64::TO_BASE64,
    base64::FROM_BASE64,
];
