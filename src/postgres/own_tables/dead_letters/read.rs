//! Reads the dead letters of a table, to replay them.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::table::COLUMNS;
use crate::dead_letters::dead_letter::{DeadLetter, headers_from_json};
use crate::error::{Error, Rejection, Result, Stage};
use crate::position::Position;
use crate::postgres::connect::classify::During;
use crate::postgres::connect::connector::Connector;
use crate::postgres::connect::driver::Error as DriverError;
use crate::postgres::connect::driver::wait_limit::WaitLimit;
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::connect::opening::Opening;
use crate::postgres::connect::sql::quote;
use crate::postgres::own_tables::create::exists;
use crate::settings::Sink;

/// Reads all dead letters of a table of the sink's database and hands each on with its `id`. `false`: there is no such table.
pub fn read_dead_letters(
    sink: &Sink,
    schema: &str,
    table: &str,
    take: &mut dyn FnMut(i64, DeadLetter) -> Result<()>,
) -> Result<bool> {
    /// Dead letters fetched at once.
    const PAGE: i32 = 500;
    let connector = Connector::new(&sink.connection, "vecsink replay", None)?;
    let opening = Opening::new(sink, &connector, None);
    let (mut session, is_there) = opening.repeat(|| {
        let mut session = opening.first_session(&connector, &Default::default())?;
        let found = exists(&mut session, schema, table).map_err(|failure| connector.unreachable(&failure))?;
        Ok((session, found))
    })?;
    if !is_there {
        return Ok(false);
    }
    // From here on there is no deadline: there may be many dead letters.
    session.client().set_wait_limit(WaitLimit::default());
    let columns: Vec<String> = COLUMNS.iter().map(|(name, ..)| quote(name)).collect();
    let query = format!(
        "SELECT id, {} FROM {}.{} ORDER BY id",
        columns.join(", ").replace("\"headers\"", "headers::text").replace("\"time\"", "1"),
        quote(schema),
        quote(table)
    );
    let wrong = |error: &DriverError| {
        let failure = AttemptError::new(error, During::Statement);
        failure.error(&format!("dead-letter table {schema}.{table} can't be read"), "check its columns")
    };
    let client = session.client();
    let cursor = format!("BEGIN; DECLARE vecsink_dead_letters NO SCROLL CURSOR FOR {query}");
    client.batch_execute(&cursor).map_err(|error| wrong(&error))?;
    let next = format!("FETCH {PAGE} FROM vecsink_dead_letters");
    loop {
        let rows = client.query(&next, &[]).map_err(|error| wrong(&error))?;
        if rows.is_empty() {
            return Ok(true);
        }
        for row in &rows {
            let (id, dead_letter) = dead_letter_of(row).map_err(|what| {
                Error::DeadLetter(format!("dead-letter table {schema}.{table}: a row can't be read: {what}"))
            })?;
            take(id, dead_letter)?;
        }
    }
}

fn dead_letter_of(row: &Row) -> std::result::Result<(i64, DeadLetter), String> {
    fn get<'a, T: FromSql<'a>>(row: &'a Row, at: usize) -> std::result::Result<T, String> {
        row.try_get(at).map_err(|error| error.to_string())
    }
    let id: i64 = get(row, 0)?;
    let headers: Option<String> = get(row, 6)?;
    let headers = headers.map_or(Ok(serde_json::Value::Null), |text| serde_json::from_str(&text));
    let headers = headers.map_err(|error| format!("id {id}: headers: {error}"))?;
    let stage: Option<String> = get(row, 9)?;
    Ok((
        id,
        DeadLetter {
            position: Position { topic: get::<String>(row, 1)?.into(), partition: get(row, 2)?, offset: get(row, 3)? },
            timestamp_ms: get(row, 4)?,
            key: get(row, 5)?,
            headers: headers_from_json(&headers).map_err(|what| format!("id {id}: headers {what}"))?,
            value: get(row, 7)?,
            sink: get::<Option<String>>(row, 8)?.unwrap_or_default(),
            rejection: Rejection {
                stage: stage.and_then(|stage| Stage::named(&stage)).unwrap_or(Stage::Decode),
                sqlstate: get(row, 10)?,
                reason: get::<Option<String>>(row, 11)?.unwrap_or_default(),
                column: get(row, 12)?,
            },
            time_ms: 0,
        },
    ))
}
