//! The table of `vecsink check --sample`.

use std::fmt::Write;

use crate::pipeline::Sample;

/// The most characters of a value that are shown.
const WIDEST: usize = 40;

/// The first lines are the column names, the Flink types and the database's types; then there is a line for each record.
pub fn table(sample: &Sample) -> String {
    let mut text = format!("{} from {}, the next records:\n", sample.sink, sample.source);
    if sample.records.is_empty() {
        text += "  there are none\n";
        return text;
    }
    let head = |first: &str, cell: fn(&crate::pipeline::SampledColumn) -> &str| {
        let cells = sample.columns.iter().map(|column| cell(column).to_owned());
        [first.to_owned()].into_iter().chain(cells).collect::<Vec<String>>()
    };
    let mut lines = vec![head("", |c| &c.name), head("from", |c| &c.from), head("to", |c| &c.to)];
    for record in &sample.records {
        let values = record.values.iter().map(|value| shortened(value));
        lines.push([record.place.clone()].into_iter().chain(values).collect());
    }
    let width = |at: usize| lines.iter().filter_map(|line| line.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..=sample.columns.len()).map(|at| width(at).unwrap_or(0)).collect();
    let fates = ["", "", ""].into_iter().chain(sample.records.iter().map(|record| record.fate.as_str()));
    for (line, fate) in lines.iter().zip(fates) {
        let mut row = String::from(" ");
        for (cell, width) in line.iter().zip(&widths) {
            let _ = write!(row, " {cell:width$} ");
        }
        // For a record that makes no row, the reason stands after its position.
        let _ = write!(row, " {fate}");
        text += row.trim_end();
        text.push('\n');
    }
    text
}

/// One line, not too long.
fn shortened(value: &str) -> String {
    let printable: String = value.chars().take(WIDEST + 1).map(|c| if c.is_control() { '·' } else { c }).collect();
    match printable.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", &printable[..end]),
        None => printable,
    }
}

#[cfg(test)]
mod tests {
    use crate::pipeline::{SampledColumn, SampledRecord};

    use super::*;

    fn column(name: &str, from: &str, to: &str) -> SampledColumn {
        SampledColumn { name: name.into(), from: from.into(), to: to.into() }
    }

    fn record(place: &str, fate: &str, values: &[&str]) -> SampledRecord {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        SampledRecord { place: place.into(), fate: fate.into(), values }
    }

    #[test]
    fn records_stand_below_their_columns_and_types() {
        let sample = Sample {
            sink: "s.cars".into(),
            source: "messages".into(),
            columns: vec![column("id", "INT", "bigint"), column("color", "STRING", "text")],
            records: vec![record("t[0]@7", "insert", &["1", "red\n"]), record("t[0]@8", "decode refused: no", &[])],
        };
        let expected = "s.cars from messages, the next records:\n\
                        \x20         id      color\n\
                        \x20 from    INT     STRING\n\
                        \x20 to      bigint  text\n\
                        \x20 t[0]@7  1       red·    insert\n\
                        \x20 t[0]@8  decode refused: no\n";
        assert_eq!(table(&sample), expected);
    }

    #[test]
    fn a_long_value_is_cut() {
        assert_eq!(shortened(&"x".repeat(41)), format!("{}…", "x".repeat(40)));
        assert_eq!(shortened(&"x".repeat(40)), "x".repeat(40));
    }
}
