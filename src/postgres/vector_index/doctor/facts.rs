//! The facts that the checks use.

use super::version::DottedVersion;
use crate::postgres::catalog::dimension::option;
use crate::postgres::connect::sql::quote;

/// A table with a vector column, its vector indexes, and the server.
#[derive(Debug, Clone)]
pub struct DoctorFacts {
    pub server: ServerFacts,
    pub job: JobFacts,
    pub table: TableFacts,
    /// The written columns that hold vectors.
    pub columns: Vec<ColumnFacts>,
    /// Indexes over these columns by any method that is made for vectors.
    pub indexes: Vec<IndexFacts>,
    /// The operators that queries order these columns by. `None`: the server doesn't say.
    pub queries: Option<Vec<QueryFacts>>,
}

#[derive(Debug, Clone)]
pub struct ServerFacts {
    /// 180003 is 18.3.
    pub version: u32,
    pub greenplum: bool,
    /// The kernel of AnalyticDB for PostgreSQL.
    pub adbpg: Option<DottedVersion>,
    /// The extension `vector` in this database.
    pub pgvector: Option<DottedVersion>,
    /// The version of `vector` that is installed on the server's disk.
    pub pgvector_library: Option<DottedVersion>,
    pub block_size: usize,
    /// In bytes, as all sizes here.
    pub shared_buffers: u64,
    pub maintenance_work_mem: u64,
    /// `None`: older than PostgreSQL 11.
    pub parallel_maintenance_workers: Option<u32>,
    pub max_connections: u32,
    /// How many of them are kept for administrators.
    pub reserved_connections: u32,
    /// Connections of all databases now, with this one.
    pub connections: u32,
    /// How many connections the role or the database may have.
    pub connection_limit: Option<u32>,
    pub autovacuum: bool,
}

/// What the job does.
#[derive(Debug, Clone)]
pub struct JobFacts {
    /// `connectionmaxactive`.
    pub connections: u32,
    /// Further sessions, with `sink.vector-index` = behind: those of the movers and the other sessions of the keeper.
    pub sessions_for_index: u32,
    /// `vector.normalize` = l2.
    pub normalize: bool,
    /// `vector.dimension`.
    pub dimension: Option<usize>,
    /// Rows that are there may be updated or deleted.
    pub updates: bool,
    /// `sink.vector-index` = defer: the job drops the index and builds it itself.
    pub defers: bool,
}

#[derive(Debug, Clone)]
pub struct TableFacts {
    /// `"schema"."name"`.
    pub quoted: String,
    pub partitioned: bool,
    pub unlogged: bool,
    /// `name=value`, one a line.
    pub options: String,
    pub live_rows: u64,
    pub dead_rows: u64,
    pub bytes: u64,
    /// ANALYZE has gathered statistics, or it can't be known.
    pub analyzed: bool,
    pub has_unique_key: bool,
}

/// The kind of a column that holds vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VectorKind {
    Vector,
    Halfvec,
    Sparsevec,
    Array,
}

#[derive(Debug, Clone)]
pub struct ColumnFacts {
    pub name: String,
    pub number: i16,
    pub kind: VectorKind,
    /// The length in the column's type.
    pub dimension: Option<usize>,
    /// The length that vectors must have, by the column's type, an index or the job.
    pub length: Option<usize>,
    /// What the server stores for each element. `None`: that depends on the elements.
    pub element_bytes: Option<usize>,
    /// `pg_attribute.attstorage`.
    pub storage: char,
}

#[derive(Debug, Clone)]
pub struct IndexFacts {
    /// `"schema"."name"`.
    pub quoted: String,
    pub name: String,
    pub method: String,
    /// The number of the vector column.
    pub column: i16,
    /// What is indexed, if it isn't the column itself.
    pub expression: Option<String>,
    /// The length that indexed vectors have.
    pub dimension: Option<usize>,
    pub class: String,
    pub predicate: Option<String>,
    pub valid: bool,
    /// CREATE INDEX or REINDEX is at work on it.
    pub in_progress: bool,
    /// `name=value`, one a line.
    pub options: String,
    /// The rows that it had when they were last counted: when it was built, or in VACUUM or ANALYZE since.
    pub counted_rows: u64,
    pub bytes: u64,
    /// How often queries used it.
    pub scans: u64,
    /// The statement that makes it.
    pub definition: String,
}

