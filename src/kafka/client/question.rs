//! Questions to the brokers, each asked by a thread of its own. An answer may be queued behind the client's own fetches, and
//! the thread that polls must not wait for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::broker::Broker;
use super::context::KafkaConsumer;
use crate::error::{Error, Result};
use crate::settings::kafka::KafkaSource;
use crate::threads;

/// How long the brokers may take to answer.
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// How long the end of a job waits for a question that is under way. The client can leave its group only when no other thread
/// uses it.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// A question under way. Dropping it gives it up.
pub struct Question<T> {
    answer: Receiver<Result<T>>,
    given_up: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Question<T> {
    pub fn ask(
        consumer: &Arc<KafkaConsumer>,
        kafka: &KafkaSource,
        question: impl FnOnce(&Broker<'_>, &KafkaSource) -> Result<T> + Send + 'static,
    ) -> Result<Question<T>> {
        let (sender, answer) = sync_channel(1);
        let given_up = Arc::new(AtomicBool::new(false));
        let (consumer, kafka, unless) = (Arc::clone(consumer), kafka.clone(), Arc::clone(&given_up));
        let thread = threads::spawn("kafka-ask", move || {
            let answer = question(&Broker::new(&consumer, &kafka.brokers, LONGEST_WAIT, false).unless(&unless), &kafka);
            // This reference is dropped before the answer is sent. The thread that gets the answer may end the process, and the
            // client must leave its group before that. It does so when its last reference is dropped.
            drop(consumer);
            // Sending fails if nobody waits for the answer any more.
            let _ = sender.send(answer);
        });
        let thread = thread.map_err(|error| threads::refused("to ask the brokers", &error))?;
        Ok(Question { answer, given_up, thread: Some(thread) })
    }

    /// The answer, once it has come.
    pub fn answer(&self) -> Option<Result<T>> {
        match self.answer.try_recv() {
            Ok(answer) => Some(answer),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(Error::Internal("a question to the brokers panicked".into()))),
        }
    }
}

#[cfg(test)]
impl<T> Question<T> {
    /// A question that was answered already, or never will be.
    pub fn answered(answer: Option<Result<T>>) -> Question<T> {
        let (sender, receiver) = sync_channel(1);
        match answer {
            Some(answer) => drop(sender.send(answer)),
            // The sender must live, or the question would count as broken.
            None => std::mem::forget(sender),
        }
        Question { answer: receiver, given_up: Arc::default(), thread: None }
    }
}

impl<T> Question<T> {
    /// Gives the question up and waits until its thread has dropped the client, a few seconds at most.
    pub fn end(mut self) {
        self.given_up.store(true, Ordering::Relaxed);
        let deadline = Instant::now() + LAST_WAIT;
        while self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.thread = None;
    }
}

impl<T> Drop for Question<T> {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}
