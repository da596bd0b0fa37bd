//! All orders in which pushing threads, a writer and closing can meet, tried one after another.
//!
//! What they share is `Core`: numbers are given under one lock (`Progress::append`, the real one here), rows go to their
//! shards under another (`push_all`, here a queue), and `open` is held for reading from before the one to after the other.
//! Between these steps a thread touches only what is its own, so orders of these steps are all the orders there are.

use crate::progress::Progress;

const PRODUCERS: usize = 2;
const PUSHES: usize = 2;
const WRITER: usize = PRODUCERS;
const CLOSER: usize = PRODUCERS + 1;

#[derive(Default)]
struct Producer {
    /// Numbered, and not in a shard yet: `open` is held. With the ticket.
    between: Option<(i64, u64)>,
    numbers: Vec<i64>,
    refused: bool,
}

struct World {
    progress: Progress,
    stream: u32,
    open: bool,
    producers: [Producer; PRODUCERS],
    queue: Vec<(i64, u64)>,
    /// What the writer has taken and not committed.
    taken: Vec<(i64, u64)>,
    settled: Vec<i64>,
    /// The read position when the sink was shut.
    shut_at: Option<i64>,
}

impl World {
    fn new() -> World {
        let progress = Progress::default();
        let stream = progress.add_stream(0);
        let producers = Default::default();
        let (queue, taken, settled) = Default::default();
        World { progress, stream, open: true, producers, queue, taken, settled, shut_at: None }
    }

    fn may_step(&self, actor: usize) -> bool {
        match actor {
            WRITER => !self.taken.is_empty() || !self.queue.is_empty(),
            CLOSER => self.open && self.producers.iter().all(|producer| producer.between.is_none()),
            _ => {
                let producer = &self.producers[actor];
                producer.between.is_some() || !producer.refused && producer.numbers.len() < PUSHES
            }
        }
    }

    fn step(&mut self, actor: usize) {
        match actor {
            WRITER if self.taken.is_empty() => self.taken = std::mem::take(&mut self.queue),
            WRITER => {
                let taken = std::mem::take(&mut self.taken);
                self.progress.settle(taken.iter().map(|(_, ticket)| (self.stream, *ticket)));
                self.settled.extend(taken.iter().map(|(number, _)| *number));
            }
            CLOSER => {
                self.open = false;
                self.shut_at = self.progress.read_position(self.stream);
            }
            _ => {
                let producer = &mut self.producers[actor];
                match producer.between.take() {
                    Some(row) => self.queue.push(row),
                    None if !self.open => producer.refused = true,
                    None => {
                        let (number, ticket) = self.progress.append(self.stream, None, 1).unwrap();
                        producer.between = Some((number, ticket));
                        producer.numbers.push(number);
                    }
                }
            }
        }
    }

    /// What holds at every moment: the watermark is the lowest number that was given and isn't durable.
    fn check(&self) {
        let next = self.progress.read_position(self.stream).unwrap();
        let lowest = (0..next).find(|number| !self.settled.contains(number)).unwrap_or(next);
        assert_eq!(self.progress.watermark(self.stream), Some(lowest));
        assert!(self.shut_at.is_none_or(|shut_at| shut_at == next), "a row was taken after the sink was shut");
    }

    /// What holds at the end: each row that was taken is durable, under a number of its own.
    fn check_end(&self) {
        let mut numbers: Vec<i64> = self.producers.iter().flat_map(|producer| producer.numbers.clone()).collect();
        assert!(self.producers.iter().all(|producer| producer.numbers.is_sorted()));
        numbers.sort_unstable();
        assert_eq!(numbers, (0..numbers.len() as i64).collect::<Vec<_>>());
        assert_eq!(self.progress.watermark(self.stream), Some(numbers.len() as i64));
        assert!(self.progress.is_settled(self.stream));
    }
}

#[test]
fn whatever_the_order_of_threads_nothing_taken_is_lost_and_the_watermark_is_true() {
    // At each step, which of the actors that may take one does; and how many there were.
    let mut path: Vec<(usize, usize)> = Vec::new();
    let mut orders = 0;
    loop {
        let mut world = World::new();
        let mut depth = 0;
        loop {
            let ready: Vec<usize> = (0..=CLOSER).filter(|actor| world.may_step(*actor)).collect();
            if ready.is_empty() {
                break;
            }
            if depth == path.len() {
                path.push((0, ready.len()));
            }
            world.step(ready[path[depth].0]);
            world.check();
            depth += 1;
        }
        world.check_end();
        orders += 1;
        // The next order: the last choice that has another.
        while path.last().is_some_and(|(choice, choices)| choice + 1 == *choices) {
            path.pop();
        }
        match path.last_mut() {
            Some((choice, _)) => *choice += 1,
            None => break,
        }
    }
    assert!(orders > 1_000, "{orders} orders are not all");
}