/// Queries that order by a distance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryFacts {
    pub column: i16,
    pub operator: String,
    /// Set if the query orders by an expression over the column, and not by the column itself.
    pub expression: Option<String>,
    pub calls: u64,
}

impl DoctorFacts {
    pub fn column(&self, index: &IndexFacts) -> Option<&ColumnFacts> {
        self.columns.iter().find(|column| column.number == index.column)
    }

    pub fn indexes_of(&self, column: &ColumnFacts) -> impl Iterator<Item = &IndexFacts> {
        self.indexes.iter().filter(move |index| index.column == column.number)
    }

    pub fn has_hnsw(&self) -> bool {
        self.indexes.iter().any(|index| index.method == "hnsw")
    }

    /// The newest version of pgvector that the server may run: it loads the library that is on its disk, even if the extension in the
    /// database is older.
    pub fn pgvector(&self) -> Option<&DottedVersion> {
        let own = self.server.pgvector.as_ref()?;
        Some(self.server.pgvector_library.as_ref().map_or(own, |library| library.max(own)))
    }

    /// ` CONCURRENTLY`, if CREATE INDEX and DROP INDEX of this table take it.
    pub fn concurrently(&self) -> &'static str {
        if self.table.partitioned || self.server.greenplum { "" } else { " CONCURRENTLY" }
    }
}

impl ColumnFacts {
    pub fn quoted(&self) -> String {
        quote(&self.name)
    }

    /// The column's type with vectors of this length.
    pub fn type_with(&self, length: usize) -> String {
        match self.kind {
            VectorKind::Vector => format!("vector({length})"),
            VectorKind::Halfvec => format!("halfvec({length})"),
            VectorKind::Sparsevec => format!("sparsevec({length})"),
            VectorKind::Array => "real[]".to_owned(),
        }
    }
}

impl IndexFacts {
    /// A number among the index's options, whatever the case of its name and its quotes.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.option(name)?.parse().ok()
    }

    pub fn option(&self, name: &str) -> Option<&str> {
        option(&self.options, name)
    }
}

#[cfg(test)]
impl DoctorFacts {
    /// A table in which the checks find nothing: `f vector(128)` with an HNSW index, on PostgreSQL 18 with the newest pgvector.
    pub fn sample() -> DoctorFacts {
        DoctorFacts {
            server: ServerFacts {
                version: 180_003,
                greenplum: false,
                adbpg: None,
                pgvector: DottedVersion::parse("0.8.6"),
                pgvector_library: DottedVersion::parse("0.8.6"),
                block_size: 8192,
                shared_buffers: 1 << 30,
                maintenance_work_mem: 1 << 30,
                parallel_maintenance_workers: Some(2),
                max_connections: 100,
                reserved_connections: 3,
                connections: 1,
                connection_limit: None,
                autovacuum: true,
            },
            job: JobFacts {
                connections: 8,
                sessions_for_index: 0,
                normalize: false,
                dimension: None,
                updates: true,
                defers: false,
            },
            table: TableFacts {
                quoted: "\"s\".\"t\"".to_owned(),
                partitioned: false,
                unlogged: false,
                options: String::new(),
                live_rows: 100_000,
                dead_rows: 0,
                bytes: 1 << 26,
                analyzed: true,
                has_unique_key: true,
            },
            columns: vec![ColumnFacts {
                name: "f".to_owned(),
                number: 2,
                kind: VectorKind::Vector,
                dimension: Some(128),
                length: Some(128),
                element_bytes: Some(4),
                storage: 'e',
            }],
            indexes: vec![IndexFacts::sample("i")],
            queries: None,
        }
    }
}

#[cfg(test)]
impl IndexFacts {
    pub fn sample(name: &str) -> IndexFacts {
        IndexFacts {
            quoted: format!("\"s\".\"{name}\""),
            name: name.to_owned(),
            method: "hnsw".to_owned(),
            column: 2,
            expression: None,
            dimension: Some(128),
            class: "vector_l2_ops".to_owned(),
            predicate: None,
            valid: true,
            in_progress: false,
            options: String::new(),
            counted_rows: 100_000,
            bytes: 1 << 27,
            scans: 10,
            definition: format!("CREATE INDEX {name} ON s.t USING hnsw (f vector_l2_ops)"),
        }
    }
}
