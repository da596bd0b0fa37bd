//! The thread that merges sealed children of a sink's table into one. One merge runs at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::movers::Movers;
use super::state::LineState;
use crate::postgres::{Merged, SealedChild, Tree, TreeKeeper, TreeLook, children_to_merge};
use crate::stop::Phase;

/// How long to wait before a merge is tried again. `BUSY_AGAIN`: another process or a vacuum was working on one of the children, or
/// the tree had changed. `FAILED_AGAIN`: the merge failed, or its locks could not be had.
const BUSY_AGAIN: Duration = Duration::from_secs(5);
const FAILED_AGAIN: Duration = Duration::from_secs(600);

#[derive(Default)]
pub struct Merges(Mutex<MergeState>);

#[derive(Default)]
struct MergeState {
    is_running: bool,
    /// The next merge doesn't begin before this time.
    next: Option<Instant>,
    /// The most rows whose index can be built in memory, if a merge was too large for that.
    most_rows: Option<u64>,
}

impl Merges {
    pub fn are_running(&self) -> bool {
        self.0.lock().is_running
    }

    /// Chooses the children to merge. If it returns some, a merge counts as running from now on.
    fn start(&self, sealed: &[SealedChild]) -> Option<Vec<SealedChild>> {
        let mut state = self.0.lock();
        if state.is_running || state.next.is_some_and(|at| Instant::now() < at) {
            return None;
        }
        let sizes: Vec<u64> = sealed.iter().map(|child| child.rows).collect();
        let places = children_to_merge(&sizes, state.most_rows.unwrap_or(u64::MAX))?;
        state.is_running = true;
        let is_one = |(place, child): (usize, &SealedChild)| places.contains(&place).then(|| child.clone());
        Some(sealed.iter().enumerate().filter_map(is_one).collect())
    }

    fn end(&self, again: Option<Duration>) {
        let mut state = self.0.lock();
        state.is_running = false;
        state.next = again.map(|after| Instant::now() + after);
    }

    /// Returns after what time the next merge may begin; `None`: at once.
    fn merge(
        &self,
        (movers, line, keeper): (&Movers, &LineState, &TreeKeeper),
        tree: &Tree,
        children: &[SealedChild],
    ) -> Option<Duration> {
        let begun = Instant::now();
        let merged = keeper.merge(&mut keeper.build_session(&movers.stop), tree, children);
        match merged {
            Ok(Merged::Into(child)) => {
                log::info!(
                    "{}: {} sealed children were merged into {} in {:.1} s; {} rows were copied, and {} row versions were added or \
                 removed meanwhile; at the end writers waited {} ms and queries {} ms",
                    line.name(),
                    children.len(),
                    child.name,
                    begun.elapsed().as_secs_f64(),
                    child.copied,
                    child.changed,
                    child.writers_waited.as_millis(),
                    child.queries_waited.as_millis()
                );
                None
            }
            Ok(Merged::TooLarge { most }) => {
                log::info!(
                    "{}: {} sealed children are not merged: the server has memory for an index over about {most} rows at once (a quarter of \
                 effective_cache_size, or maintenance_work_mem if that is more)",
                    line.name(),
                    children.len()
                );
                self.0.lock().most_rows = Some(most);
                None
            }
            Ok(Merged::Busy | Merged::OutOfDate) => Some(BUSY_AGAIN),
            Ok(Merged::NoLocks { .. }) | Err(_) if movers.stop.phase() >= Phase::Abandoning => None,
            Ok(Merged::NoLocks { holder }) => {
                log::warn!(
                    "{}: sealed children were not merged, because {} held locks on the table for long; trying again in {} minutes",
                    line.name(),
                    holder.map_or("other transactions".to_owned(), |holder| holder.to_string()),
                    FAILED_AGAIN.as_secs() / 60
                );
                Some(FAILED_AGAIN)
            }
            Err(error) => {
                log::warn!("{error}; nothing has changed; trying again in {} minutes", FAILED_AGAIN.as_secs() / 60);
                Some(FAILED_AGAIN)
            }
        }
    }
}

/// Merges sealed children in a thread of its own, if enough of them have about the same size.
pub fn begin(merges: &Arc<Merges>, movers: &Arc<Movers>, line: &Arc<LineState>, look: &TreeLook) {
    let Some(children) = merges.start(&look.sealed) else { return };
    let (own, tree) = (Arc::clone(merges), look.tree.clone());
    let spawned = movers.spawn(line, "vecsink merge", move |movers, line, keeper| {
        // If the merge panics, the next one is tried as late as after an error.
        let mut running = RunningMerge { merges: &own, again: Some(FAILED_AGAIN) };
        running.again = own.merge((movers, line, keeper), &tree, &children);
    });
    if !spawned {
        merges.end(Some(FAILED_AGAIN));
    }
}

/// A merge runs while this lives.
struct RunningMerge<'a> {
    merges: &'a Merges,
    /// When the next one may begin; `None`: at once.
    again: Option<Duration>,
}

impl Drop for RunningMerge<'_> {
    fn drop(&mut self) {
        self.merges.end(self.again);
    }
}
