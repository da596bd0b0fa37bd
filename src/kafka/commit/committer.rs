//! A thread that sends commits and waits for the answers. The client tells the outcome of a commit only to a caller that waits
//! for it, and the reader must not wait.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::TopicPartitionList;

use super::stored_offsets::CommitAnswer;
use crate::error::Result;
use crate::threads;

pub struct Committer {
    work: SyncSender<TopicPartitionList>,
    answers: Receiver<CommitAnswer>,
    under_way: bool,
    thread: JoinHandle<()>,
}

impl Committer {
    /// Starts the thread. It ends when the `Committer` is dropped and the last answer has come.
    pub fn start(mut commit: impl FnMut(&TopicPartitionList) -> CommitAnswer + Send + 'static) -> Result<Committer> {
        let (work, orders) = sync_channel::<TopicPartitionList>(1);
        let (answer, answers) = sync_channel(1);
        let body = move || {
            for offsets in orders {
                if answer.send(commit(&offsets)).is_err() {
                    break;
                }
            }
        };
        let thread = threads::spawn("kafka-commit", body).map_err(|error| threads::refused("for commits", &error))?;
        Ok(Committer { work, answers, under_way: false, thread })
    }

    pub fn under_way(&self) -> bool {
        self.under_way
    }

    /// Sends a commit. Only to be called when none is under way.
    pub fn send(&mut self, offsets: TopicPartitionList) {
        self.under_way = self.work.send(offsets).is_ok();
    }

    /// The answer to the commit under way, if it comes within `wait`.
    pub fn answer(&mut self, wait: Duration) -> Option<CommitAnswer> {
        let answer = self.answers.recv_timeout(wait).ok()?;
        self.under_way = false;
        Some(answer)
    }

    /// Ends the thread, so that it doesn't keep the client. If a commit is under way, this doesn't wait for its answer, which may
    /// never come.
    pub fn end(self) {
        let Committer { work, under_way, thread, .. } = self;
        drop(work);
        if !under_way {
            let _ = thread.join();
        }
    }
}
