//! A model of PostgreSQL's READ COMMITTED, as far as the protocol depends on it: versions of rows, which sessions see them, which
//! session waits for which, the unique key of each table, and locks on tables.

pub const PARENT: Table = 0;
pub const TABLES: usize = 5;

pub type Table = u8;
pub type Key = u8;
/// A session has at most one open transaction, so the session's number also names its transaction.
pub type SessionId = u8;
/// One bit for each session.
pub type Sessions = u8;
/// The place of a version in the list of all.
pub type Place = u8;

/// The contents of a row: who wrote it, who changed it in place, and a column that no writer writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Row {
    pub written: u8,
    pub patched: u8,
    pub kept: bool,
}

/// Whether a version is the newest one of its row, and if not, by whom it was ended. `None`: by a transaction that has committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum End {
    Live,
    Deleted {
        by: Option<SessionId>,
    },
    Updated {
        by: Option<SessionId>,
        next: Place,
    },
    /// By an update that moved the row into another partition.
    MovedAway {
        by: Option<SessionId>,
    },
}

impl End {
    /// The transaction that ended the version. `None`: none has. `Some(None)`: one that has committed.
    fn by(self) -> Option<Option<SessionId>> {
        match self {
            End::Live => None,
            End::Deleted { by } | End::Updated { by, .. } | End::MovedAway { by } => Some(by),
        }
    }
}

/// Why a session can't make its step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hindrance {
    /// It waits for these.
    Waits(Sessions),
    /// The row is in another partition now. The server reports a serialization failure.
    SerializationFailure,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Version {
    table: Table,
    key: Key,
    row: Row,
    /// The open transaction that made it.
    creator: Option<SessionId>,
    /// Held by FOR UPDATE.
    locked: Option<SessionId>,
    end: End,
}

/// The locks on tables that matter here, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lock {
    None,
    AccessShare,
    RowShare,
    RowExclusive,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

impl Lock {
    fn conflicts(self, other: Lock) -> bool {
        match self.max(other) {
            Lock::None | Lock::AccessShare | Lock::RowShare | Lock::RowExclusive => false,
            Lock::ShareRowExclusive => self.min(other) >= Lock::RowExclusive,
            Lock::Exclusive => self.min(other) >= Lock::RowShare,
            Lock::AccessExclusive => self.min(other) >= Lock::AccessShare,
        }
    }
}

/// What INSERT does when the key is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnConflict {
    Fail,
    DoNothing,
    DoUpdate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    Stored,
    LeftOut,
    UniqueViolation,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Database {
    versions: Vec<Version>,
    locks: Vec<[Lock; TABLES]>,
}

impl Database {
    pub fn new(sessions: usize) -> Database {
        Database { versions: Vec::new(), locks: vec![[Lock::None; TABLES]; sessions] }
    }

    /// Adds a row that was committed long ago.
    pub fn put(&mut self, table: Table, key: Key, row: Row) {
        self.versions.push(Version { table, key, row, creator: None, locked: None, end: End::Live });
    }

    /// `Err`: the sessions that this one waits for. It then holds no new lock.
    pub fn lock_tables(&mut self, who: SessionId, tables: &[Table], lock: Lock) -> Result<(), Hindrance> {
        let conflicting = |other: &[Lock; TABLES]| tables.iter().any(|table| other[*table as usize].conflicts(lock));
        let mut waits = 0;
        for (other, locks) in self.locks.iter().enumerate() {
            if other != who as usize && conflicting(locks) {
                waits |= 1 << other;
            }
        }
        if waits != 0 {
            return Err(Hindrance::Waits(waits));
        }
        for table in tables {
            let held = &mut self.locks[who as usize][*table as usize];
            *held = (*held).max(lock);
        }
        Ok(())
    }

