//! The headers of a message, in memory that is used again for the next one.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rdkafka::Message;
use rdkafka::message::{BorrowedMessage, Headers as _};

use crate::record::Header;

#[derive(Default)]
pub(super) struct Headers {
    spare: Vec<Header<'static>>,
    warned: bool,
}

impl Headers {
    /// The message's headers; give them back with [`Headers::put_back`].
    pub(super) fn read<'m>(&mut self, message: &'m BorrowedMessage<'_>) -> Vec<Header<'m>> {
        let mut headers: Vec<Header<'m>> = std::mem::take(&mut self.spare);
        if let Some(present) = message.headers() {
            // rdkafka panics at a name that isn't UTF-8. Headers only accompany a dead letter: one less must not end a job.
            let read = AssertUnwindSafe(|| headers.extend(present.iter().map(|header| (header.key, header.value))));
            if catch_unwind(read).is_err() && !std::mem::replace(&mut self.warned, true) {
                log::warn!(
                    "{}[{}]@{}: a header's name is not UTF-8; it and what follows it are left out, in this and in \
                     later records",
                    message.topic(),
                    message.partition(),
                    message.offset()
                );
            }
        }
        headers
    }

    /// Keeps the memory for the next message, under a longer lifetime.
    pub(super) fn put_back(&mut self, mut headers: Vec<Header<'_>>) {
        headers.clear();
        self.spare = headers.into_iter().map(|_| ("", None)).collect();
    }
}
