//! What an SQLSTATE means for the batch that got it: a table of codes. [`Class::of`] also considers what the session was doing.
//!
//! Other files look at single codes too, among them `failure.rs` (a FATAL error of class 08 is always an outage), the rules of
//! `write/machine` (53300, 42501, 21000), `held.rs` (which refused rows are certainly at fault) and `evidence.rs` (which codes are
//! about the table).

/// What to do about an error of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The server can't be reached, or it lacks something for a while (disk, memory, connections): wait, at most `max.outage`.
    Outage,
    /// The login was refused or the database is missing: an error at the start, an outage later.
    Login,
    /// Something of other transactions was in the way: a lock, a deadlock, a serialization failure; or no connection of the pool was
    /// free in time. Try the same again, a little later.
    Contention,
    /// The statement or the transaction was cancelled because it took too long: try half as much.
    TooLong,
    /// Only a value of the row can cause it: a row that is refused with it when it is written alone is rejected.
    Value,
    /// Usually the fault of one row, but the table can cause it for every row.
    Row,
    /// A key that is there already.
    Conflict,
    /// Usually the fault of table, columns, privileges or statement, but a policy or a trigger can cause it for one row.
    Configuration,
    /// Anything else, which may be a row's fault or not: a few attempts, then as [`Class::Row`].
    Other,
    /// Data that the server has stored is damaged: the job stops, even if other rows are accepted.
    Damage,
    /// What a session has prepared no longer fits the table. No SQLSTATE says this.
    Stale,
    /// The table is no longer what the rows are encoded for. No SQLSTATE says this.
    Altered,
    /// The dead-letter table refuses dead letters that go with the transaction: no row is at fault. No SQLSTATE says this.
    DeadLetters,
    /// Behind a transaction pooler the transaction got another session of the server, without our statements and tables; it
    /// was not committed.
    OtherSession,
}

/// What the session was doing; the same code can mean different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum During {
    Connect,
    Copy,
    /// COPY, while the server was reading one column's value and not running a function of the table's owner.
    Field,
    Statement,
}

use Class::*;

/// Codes and classes of codes, the more specific first. Every code of PostgreSQL 18 and of Greenplum 6 and 7 is decided here.
const TABLE: &[(&str, Class)] = &[
    ("03", Other),
    ("08", Outage), // also of a foreign server that a trigger asks
    ("09", Other),
    ("0A", Configuration),
    ("0B", Other),
    ("0F", Other),
    ("0L", Other),
    ("0P", Other),
    ("0Z", Other),
    ("10", Row),
    ("20", Row),
    ("21", Conflict),
    ("22021", Value),         // wrong characters can only come from the row
    ("22P05", Value),         // the same
    ("22P03", Configuration), // how a column is encoded, the same for every row
    ("22P04", Configuration), // the same
    ("22", Row),
    ("23505", Conflict),
    ("23P01", Conflict),
    ("23", Row),
    ("24", Other),
    ("25006", Outage),  // a standby, after a failover
    ("25M01", TooLong), // Greenplum: the operation on the segments was cancelled
    ("25P03", Outage),  // idle in transaction for too long: the session is closed
    ("25P04", TooLong), // transaction_timeout: the session is closed
    ("25", Other),
    ("26", Configuration),
    ("27", Row),
    ("28", Login),
    ("2B", Other),
    ("2D", Other),
    ("2F", Other),
    ("34", Other),
    ("38", Other),
    ("39", Other),
    ("3B", Other),
    ("3D", Login),
    ("3F", Configuration),
    ("40002", Row),
    ("40003", Outage), // nobody knows whether the statement was carried out
    ("40M00", Other),  // Greenplum: reject limit of an external table
    ("40", Contention),
    ("42", Configuration),
    ("44", Row),    // WITH CHECK OPTION of a view
    ("53400", Row), // a configured limit is exceeded, so waiting doesn't help
    ("53", Outage), // disk, memory, connections
    ("54", Row),    // "row is too big" and its like; also a server that is out of transaction ids
    ("55P03", Contention),
    ("55P04", Row), // an enum's label that is not committed yet
    ("55", Other),
    ("57014", TooLong),
    ("57", Outage),
    ("58P", Other),     // a file that is missing, of a library for example
    ("58", Outage),     // the disk; Greenplum: a segment is away (58M01)
    ("72", Contention), // snapshot too old
    ("F0", Outage),
    ("HV00N", Outage), // a foreign server is away
    ("HV", Other),
    ("P0", Other),
    ("XX001", Damage),
    ("XX002", Damage),
    ("XX", Other),
];

/// Errors that only a value can cause while the server reads it: wrong data, wrong syntax (ltree, tsvector, jsonpath), a wrong
/// name, and a limit of length or depth. 0A000 is not one of them: a missing feature may be missing for all rows.
const OF_A_FIELD: &[&str] = &["10", "22", "42601", "42602", "42622", "54"];

impl Class {
    pub fn of(sqlstate: &str, during: During) -> Class {
        let listed = Class::decided(sqlstate);
        match during {
            // As an answer to COPY this code means a field of a wrong length: the encoding of its column, not the connection.
            During::Copy | During::Field if sqlstate == "08P01" => Configuration,
            During::Field if listed != Some(Configuration) || !sqlstate.starts_with("22") => {
                let of_value = OF_A_FIELD.iter().any(|prefix| sqlstate.starts_with(prefix));
                if of_value { Value } else { listed.unwrap_or(Other) }
            }
            // A database that accepts no connections at the moment (55000, for example) is away; this concerns no row.
            During::Connect => match listed {
                Some(Login) => Login,
                _ => Outage,
            },
            // The session is open, so a function of the table's owner raised this.
            _ if listed == Some(Login) => Other,
            _ => listed.unwrap_or(Other),
        }
    }

    /// The class that the table has for a code, if it has one.
    fn decided(sqlstate: &str) -> Option<Class> {
        TABLE.iter().find(|(prefix, _)| sqlstate.starts_with(prefix)).map(|(_, class)| *class)
    }

    /// Whether the session can't be used any more, even if its socket is still open (temporary tables may be gone).
    pub fn ends_session(self, sqlstate: &str) -> bool {
        match self {
            // Privileges and policies are checked again each time.
            Configuration => sqlstate != "42501",
            Outage | Login | Stale => true,
            _ => matches!(sqlstate, "25M01" | "25P02" | "25P04"),
        }
    }
}

#[cfg(test)]
#[path = "classify_tests.rs"]
mod tests;
