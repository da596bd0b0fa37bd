//! Which rows are settled. Each stream (a partition as one sink reads it, or a host's pushed rows) has a window of records that were
//! accepted and are not settled yet. The window's lower end is the stream's watermark, the offset that may be committed. This is state
//! only: no I/O, no clock.

pub mod ledger;
mod window;

use window::Window;

use crate::sync::Mutex;

/// The most records of one stream between the watermark and the read position. Without a limit, one shard whose rows are not written
/// would let the window grow without end.
pub const WINDOW_LIMIT: usize = 1_000_000;

/// Why records can't be appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendError {
    /// The first offset is below the read position, or the last one is greater than the greatest possible offset.
    Passed { read: i64 },
    /// Too many records are not settled: see [`Progress::is_crowded`].
    Crowded,
    /// The stream has ended.
    Ended,
}

/// The streams of one sink. When a stream has ended and no entry with its number is pending, a new stream gets the
/// number. So memory doesn't grow while a group assigns partitions again and again.
#[derive(Debug, Default)]
pub struct Progress {
    streams: Mutex<Streams>,
}

#[derive(Debug, Default)]
struct Streams {
    all: Vec<ProgressStream>,
    free: Vec<u32>,
}

#[derive(Debug)]
enum ProgressStream {
    Open(Window),
    /// How many reports about it are still to come: one for each pending entry, and the call of [`Progress::forgotten`]. After the
    /// last one the number of the stream is free for another stream.
    Ended(u64),
}

impl Streams {
    fn window(&mut self, stream: u32) -> Option<&mut Window> {
        match &mut self.all[stream as usize] {
            ProgressStream::Open(window) => Some(window),
            ProgressStream::Ended(_) => None,
        }
    }

    /// Notes that so many entries of an ended stream are no longer pending.
    fn gone(&mut self, stream: u32, entries: u64) {
        if let ProgressStream::Ended(left) = &mut self.all[stream as usize]
            && *left > 0
        {
            debug_assert!(*left >= entries, "an entry was settled twice");
            *left = left.saturating_sub(entries);
            if *left == 0 {
                self.free.push(stream);
            }
        }
    }
}

impl Progress {
    /// Starts a stream at `start`, the first offset that will be read, and returns its number.
    pub fn add_stream(&self, start: i64) -> u32 {
        let mut streams = self.streams.lock();
        let window = ProgressStream::Open(Window::new(start));
        match streams.free.pop() {
            Some(number) => {
                streams.all[number as usize] = window;
                number
            }
            None => {
                streams.all.push(window);
                (streams.all.len() - 1) as u32
            }
        }
    }

    /// Notes a record that makes `entries` entries, and returns its ticket. The ticket must come back in [`Progress::settle`] once for each
    /// entry.
    pub fn accept(&self, stream: u32, offset: i64, entries: u32) -> u64 {
        self.streams.lock().window(stream).map_or(0, |window| window.accept(offset, entries))
    }

    /// Notes `count` records of one entry each, with the offsets `first`, `first` + 1 and so on. Without `first` they begin
    /// at the read position. Returns the first offset and the first ticket.
    pub fn append(&self, stream: u32, first: Option<i64>, count: usize) -> Result<(i64, u64), AppendError> {
        let mut streams = self.streams.lock();
        let Some(window) = streams.window(stream) else { return Err(AppendError::Ended) };
        let offset = first.unwrap_or(window.read());
        if offset < window.read() || offset.checked_add_unsigned(count as u64).is_none() {
            return Err(AppendError::Passed { read: window.read() });
        }
        if window.len() >= WINDOW_LIMIT {
            return Err(AppendError::Crowded);
        }
        Ok((offset, window.append(offset, count)))
    }

    /// The first offset that was not read yet.
    pub fn read_position(&self, stream: u32) -> Option<i64> {
        self.streams.lock().window(stream).map(|window| window.read())
    }

    /// Notes that everything below `next` was read.
    pub fn passed(&self, stream: u32, next: i64) {
        if let Some(window) = self.streams.lock().window(stream) {
            window.passed(next);
        }
    }

    /// From now on the stream is read from `start`. What was read before no longer counts, even when it is settled later.
    pub fn start_over(&self, stream: u32, start: i64) {
        if let Some(window) = self.streams.lock().window(stream) {
            window.start_over(start);
        }
    }

    /// Notes entries that are settled: pairs of stream and ticket.
    pub fn settle(&self, entries: impl IntoIterator<Item = (u32, u64)>) {
        let mut streams = self.streams.lock();
        for (stream, ticket) in entries {
            match streams.window(stream) {
                Some(window) => window.settle(ticket),
                None => streams.gone(stream, 1),
            }
        }
    }

    /// The ticket that the stream's next record will get.
    pub fn next_ticket(&self, stream: u32) -> u64 {
        self.streams.lock().window(stream).map_or(0, |window| window.next_ticket())
    }

