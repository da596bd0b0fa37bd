//! What a run did, for people and for scripts.

use crate::pipeline::Summary;
use serde_json::{Value, json};

use super::progress::{OLD_PROGRESS, grouped};

/// The fields are part of the command's contract. `rows_read` is the sum of the rows written, deleted, superseded, ignored,
/// dead-lettered and unchanged.
pub fn json(summary: &Summary) -> Value {
    let counters = &summary.counters;
    json!({
        "records_read": counters.records_read,
        "records_missed": counters.records_missed,
        "rows_read": counters.rows_read,
        "rows_written": counters.rows_written,
        "rows_deleted": counters.rows_deleted,
        "rows_superseded": counters.rows_superseded,
        "rows_ignored": counters.rows_ignored,
        "rows_dead_lettered": counters.rows_dead_lettered,
        "rows_unchanged": counters.rows_unchanged,
        "rows_moved": counters.rows_moved,
        "batches": counters.batches,
        "retries": counters.retries,
        "seconds": rounded(summary.seconds),
        "progress_age_seconds": summary.progress_age.map(|age| rounded(age.as_secs_f64())),
    })
}

/// Rounds to milliseconds.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// One line; outcomes that did not occur are left out.
pub fn text(summary: &Summary) -> String {
    let counters = &summary.counters;
    let mut text = format!(
        "{} rows written in {:.1} s, {} batches",
        grouped(counters.rows_written),
        summary.seconds,
        grouped(counters.batches)
    );
    let others = [
        (counters.records_missed, "records gone before they were read"),
        (counters.rows_unchanged, "unchanged"),
        (counters.rows_deleted, "deleted"),
        (counters.rows_superseded, "superseded by a later change of their key"),
        (counters.rows_ignored, "ignored by the conflict mode"),
        (counters.rows_dead_lettered, "rejected"),
        (counters.rows_moved, "moved into the vector index"),
        (counters.parse_errors_ignored, "parse errors ignored"),
        (counters.fields_ignored, "fields without a column"),
        (counters.retries, "retries"),
    ];
    for (count, what) in others {
        if count > 0 {
            text += &format!(", {} {what}", grouped(count));
        }
    }
    if let Some(age) = summary.progress_age.filter(|age| *age >= OLD_PROGRESS) {
        text += &format!(", progress last stored {} s before the end", grouped(age.as_secs()));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::metrics::Snapshot;

    use super::*;

    fn summary() -> Summary {
        let counters = Snapshot {
            records_read: 3001,
            records_missed: 7,
            rows_read: 3000,
            rows_written: 2991,
            rows_unchanged: 5,
            rows_ignored: 1,
            rows_dead_lettered: 3,
            batches: 9,
            ..Snapshot::default()
        };
        Summary { counters, seconds: 1.23456, progress_age: Some(Duration::from_millis(250)) }
    }

    #[test]
    fn the_json_object_has_exactly_the_fields_of_the_contract() {
        let expected = concat!(
            r#"{"records_read":3001,"records_missed":7,"rows_read":3000,"rows_written":2991,"rows_deleted":0,"rows_superseded":0,"#,
            r#""rows_ignored":1,"rows_dead_lettered":3,"rows_unchanged":5,"rows_moved":0,"batches":9,"retries":0,"seconds":1.235,"progress_age_seconds":0.25}"#
        );
        assert_eq!(json(&summary()).to_string(), expected);
    }

    #[test]
    fn the_text_leaves_out_what_did_not_occur() {
        assert_eq!(
            text(&summary()),
            "2,991 rows written in 1.2 s, 9 batches, 7 records gone before they were read, 5 unchanged, 1 ignored by the \
             conflict mode, 3 rejected"
        );
        let late = Summary { progress_age: Some(Duration::from_secs(1234)), ..summary() };
        assert_eq!(text(&late), text(&summary()) + ", progress last stored 1,234 s before the end");
    }
}
