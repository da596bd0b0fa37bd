//! The schema check before the encoder refuses a row: the table may have been altered, and no transaction has noticed it yet.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::error::Result;
use crate::postgres::Target;
use crate::postgres::connect::classify::Class;
use crate::postgres::connect::driver::wait_limit::{Deadline, WaitLimit};

/// How long the result of a check is used: there may be many bad rows.
const BELIEVED: Duration = Duration::from_secs(1);
/// How long a check may take: the row that would be refused waits for it.
const LONGEST: Duration = Duration::from_secs(2);

/// When the table was last checked.
#[derive(Debug, Default)]
pub struct SchemaChecks {
    last: Mutex<Option<Instant>>,
}

impl SchemaChecks {
    fn is_due(&self, now: Instant) -> bool {
        let mut last = self.last.lock();
        let is_due = last.is_none_or(|last| now.duration_since(last) >= BELIEVED);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

impl Target {
    /// Whether a schema check is needed before a row is refused that was encoded for the newest schema version. If so, the
    /// caller calls [`Target::check_schema`].
    pub fn is_schema_check_due(&self) -> bool {
        !self.outage.is_on() && self.schema_checks.is_due(Instant::now())
    }

    /// Compares the table with the newest schema version; afterwards there may be a newer schema version. If the database is away and can't be asked, the
    /// row is judged by what is known. Err: the job can't go on with the table as it is.
    pub fn check_schema(&self) -> Result<()> {
        let schema_version = self.schema_version();
        let wait_limit = WaitLimit::until(Deadline::after(LONGEST));
        let compared = self.pool.session(&wait_limit);
        let compared =
            compared.and_then(|mut checkout| checkout.attempt(|session| schema_version.shape.compare(session)));
        let failure = match compared {
            Err(altered) if altered.class == Class::Altered => match self.read_again(&schema_version, &wait_limit) {
                Ok(Err(why)) => return Err(self.can_not_follow(&altered.text, &why)),
                Ok(Ok(())) => None,
                Err(failure) => Some(failure),
            },
            compared => compared.err(),
        };
        if let Some(failure) = failure {
            log::debug!("{}: the schema can't be checked before a row is refused: {failure:?}", self.name);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_rows_are_refused_the_schema_is_checked_once_a_second() {
        let (checks, start) = (SchemaChecks::default(), Instant::now());
        let due = (0..3000).filter(|&row| checks.is_due(start + Duration::from_millis(row)));
        assert_eq!(due.collect::<Vec<_>>(), [0, 1000, 2000]);
    }
}
