//! Column types as the database's catalog names them.

/// The catalog's description of a column's type. For a domain it is the description of the base type.
#[derive(Debug, Clone)]
pub struct CatalogType {
    pub name: String,
    /// The type is one of the server's own, in `pg_catalog`.
    pub built_in: bool,
    /// `typtype`: b(ase), c(omposite), e(num), r(ange) …
    pub class: char,
    pub is_array: bool,
    /// The type has a binary receive function.
    pub has_receive: bool,
    /// The type modifier that the column is declared with; −1: none.
    pub typmod: i32,
}

impl CatalogType {
    /// The element type, if this is an array of one of the server's own types.
    pub(super) fn element(&self) -> Option<CatalogType> {
        let name = self.name.strip_prefix('_').filter(|_| self.is_array && self.built_in)?;
        Some(CatalogType { name: name.to_owned(), class: 'b', is_array: false, ..self.clone() })
    }

    /// The modifier of those types whose `typmod` is the modifier plus 4.
    pub(super) fn modifier_from_4(&self) -> Option<u32> {
        u32::try_from(self.typmod.checked_sub(4)?).ok()
    }

    /// Fraction digits of a time.
    pub(super) fn fraction_digits(&self) -> u8 {
        u8::try_from(self.typmod).unwrap_or(6).min(6)
    }
}

/// How the catalog names a type.
pub(crate) enum CatalogName {
    /// One of the server's own types. Its oid is the same in every database, and an array names its element type by this
    /// oid.
    BuiltIn { name: &'static str, oid: u32 },
    /// A type of an extension. Some servers of the family have it built in.
    Extension { name: &'static str },
    /// The type is recognized by a condition, not by its name.
    Where(fn(&CatalogType) -> bool),
}

impl CatalogName {
    pub(super) fn fits(&self, of: &CatalogType) -> bool {
        match self {
            CatalogName::BuiltIn { name, .. } => of.built_in && of.name == *name,
            CatalogName::Extension { name } => of.name == *name,
            CatalogName::Where(test) => test(of),
        }
    }

    /// The type's oid, where it is the same everywhere.
    pub(super) fn oid(&self) -> Option<u32> {
        match self {
            CatalogName::BuiltIn { oid, .. } => Some(*oid),
            CatalogName::Extension { .. } | CatalogName::Where(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::column_types::ColumnType;

    fn column_type(name: &str, built_in: bool, typmod: i32) -> ColumnType {
        ColumnType::of(&CatalogType { has_receive: true, typmod, ..of('b', name, built_in) })
    }

    fn of(class: char, name: &str, built_in: bool) -> CatalogType {
        CatalogType {
            name: name.into(),
            built_in,
            class,
            is_array: name.starts_with('_'),
            has_receive: false,
            typmod: -1,
        }
    }

    #[test]
    fn a_type_without_a_receive_function_is_sent_as_text() {
        for name in ["seg", "vector", "text", "_text"] {
            assert_eq!(ColumnType::of(&of('b', name, true)), ColumnType::TextOnly);
        }
    }

    #[test]
    fn type_modifiers_are_read() {
        assert_eq!(column_type("varchar", true, 14), ColumnType::Varchar(Some(10)));
        assert_eq!(column_type("varchar", true, -1), ColumnType::Varchar(None));
        assert_eq!(column_type("bpchar", true, 7), ColumnType::Char(3));
        assert_eq!(column_type("numeric", true, ((10 << 16) | 2) + 4), ColumnType::Numeric(Some((10, 2))));
        assert_eq!(column_type("numeric", true, ((3 << 16) | 0x7fe) + 4), ColumnType::Numeric(Some((3, -2))));
        assert_eq!(column_type("numeric", true, -1), ColumnType::Numeric(None));
        assert_eq!(column_type("timestamp", true, -1), ColumnType::Timestamp(6));
        assert_eq!(column_type("timestamptz", true, 3), ColumnType::TimestampTz(3));
        assert_eq!(column_type("bit", true, 3), ColumnType::Bit(Some(3)));
        assert_eq!(column_type("varbit", true, -1), ColumnType::Varbit(None));
    }

    #[test]
    fn a_user_type_with_a_familiar_name_is_left_to_the_server() {
        assert_eq!(column_type("text", false, -1), ColumnType::Other);
        assert_eq!(column_type("vector", false, 10), ColumnType::Vector);
    }

    #[test]
    fn the_modifier_of_an_array_is_that_of_its_elements() {
        assert_eq!(column_type("_varchar", true, 14), ColumnType::Array(Box::new(ColumnType::Varchar(Some(10)))));
        assert_eq!(column_type("_float4", true, -1), ColumnType::Float4Array);
        assert_eq!(column_type("_int2", true, -1), ColumnType::Int2Array);
    }

    #[test]
    fn arrays_of_types_without_a_fixed_oid_are_sent_as_text() {
        assert_eq!(column_type("_inet", true, -1), ColumnType::OtherArray);
        assert_eq!(column_type("_int4", false, -1), ColumnType::OtherArray);
        assert_eq!(column_type("_vector", false, -1), ColumnType::OtherArray);
        assert_eq!(column_type("_vector", true, -1), ColumnType::OtherArray);
    }

    #[test]
    fn enums_and_rows_are_known_by_their_class() {
        let column_type = |class| ColumnType::of(&CatalogType { has_receive: true, ..of(class, "text", false) });
        assert_eq!(column_type('e'), ColumnType::Enum);
        assert_eq!(column_type('c'), ColumnType::Composite);
        assert_eq!(column_type('r'), ColumnType::Other);
    }
}
