//! What to do about a cause that is in the table or the server.

use crate::postgres::connect::failure::AttemptError;

/// The advice that goes into the error.
pub fn remedy(failure: &AttemptError) -> &'static str {
    match failure.sqlstate.as_deref().unwrap_or_default() {
        "42501" => "grant what is missing, or correct the row-level security policy",
        "2200H" => "the sequence is at its end: raise its limit, or make its column a bigint",
        _ if failure.is_of_a_missing_partition() => "create the partition, or a default one",
        "44000" => "correct the view, or what the source sends",
        "23502" => "give the column a default, or let it be NULL",
        "23503" => "first write the rows that these rows refer to, or correct the foreign key",
        "26000" | "3F000" | "42P01" | "42703" | "42883" | "42704" | "42P10" | "58P01" => {
            "create what is missing, or correct the job"
        }
        "54000" => "correct the table or its indexes; a server that is out of transaction ids needs VACUUM",
        "XX001" | "XX002" => "the server's data is damaged: REINDEX, or restore the table",
        code if code.starts_with("P0") => "a trigger or a function refuses the rows: correct it",
        _ => "correct the table, its triggers or its indexes, or the job",
    }
}
