//! Checks whether some serial order of the committed changes explains what happened to a key.

use crate::database::{Key, Row};
use crate::protocol::Change;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    Done,
    Ignored,
    /// Under `strict` the key was there, or a patch found no row.
    Refused,
}

/// What one transaction did to one key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Effect {
    pub change: Change,
    pub key: Key,
    /// The number that the change writes.
    pub number: u8,
    pub outcome: Outcome,
    /// How many effects were committed when the transaction began: these come before it in every order.
    pub after: u8,
}

impl Effect {
    /// The row after the change, and the outcome, if no other session interferes.
    fn alone(&self, row: Option<Row>) -> (Option<Row>, Outcome) {
        let new = |kept| Some(Row { written: self.number, patched: 0, kept });
        match (self.change, row) {
            (Change::Upsert | Change::ForeignUpsert, _) => (new(row.is_some_and(|row| row.kept)), Outcome::Done),
            (Change::Replace, _) | (Change::Ignore | Change::Strict, None) => (new(false), Outcome::Done),
            (Change::Ignore, Some(_)) => (row, Outcome::Ignored),
            (Change::Strict, Some(_)) | (Change::Patch | Change::ForeignUpdate, None) => (row, Outcome::Refused),
            (Change::Delete | Change::ForeignDelete, _) => (None, Outcome::Done),
            (Change::Patch | Change::ForeignUpdate, Some(row)) => {
                (Some(Row { patched: self.number, ..row }), Outcome::Done)
            }
        }
    }
}

/// Whether some order of these effects, all of one key, leads from the row `before` to the row `now`.
pub fn explains(effects: &[(usize, &Effect)], before: Option<Row>, now: Option<Row>) -> bool {
    // A delete that finds no row because an upsert of another process has just replaced it counts as a delete before this upsert.
    // Then the columns that nobody writes are those of the row before.
    let deletes = |(_, effect): &(usize, &Effect)| matches!(effect.change, Change::Delete | Change::Replace);
    let compares_kept = !effects.iter().any(deletes);
    let all = (1_u32 << effects.len()) - 1;
    continues(effects, all, before, &|row| match (row, now) {
        (Some(row), Some(now)) => row == Row { kept: if compares_kept { now.kept } else { row.kept }, ..now },
        (row, now) => row.is_none() && now.is_none(),
    })
}

/// The same for the effects whose bit is set in `left`.
fn continues(effects: &[(usize, &Effect)], left: u32, row: Option<Row>, ends: &dyn Fn(Option<Row>) -> bool) -> bool {
    if left == 0 {
        return ends(row);
    }
    let is_left = |at: &usize| left & 1 << at != 0;
    let places = 0..effects.len();
    places.clone().filter(is_left).any(|next| {
        let effect = effects[next].1;
        // None of those that are left was committed before this one began.
        let may_be_next = places.clone().filter(is_left).all(|at| effects[at].0 >= usize::from(effect.after));
        let (then, outcome) = effect.alone(row);
        may_be_next && outcome == effect.outcome && continues(effects, left & !(1 << next), then, ends)
    })
}
