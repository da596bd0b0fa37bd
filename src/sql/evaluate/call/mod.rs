//! The functions, one file a kind. Where an operand is NULL they aren't asked, unless they take it.

mod decimal;
mod digest;
mod moment;
mod nested;
mod number;
mod operation;
mod text;

use self::operation::Operation;
use crate::sql::expression::Function;
use crate::sql::values::context::{EvaluationContext, EvaluationError};
use crate::types::data_type::DataType;
use crate::types::value::Value;

type Called<'a> = Result<Value<'a>, EvaluationError<'a>>;

/// Not inlined: its frame would be part of every level of the recursion over an expression.
#[inline(never)]
pub(crate) fn call<'a>(
    function: &'a Function,
    operands: &'a [Value<'a>],
    data_type: &'a DataType,
    context: &EvaluationContext<'a>,
) -> Called<'a> {
    let arena = context.arena;
    Ok(match (function, operands) {
        (Function::Add, [left, right]) => number::binary(Operation::Add, *left, *right, data_type, arena)?,
        (Function::Subtract, [left, right]) => number::binary(Operation::Subtract, *left, *right, data_type, arena)?,
        (Function::Multiply, [left, right]) => number::binary(Operation::Multiply, *left, *right, data_type, arena)?,
        (Function::Divide, [left, right]) => number::binary(Operation::Divide, *left, *right, data_type, arena)?,
        (Function::Remainder, [left, right]) => number::binary(Operation::Remainder, *left, *right, data_type, arena)?,
        (Function::Negate, [value]) => number::negate(*value, data_type, arena),
        (Function::Absolute, [value]) => number::absolute(*value, data_type, arena),
        (Function::Sign, [value]) => number::sign(*value, arena),
        (Function::Floor, [value]) => number::floor(*value, data_type, arena),
        (Function::Ceil, [value]) => number::ceil(*value, data_type, arena),
        (Function::Round, [value, Value::Int(digits)]) => number::round(*value, *digits, true, data_type, arena)?,
        (Function::Truncate, [value, Value::Int(digits)]) => number::round(*value, *digits, false, data_type, arena)?,
        (Function::Power, [Value::Double(base), Value::Double(exponent)]) => Value::Double(base.powf(*exponent)),
        (Function::SquareRoot, [Value::Double(value)]) => Value::Double(value.sqrt()),
        (Function::Exponential, [Value::Double(value)]) => Value::Double(value.exp()),
        (Function::NaturalLogarithm, [Value::Double(value)]) => Value::Double(value.ln()),
        (Function::DecimalLogarithm, [Value::Double(value)]) => Value::Double(value.log10()),
        (Function::Greatest, values) => number::extreme(values, true),
        (Function::Least, values) => number::extreme(values, false),

        (Function::Concat, values) => text::concat(values, arena),
        (Function::ConcatWithSeparator, [separator, values @ ..]) => text::join(*separator, values, arena),
        (Function::Upper, [Value::Text(text)]) => text::upper(text, arena),
        (Function::Lower, [Value::Text(text)]) => text::lower(text, arena),
        (Function::InitialCapitals, [Value::Text(text)]) => text::initial_capitals(text, arena),
        (Function::Reverse, [Value::Text(text)]) => text::collect(text.len(), text.chars().rev(), arena),
        (Function::Trim(side), [Value::Text(text)]) => Value::Text(text::trim(text, " ", *side)),
        (Function::Trim(side), [Value::Text(text), Value::Text(set)]) => Value::Text(text::trim(text, set, *side)),
        (Function::Substring, [Value::Text(text), Value::Int(start)]) => text::substring(text, *start, i64::MAX),
        (Function::Substring, [Value::Text(text), Value::Int(start), Value::Int(length)]) => {
            text::substring(text, *start, *length)
        }
        (Function::Left, [Value::Text(text), Value::Int(length)]) => Value::Text(text::left(text, *length)),
        (Function::Right, [Value::Text(text), Value::Int(length)]) => Value::Text(text::right(text, *length)),
        (Function::Repeat, [Value::Text(text), Value::Int(times)]) => text::repeat(text, *times, arena)?,
        (Function::PadLeft, [Value::Text(text), Value::Int(length), Value::Text(pad)]) => {
            text::pad(text, *length, pad, true, arena)?
        }
        (Function::PadRight, [Value::Text(text), Value::Int(length), Value::Text(pad)]) => {
            text::pad(text, *length, pad, false, arena)?
        }
        (Function::Replace, [Value::Text(text), Value::Text(wanted), Value::Text(other)]) => {
            text::replace(text, text.match_indices(wanted).map(|(at, found)| (at, at + found.len())), other, arena)
        }
        (Function::RegexpReplace(pattern), [Value::Text(text), Value::Text(other)]) => {
            text::replace(text, pattern.matches(text), other, arena)
        }
        (Function::RegexpExtract(pattern, group), [Value::Text(text)]) => {
            pattern.group(text, *group).map_or(Value::Null, Value::Text)
        }
        (Function::Regexp(pattern), [Value::Text(text)]) => {
            Value::Bool(!pattern.as_str().is_empty() && pattern.is_match(text))
        }
        (Function::Like(like), [Value::Text(text)]) => Value::Bool(like.matches(text)),
        (Function::SplitIndex, [Value::Text(text), separator, Value::Int(index)]) => {
            text::split_index(text, *separator, *index)
        }
        (Function::CharLength, [Value::Text(text)]) => Value::Int(text.chars().count() as i64),
        (Function::Position, [Value::Text(wanted), Value::Text(text)]) => text::position(wanted, text, 1),
        (Function::Position, [Value::Text(wanted), Value::Text(text), Value::Int(from)]) => {
            text::position(wanted, text, *from)
        }
        (Function::Ascii, [Value::Text(text)]) => Value::Int(text.bytes().next().map_or(0, i64::from)),
        (Function::Md5, [Value::Text(text)]) => digest::md5(text, arena),
        (Function::Sha256, [Value::Text(text)]) => digest::sha256(text, arena),
        (Function::ToBase64, [Value::Text(text)]) => digest::to_base64(text.as_bytes(), arena),
        (Function::ToBase64, [Value::Bytes(bytes)]) => digest::to_base64(bytes, arena),
        (Function::FromBase64, [Value::Text(text)]) => digest::from_base64(text, arena)?,

        (Function::Extract(unit), [value]) => moment::extract(*unit, *value, context.zone),
        (Function::FloorTo(unit), [value]) => moment::floor(*unit, *value, context.zone),
        (Function::CeilTo(unit), [value]) => moment::ceil(*unit, *value, context.zone),
        (Function::Shift(interval), [value]) => moment::shift(*value, *interval),
        (Function::Later, [value, interval]) => {
            moment::span(*interval).map_or(Value::Null, |interval| moment::shift(*value, interval))
        }
        (Function::Earlier, [value, interval]) => moment::span(*interval)
            .and_then(moment::back)
            .map_or(Value::Null, |interval| moment::shift(*value, interval)),
        (Function::Difference(unit), [later, earlier]) => moment::difference(*unit, *later, *earlier, context.zone),
        (Function::ToTimestamp(format), [Value::Text(text)]) => moment::to_timestamp(text, format),
        (Function::ToDate(format), [Value::Text(text)]) => moment::to_date(text, format),
        (Function::DateFormat(format), [value]) => moment::print(*value, format, context),
        (Function::FromUnixtime(format), [Value::Int(seconds)]) => {
            moment::print(Value::Instant { seconds: *seconds, nanos: 0 }, format, context)
        }
        (Function::UnixTimestamp(format), [Value::Text(text)]) => moment::unix_timestamp(text, format, context.zone),
        (Function::ToInstant { millis }, [value]) => moment::to_instant(*value, *millis),
        (
            Function::CurrentTimestamp
            | Function::LocalTimestamp
            | Function::CurrentDate
            | Function::CurrentTime
            | Function::CurrentUnixTimestamp,
            _,
        ) => moment::current(function, context),

        (Function::Cardinality, [value]) => nested::cardinality(*value),
        (Function::Element, [value, Value::Int(index)]) => nested::element(*value, *index),
        (Function::Lookup, [Value::Map(entries), key]) => nested::lookup(entries, *key),
        (Function::Contains, [array, wanted]) => nested::contains(*array, *wanted),
        (Function::MakeArray, elements) => Value::Array(elements),
        (Function::MakeRow, fields) => Value::Row(fields),
        (Function::MakeMap, keys_and_values) => nested::map(keys_and_values, arena),
        // The plan has checked how many operands there are, and their types. All functions are named, so that one without an
        // arm above doesn't compile.
        (
            Function::Add
            | Function::Subtract
            | Function::Multiply
            | Function::Divide
            | Function::Remainder
            | Function::Negate
            | Function::Absolute
            | Function::Sign
            | Function::Floor
            | Function::Ceil
            | Function::Round
            | Function::Truncate
            | Function::Power
            | Function::SquareRoot
            | Function::Exponential
            | Function::NaturalLogarithm
            | Function::DecimalLogarithm
            | Function::ConcatWithSeparator
            | Function::Upper
            | Function::Lower
            | Function::InitialCapitals
            | Function::Reverse
            | Function::Trim(..)
            | Function::Substring
            | Function::Left
            | Function::Right
            | Function::Repeat
            | Function::PadLeft
            | Function::PadRight
            | Function::Replace
            | Function::RegexpReplace(..)
            | Function::RegexpExtract(..)
            | Function::Regexp(..)
            | Function::Like(..)
            | Function::SplitIndex
            | Function::CharLength
            | Function::Position
            | Function::Ascii
            | Function::Md5
            | Function::Sha256
            | Function::ToBase64
            | Function::FromBase64
            | Function::Extract(..)
            | Function::FloorTo(..)
            | Function::CeilTo(..)
            | Function::Shift(..)
            | Function::Later
            | Function::Earlier
            | Function::Difference(..)
            | Function::ToTimestamp(..)
            | Function::ToDate(..)
            | Function::DateFormat(..)
            | Function::FromUnixtime(..)
            | Function::UnixTimestamp(..)
            | Function::ToInstant { .. }
            | Function::Cardinality
            | Function::Element
            | Function::Lookup
            | Function::Contains,
            _,
        ) => return Err(EvaluationError::Refused("a function was called with operands it doesn't take")),
    })
}
