//! The `ann` indexes of AnalyticDB for PostgreSQL.

use super::Finding;
use super::facts::{DoctorFacts, IndexFacts};

/// The first kernel with Nova, as the vendor documents it.
const NOVA: [u32; 4] = [7, 4, 2, 0];

/// The first kernel after the last one (6.3.10.18) whose indexes measure by L2 only.
const MORE_THAN_L2: [u32; 4] = [6, 3, 10, 19];

fn indexes(facts: &DoctorFacts) -> impl Iterator<Item = &IndexFacts> {
    facts.indexes.iter().filter(|index| index.method == "ann")
}

fn distance_of(index: &IndexFacts) -> String {
    index.option("distancemeasure").unwrap_or("L2").to_uppercase()
}

/// FastANN puts each row into its graph when the row is written. Nova, in newer kernels, keeps new rows apart and merges them later.
pub fn nova(facts: &DoctorFacts) -> Vec<Finding> {
    let Some(kernel) = facts.server.adbpg.as_ref().filter(|kernel| kernel.first() >= 7) else { return Vec::new() };
    let is_nova =
        |index: &IndexFacts| index.option("algorithm").is_some_and(|name| name.to_lowercase().starts_with("nova"));
    let finding = |index: &IndexFacts| {
        let column = facts.column(index)?;
        let when = match kernel.is_before(&NOVA) {
            true => "; Nova needs kernel 7.4.2.0, so update the instance's minor version first",
            false => "",
        };
        Some(Finding {
            text: format!(
                "index {} is of FastANN, which links each row while it is written; a Nova index takes rows at once and merges them in the \
                 background (kernel {kernel}{when})",
                index.name
            ),
            remedy: format!(
                "DROP INDEX {}; CREATE INDEX ON {} USING ann ({}) WITH (dim = {}, algorithm = novad, distancemeasure = {})",
                index.quoted,
                facts.table.quoted,
                column.quoted(),
                index.dimension.or(column.length).map_or_else(|| "…".to_owned(), |length| length.to_string()),
                distance_of(index)
            ),
        })
    };
    indexes(facts).filter(|index| !is_nova(index)).filter_map(finding).collect()
}

/// Inner product and cosine need a newer kernel. For vectors of length 1 the inner product is advised.
pub fn distance(facts: &DoctorFacts) -> Vec<Finding> {
    let Some(kernel) = &facts.server.adbpg else { return Vec::new() };
    let only_l2 = kernel.is_before(&MORE_THAN_L2);
    let finding = |index: &IndexFacts| {
        let measure = distance_of(index);
        let (text, wanted) = match measure.as_str() {
            "L2" if facts.job.normalize && !only_l2 => (
                format!(
                    "index {} measures by L2, but vector.normalize scales vectors to length 1, for which IP is advised",
                    index.name
                ),
                "IP",
            ),
            "IP" | "COSINE" if only_l2 => (
                format!(
                    "index {} measures by {measure}, which needs a kernel after 6.3.10.18 (this is {kernel})",
                    index.name
                ),
                "L2",
            ),
            _ => return None,
        };
        let (column, dimension) = (facts.column(index)?, index.dimension);
        let dimension = dimension.or(column.length).map_or_else(|| "…".to_owned(), |length| length.to_string());
        let (drop, table, name) = (&index.quoted, &facts.table.quoted, column.quoted());
        let create =
            format!("CREATE INDEX ON {table} USING ann ({name}) WITH (dim = {dimension}, distancemeasure = {wanted})");
        Some(Finding { text, remedy: format!("DROP INDEX {drop}; {create}") })
    };
    indexes(facts).filter_map(finding).collect()
}

/// A memory-mapped index forbids UPDATE and DELETE of its table.
pub fn external_storage(facts: &DoctorFacts) -> Vec<Finding> {
    let external = indexes(facts).filter(|index| facts.job.updates && index.option("external_storage") == Some("1"));
    let definition = |index: &IndexFacts| {
        let written = ["external_storage=1", "external_storage='1'"];
        written.iter().fold(index.definition.clone(), |text, option| text.replace(option, "external_storage='0'"))
    };
    let finding = |index: &IndexFacts| Finding {
        text: format!(
            "index {} has external_storage = 1, so the server refuses updates and deletes of the table, which the job makes",
            index.name
        ),
        remedy: format!("DROP INDEX {}; {}", index.quoted, definition(index)),
    };
    external.map(finding).collect()
}
