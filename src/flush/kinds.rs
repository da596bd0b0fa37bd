//! PostgreSQL's types as far as an encoder has to tell them apart.

use crate::target::ColumnKind;

/// A base type's name (`pg_type.typname`), whether it is the server's own, and the column's typmod (−1: none).
pub fn kind(name: &str, built_in: bool, typmod: i32) -> ColumnKind {
    if !built_in {
        return if name == "vector" { ColumnKind::Vector } else { ColumnKind::Other };
    }
    let length = u32::try_from(typmod - 4).ok();
    match name {
        "bool" => ColumnKind::Bool,
        "int2" => ColumnKind::Int2,
        "int4" => ColumnKind::Int4,
        "int8" => ColumnKind::Int8,
        "float4" => ColumnKind::Float4,
        "float8" => ColumnKind::Float8,
        "numeric" => ColumnKind::Numeric(digits(typmod)),
        "text" => ColumnKind::Text,
        "varchar" => ColumnKind::Varchar(length),
        "bpchar" => length.map_or(ColumnKind::Other, ColumnKind::Char),
        "date" => ColumnKind::Date,
        "time" => ColumnKind::Time(fraction(typmod)),
        "timestamp" => ColumnKind::Timestamp(fraction(typmod)),
        "timestamptz" => ColumnKind::TimestampTz(fraction(typmod)),
        "_float4" => ColumnKind::Float4Array,
        "_float8" => ColumnKind::Float8Array,
        // ADBPG has pgvector's type built in.
        "vector" => ColumnKind::Vector,
        _ => ColumnKind::Other,
    }
}

/// `numeric(10, 2)`: the precision in the upper half, the scale in the lower 11 bits, signed.
fn digits(typmod: i32) -> Option<(u16, i16)> {
    let packed = u32::try_from(typmod - 4).ok()?;
    let scale = (packed & 0x7ff) as i16;
    Some(((packed >> 16) as u16, if scale > 0x3ff { scale - 0x800 } else { scale }))
}

fn fraction(typmod: i32) -> u8 {
    u8::try_from(typmod).unwrap_or(6).min(6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_modifiers_are_unpacked() {
        assert_eq!(kind("varchar", true, 14), ColumnKind::Varchar(Some(10)));
        assert_eq!(kind("varchar", true, -1), ColumnKind::Varchar(None));
        assert_eq!(kind("bpchar", true, 7), ColumnKind::Char(3));
        assert_eq!(kind("numeric", true, ((10 << 16) | 2) + 4), ColumnKind::Numeric(Some((10, 2))));
        assert_eq!(kind("numeric", true, ((3 << 16) | 0x7fe) + 4), ColumnKind::Numeric(Some((3, -2))));
        assert_eq!(kind("numeric", true, -1), ColumnKind::Numeric(None));
        assert_eq!(kind("timestamp", true, -1), ColumnKind::Timestamp(6));
        assert_eq!(kind("timestamptz", true, 3), ColumnKind::TimestampTz(3));
    }

    #[test]
    fn a_user_type_with_a_familiar_name_is_left_to_the_server() {
        assert_eq!(kind("text", false, -1), ColumnKind::Other);
        assert_eq!(kind("vector", false, 10), ColumnKind::Vector);
    }
}
