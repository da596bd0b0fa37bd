//! Constants of a query: numbers, strings, dates and times.

use crate::sql::expression::Literal;
use crate::types::data_type::DataType;
use crate::types::value::Decimal;

/// A number's value and its type in Flink: INT, BIGINT, DECIMAL, or DOUBLE if it has an exponent.
pub fn number(digits: &str, negative: bool) -> Option<(Literal, DataType)> {
    let signed = if negative { format!("-{digits}") } else { digits.to_string() };
    if digits.contains(['e', 'E']) {
        return Some((Literal::Double(signed.parse().ok()?), DataType::Double));
    }
    if let Ok(integer) = signed.parse::<i64>() {
        let data_type = if i32::try_from(integer).is_ok() { DataType::Int } else { DataType::BigInt };
        return Some((Literal::Int(integer), data_type));
    }
    let (whole, fraction) = signed.split_once('.').unwrap_or((&signed, ""));
    let unscaled: i128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = u8::try_from(fraction.len()).ok()?;
    let digits = unscaled.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
    let precision = u8::try_from(digits).ok()?.max(scale).max(1);
    if precision > 38 {
        return None;
    }
    Some((Literal::Decimal(Decimal { unscaled, scale }), DataType::Decimal { precision, scale }))
}

/// A string. Its type is CHAR of its length, as in Flink.
pub fn text(text: String) -> (Literal, DataType) {
    let length = u32::try_from(text.chars().count()).unwrap_or(crate::types::data_type::UNBOUNDED);
    (Literal::Text(text), DataType::Char(length))
}

/// Reads `yyyy-mm-dd` as days since 1970.
pub fn date(text: &str) -> Option<i32> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let is_date = year.len() == 4 && (1..=2).contains(&month.len()) && (1..=2).contains(&day.len());
    let (year, month, day) = (digits(year)?, digits(month)?, digits(day)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !is_date || year == 0 || !(1..=12).contains(&month) || !(1..=last).contains(&day) {
        return None;
    }
    // Years are counted from March, so that the leap day is their last day. 400 years have 146,097 days.
    let years = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * years + years / 4 - years / 100 + years / 400 + day_of_year - 719_468;
    i32::try_from(days).ok()
}

/// Reads `HH:mm:ss[.fraction]` as nanoseconds since midnight, with the number of fraction digits.
pub fn time(text: &str) -> Option<(i64, u8)> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.splitn(3, ':');
    let (hour, minute, second) = (digits(parts.next()?)?, digits(parts.next()?)?, digits(parts.next()?)?);
    if hour > 23 || minute > 59 || second > 59 || fraction.len() > 9 || text.ends_with('.') {
        return None;
    }
    let nanos = if fraction.is_empty() { 0 } else { digits(&format!("{fraction:0<9}"))? };
    let precision = u8::try_from(fraction.len()).ok()?;
    Some((((hour * 60 + minute) * 60 + second) * 1_000_000_000 + nanos, precision))
}

/// Reads `yyyy-mm-dd HH:mm:ss[.fraction]`, with the number of fraction digits.
pub fn timestamp(text: &str) -> Option<(Literal, u8)> {
    let (day, clock) = text.split_once(' ')?;
    let (nanos_of_day, precision) = time(clock.trim_start())?;
    let seconds = i64::from(date(day)?) * 86_400 + nanos_of_day / 1_000_000_000;
    let nanos = u32::try_from(nanos_of_day % 1_000_000_000).ok()?;
    Some((Literal::Timestamp { seconds, nanos }, precision))
}

fn digits(text: &str) -> Option<i64> {
    let all_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| text.parse().ok()).flatten()
}

