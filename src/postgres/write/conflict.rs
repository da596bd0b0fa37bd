//! Which path a batch takes first, learned from the batches before it.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::batch::RowFormat;
use crate::postgres::catalog::capabilities::Capabilities;
use crate::postgres::write::path::Path;
use crate::settings::{ConflictMode, WriteMode};

/// Batches that go through the staging table after a conflict, at first and at most.
const FIRST: u32 = 8;
const MOST: u32 = 1024;

/// Shared by a sink's writers.
#[derive(Debug)]
pub struct Conflicts {
    mode: ConflictMode,
    direct: bool,
    resolving: bool,
    on_conflict: bool,
    staged_only: bool,
    /// How many of the next batches go through the staging table.
    staged: AtomicU32,
    /// How many batches will do so after the next conflict.
    penalty: AtomicU32,
}

impl Conflicts {
    pub fn new(mode: ConflictMode, write_mode: WriteMode, capabilities: &Capabilities) -> Self {
        // `strict` has to name the row in conflict, which only COPY can.
        let staged_only = !capabilities.direct || (write_mode == WriteMode::Insert && mode != ConflictMode::Strict);
        Conflicts {
            mode,
            direct: capabilities.direct,
            resolving: capabilities.resolving,
            on_conflict: capabilities.on_conflict,
            staged_only,
            staged: AtomicU32::new(0),
            penalty: AtomicU32::new(FIRST),
        }
    }

    pub fn path(&self) -> Path {
        if self.staged_only {
            return Path::Staged;
        }
        let one_less = |left: u32| left.checked_sub(1);
        if self.staged.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
            Path::Staged
        } else if self.resolving {
            Path::Resolving
        } else {
            Path::Direct
        }
    }

    /// A COPY met a key that was there. The more often this happens, the longer the staging table is preferred.
    pub fn met(&self) {
        let penalty = self.penalty.load(Ordering::Relaxed);
        self.staged.store(penalty, Ordering::Relaxed);
        self.penalty.store((penalty * 2).min(MOST), Ordering::Relaxed);
    }

    /// A staged batch had rows that are in the table already, so a COPY would have met them: the next batches are staged as well.
    pub fn would_have_met(&self) {
        self.staged.fetch_max(FIRST, Ordering::Relaxed);
    }

    /// A COPY met no key that was there.
    pub fn met_none(&self, path: Path) {
        if path != Path::Staged && self.penalty.load(Ordering::Relaxed) != FIRST {
            self.penalty.store(FIRST, Ordering::Relaxed);
        }
    }

    /// The paths of a sink, for `check` and the log.
    pub fn describe(&self, form: RowFormat, can_conflict: bool) -> String {
        let form = match form {
            RowFormat::Binary => "binary",
            RowFormat::Text => "text",
        };
        let resolution = match (self.direct && !self.staged_only, self.resolving, self.mode) {
            (false, _, _) => return format!("COPY {form} into a temporary table, then INSERT"),
            (true, true, ConflictMode::Upsert) => " … DO ON CONFLICT DO UPDATE",
            (true, true, _) => " … DO ON CONFLICT DO NOTHING",
            (true, false, _) => "",
        };
        let copy = format!("COPY {form}{resolution}");
        if can_conflict && self.mode != ConflictMode::Strict {
            let statements = match (self.on_conflict, self.mode) {
                (true, _) => "INSERT … ON CONFLICT",
                (false, ConflictMode::Upsert) => "UPDATE, then INSERT … WHERE NOT EXISTS",
                (false, _) => "INSERT … WHERE NOT EXISTS",
            };
            format!("{copy}; on a conflict through a temporary table and {statements}")
        } else {
            copy
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conflicts(capabilities: &Capabilities) -> Conflicts {
        Conflicts::new(ConflictMode::Ignore, WriteMode::Copy, capabilities)
    }

    #[test]
    fn after_a_conflict_some_batches_are_staged_and_then_copy_is_tried_again() {
        let conflicts = conflicts(&Capabilities { direct: true, on_conflict: true, resolving: false });
        assert_eq!(conflicts.path(), Path::Direct);
        conflicts.met();
        for _ in 0..FIRST {
            assert_eq!(conflicts.path(), Path::Staged);
        }
        assert_eq!(conflicts.path(), Path::Direct);
        conflicts.met();
        let staged = std::iter::repeat_with(|| conflicts.path()).take_while(|path| *path == Path::Staged).count();
        assert_eq!(staged as u32, FIRST * 2);
        conflicts.met_none(Path::Direct);
        conflicts.would_have_met();
        assert_eq!(
            std::iter::repeat_with(|| conflicts.path()).position(|path| path == Path::Direct),
            Some(FIRST as usize)
        );
        conflicts.met();
        let staged = std::iter::repeat_with(|| conflicts.path()).take_while(|path| *path == Path::Staged).count();
        assert_eq!(staged as u32, FIRST);
    }

    #[test]
    fn a_copy_that_resolves_conflicts_is_preferred() {
        let resolving = conflicts(&Capabilities { direct: true, on_conflict: true, resolving: true });
        assert_eq!(resolving.path(), Path::Resolving);
        let staged = conflicts(&Capabilities { direct: false, on_conflict: true, resolving: false });
        assert_eq!(staged.path(), Path::Staged);
    }
}
