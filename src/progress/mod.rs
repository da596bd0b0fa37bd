//! What is durable. Each stream (a partition as one sink reads it) has a window of records that were accepted and are not
//! settled yet; the window's lower end is the stream's watermark, the offset that may be committed. Pure state: no I/O, no clock.

mod window;

use window::Window;

use crate::sync::Mutex;

/// The most records of one stream between the watermark and the read position. One stuck shard must not let the window
/// grow without end.
pub const WINDOW_LIMIT: usize = 1_000_000;

/// Why records can't be appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The first offset is below the read position, or the last one beyond all offsets.
    Passed { read: i64 },
    /// [`Progress::is_crowded`].
    Crowded,
    /// The stream has ended.
    Ended,
}

/// The streams of one sink, numbered in the order they were added.
#[derive(Debug, Default)]
pub struct Progress {
    /// Those that have ended are gone; their numbers aren't given again.
    windows: Mutex<Vec<Option<Window>>>,
}

impl Progress {
    /// Starts a stream at `start`, the first offset that will be read, and gives its number.
    pub fn add_stream(&self, start: i64) -> u32 {
        let mut windows = self.windows.lock();
        windows.push(Some(Window::new(start)));
        (windows.len() - 1) as u32
    }

    /// Notes a record that makes `entries` entries. The ticket is handed back in [`Progress::settle`], once an entry.
    pub fn accept(&self, stream: u32, offset: i64, entries: u32) -> u64 {
        self.windows.lock()[stream as usize].as_mut().map_or(0, |window| window.accept(offset, entries))
    }

    /// Notes `count` records of one entry each, numbered one by one from `first`, or from the read position. Gives the
    /// first offset and the first ticket; the others follow.
    pub fn append(&self, stream: u32, first: Option<i64>, count: usize) -> Result<(i64, u64), Refused> {
        let mut windows = self.windows.lock();
        let Some(window) = &mut windows[stream as usize] else { return Err(Refused::Ended) };
        let offset = first.unwrap_or(window.read());
        if offset < window.read() || offset.checked_add_unsigned(count as u64).is_none() {
            return Err(Refused::Passed { read: window.read() });
        }
        if window.len() >= WINDOW_LIMIT {
            return Err(Refused::Crowded);
        }
        Ok((offset, window.append(offset, count)))
    }

    /// The first offset that was not read yet.
    pub fn read_position(&self, stream: u32) -> Option<i64> {
        self.windows.lock()[stream as usize].as_ref().map(Window::read)
    }

    /// Notes that everything below `next` was read.
    pub fn passed(&self, stream: u32, next: i64) {
        if let Some(window) = &mut self.windows.lock()[stream as usize] {
            window.passed(next);
        }
    }

    /// From here on the stream is read from `start`, whatever was read of it before, and what is settled of that counts for
    /// nothing.
    pub fn start_over(&self, stream: u32, start: i64) {
        if let Some(window) = &mut self.windows.lock()[stream as usize] {
            window.start_over(start);
        }
    }

    /// Notes entries that are durable, ignored or dead-lettered: pairs of stream and ticket.
    pub fn settle(&self, entries: impl IntoIterator<Item = (u32, u64)>) {
        let mut windows = self.windows.lock();
        for (stream, ticket) in entries {
            if let Some(window) = &mut windows[stream as usize] {
                window.settle(ticket);
            }
        }
    }

    /// The ticket that the stream's next record will get.
    pub fn next_ticket(&self, stream: u32) -> u64 {
        self.windows.lock()[stream as usize].as_ref().map_or(0, Window::next_ticket)
    }

    /// How many of a record's entries are still on their way.
    pub fn pending(&self, stream: u32, ticket: u64) -> u32 {
        self.windows.lock()[stream as usize].as_ref().map_or(0, |window| window.pending(ticket))
    }

    /// Ends a stream: what is settled of it from here on counts for nothing. Gives its last watermark, once.
    pub fn end_stream(&self, stream: u32) -> Option<i64> {
        self.windows.lock()[stream as usize].take().map(|window| window.watermark())
    }

    /// Whether everything that was accepted is settled.
    pub fn is_settled(&self, stream: u32) -> bool {
        self.windows.lock()[stream as usize].as_ref().is_none_or(|window| window.len() == 0)
    }

    /// The lowest offset of the stream that isn't settled; the read position when all are.
    pub fn watermark(&self, stream: u32) -> Option<i64> {
        self.windows.lock()[stream as usize].as_ref().map(Window::watermark)
    }

    /// Whether the stream must not be read further until older records are settled.
    pub fn is_crowded(&self, stream: u32) -> bool {
        self.windows.lock()[stream as usize].as_ref().is_some_and(|window| window.len() >= WINDOW_LIMIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completions_of_an_ended_stream_move_no_watermark() {
        let progress = Progress::default();
        let old = progress.add_stream(5);
        let ticket = progress.accept(old, 5, 1);
        assert!(!progress.is_settled(old));
        assert_eq!(progress.end_stream(old), Some(5));
        let new = progress.add_stream(5);
        let again = progress.accept(new, 5, 1);
        progress.settle([(old, ticket)]);
        assert_eq!((progress.watermark(old), progress.watermark(new)), (None, Some(5)));
        progress.settle([(new, again)]);
        assert_eq!(progress.watermark(new), Some(6));
        assert_eq!(progress.end_stream(old), None);
    }
}
