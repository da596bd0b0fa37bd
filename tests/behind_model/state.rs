//! The state at one moment: the database, the tree, and how far each session has come.

use crate::database::{Database, Key, OnConflict, Place, Row, SessionId, Table};
use crate::protocol::{Role, Target, Tree};
use crate::serial::Effect;

/// The value of rows that were there at the start. Changes write larger values.
const FIRST: u8 = 1;
/// A session's batches have neighbouring numbers.
const MOST_BATCHES: u8 = 4;

/// The sessions, and where the keys are at the start.
#[derive(Debug, Clone)]
pub struct Case {
    pub roles: Vec<Role>,
    /// The table of each key.
    pub places: Vec<Option<Table>>,
    pub tree: Tree,
    /// Whether writers have learned before that keys conflict.
    pub staged: bool,
    /// How many transactions may be lost: before their COMMIT, or only the answer to it.
    pub losses: u8,
}

impl Case {
    pub fn first_row(&self, key: Key) -> Option<Row> {
        self.places[usize::from(key)].map(|_| Row { written: FIRST, patched: 0, kept: true })
    }

    pub fn keys(&self) -> impl Iterator<Item = Key> {
        0..self.places.len() as Key
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    pub database: Database,
    pub tree: Tree,
    pub sessions: Vec<Session>,
    /// The committed effects, in the order of their commits.
    pub effects: Vec<Effect>,
    /// How many more transactions may be lost.
    pub losses: u8,
    /// A mover has found the key of its row in the parent already.
    pub met: bool,
    /// A query through the parent has seen other rows than those that were committed.
    pub misread: bool,
    /// A seal and another session have waited for each other.
    pub seal_deadlocked: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Session {
    /// How many batches, rounds or changes of the tree have ended.
    pub done: u8,
    /// The place of the next statement in the transaction, or of the running one.
    pub at: usize,
    pub is_open: bool,
    /// What is left of the running statement.
    pub work: Vec<Work>,
    pub staged: bool,
    pub known: Tree,
    /// The keys that the patch has found, or that `ignore` has left out.
    pub keys: Vec<Key>,
    /// How many effects were committed when the transaction began.
    pub after: u8,
    /// What the mover of [`Mistake::MoverWithoutRowLocks`](crate::protocol::Mistake::MoverWithoutRowLocks) has read.
    pub read: Vec<(Key, Row)>,
    /// The row versions that a merge has copied.
    pub copied: Vec<Place>,
}

/// The work of a statement on one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Work {
    Insert(Table, Key, OnConflict),
    Delete(Place),
    TakeOver(Place),
    LeaveOut(Place),
    Patch(Place),
    LockOrSkip(Place),
    Take(Place),
    /// Into the parent, by the mover.
    Put(Key, Row),
}

impl State {
    pub fn new(case: &Case) -> State {
        let mut database = Database::new(case.roles.len());
        for (key, place) in case.keys().zip(&case.places) {
            if let (Some(table), Some(row)) = (place, case.first_row(key)) {
                database.put(*table, key, row);
            }
        }
        let session = Session {
            done: 0,
            at: 0,
            is_open: false,
            work: Vec::new(),
            staged: case.staged,
            known: case.tree.clone(),
            keys: Vec::new(),
            after: 0,
            read: Vec::new(),
            copied: Vec::new(),
        };
        State {
            database,
            tree: case.tree.clone(),
            sessions: vec![session; case.roles.len()],
            effects: Vec::new(),
            losses: case.losses,
            met: false,
            misread: false,
            seal_deadlocked: false,
        }
    }

    pub fn session(&mut self, who: SessionId) -> &mut Session {
        &mut self.sessions[usize::from(who)]
    }

    /// The rows in these tables that are seen by a statement that begins now.
    pub fn rows(&self, who: SessionId, tables: &[Table]) -> Vec<(Key, Row)> {
        let rows = tables.iter().flat_map(|table| self.database.visible(who, *table));
        rows.map(|(place, _)| self.database.row(place)).collect()
    }

    /// What the session's batch writes.
    pub fn number(&self, who: SessionId) -> u8 {
        FIRST + 1 + MOST_BATCHES * who + self.sessions[usize::from(who)].done
    }

    /// The table that is meant; `None` if it is gone.
    pub fn find_one(&self, target: Target) -> Option<Table> {
        match target {
            Target::Hot => Some(self.tree.hot),
            Target::Table(table) => self.tree.has(table).then_some(table),
        }
    }

    /// The tables that are meant; `None` if one is gone.
    pub fn find(&self, targets: &[Target]) -> Option<Vec<Table>> {
        targets.iter().map(|target| self.find_one(*target)).collect()
    }

    pub fn roll_back(&mut self, who: SessionId) {
        self.database.roll_back(who);
        self.close(who);
    }

    /// The session's next step begins a transaction.
    pub fn close(&mut self, who: SessionId) {
        let session = self.session(who);
        (session.at, session.is_open, session.after) = (0, false, 0);
        session.work.clear();
        session.keys.clear();
        session.read.clear();
        session.copied.clear();
    }

    /// Brings equivalent states into the same form, so that they are tried only once.
    pub fn tidy(&mut self) {
        fn held(work: &mut Work) -> Option<&mut Place> {
            match work {
                Work::Insert(..) | Work::Put(..) => None,
                Work::Delete(place)
                | Work::TakeOver(place)
                | Work::LeaveOut(place)
                | Work::Patch(place)
                | Work::LockOrSkip(place)
                | Work::Take(place) => Some(place),
            }
        }
        let sessions = self.sessions.iter_mut();
        let seen = sessions.flat_map(|session| session.work.iter_mut().filter_map(held).chain(&mut session.copied));
        self.database.tidy(seen);
    }
}
