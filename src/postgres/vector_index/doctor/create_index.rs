//! The statement that makes the vector index that a column lacks.

use super::facts::{ColumnFacts, DoctorFacts, VectorKind};

/// The most dimensions that pgvector indexes: of `vector`, and of `halfvec`.
const MOST_OF_VECTOR: usize = 2_000;
const MOST_OF_HALFVEC: usize = 4_000;

/// How the distance of vectors is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    L2,
    InnerProduct,
    Cosine,
    L1,
}

impl Measure {
    pub const ALL: [Measure; 4] = [Measure::L2, Measure::InnerProduct, Measure::Cosine, Measure::L1];

    pub fn operator(self) -> &'static str {
        match self {
            Measure::L2 => "<->",
            Measure::InnerProduct => "<#>",
            Measure::Cosine => "<=>",
            Measure::L1 => "<+>",
        }
    }

    /// The end of the names of pgvector's operator classes.
    fn class(self) -> &'static str {
        match self {
            Measure::L2 => "l2_ops",
            Measure::InnerProduct => "ip_ops",
            Measure::Cosine => "cosine_ops",
            Measure::L1 => "l1_ops",
        }
    }

    /// The value of ADBPG's option `distancemeasure`, which has none for L1.
    pub fn of_ann(self) -> &'static str {
        match self {
            Measure::L2 | Measure::L1 => "L2",
            Measure::InnerProduct => "IP",
            Measure::Cosine => "COSINE",
        }
    }
}

/// The operator that an operator class serves. `None`: not one of pgvector.
pub fn operator_of(class: &str) -> Option<&'static str> {
    match class {
        "bit_hamming_ops" => return Some("<~>"),
        "bit_jaccard_ops" => return Some("<%>"),
        _ => {}
    }
    let (kind, measure) = class.split_once('_')?;
    let measure = Measure::ALL.into_iter().find(|known| known.class() == measure)?;
    ["vector", "halfvec", "sparsevec"].contains(&kind).then(|| measure.operator())
}

/// The measure that fits the job: vectors of length 1 are compared best by inner product.
pub fn usual_measure(facts: &DoctorFacts) -> Measure {
    if facts.job.normalize { Measure::InnerProduct } else { Measure::L2 }
}

/// SQL that makes a vector index.
pub fn create_index(facts: &DoctorFacts, column: &ColumnFacts, measure: Measure) -> String {
    let (table, name) = (&facts.table.quoted, column.quoted());
    if facts.server.greenplum && facts.server.pgvector.is_none() {
        let dim = column.length.map_or_else(|| "…".to_owned(), |length| length.to_string());
        let measure = measure.of_ann();
        return format!("CREATE INDEX ON {table} USING ann ({name}) WITH (dim = {dim}, distancemeasure = {measure})");
    }
    let extension = if facts.server.pgvector.is_none() { "CREATE EXTENSION vector; " } else { "" };
    let method = if facts.pgvector().is_some_and(|version| version.is_before(&[0, 5, 0])) { "ivfflat" } else { "hnsw" };
    let (what, kind) = indexed(column, &name);
    let class = measure.class();
    let concurrently = facts.concurrently();
    format!("{extension}CREATE INDEX{concurrently} ON {table} USING {method} ({what} {kind}_{class})")
}

/// What can be indexed: the column or an expression over it, and its type.
fn indexed(column: &ColumnFacts, name: &str) -> (String, &'static str) {
    let length = column.length.map_or_else(|| "…".to_owned(), |length| length.to_string());
    let cast = |kind: &'static str| (format!("(({name})::{kind}({length}))"), kind);
    let fits = |most: usize| column.length.is_none_or(|length| length <= most);
    match column.kind {
        VectorKind::Vector if !fits(MOST_OF_VECTOR) => cast("halfvec"),
        VectorKind::Vector if column.dimension.is_none() => cast("vector"),
        VectorKind::Halfvec if column.dimension.is_none() => cast("halfvec"),
        VectorKind::Sparsevec if column.dimension.is_none() => cast("sparsevec"),
        VectorKind::Vector => (name.to_owned(), "vector"),
        VectorKind::Halfvec => (name.to_owned(), "halfvec"),
        VectorKind::Sparsevec => (name.to_owned(), "sparsevec"),
        VectorKind::Array if fits(MOST_OF_VECTOR) => cast("vector"),
        VectorKind::Array => cast("halfvec"),
    }
}

/// Whether pgvector has an index for vectors of this length.
pub fn can_be_indexed(column: &ColumnFacts) -> bool {
    column.kind == VectorKind::Sparsevec || column.length.is_none_or(|length| length <= MOST_OF_HALFVEC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operator_class_of_pgvector_has_its_operator() {
        for (class, operator) in [
            ("vector_l2_ops", "<->"),
            ("halfvec_ip_ops", "<#>"),
            ("sparsevec_cosine_ops", "<=>"),
            ("vector_l1_ops", "<+>"),
            ("bit_hamming_ops", "<~>"),
        ] {
            assert_eq!(operator_of(class), Some(operator), "{class}");
        }
        assert_eq!(operator_of("int8_ops"), None);
    }

    #[test]
    fn the_statement_fits_the_column_and_the_server() {
        let facts = DoctorFacts::sample();
        let made = |facts: &DoctorFacts, change: fn(&mut ColumnFacts)| {
            let mut column = facts.columns[0].clone();
            change(&mut column);
            create_index(facts, &column, usual_measure(facts))
        };
        let begin = "CREATE INDEX CONCURRENTLY ON \"s\".\"t\" USING hnsw";
        assert_eq!(made(&facts, |_| {}), format!("{begin} (\"f\" vector_l2_ops)"));
        let long = made(&facts, |column| column.length = Some(3072));
        assert_eq!(long, format!("{begin} (((\"f\")::halfvec(3072)) halfvec_l2_ops)"));
        let mut old = facts.clone();
        old.job.normalize = true;
        old.server.pgvector = super::super::version::DottedVersion::parse("0.4.4");
        old.server.pgvector_library = None;
        assert!(made(&old, |_| {}).ends_with("USING ivfflat (\"f\" vector_ip_ops)"));
        old.server.pgvector = None;
        let array = made(&old, |column| (column.kind, column.dimension) = (VectorKind::Array, None));
        assert!(array.starts_with("CREATE EXTENSION vector; ") && array.contains("((\"f\")::vector(128))"), "{array}");
        old.server.greenplum = true;
        let ann = "CREATE INDEX ON \"s\".\"t\" USING ann (\"f\") WITH (dim = 128, distancemeasure = IP)";
        assert_eq!(made(&old, |column| column.kind = VectorKind::Array), ann);
    }
}
