//! One stream's records between the watermark and the read position.

use std::collections::VecDeque;

/// A record that was accepted, and how many of its entries are still pending.
#[derive(Debug, Clone, Copy)]
struct PendingRecord {
    offset: i64,
    pending: u32,
}

/// Records in offset order; the front one is never settled. Offsets may have gaps, so a record is found by its ticket, a
/// running number, not by its offset.
#[derive(Debug)]
pub struct Window {
    slots: VecDeque<PendingRecord>,
    /// Ticket of the front slot.
    first_ticket: u64,
    /// The first offset not read yet.
    read: i64,
    /// Pending entries that were accepted before the stream was started over.
    before_restart: u64,
}

impl Window {
    pub fn new(start: i64) -> Self {
        Window { slots: VecDeque::new(), first_ticket: 0, read: start, before_restart: 0 }
    }

    pub fn accept(&mut self, offset: i64, entries: u32) -> u64 {
        // Dead letters that are replayed may share an offset.
        debug_assert!(offset + 1 >= self.read && entries > 0);
        let ticket = self.next_ticket();
        self.slots.push_back(PendingRecord { offset, pending: entries });
        self.read = offset + 1;
        ticket
    }

    pub fn next_ticket(&self) -> u64 {
        self.first_ticket + self.slots.len() as u64
    }

    /// Entries of a record that are not settled.
    pub fn pending(&self, ticket: u64) -> u32 {
        let slot = ticket.checked_sub(self.first_ticket).and_then(|at| self.slots.get(at as usize));
        slot.map_or(0, |slot| slot.pending)
    }

    /// Accepts `count` records of one entry each, one after another. Returns the first one's ticket.
    pub fn append(&mut self, first: i64, count: usize) -> u64 {
        debug_assert!(first >= self.read);
        let ticket = self.next_ticket();
        self.read = first + count as i64;
        self.slots.extend((first..self.read).map(|offset| PendingRecord { offset, pending: 1 }));
        ticket
    }

    pub fn read(&self) -> i64 {
        self.read
    }

    pub fn passed(&mut self, next: i64) {
        self.read = self.read.max(next);
    }

    pub fn start_over(&mut self, start: i64) {
        self.before_restart = self.pending_entries();
        self.first_ticket = self.next_ticket();
        self.slots.clear();
        self.read = start;
    }

    pub fn settle(&mut self, ticket: u64) {
        let Some(at) = ticket.checked_sub(self.first_ticket) else {
            self.before_restart = self.before_restart.saturating_sub(1);
            return;
        };
        let slot = &mut self.slots[at as usize];
        slot.pending -= 1;
        while self.slots.front().is_some_and(|slot| slot.pending == 0) {
            self.slots.pop_front();
            self.first_ticket += 1;
        }
    }

    pub fn watermark(&self) -> i64 {
        self.slots.front().map_or(self.read, |slot| slot.offset)
    }

    /// Entries that are not settled, of all records. Records from before the stream was started over are included.
    pub fn pending_entries(&self) -> u64 {
        self.before_restart + self.slots.iter().map(|slot| u64::from(slot.pending)).sum::<u64>()
    }

    pub fn trim(&mut self) {
        self.slots.shrink_to(64);
    }

    pub fn len(&self) -> usize {
        self.slots.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_watermark_of_an_empty_window_is_the_read_position() {
        let mut window = Window::new(7);
        assert_eq!(window.watermark(), 7);
        window.passed(12);
        assert_eq!(window.watermark(), 12);
        window.passed(9);
        assert_eq!(window.watermark(), 12);
    }

    #[test]
    fn the_watermark_waits_for_the_oldest_record_even_if_later_ones_are_settled() {
        let mut window = Window::new(0);
        let tickets: Vec<u64> = (0..4).map(|offset| window.accept(offset, 1)).collect();
        window.settle(tickets[2]);
        window.settle(tickets[1]);
        assert_eq!(window.watermark(), 0);
        window.settle(tickets[0]);
        assert_eq!(window.watermark(), 3);
        window.settle(tickets[3]);
        assert_eq!(window.watermark(), 4);
    }

    #[test]
    fn a_record_with_several_entries_is_settled_with_its_last() {
        let mut window = Window::new(5);
        let ticket = window.accept(5, 2);
        window.settle(ticket);
        assert_eq!(window.watermark(), 5);
        window.settle(ticket);
        assert_eq!(window.watermark(), 6);
    }

    #[test]
    fn a_gap_before_a_record_belongs_to_what_was_read_before_it() {
        let mut window = Window::new(0);
        let first = window.accept(0, 1);
        let second = window.accept(1000, 1);
        window.settle(first);
        assert_eq!(window.watermark(), 1000);
        window.settle(second);
        assert_eq!(window.watermark(), 1001);
    }

    #[test]
    fn rows_read_before_a_stream_was_started_over_no_longer_move_its_watermark() {
        let mut window = Window::new(90);
        let old = window.accept(90, 1);
        window.start_over(3);
        let new = window.accept(3, 1);
        window.settle(old);
        assert_eq!(window.watermark(), 3);
        window.settle(new);
        assert_eq!(window.watermark(), 4);
    }

    #[test]
    fn appended_records_are_like_accepted_ones() {
        let mut window = Window::new(3);
        assert_eq!(window.append(10, 3), 0);
        assert_eq!(window.accept(13, 1), 3);
        assert_eq!(window.watermark(), 10);
        window.settle(0);
        window.settle(1);
        assert_eq!(window.watermark(), 12);
        window.settle(3);
        window.settle(2);
        assert_eq!((window.watermark(), window.read()), (14, 14));
    }

    proptest! {
        #[test]
        fn the_watermark_is_the_lowest_offset_not_settled(
            gaps in prop::collection::vec(1i64..5, 1..60),
            order in prop::collection::vec(any::<prop::sample::Index>(), 60),
        ) {
            let mut window = Window::new(0);
            let mut offset = -1;
            let mut open: Vec<(i64, u64)> = gaps.iter().map(|gap| {
                offset += gap;
                (offset, window.accept(offset, 1))
            }).collect();
            let read = offset + 1;
            for pick in order {
                if open.is_empty() { break; }
                let (_, ticket) = open.swap_remove(pick.index(open.len()));
                window.settle(ticket);
                let lowest = open.iter().map(|(offset, _)| *offset).min().unwrap_or(read);
                prop_assert_eq!(window.watermark(), lowest);
            }
        }
    }
}
