//! Taking a stream over: a new stream gets its rows in the ledger, and the epoch is raised. After that no other process can write the
//! stream.

use super::answer::{read, unreadable};
use super::tables::Ledger;
use crate::postgres::connect::failure::{Attempt, AttemptError};
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::literal;
use crate::postgres::own_tables::former_owner::{LONGEST_WAIT, end_sessions};
use crate::progress::ledger::{AssignmentRefusal, FoundStream, ShardPositions, StreamName, Wanted};

/// How often the raise is tried.
const TRIES: u32 = 5;

/// How a stream begins that the ledger doesn't have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    pub offset: i64,
    /// An epoch that no process has any more: the highest of those that were deleted for `--fresh`, or 0.
    pub epoch: i64,
}

/// A stream that this process has taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenStream {
    pub number: i64,
    pub epoch: i64,
    pub positions: ShardPositions,
    /// How many records were passed over because they are gone.
    pub missed: u64,
    /// The ledger didn't have the stream.
    pub is_new: bool,
}

/// How one attempt ended.
enum Raised {
    Taken(Box<TakenStream>),
    Missing,
    Refused(AssignmentRefusal),
}

impl Ledger {
    /// Takes a stream over. If this process may not continue it, nothing is changed. So a wrong job file doesn't stop the process that
    /// has the stream. `by_shards`: positions of single shards above `low` count, as exactly-once needs it. Otherwise everything from
    /// `low` on is written again.
    pub fn take_over(
        &self,
        session: &mut Session,
        wanted: &Wanted<'_>,
        start: Start,
        owner: &str,
        by_shards: bool,
    ) -> Attempt<Result<TakenStream, AssignmentRefusal>> {
        let mut is_new = false;
        let mut tries = 0;
        loop {
            tries += 1;
            match self.raise(session, wanted, owner, by_shards) {
                Ok(Raised::Taken(taken)) => return Ok(Ok(TakenStream { is_new, ..*taken })),
                Ok(Raised::Refused(refusal)) => return Ok(Err(refusal)),
                Ok(Raised::Missing) if tries <= TRIES => {
                    self.insert(session, wanted, start)?;
                    is_new = true;
                }
                Ok(Raised::Missing) => {
                    return Err(AttemptError::outage(format!(
                        "row {} is deleted again and again",
                        wanted.name.number()
                    )));
                }
                Err(failure) if tries < TRIES && failure.is("55P03") => {
                    session.recover();
                    self.end_former_owner(session, wanted.name, owner)?;
                }
                // A transaction of the former owner locks the rows in another order, or was rolled back.
                Err(failure) if tries < TRIES && (failure.is("40P01") || failure.is("40001")) => session.recover(),
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Adds the rows of a stream. Another process may be first. Shards that somebody left without their stream are deleted.
    fn insert(&self, session: &mut Session, wanted: &Wanted<'_>, start: Start) -> Attempt<()> {
        let Wanted { name, layout, source, .. } = wanted;
        let StreamName { job, sink, topic, partition } = name;
        let number = name.number();
        let [job, sink, topic, source, layout] = [&**job, &**sink, &**topic, *source, *layout].map(literal);
        let Start { offset, epoch } = start;
        session.begin_without_rows()?;
        let inserted = session.run(&format!(
            "INSERT INTO {} (stream, job, sink, topic, part, source, layout, epoch, low, owner, seen)
              VALUES ({number}, {job}, {sink}, {topic}, {partition}, {source}, {layout}, {epoch}, {offset}, '', pg_catalog.now())",
            self.stream()
        ));
        let inserted = inserted
            .and_then(|()| self.begin_shards(session, number, epoch, offset))
            .and_then(|()| session.run("COMMIT"));
        match inserted {
            Err(failure) if failure.is("23505") => {
                session.forgive();
                session.recover();
                Ok(())
            }
            other => other,
        }
    }

    /// Raises the epoch. The positions come from what these UPDATEs return: that is the newest committed state, after a wait for
    /// the former owner's open transaction. A query before them could show an older one.
    fn raise(&self, session: &mut Session, wanted: &Wanted<'_>, owner: &str, by_shards: bool) -> Attempt<Raised> {
        let number = wanted.name.number();
        let (stream, shard) = (self.stream(), self.shard());
        session.begin_without_rows()?;
        session.run(&format!("SET LOCAL lock_timeout TO '{LONGEST_WAIT}'"))?;
        let rows = session.ask(&format!(
            "UPDATE {stream} SET epoch = epoch + 1, owner = {}, seen = pg_catalog.now() WHERE stream = {number}
              RETURNING epoch, low, part, job, sink, topic, source, layout",
            literal(owner)
        ))?;
        let Some(row) = rows.first() else {
            session.run("ROLLBACK")?;
            return Ok(Raised::Missing);
        };
        let [epoch, low, partition, job, sink, topic, source, layout] = row.as_slice() else {
            return Err(unreadable());
        };
        let (epoch, low): (i64, i64) = (read(epoch)?, read(low)?);
        let name = StreamName {
            job: job.clone(),
            sink: sink.clone(),
            topic: topic.as_str().into(),
            partition: read(partition)?,
        };
        let set = if by_shards { String::new() } else { format!(", next_offset = {low}") };
        let shards = session.ask(&format!(
            "UPDATE {shard} SET epoch = {epoch}{set} WHERE stream = {number} RETURNING shard, next_offset"
        ))?;
        let shards = shards.iter().map(|row| match row.as_slice() {
            [shard, next] => Ok((read(shard)?, read(next)?)),
            _ => Err(unreadable()),
        });
        let found = FoundStream {
            name,
            layout: layout.clone(),
            source: source.clone(),
            low,
            shards: shards.collect::<Attempt<_>>()?,
        };
        let checked = match wanted.check(&found) {
            Ok(checked) => checked,
            Err(refusal) => {
                session.run("ROLLBACK")?;
                return Ok(Raised::Refused(refusal));
            }
        };
        let other_source = !wanted.source.is_empty() && *source != wanted.source;
        let store = match checked.stores_layout || other_source {
            true => format!(
                "UPDATE {stream} SET layout = {}, source = {} WHERE stream = {number}; ",
                literal(wanted.layout),
                literal(if wanted.source.is_empty() { source } else { wanted.source })
            ),
            false => String::new(),
        };
        session.run(&format!("{store}COMMIT"))?;
        let (positions, missed) = (checked.positions, checked.missed);
        Ok(Raised::Taken(Box::new(TakenStream { number, epoch, positions, missed, is_new: false })))
    }

    /// Ends those sessions of the stream's former owner that are of this role.
    fn end_former_owner(&self, session: &mut Session, name: &StreamName, owner: &str) -> Attempt<()> {
        let former =
            session.first_value(&format!("SELECT owner FROM {} WHERE stream = {}", self.stream(), name.number()))?;
        let Some(former) = former.filter(|former| !former.is_empty() && former != owner) else { return Ok(()) };
        let process = literal(&format!("/{former}"));
        let condition = format!("right(a.application_name, {}) = {process}", former.len() + 1);
        end_sessions(session, &condition, &name.topic, name.partition)
    }
}