    /// How many of a record's entries are still pending.
    pub fn pending(&self, stream: u32, ticket: u64) -> u32 {
        self.streams.lock().window(stream).map_or(0, |window| window.pending(ticket))
    }

    /// Frees the memory that the windows don't need now.
    pub fn trim(&self) {
        for stream in &mut self.streams.lock().all {
            if let ProgressStream::Open(window) = stream {
                window.trim();
            }
        }
    }

    /// Ends a stream: entries that are settled later no longer count. Returns its last watermark, at the first call only. A new
    /// stream doesn't get its number before [`Progress::forgotten`].
    pub fn end_stream(&self, stream: u32) -> Option<i64> {
        let mut streams = self.streams.lock();
        let window = streams.window(stream)?;
        let (watermark, pending_entries) = (window.watermark(), window.pending_entries());
        streams.all[stream as usize] = ProgressStream::Ended(pending_entries + 1);
        Some(watermark)
    }

    /// From now on only pending entries refer to this ended stream. `dropped` of its entries will never be settled.
    pub fn forgotten(&self, stream: u32, dropped: u64) {
        self.streams.lock().gone(stream, dropped + 1);
    }

    /// Whether everything that was accepted is settled.
    pub fn is_settled(&self, stream: u32) -> bool {
        self.streams.lock().window(stream).is_none_or(|window| window.len() == 0)
    }

    /// The lowest offset of the stream that isn't settled; the read position when all are.
    pub fn watermark(&self, stream: u32) -> Option<i64> {
        self.streams.lock().window(stream).map(|window| window.watermark())
    }

    /// Whether the stream must not be read further until older records are settled.
    pub fn is_crowded(&self, stream: u32) -> bool {
        self.streams.lock().window(stream).is_some_and(|window| window.len() >= WINDOW_LIMIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_an_ended_stream_move_no_watermark_when_they_are_settled() {
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

    #[test]
    fn a_number_is_given_again_when_no_entry_of_its_stream_is_pending() {
        let progress = Progress::default();
        let first = progress.add_stream(0);
        let tickets: Vec<u64> = (0..3).map(|offset| progress.accept(first, offset, 2)).collect();
        progress.settle([(first, tickets[1])]);
        progress.end_stream(first);
        let second = progress.add_stream(0);
        assert_ne!(first, second, "five entries are pending");
        progress.forgotten(first, 3);
        progress.settle([(first, tickets[0])]);
        assert!(![first, second].contains(&progress.add_stream(0)), "one still is");
        progress.settle([(first, tickets[2])]);
        assert_eq!(progress.add_stream(7), first);
        assert_eq!(progress.watermark(first), Some(7));
    }

    #[test]
    fn the_number_of_a_stream_without_entries_is_given_again_after_the_stream_was_forgotten() {
        let progress = Progress::default();
        let stream = progress.add_stream(0);
        assert_eq!(progress.end_stream(stream), Some(0));
        assert_ne!(progress.add_stream(0), stream);
        progress.forgotten(stream, 0);
        assert_eq!(progress.add_stream(0), stream);
    }

    #[test]
    fn a_number_is_not_given_again_while_an_entry_from_before_a_restart_is_pending() {
        let progress = Progress::default();
        let stream = progress.add_stream(90);
        let old = progress.accept(stream, 90, 2);
        progress.settle([(stream, old)]);
        progress.start_over(stream, 3);
        let new = progress.accept(stream, 3, 1);
        progress.end_stream(stream);
        progress.forgotten(stream, 0);
        progress.settle([(stream, new)]);
        assert_ne!(progress.add_stream(0), stream, "an entry from before the restart is pending");
        progress.settle([(stream, old)]);
        assert_eq!(progress.add_stream(5), stream);
        assert_eq!(progress.watermark(stream), Some(5));
    }

    #[test]
    fn entries_from_before_a_restart_that_were_settled_before_the_stream_ended_are_not_waited_for() {
        let progress = Progress::default();
        let stream = progress.add_stream(90);
        let old: Vec<u64> = (90..93).map(|offset| progress.accept(stream, offset, 1)).collect();
        progress.start_over(stream, 3);
        progress.settle(old.iter().map(|&ticket| (stream, ticket)));
        progress.end_stream(stream);
        progress.forgotten(stream, 0);
        assert_eq!(progress.add_stream(0), stream);
    }

    #[test]
    fn streams_that_come_and_go_take_no_more_memory() {
        let progress = Progress::default();
        for round in 0..1000 {
            let streams: Vec<u32> = (0..4).map(|_| progress.add_stream(round)).collect();
            for stream in streams {
                let ticket = progress.accept(stream, round, 1);
                progress.end_stream(stream);
                progress.forgotten(stream, u64::from(round % 2 == 0));
                progress.settle((round % 2 == 1).then_some((stream, ticket)));
            }
        }
        assert_eq!(progress.streams.lock().all.len(), 4);
    }
}
