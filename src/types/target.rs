//! The target table as the database's catalog describes it: what rows must look like to be stored.

use crate::types::data_type::{DataType, UNBOUNDED};

/// How a column stores its values, as far as an encoder has to know. A domain counts as its base type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnKind {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    /// `None`: any number of digits.
    Numeric(Option<(u16, i16)>),
    Text,
    /// Length in characters.
    Varchar(Option<u32>),
    Char(u32),
    Date,
    /// Fraction digits, 0 to 6.
    Time(u8),
    Timestamp(u8),
    TimestampTz(u8),
    Bytea,
    Uuid,
    Json,
    Jsonb,
    /// Any enum: stored by its label.
    Enum,
    /// Length in bits.
    Bit(Option<u32>),
    /// Length in bits, at most.
    Varbit(Option<u32>),
    Float4Array,
    Float8Array,
    /// An array of another of these types, which is no array itself.
    Array(Box<ColumnKind>),
    /// pgvector's `vector`. Its dimension stands in [`TargetColumn::dimension`].
    Vector,
    HalfVec,
    SparseVec,
    /// A row type: sent as text.
    Composite,
    /// An array of anything else: sent as text.
    OtherArray,
    /// Anything else: sent as text, the server decides.
    Other,
    /// A type that the server reads as text only, because it has no binary receive function. No row of its table is sent in
    /// binary form, whatever its other columns are.
    TextOnly,
}

impl ColumnKind {
    /// The type of the values that go into the column as they are.
    pub fn natural_source(&self) -> DataType {
        match self {
            ColumnKind::Bool => DataType::Boolean,
            ColumnKind::Int2 => DataType::SmallInt,
            ColumnKind::Int4 => DataType::Int,
            ColumnKind::Int8 => DataType::BigInt,
            ColumnKind::Float4 => DataType::Float,
            ColumnKind::Float8 => DataType::Double,
            ColumnKind::Numeric(_) => DataType::Decimal { precision: 38, scale: 18 },
            ColumnKind::Date => DataType::Date,
            ColumnKind::Time(precision) => DataType::Time { precision: *precision },
            ColumnKind::Timestamp(precision) => DataType::Timestamp { precision: *precision },
            ColumnKind::TimestampTz(precision) => DataType::TimestampLtz { precision: *precision },
            ColumnKind::Bytea | ColumnKind::Uuid | ColumnKind::Bit(_) | ColumnKind::Varbit(_) => {
                DataType::Varbinary(UNBOUNDED)
            }
            ColumnKind::Float4Array | ColumnKind::Vector | ColumnKind::HalfVec | ColumnKind::SparseVec => {
                DataType::Array(Box::new(DataType::Float))
            }
            ColumnKind::Float8Array => DataType::Array(Box::new(DataType::Double)),
            ColumnKind::Array(element) => DataType::Array(Box::new(element.natural_source())),
            _ => DataType::STRING,
        }
    }

    /// A type made for vectors, or an array that serves as one. An array of smallint does on ADBPG.
    pub fn holds_vectors(&self) -> bool {
        match self {
            ColumnKind::Array(element) => **element == ColumnKind::Int2,
            ColumnKind::Float4Array | ColumnKind::Float8Array => true,
            kind => kind.is_vector(),
        }
    }

    /// Whether a value that both take has one key image in both, so that a key column altered from one to the other keeps
    /// its rows in their shards.
    pub fn has_images_of(&self, other: &ColumnKind) -> bool {
        use ColumnKind as Kind;
        let is_integer = |kind: &Kind| matches!(kind, Kind::Int2 | Kind::Int4 | Kind::Int8);
        let is_text = |kind: &Kind| matches!(kind, Kind::Text | Kind::Varchar(_));
        self == other || is_integer(self) && is_integer(other) || is_text(self) && is_text(other)
    }

    /// One of pgvector's types.
    pub fn is_vector(&self) -> bool {
        matches!(self, ColumnKind::Vector | ColumnKind::HalfVec | ColumnKind::SparseVec)
    }
}

/// A vector length that the table insists on, and who says so (`vector(10)`, `index car_info_feature_idx`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    pub length: usize,
    pub declared_by: String,
    /// An index over a cast of the column, such as `hnsw ((feature::vector(10)))`, refuses what the cast refuses: NULL
    /// elements, NaN and infinities too.
    pub finite_only: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetColumn {
    pub name: String,
    /// The type as PostgreSQL prints it, `character varying(10)`.
    pub type_name: String,
    pub kind: ColumnKind,
    pub not_null: bool,
    pub dimension: Option<Dimension>,
    /// The type of the expression that feeds the column.
    pub source: DataType,
}

/// The written columns of one table, in the order of the statement that feeds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetTable {
    pub schema: String,
    pub table: String,
    pub columns: Vec<TargetColumn>,
    /// Indexes into `columns` of the key: the job's PRIMARY KEY, else the table's. `None`: nothing identifies a row.
    pub key: Option<Vec<usize>>,
    /// Two rows have the same key if, and only if, its bytes are the same: no collation, operator class or trigger of the table
    /// has another rule.
    pub key_is_bytewise: bool,
    /// The table has a unique or exclusion constraint (or unique index) besides the key over a written column.
    pub other_unique: bool,
}

impl TargetTable {
    /// The table as deletes see it: the key's columns alone.
    pub fn of_key(&self) -> TargetTable {
        let key = self.key.as_deref().unwrap_or_default();
        let columns: Vec<_> = key.iter().filter_map(|&at| self.columns.get(at).cloned()).collect();
        TargetTable { key: Some((0..columns.len()).collect()), columns, ..self.clone() }
    }

    /// `schema.table`, unquoted, for messages.
    pub fn name(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }
}
