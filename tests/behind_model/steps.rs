//! One step of a session: a statement begins and takes its snapshot, or it works on one row.

use crate::database::{Hindrance, Inserted, Key, Lock, OnConflict, PARENT, Row, SessionId, Sessions, Table};
use crate::protocol::{Batch, Change, Statement, Target};
use crate::serial::{Effect, Outcome};
use crate::state::{State, Work};

/// What follows a step.
enum Flow {
    /// The running statement goes on with this work, after what is left of its own.
    Goes(Vec<Work>),
    /// The transaction stays open and repeats its statements.
    Again,
    Committed,
    /// A unique key was violated.
    Conflict(Key),
    /// The tree is not the one for which the statements were made.
    Stale,
    /// A row of this key ends the transaction.
    Refused(Key),
}

/// A session that makes a step in a state.
pub struct Step<'a> {
    pub state: State,
    pub who: SessionId,
    pub statement: &'a Statement,
    /// What a writer writes.
    pub batch: Option<&'a Batch>,
    pub all_keys: Vec<Key>,
    /// [`Mistake::ReplacedRowsDeleted`](crate::protocol::Mistake::ReplacedRowsDeleted).
    pub forgets_marks: bool,
}

impl Step<'_> {
    /// The state after the step. `Err`: the sessions that this one waits for.
    pub fn make(self) -> Result<State, Sessions> {
        let (who, before) = (self.who, self.state.clone());
        match self.step() {
            Ok(after) => Ok(after),
            Err(Hindrance::Waits(others)) => Err(others),
            // A session that meets a moved row repeats its transaction.
            Err(Hindrance::SerializationFailure) => {
                let mut after = before;
                after.roll_back(who);
                after.tidy();
                Ok(after)
            }
        }
    }

    fn step(mut self) -> Result<State, Hindrance> {
        let effects = self.state.effects.len() as u8;
        let session = self.state.session(self.who);
        if !session.is_open {
            (session.is_open, session.after) = (true, effects);
        }
        let mut left = std::mem::take(&mut session.work);
        let mut flow = match left.is_empty() {
            true => self.begin()?,
            false => self.work(left.remove(0))?,
        };
        // An INSERT has no snapshot that matters: it checks for the key when it inserts. So its start isn't a separate step.
        if let (Flow::Goes(work), Statement::Insert { .. }, true) = (&mut flow, self.statement, left.is_empty())
            && !work.is_empty()
        {
            let first = work.remove(0);
            left = std::mem::take(work);
            flow = self.work(first)?;
        }
        self.follow(left, flow);
        self.state.tidy();
        Ok(self.state)
    }

    fn keys(&self) -> &[Key] {
        self.batch.map_or(&self.all_keys, |batch| &batch.keys)
    }

    fn lock(&mut self, tables: &[Table], lock: Lock) -> Result<(), Hindrance> {
        self.state.database.lock_tables(self.who, tables, lock)
    }

    /// The work on each row of these tables that the statement sees.
    fn scan(&self, tables: &[Table], work: impl Fn(u8) -> Work) -> Vec<Work> {
        let rows = tables.iter().flat_map(|table| self.state.database.visible(self.who, *table));
        rows.filter(|(_, key)| self.keys().contains(key)).map(|(place, _)| work(place)).collect()
    }

    /// The keys of the batch that a statement sees in this table.
    fn seen_in(&self, table: Table) -> Vec<Key> {
        self.state
            .database
            .visible(self.who, table)
            .map(|(_, key)| key)
            .filter(|key| self.keys().contains(key))
            .collect()
    }

    fn begin(&mut self) -> Result<Flow, Hindrance> {
        let hot = self.state.tree.hot;
        let flow = match self.statement {
            Statement::Insert { into, on_conflict } => {
                let Some(table) = self.state.find_one(*into) else { return Ok(Flow::Stale) };
                self.lock(&[table], Lock::RowExclusive)?;
                Flow::Goes(self.keys().iter().map(|key| Work::Insert(table, *key, *on_conflict)).collect())
            }
            Statement::Delete { from: targets } | Statement::Patch { tables: targets } => {
                let Some(tables) = self.state.find(targets) else { return Ok(Flow::Stale) };
                self.lock(&tables, Lock::RowExclusive)?;
                let is_patch = matches!(self.statement, Statement::Patch { .. });
                Flow::Goes(self.scan(&tables, if is_patch { Work::Patch } else { Work::Delete }))
            }
            Statement::TakeOver { from } => {
                let Some(table) = self.state.find_one(Target::Table(*from)) else { return Ok(Flow::Stale) };
                self.lock(&[table], Lock::RowExclusive)?;
                Flow::Goes(self.scan(&[table], Work::TakeOver))
            }
            Statement::LeaveOut { known_to: other } => {
                let Some(table) = self.state.find_one(Target::Table(*other)) else { return Ok(Flow::Stale) };
                self.lock(&[hot], Lock::RowExclusive)?;
                self.lock(&[table], Lock::AccessShare)?;
                let known = self.seen_in(*other);
                let pairs = self.state.database.visible(self.who, hot).filter(|(_, key)| known.contains(key));
                Flow::Goes(pairs.map(|(place, _)| Work::LeaveOut(place)).collect())
            }
            Statement::RefuseIfIn { other } => {
                let Some(table) = self.state.find_one(Target::Table(*other)) else { return Ok(Flow::Stale) };
                self.lock(&[table], Lock::AccessShare)?;
                self.seen_in(*other).first().map_or(Flow::Goes(Vec::new()), |key| Flow::Refused(*key))
            }
            Statement::ConfirmPatch { looks } => {
                let found = &self.state.sessions[usize::from(self.who)].keys;
                let missing: Vec<Key> = self.keys().iter().copied().filter(|key| !found.contains(key)).collect();
                let there: Vec<Key> = match looks {
                    true => self.state.tree.all().into_iter().flat_map(|table| self.seen_in(table)).collect(),
                    false => Vec::new(),
                };
                match missing.iter().find(|key| !there.contains(key)) {
                    Some(key) => Flow::Refused(*key),
                    None if missing.is_empty() => Flow::Goes(Vec::new()),
                    None => Flow::Again,
                }
            }
            Statement::Move { from } => {
                let Some(table) = self.state.find_one(*from) else { return Ok(Flow::Stale) };
                self.lock(&[table, PARENT], Lock::RowExclusive)?;
                Flow::Goes(self.scan(&[table], Work::LockOrSkip))
            }
            Statement::ReadHot => {
                self.lock(&[hot], Lock::AccessShare)?;
                self.state.session(self.who).read = self.state.rows(self.who, &[hot]);
                Flow::Goes(Vec::new())
            }
            Statement::InsertRead => {
                self.lock(&[PARENT], Lock::RowExclusive)?;
                Flow::Goes(self.state.session(self.who).read.iter().map(|(key, row)| Work::Put(*key, *row)).collect())
            }
            Statement::DeleteRead => {
                self.lock(&[hot], Lock::RowExclusive)?;
                let read = &self.state.sessions[usize::from(self.who)].read;
                let rows = self.state.database.visible(self.who, hot);
                let rows = rows.filter(|(_, key)| read.iter().any(|(other, _)| other == key));
                Flow::Goes(rows.map(|(place, _)| Work::Delete(place)).collect())
            }
            Statement::LockTable { table, lock } => {
                let Some(table) = self.state.find_one(*table) else { return Ok(Flow::Stale) };
                self.lock(&[table], *lock)?;
                Flow::Goes(Vec::new())
            }
            Statement::CompareTree => match self.state.sessions[usize::from(self.who)].known == self.state.tree {
                true => Flow::Goes(Vec::new()),
                false => Flow::Stale,
            },
            Statement::Commit => Flow::Committed,
            Statement::CommitSeal { new } => {
                self.state.tree.sealed.push(hot);
                self.state.tree.hot = *new;
                Flow::Committed
            }
            Statement::CommitDrop { table } => {
                if self.state.database.visible(self.who, *table).next().is_none() {
                    self.state.tree.sealed.retain(|sealed| sealed != table);
                }
                Flow::Committed
            }
            Statement::CommitMerge { from, to } => {
                let sealed = &mut self.state.tree.sealed;
                sealed.retain(|sealed| sealed != from);
                sealed.push(*to);
                self.state.database.drop_table(*from);
                Flow::Committed
            }
            Statement::Copy { from, to } => {
                let Some(from) = self.state.find_one(Target::Table(*from)) else { return Ok(Flow::Stale) };
                self.lock(&[from], Lock::AccessShare)?;
                let rows = self.state.rows(self.who, &[from]);
                self.put_all(*to, &rows)?;
                self.state.session(self.who).copied = self.places(from);
                Flow::Goes(Vec::new())
            }
            Statement::ApplyChanges { from, to } => {
                self.lock(&[hot], Lock::RowExclusive)?;
                let (live, copied) = (self.places(*from), self.state.session(self.who).copied.clone());
                let database = &mut self.state.database;
                let gone: Vec<Key> =
                    copied.iter().filter(|place| !live.contains(place)).map(|place| database.row(*place).0).collect();
                let copies: Vec<(u8, Key)> = database.visible(self.who, *to).collect();
                for (place, _) in copies.iter().filter(|(_, key)| gone.contains(key)) {
                    database.delete(self.who, *place)?;
                }
                let new = live.iter().filter(|place| !copied.contains(place));
                let new: Vec<(Key, Row)> = new.map(|place| database.row(*place)).collect();
                self.put_all(hot, &new)?;
                Flow::Goes(Vec::new())
            }
            Statement::ListChildren => {
                self.lock(&[PARENT], Lock::AccessShare)?;
                self.state.session(self.who).known = self.state.tree.clone();
                Flow::Goes(Vec::new())
            }
            Statement::LockChildren => {
                let listed = self.listed();
                self.lock(&listed, Lock::AccessShare)?;
                Flow::Goes(Vec::new())
            }
            Statement::ReadAll => {
                let mut seen = self.state.rows(self.who, &self.listed());
                let all = self
                    .all_keys
                    .iter()
                    .flat_map(|key| self.state.database.committed(*key).map(|(_, row)| (*key, row)));
                let mut all: Vec<(Key, Row)> = all.collect();
                seen.sort_unstable();
                all.sort_unstable();
                self.state.misread |= seen != all;
                Flow::Committed
            }
        };
        Ok(flow)
    }

    fn places(&self, table: Table) -> Vec<u8> {
        self.state.database.visible(self.who, table).map(|(place, _)| place).collect()
    }

    /// Inserts rows whose keys aren't in the table.
    fn put_all(&mut self, table: Table, rows: &[(Key, Row)]) -> Result<(), Hindrance> {
        for row in rows {
            let inserted = self.state.database.insert(self.who, table, *row, OnConflict::Fail)?;
            self.state.met |= inserted == Inserted::UniqueViolation;
        }
        Ok(())
    }

    /// The tables that a query has listed, without those that are gone.
    fn listed(&self) -> Vec<Table> {
        let listed = self.state.sessions[usize::from(self.who)].known.all();
        listed.into_iter().filter(|table| self.state.tree.has(*table)).collect()
    }

    fn work(&mut self, work: Work) -> Result<Flow, Hindrance> {
        let who = self.who;
        let (number, partitioned) = (self.state.number(who), self.state.tree.partitioned);
        let database = &mut self.state.database;
        let mut more = Vec::new();
        match work {
            Work::Insert(table, key, on_conflict) => {
                let row = Row { written: number, patched: 0, kept: false };
                match database.insert(who, table, (key, row), on_conflict)? {
                    Inserted::Stored => {}
                    Inserted::LeftOut => self.state.session(who).keys.push(key),
                    Inserted::UniqueViolation => return Ok(Flow::Conflict(key)),
                }
            }
            Work::Delete(place) => {
                database.delete(who, place)?;
            }
            Work::TakeOver(place) => {
                let (key, _) = database.row(place);
                let old = match partitioned && !self.forgets_marks {
                    true => database.move_away(who, place)?,
                    false => database.delete(who, place)?,
                };
                if let Some(old) = old {
                    database.take_over(who, self.state.tree.hot, key, old.kept);
                }
            }
            Work::LeaveOut(place) => {
                let (key, _) = database.row(place);
                if database.delete(who, place)?.is_some() {
                    self.state.session(who).keys.push(key);
                }
            }
            Work::Patch(place) => {
                let (key, _) = database.row(place);
                if database.update(who, place, |row| Row { patched: number, ..row })? {
                    self.state.session(who).keys.push(key);
                }
            }
            Work::LockOrSkip(place) => more.extend(database.lock_or_skip(who, place).map(Work::Take)),
            Work::Take(place) => {
                let (key, _) = database.row(place);
                let row = match partitioned {
                    true => database.move_away(who, place)?,
                    false => database.delete(who, place)?,
                };
                more.extend(row.map(|row| Work::Put(key, row)));
            }
            Work::Put(key, row) => {
                let inserted = database.insert(who, PARENT, (key, row), OnConflict::Fail)?;
                self.state.met |= inserted == Inserted::UniqueViolation;
            }
        }
        Ok(Flow::Goes(more))
    }

    fn follow(&mut self, mut left: Vec<Work>, flow: Flow) {
        let who = self.who;
        match flow {
            Flow::Goes(more) => {
                left.extend(more);
                let session = self.state.session(who);
                session.at += usize::from(left.is_empty());
                session.work = left;
            }
            Flow::Again => {
                let session = self.state.session(who);
                session.at = 0;
                session.keys.clear();
            }
            Flow::Committed => {
                self.commit();
                self.state.session(who).done += 1;
            }
            Flow::Conflict(key) => match self.batch.is_some_and(|batch| batch.change == Change::Strict) {
                true => self.refuse(key),
                false => {
                    self.state.roll_back(who);
                    self.state.session(who).staged = true;
                }
            },
            Flow::Stale => {
                self.state.roll_back(who);
                let tree = self.state.tree.clone();
                let is_writer = self.batch.is_some();
                let session = self.state.session(who);
                session.known = tree;
                // A mover whose table is gone has nothing to do.
                session.done += u8::from(!is_writer);
            }
            Flow::Refused(key) => self.refuse(key),
        }
    }

    /// The state after a COMMIT whose answer is lost.
    pub fn commit_unanswered(mut self) -> State {
        self.commit();
        self.state.losses -= 1;
        self.state.tidy();
        self.state
    }

    fn commit(&mut self) {
        let who = self.who;
        let (number, after) = (self.state.number(who), self.state.session(who).after);
        let left_out = std::mem::take(&mut self.state.session(who).keys);
        for (batch, key) in self.batch.iter().flat_map(|batch| batch.keys.iter().map(move |key| (batch, *key))) {
            let ignored = batch.change == Change::Ignore && left_out.contains(&key);
            let outcome = if ignored { Outcome::Ignored } else { Outcome::Done };
            self.state.effects.push(Effect { change: batch.change, key, number, outcome, after });
        }
        self.state.database.commit(who);
        self.state.close(who);
    }

    fn refuse(&mut self, key: Key) {
        let who = self.who;
        let (number, after) = (self.state.number(who), self.state.session(who).after);
        if let Some(batch) = self.batch {
            let outcome = Outcome::Refused;
            self.state.effects.push(Effect { change: batch.change, key, number, outcome, after });
        }
        self.state.roll_back(who);
        self.state.session(who).done += 1;
    }
}
