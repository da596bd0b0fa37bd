//! What an SQLSTATE means for the batch that met it: one table.

/// What to do about an error of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The server or the way to it is gone: wait and go on with a new session, without end.
    Outage,
    /// The login was refused or the database is missing: at the start a mistake, later an outage.
    Login,
    /// Another transaction was in the way: the same again, a little later.
    Contention,
    /// The statement was cut off for taking too long: try half as much.
    TooLong,
    /// A value, or a constraint other than uniqueness, of one row.
    Row,
    /// A key that is there already.
    Conflict,
    /// Table, columns, privileges or the statement itself: no row will do better.
    Configuration,
    /// The table is no longer what the rows are encoded for. No SQLSTATE says so.
    Altered,
    /// The dead-letter table refuses what would share the transaction: no row is at fault. No SQLSTATE says so.
    Letters,
    /// Anything else: a few attempts, then row by row.
    Other,
}

/// What the session was doing; the same code can mean different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum During {
    Connect,
    Copy,
    Statement,
}

/// Codes and classes of codes, the more specific first.
const TABLE: &[(&str, Class)] = &[
    ("08", Class::Outage),
    ("21000", Class::Conflict),
    ("22P03", Class::Configuration), // a binary value: how a column is encoded, the same for every row
    ("22", Class::Row),
    ("23505", Class::Conflict),
    ("23P01", Class::Conflict),
    ("23", Class::Row),
    ("25006", Class::Outage),  // a standby, after a failover
    ("25M01", Class::TooLong), // Greenplum: an operation on the segments was cancelled
    ("25P03", Class::Outage),  // idle in transaction for too long: the session is closed
    ("26000", Class::Configuration),
    ("28", Class::Login),
    ("3D000", Class::Login),
    ("3F000", Class::Configuration),
    ("40002", Class::Row),
    ("40003", Class::Outage), // nobody knows whether the statement was carried out
    ("40", Class::Contention),
    ("42", Class::Configuration),
    ("44000", Class::Row), // WITH CHECK OPTION of a view
    ("0A000", Class::Configuration),
    ("53", Class::Outage),
    ("54", Class::Row), // "row is too big" and its like
    ("55P03", Class::Contention),
    ("57014", Class::TooLong),
    ("57P0", Class::Outage),
    ("58M01", Class::Outage), // Greenplum: a segment is away
];

impl Class {
    pub fn of(sqlstate: &str, during: During) -> Class {
        // An answer to COPY with this code speaks of a field's length, so of how its column is encoded, not of the link.
        if sqlstate == "08P01" && during == During::Copy {
            return Class::Configuration;
        }
        // A database that doesn't take connections just now (55000, say) is away; no row was asked about.
        let unlisted = if during == During::Connect { Class::Outage } else { Class::Other };
        TABLE.iter().find(|(prefix, _)| sqlstate.starts_with(prefix)).map_or(unlisted, |(_, class)| *class)
    }

    /// The session can't be used any more, even where its socket still is open (temporary tables may be gone).
    pub fn ends_session(self, sqlstate: &str) -> bool {
        matches!(self, Class::Outage | Class::Login | Class::Configuration) || matches!(sqlstate, "25M01" | "25P02")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_code_has_the_class_of_the_specification() {
        let expected: &[(&[&str], Class)] = &[
            (&["08006", "53300", "53100", "57P01", "57P03", "57P05", "58M01", "25006", "25P03"], Class::Outage),
            (&["40001", "40P01", "55P03"], Class::Contention),
            (&["57014", "25M01"], Class::TooLong),
            (&["22001", "22P02", "22000", "22M01", "23502", "23503", "23514", "54000"], Class::Row),
            (&["23505", "23P01", "21000"], Class::Conflict),
            (&["42P01", "42703", "42501", "0A000", "26000", "3F000", "22P03", "42804"], Class::Configuration),
            (&["28P01", "28000", "3D000"], Class::Login),
            (&["XX000", "P0001", "58030", "55000"], Class::Other),
        ];
        for (codes, class) in expected {
            for code in *codes {
                assert_eq!(Class::of(code, During::Statement), *class, "{code}");
            }
        }
    }

    #[test]
    fn a_protocol_violation_in_a_copy_is_no_outage() {
        assert_eq!(Class::of("08P01", During::Copy), Class::Configuration);
        assert_eq!(Class::of("08P01", During::Connect), Class::Outage);
    }

    #[test]
    fn a_database_that_takes_no_connections_is_away_whatever_it_says() {
        assert_eq!(Class::of("55000", During::Connect), Class::Outage);
        assert_eq!(Class::of("55000", During::Statement), Class::Other);
    }
}