/// The constant as another type. `None`: the result isn't certain, so the constant is cast like any value.
pub fn convert(constant: &Literal, target: &DataType) -> Option<Literal> {
    match (constant, target) {
        (Literal::Null, _) => Some(Literal::Null),
        (Literal::Int(number), DataType::BigInt) => Some(Literal::Int(*number)),
        (Literal::Int(number), DataType::Int) => i32::try_from(*number).ok().map(|_| Literal::Int(*number)),
        (Literal::Int(number), DataType::SmallInt) => i16::try_from(*number).ok().map(|_| Literal::Int(*number)),
        (Literal::Int(number), DataType::TinyInt) => i8::try_from(*number).ok().map(|_| Literal::Int(*number)),
        // Every whole number up to 2^53 is exact as a double.
        (Literal::Int(number), DataType::Double) if number.unsigned_abs() <= 1 << 53 => {
            Some(Literal::Double(*number as f64))
        }
        (Literal::Int(number), DataType::Decimal { precision, scale }) => {
            rescale(Decimal { unscaled: i128::from(*number), scale: 0 }, *precision, *scale)
        }
        (Literal::Decimal(number), DataType::Decimal { precision, scale }) => rescale(*number, *precision, *scale),
        (Literal::Decimal(number), DataType::Double) => {
            let power = usize::from(number.scale);
            format!("{}e-{power}", number.unscaled).parse().ok().map(Literal::Double)
        }
        (Literal::Text(text), DataType::Varchar(room)) => {
            Some(Literal::Text(text.chars().take(usize::try_from(*room).ok()?).collect()))
        }
        (Literal::Text(text), DataType::Date) => date(text.trim()).map(Literal::Date),
        (Literal::Text(text), DataType::Timestamp { precision }) => {
            timestamp(text.trim()).filter(|(_, digits)| digits <= precision).map(|(moment, _)| moment)
        }
        (Literal::Timestamp { .. }, DataType::Timestamp { precision: 9 }) => Some(constant.clone()),
        _ => None,
    }
}

/// The number with this scale. `None`: it would lose fraction digits or have too many digits.
fn rescale(number: Decimal, precision: u8, scale: u8) -> Option<Literal> {
    let more = u32::from(scale.checked_sub(number.scale)?);
    let unscaled = number.unscaled.checked_mul(10_i128.checked_pow(more)?)?;
    let fits = unscaled.unsigned_abs() < 10_u128.checked_pow(u32::from(precision))?;
    fits.then_some(Literal::Decimal(Decimal { unscaled, scale }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_narrowest_type_that_holds_it() {
        assert_eq!(number("7", false), Some((Literal::Int(7), DataType::Int)));
        assert_eq!(number("2147483648", true), Some((Literal::Int(-2_147_483_648), DataType::Int)));
        assert_eq!(number("2147483648", false), Some((Literal::Int(2_147_483_648), DataType::BigInt)));
        assert_eq!(number("1e3", true), Some((Literal::Double(-1000.0), DataType::Double)));
        let decimal = |unscaled, scale, precision| {
            Some((Literal::Decimal(Decimal { unscaled, scale }), DataType::Decimal { precision, scale }))
        };
        assert_eq!(number("1.50", true), decimal(-150, 2, 3));
        assert_eq!(number("0.05", false), decimal(5, 2, 2));
        assert_eq!(number("99999999999999999999", false), decimal(99_999_999_999_999_999_999, 0, 20));
    }

    #[test]
    fn a_number_of_more_than_38_digits_is_refused() {
        assert_eq!(number(&"9".repeat(39), false), None);
    }

    #[test]
    fn a_date_counts_days_since_1970() {
        for (text, days) in [("1970-01-01", 0), ("1969-12-31", -1), ("2000-02-29", 11_016), ("2024-03-01", 19_783)] {
            assert_eq!(date(text), Some(days), "{text}");
        }
        for text in ["2023-02-29", "2023-13-01", "2023-00-01", "23-01-01", "2023-1-1-1", "2023-01", "+123-01-01"] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn a_timestamp_has_the_precision_of_its_fraction() {
        assert_eq!(
            timestamp("1970-01-02 00:00:01.5"),
            Some((Literal::Timestamp { seconds: 86_401, nanos: 500_000_000 }, 1))
        );
        assert_eq!(timestamp("1969-12-31 23:59:59"), Some((Literal::Timestamp { seconds: -1, nanos: 0 }, 0)));
        assert_eq!(timestamp("1970-01-01T00:00:00"), None);
        assert_eq!(timestamp("1970-01-01 24:00:00"), None);
    }
}
