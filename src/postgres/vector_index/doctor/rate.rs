//! How fast one connection puts rows into an HNSW index: an estimate from a few measured figures.

use super::facts::DoctorFacts;
use super::hnsw;

/// Dimensions, and the rows a second that `\copy binary` wrote over one connection into a table with an HNSW index of pgvector
/// 0.8 with m = 16 and ef_construction = 64. Two cores of an AMD EPYC; docs/benchmarks.md has the runs.
const MEASURED: [(f64, f64); 3] = [(10.0, 1_257.0), (128.0, 918.0), (768.0, 409.0)];

/// How the time of a row grows with m and ef_construction. Measured at 128 dimensions: twice the ef_construction took 1.4 to 1.7
/// times as long, twice the m 4.8 to 5.5 times.
const BY_EF: f64 = 0.7;
const BY_M: f64 = 2.3;

/// Seconds for a row of so many dimensions, on the straight line between the measured figures.
fn seconds(dimensions: f64) -> f64 {
    let [first, second, third] = MEASURED.map(|(dimensions, rows)| (dimensions, 1.0 / rows));
    let (from, to) = if dimensions <= second.0 { (first, second) } else { (second, third) };
    let slope = (to.1 - from.1) / (to.0 - from.0);
    (from.1 + slope * (dimensions - from.0)).max(0.0)
}

pub fn rows_per_second(dimensions: usize, m: usize, ef: usize) -> f64 {
    let (usual_m, usual_ef) = hnsw::DEFAULTS;
    let of = |value: usize, usual: usize| value as f64 / usual as f64;
    let longer = of(m, usual_m).powf(BY_M) * of(ef, usual_ef).powf(BY_EF);
    1.0 / (seconds(dimensions as f64) * longer)
}

/// Rounds to two digits: the estimate isn't more exact than that.
fn rounded(rows: f64) -> u64 {
    let rows = rows.max(1.0);
    let unit = 10f64.powf(rows.log10().floor() - 1.0).max(1.0);
    ((rows / unit).round() * unit) as u64
}

pub fn notes(facts: &DoctorFacts) -> Vec<String> {
    let note = |index: &super::facts::IndexFacts| {
        let (m, ef) = hnsw::parameters(index).filter(|_| index.method == "hnsw")?;
        let length = index.dimension.or(facts.column(index)?.length)?;
        Some(format!(
            "index {}: about {} rows/s for each connection, by an estimate for {length} dimensions, m = {m}, ef_construction = {ef} from \
             figures of a machine with two cores of an AMD EPYC; it falls while the index grows",
            index.name,
            rounded(rows_per_second(length, m, ef))
        ))
    };
    facts.indexes.iter().filter_map(note).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_is_right_for_the_measured_figures_and_falls_with_each_parameter() {
        for (dimensions, rows) in MEASURED {
            let estimate = rows_per_second(dimensions as usize, 16, 64);
            assert!((estimate - rows).abs() < 1.0, "{dimensions}: {estimate}");
        }
        let usual = rows_per_second(128, 16, 64);
        assert!(rows_per_second(1536, 16, 64) < 300.0);
        assert!((1.4..1.75).contains(&(usual / rows_per_second(128, 16, 128))));
        assert!((4.7..5.6).contains(&(usual / rows_per_second(128, 32, 64))));
        assert_eq!((rounded(918.4), rounded(1257.0), rounded(7.3)), (920, 1300, 7));
    }
}
