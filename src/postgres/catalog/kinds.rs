//! PostgreSQL's types as far as an encoder has to tell them apart.

use crate::types::target::ColumnKind;

/// What `pg_type` says of a base type.
#[derive(Debug, Clone)]
pub struct PgType {
    pub name: String,
    /// The server's own, in `pg_catalog`.
    pub built_in: bool,
    /// `typtype`: b(ase), c(omposite), e(num), r(ange) …
    pub class: char,
    pub is_array: bool,
    /// It has a binary receive function.
    pub has_receive: bool,
}

/// How a column of a type with this typmod (−1: none) stores its values.
pub fn kind(of: &PgType, typmod: i32) -> ColumnKind {
    if !of.has_receive {
        return ColumnKind::TextOnly;
    }
    match of.class {
        'e' => return ColumnKind::Enum,
        'c' => return ColumnKind::Composite,
        _ => {}
    }
    // Those of the server have fixed oids, which a binary array names.
    let element = if of.built_in { of.name.strip_prefix('_') } else { None };
    match (of.is_array, element) {
        (true, Some("float4")) => ColumnKind::Float4Array,
        (true, Some("float8")) => ColumnKind::Float8Array,
        (true, element) => match element.map(|element| built_in(element, typmod)) {
            None | Some(ColumnKind::Other) => ColumnKind::OtherArray,
            Some(element) => ColumnKind::Array(Box::new(element)),
        },
        // ADBPG has pgvector's type built in.
        (false, _) => match of.name.as_str() {
            "vector" => ColumnKind::Vector,
            "halfvec" => ColumnKind::HalfVec,
            "sparsevec" => ColumnKind::SparseVec,
            name if of.built_in => built_in(name, typmod),
            _ => ColumnKind::Other,
        },
    }
}

fn built_in(name: &str, typmod: i32) -> ColumnKind {
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
        "bytea" => ColumnKind::Bytea,
        "uuid" => ColumnKind::Uuid,
        "json" => ColumnKind::Json,
        "jsonb" => ColumnKind::Jsonb,
        "bit" => ColumnKind::Bit(u32::try_from(typmod).ok()),
        "varbit" => ColumnKind::Varbit(u32::try_from(typmod).ok()),
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

    fn kind(name: &str, built_in: bool, typmod: i32) -> ColumnKind {
        super::kind(&PgType { has_receive: true, ..of('b', name, built_in) }, typmod)
    }

    fn of(class: char, name: &str, built_in: bool) -> PgType {
        PgType { name: name.into(), built_in, class, is_array: name.starts_with('_'), has_receive: false }
    }

    #[test]
    fn a_type_without_a_receive_function_goes_as_text_whatever_its_name() {
        for name in ["seg", "vector", "text", "_text"] {
            assert_eq!(super::kind(&of('b', name, true), -1), ColumnKind::TextOnly);
        }
    }

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
        assert_eq!(kind("bit", true, 3), ColumnKind::Bit(Some(3)));
        assert_eq!(kind("varbit", true, -1), ColumnKind::Varbit(None));
    }

    #[test]
    fn a_user_type_with_a_familiar_name_is_left_to_the_server() {
        assert_eq!(kind("text", false, -1), ColumnKind::Other);
        assert_eq!(kind("vector", false, 10), ColumnKind::Vector);
    }

    #[test]
    fn the_modifier_of_an_array_is_that_of_its_elements() {
        assert_eq!(kind("_varchar", true, 14), ColumnKind::Array(Box::new(ColumnKind::Varchar(Some(10)))));
        assert_eq!(kind("_float4", true, -1), ColumnKind::Float4Array);
    }

    #[test]
    fn arrays_of_types_that_we_do_not_know_by_their_oid_go_as_text() {
        assert_eq!(kind("_inet", true, -1), ColumnKind::OtherArray);
        assert_eq!(kind("_int4", false, -1), ColumnKind::OtherArray);
        assert_eq!(kind("_vector", false, -1), ColumnKind::OtherArray);
    }

    #[test]
    fn enums_and_rows_are_known_by_their_class() {
        let kind = |class| super::kind(&PgType { has_receive: true, ..of(class, "text", false) }, -1);
        assert_eq!(kind('e'), ColumnKind::Enum);
        assert_eq!(kind('c'), ColumnKind::Composite);
        assert_eq!(kind('r'), ColumnKind::Other);
    }
}
