//! Which transactions hold locks on the tables of a tree, and for how long. A lock that a transaction has held for long isn't waited for:
//! that would probably be in vain, and others would queue behind us.

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};
use std::time::{Duration, Instant};

use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;

/// A transaction that holds a lock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder {
    /// The server's name of the transaction. No other transaction has the same name.
    transaction: String,
    /// Empty: it is a prepared transaction, which has no process.
    pid: String,
    /// These are empty where the role may not see them.
    state: String,
    user: String,
    application: String,
}

/// The transactions that hold locks on these tables, without our own.
pub fn holders(session: &mut Session, tables: &[u32]) -> Attempt<Vec<Holder>> {
    let tables: Vec<String> = tables.iter().map(u32::to_string).collect();
    let rows = session.ask(&format!(
        "SELECT DISTINCT l.virtualtransaction, l.pid, a.state, a.usename,
                CASE WHEN a.query LIKE 'autovacuum:%' THEN 'autovacuum' ELSE a.application_name END
         FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
         WHERE l.locktype = 'relation' AND l.granted AND l.relation IN ({})
           AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
           AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()",
        tables.join(", ")
    ))?;
    let holder = |row: Vec<String>| {
        let [transaction, pid, state, user, application] = row.try_into().ok()?;
        Some(Holder { transaction, pid, state, user, application })
    };
    Ok(rows.into_iter().filter_map(holder).collect())
}

impl Holder {
    /// Whether its session waits for the client's next statement and doesn't end the transaction.
    pub fn is_idle(&self) -> bool {
        self.state.starts_with("idle in transaction")
    }

    /// The statement that ends the transaction.
    pub fn remedy(&self) -> String {
        match self.pid.as_str() {
            "" => "COMMIT PREPARED or ROLLBACK PREPARED; SELECT * FROM pg_prepared_xacts shows it".to_owned(),
            pid => format!("SELECT pg_terminate_backend({pid})"),
        }
    }
}

impl Display for Holder {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.pid.is_empty() {
            return f.write_str("a prepared transaction");
        }
        let known = [("user", &self.user), ("application", &self.application), ("state", &self.state)];
        let known = known.iter().filter(|(_, text)| !text.is_empty());
        let known: Vec<String> = known.map(|(name, text)| format!("{name} {text}")).collect();
        write!(f, "the transaction of process {}", self.pid)?;
        if known.is_empty() { Ok(()) } else { write!(f, " ({})", known.join(", ")) }
    }
}

/// Since when transactions have been seen to hold locks.
#[derive(Debug, Default)]
pub struct LockWatch {
    since: HashMap<String, Instant>,
    told: Option<String>,
}

impl LockWatch {
    /// Takes the transactions that hold locks at `now`. Returns the one that was seen first, and for how long it has held its lock.
    pub fn note(&mut self, holders: Vec<Holder>, now: Instant) -> Option<(Holder, Duration)> {
        self.since.retain(|transaction, _| holders.iter().any(|holder| holder.transaction == *transaction));
        let with_time = holders.into_iter().map(|holder| {
            let since = *self.since.entry(holder.transaction.clone()).or_insert(now);
            (holder, now.saturating_duration_since(since))
        });
        with_time.max_by_key(|(_, held)| *held)
    }

    /// Whether the log has not named this transaction yet. From now on it counts as named.
    pub fn is_news(&mut self, holder: &Holder) -> bool {
        self.told.replace(holder.transaction.clone()).as_ref() != Some(&holder.transaction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(transaction: &str) -> Holder {
        Holder { transaction: transaction.into(), pid: "7".into(), ..Holder::default() }
    }

    #[test]
    fn a_transaction_that_holds_its_lock_from_one_look_to_the_next_is_known_by_its_age() {
        let (start, mut watch) = (Instant::now(), LockWatch::default());
        let mut longest = |second: u64, transactions: &[&str]| {
            let holders = transactions.iter().map(|transaction| holder(transaction)).collect();
            let found = watch.note(holders, start + Duration::from_secs(second));
            found.map(|(holder, held)| (holder.transaction, held.as_secs()))
        };
        assert_eq!(longest(0, &[]), None);
        assert_eq!(longest(1, &["3/1"]), Some(("3/1".into(), 0)));
        assert_eq!(longest(2, &["3/2", "4/9"]).map(|(_, held)| held), Some(0), "the same session's next transaction");
        assert_eq!(longest(5, &["3/3", "4/9"]), Some(("4/9".into(), 3)));
        assert_eq!(longest(6, &["3/3"]), Some(("3/3".into(), 1)));
        assert_eq!(longest(7, &["4/9"]), Some(("4/9".into(), 0)), "it was gone");
    }

    #[test]
    fn each_transaction_is_told_of_once() {
        let mut watch = LockWatch::default();
        assert_eq!(["3/1", "3/1", "3/2"].map(|name| watch.is_news(&holder(name))), [true, false, true]);
    }

    #[test]
    fn a_holder_is_described_by_what_is_known_of_it() {
        assert_eq!(holder("3/1").to_string(), "the transaction of process 7");
        let known = Holder { user: "app".into(), state: "idle in transaction".into(), ..holder("3/1") };
        assert_eq!(known.to_string(), "the transaction of process 7 (user app, state idle in transaction)");
        assert_eq!(known.remedy(), "SELECT pg_terminate_backend(7)");
        assert!(known.is_idle() && !holder("3/1").is_idle());
        let prepared = Holder { pid: String::new(), ..known };
        assert_eq!(prepared.to_string(), "a prepared transaction");
        assert!(prepared.remedy().starts_with("COMMIT PREPARED"));
    }
}
