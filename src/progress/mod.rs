//! What is durable. Each stream (a partition as one sink reads it) has a window of records that were accepted and are not
//! settled yet; the window's lower end is the stream's watermark, the offset that may be committed. Pure state: no I/O, no clock.

mod window;

use parking_lot::Mutex;

use window::Window;

/// The most records of one stream between the watermark and the read position. One stuck shard must not let the window
/// grow without end.
pub const WINDOW_LIMIT: usize = 1_000_000;

/// The streams of one sink, numbered in the order they were added.
#[derive(Debug, Default)]
pub struct Progress {
    windows: Mutex<Vec<Window>>,
}

impl Progress {
    /// Starts a stream at `start`, the first offset that will be read, and gives its number.
    pub fn add_stream(&self, start: i64) -> u32 {
        let mut windows = self.windows.lock();
        windows.push(Window::new(start));
        (windows.len() - 1) as u32
    }

    /// Notes a record that makes `entries` entries. The ticket is handed back in [`Progress::settle`], once an entry.
    pub fn accept(&self, stream: u32, offset: i64, entries: u32) -> u64 {
        self.windows.lock()[stream as usize].accept(offset, entries)
    }

    /// Notes that everything below `next` was read.
    pub fn passed(&self, stream: u32, next: i64) {
        self.windows.lock()[stream as usize].passed(next);
    }

    /// Notes entries that are durable, ignored or dead-lettered: pairs of stream and ticket.
    pub fn settle(&self, entries: impl IntoIterator<Item = (u32, u64)>) {
        let mut windows = self.windows.lock();
        for (stream, ticket) in entries {
            windows[stream as usize].settle(ticket);
        }
    }

    /// The ticket that the stream's next record will get.
    pub fn next_ticket(&self, stream: u32) -> u64 {
        self.windows.lock()[stream as usize].next_ticket()
    }

    /// How many of a record's entries are still on their way.
    pub fn pending(&self, stream: u32, ticket: u64) -> u32 {
        self.windows.lock()[stream as usize].pending(ticket)
    }

    /// The lowest offset of the stream that isn't settled; the read position when all are.
    pub fn watermark(&self, stream: u32) -> i64 {
        self.windows.lock()[stream as usize].watermark()
    }

    /// Whether the stream must not be read further until older records are settled.
    pub fn is_crowded(&self, stream: u32) -> bool {
        self.windows.lock()[stream as usize].len() >= WINDOW_LIMIT
    }
}