    /// The versions of a table that are seen by a statement that begins now.
    pub fn visible(&self, who: SessionId, table: Table) -> impl Iterator<Item = (Place, Key)> + '_ {
        let seen = move |version: &Version| {
            let ended = version.end.by().is_some_and(|by| by.is_none_or(|by| by == who));
            version.table == table && version.creator.is_none_or(|creator| creator == who) && !ended
        };
        let versions = self.versions.iter().enumerate();
        versions.filter(move |(_, version)| seen(version)).map(|(place, version)| (place as Place, version.key))
    }

    /// The rows of a key that a reader sees now, with their tables.
    pub fn committed(&self, key: Key) -> impl Iterator<Item = (Table, Row)> + '_ {
        let there = move |version: &&Version| {
            let is_gone = version.end.by() == Some(None);
            version.key == key && version.creator.is_none() && !is_gone
        };
        self.versions.iter().filter(there).map(|version| (version.table, version.row))
    }

    pub fn row(&self, place: Place) -> (Key, Row) {
        let version = &self.versions[place as usize];
        (version.key, version.row)
    }

    /// INSERT of one row, with the check of the unique key.
    pub fn insert(
        &mut self,
        who: SessionId,
        table: Table,
        (key, row): (Key, Row),
        on_conflict: OnConflict,
    ) -> Result<Inserted, Hindrance> {
        let mut conflict = None;
        for (place, version) in self.versions.iter().enumerate() {
            if (version.table, version.key) != (table, key) {
                continue;
            }
            if let Some(creator) = version.creator.filter(|creator| *creator != who) {
                return Err(Hindrance::Waits(1 << creator));
            }
            match version.end.by() {
                None => conflict = Some(place as Place),
                Some(Some(by)) if by != who => return Err(Hindrance::Waits(1 << by)),
                Some(_) => {}
            }
        }
        match (conflict, on_conflict) {
            (None, _) => {
                self.versions.push(Version { table, key, row, creator: Some(who), locked: None, end: End::Live });
                Ok(Inserted::Stored)
            }
            (Some(_), OnConflict::Fail) => Ok(Inserted::UniqueViolation),
            (Some(_), OnConflict::DoNothing) => Ok(Inserted::LeftOut),
            (Some(place), OnConflict::DoUpdate) => {
                self.update(who, place, |old| Row { kept: old.kept, ..row })?;
                Ok(Inserted::Stored)
            }
        }
    }

    /// The version to change, when a statement has seen this one: it waits for an open transaction that has changed the row, and
    /// goes on with the newest version. `None`: the row is gone.
    fn newest(&self, who: SessionId, seen: Place) -> Result<Option<Place>, Hindrance> {
        let mut place = seen;
        loop {
            let version = &self.versions[place as usize];
            match version.end {
                End::Live => match version.locked.filter(|holder| *holder != who) {
                    Some(holder) => return Err(Hindrance::Waits(1 << holder)),
                    None => return Ok(Some(place)),
                },
                End::Deleted { by: Some(by) } | End::Updated { by: Some(by), .. } | End::MovedAway { by: Some(by) }
                    if by != who =>
                {
                    return Err(Hindrance::Waits(1 << by));
                }
                End::MovedAway { by: None } => return Err(Hindrance::SerializationFailure),
                End::Deleted { .. } | End::Updated { by: Some(_), .. } | End::MovedAway { .. } => return Ok(None),
                End::Updated { by: None, next } => place = next,
            }
        }
    }

    /// Deletes a row and returns it. `None`: it was gone.
    pub fn delete(&mut self, who: SessionId, seen: Place) -> Result<Option<Row>, Hindrance> {
        let Some(place) = self.newest(who, seen)? else { return Ok(None) };
        let version = &mut self.versions[place as usize];
        version.end = End::Deleted { by: Some(who) };
        Ok(Some(version.row))
    }

    /// Deletes a row as an update does that moves it into another partition.
    pub fn move_away(&mut self, who: SessionId, seen: Place) -> Result<Option<Row>, Hindrance> {
        let Some(place) = self.newest(who, seen)? else { return Ok(None) };
        let version = &mut self.versions[place as usize];
        version.end = End::MovedAway { by: Some(who) };
        Ok(Some(version.row))
    }

    /// Changes a row. `false`: it was gone.
    pub fn update(&mut self, who: SessionId, seen: Place, change: impl Fn(Row) -> Row) -> Result<bool, Hindrance> {
        let Some(place) = self.newest(who, seen)? else { return Ok(false) };
        let next = self.versions.len() as Place;
        let old = &mut self.versions[place as usize];
        let new = Version { row: change(old.row), creator: Some(who), locked: None, end: End::Live, ..*old };
        old.end = End::Updated { by: Some(who), next };
        self.versions.push(new);
        Ok(true)
    }

    /// Sets the column that no writer writes, in a row that the transaction itself has written.
    pub fn take_over(&mut self, who: SessionId, table: Table, key: Key, kept: bool) {
        for version in &mut self.versions {
            if (version.table, version.key, version.creator, version.end) == (table, key, Some(who), End::Live) {
                version.row.kept = kept;
            }
        }
    }

    /// FOR UPDATE SKIP LOCKED.
    pub fn lock_or_skip(&mut self, who: SessionId, seen: Place) -> Option<Place> {
        let place = self.newest(who, seen).ok().flatten()?;
        self.versions[place as usize].locked = Some(who);
        Some(place)
    }

    /// DROP TABLE, with the COMMIT after it. Nobody else holds a lock on the table.
    pub fn drop_table(&mut self, table: Table) {
        for version in self.versions.iter_mut().filter(|version| version.table == table) {
            (version.creator, version.locked, version.end) = (None, None, End::Deleted { by: None });
        }
    }

    pub fn commit(&mut self, who: SessionId) {
        for version in &mut self.versions {
            version.creator = version.creator.filter(|creator| *creator != who);
            version.locked = version.locked.filter(|holder| *holder != who);
            match &mut version.end {
                End::Live => {}
                End::Deleted { by } | End::Updated { by, .. } | End::MovedAway { by } => {
                    *by = by.filter(|by| *by != who)
                }
            }
        }
        self.locks[who as usize] = [Lock::None; TABLES];
    }

    pub fn roll_back(&mut self, who: SessionId) {
        for version in &mut self.versions {
            version.locked = version.locked.filter(|holder| *holder != who);
            if version.end.by() == Some(Some(who)) {
                version.end = End::Live;
            }
            if version.creator == Some(who) {
                // Nobody sees it any more.
                (version.creator, version.end) = (None, End::Deleted { by: None });
            }
        }
        self.locks[who as usize] = [Lock::None; TABLES];
    }

    /// Forgets the versions that nobody can reach, and puts the others in order, so that equal states are found to be equal. `seen`
    /// are the places that running statements hold.
    pub fn tidy<'a>(&mut self, seen: impl Iterator<Item = &'a mut Place>) {
        let mut seen: Vec<&mut Place> = seen.collect();
        let mut reached = vec![false; self.versions.len()];
        for (place, version) in self.versions.iter().enumerate() {
            reached[place] = version.end.by() != Some(None);
        }
        for place in &seen {
            let mut place = **place;
            while !std::mem::replace(&mut reached[place as usize], true) {
                match self.versions[place as usize].end {
                    End::Updated { by: None, next } => place = next,
                    End::Live | End::Deleted { .. } | End::Updated { .. } | End::MovedAway { .. } => break,
                }
            }
        }
        let mut order: Vec<Place> =
            (0..self.versions.len() as Place).filter(|place| reached[*place as usize]).collect();
        let next = |place: &Place| {
            let version = self.versions[*place as usize];
            (version.table, version.key, version.creator, version.row)
        };
        order.sort_by_key(next);
        let mut new_place = vec![0; self.versions.len()];
        for (new, old) in order.iter().enumerate() {
            new_place[*old as usize] = new as Place;
        }
        self.versions = order.iter().map(|place| self.versions[*place as usize]).collect();
        for version in &mut self.versions {
            if let End::Updated { next, .. } = &mut version.end {
                *next = new_place[*next as usize];
            }
        }
        for place in &mut seen {
            **place = new_place[**place as usize];
        }
    }
}
