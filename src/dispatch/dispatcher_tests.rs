use super::*;
use crate::batch::{Op, RowEntry, RowFormat};
use crate::dispatch::experiments::BatchSetting;

const LONG: Duration = Duration::from_secs(3600);

fn limits(rows: usize) -> Limits {
    Limits {
        rows,
        first_rows: rows,
        tune_rows: false,
        writers: 20,
        bytes: 1 << 20,
        linger: LONG,
        busy_linger: LONG,
        timeout: LONG,
    }
}

fn dispatcher(limits: Limits) -> Dispatcher {
    let dispatcher = Dispatcher::new(limits, Arc::new(Budget::new(1 << 30)));
    dispatcher.expect_writer();
    dispatcher
}

fn take(dispatcher: &Dispatcher) -> Batch {
    dispatcher.take(&mut OwnQueues::default(), || {}).unwrap().batch
}

fn push_all(dispatcher: &Dispatcher, shard: usize, offsets: std::ops::Range<i64>) {
    for offset in offsets {
        push(dispatcher, shard, offset);
    }
}

fn push(dispatcher: &Dispatcher, shard: usize, offset: i64) -> bool {
    dispatcher.push(shard, QueuedRow { entry: entry(offset), row: b"row", key: b"", original: b"" })
}

fn entry(offset: i64) -> RowEntry {
    RowEntry {
        stream: 0,
        format: RowFormat::Binary,
        op: Op::Insert,
        schema_version: 0,
        row_len: 3,
        key_len: 0,
        original_len: 0,
        key_hash: 0,
        offset,
        ticket: offset as u64,
        produced_ms: 0,
    }
}

fn offsets(batch: &Batch) -> Vec<i64> {
    batch.chunks.iter().flat_map(|chunk| chunk.entries.iter().map(|entry| entry.offset)).collect()
}

#[test]
fn a_full_batch_is_handed_out_at_once() {
    let dispatcher = dispatcher(limits(16));
    for offset in 0..16 {
        push(&dispatcher, offset as usize % 4, offset);
    }
    let batch = take(&dispatcher);
    assert_eq!(batch.len(), 16);
    assert_eq!(batch.shards, 0b1111);
}

#[test]
fn a_batch_never_exceeds_the_batch_size() {
    for batch_size in [1, 2, 7, 16, 100] {
        let dispatcher = dispatcher(limits(batch_size));
        for offset in 0..500 {
            push(&dispatcher, offset as usize * 7 % 64, offset);
        }
        let batch = take(&dispatcher);
        assert!(batch.len() <= batch_size && batch.len() * 2 > batch_size, "{} of {batch_size}", batch.len());
    }
}

#[test]
fn rows_that_came_together_are_written_together() {
    let dispatcher = dispatcher(Limits { writers: 1, ..limits(640) });
    for offset in 0..6400 {
        push(&dispatcher, offset as usize * 7 % 64, offset);
    }
    for batch in 0..10 {
        let mut taken = offsets(&take(&dispatcher));
        taken.sort_unstable();
        assert_eq!(taken, (batch * 640..(batch + 1) * 640).collect::<Vec<_>>());
        dispatcher.give_back(Batch { shards: u64::MAX, ..Batch::default() }, Duration::ZERO);
    }
}

#[test]
fn a_full_batch_leaves_the_other_writers_their_share_of_the_shards() {
    let dispatcher = dispatcher(Limits { writers: 2, ..limits(64) });
    for offset in 0..640 {
        push(&dispatcher, offset as usize % 64, offset);
    }
    dispatcher.expect_writer();
    let (first, second) = (take(&dispatcher), take(&dispatcher));
    assert_eq!((first.len(), first.shards.count_ones()), (64, 32));
    assert_eq!((second.len(), second.shards.count_ones()), (64, 32));
    assert_eq!(first.shards & second.shards, 0);
}

#[test]
fn a_shard_in_a_batch_is_left_alone_until_the_batch_is_given_back() {
    let dispatcher = dispatcher(limits(4));
    push_all(&dispatcher, 5, 0..4);
    let first = take(&dispatcher);
    dispatcher.expect_writer();
    push_all(&dispatcher, 5, 4..8);
    push_all(&dispatcher, 6, 8..12);
    let second = take(&dispatcher);
    assert_eq!(offsets(&second), [8, 9, 10, 11]);
    dispatcher.give_back(first, Duration::ZERO);
    assert_eq!(offsets(&take(&dispatcher)), [4, 5, 6, 7]);
}

#[test]
fn a_lone_row_goes_after_the_linger() {
    let dispatcher = dispatcher(Limits { linger: Duration::from_millis(1), ..limits(1000) });
    push(&dispatcher, 0, 1);
    assert_eq!(offsets(&take(&dispatcher)), [1]);
}

#[test]
fn the_batch_timeout_bounds_the_linger() {
    let dispatcher = dispatcher(Limits { timeout: Duration::from_millis(1), ..limits(1000) });
    push(&dispatcher, 0, 1);
    assert_eq!(offsets(&take(&dispatcher)), [1]);
}

#[test]
fn closing_hands_out_what_is_left_and_then_ends() {
    let dispatcher = dispatcher(limits(1000));
    push_all(&dispatcher, 0, 0..50);
    push_all(&dispatcher, 1, 50..100);
    dispatcher.close();
    let batch = take(&dispatcher);
    assert_eq!(batch.len(), 100);
    dispatcher.give_back(batch, Duration::ZERO);
    assert!(dispatcher.take(&mut OwnQueues::default(), || {}).is_none());
}

#[test]
fn an_idle_writer_ends_when_the_last_batch_of_a_closed_sink_is_given_back() {
    let dispatcher = Arc::new(dispatcher(limits(1)));
    push(&dispatcher, 0, 0);
    push(&dispatcher, 0, 1);
    let first = take(&dispatcher);
    dispatcher.expect_writer();
    let other = Arc::clone(&dispatcher);
    let idle = std::thread::spawn(move || {
        // The first batch holds the shard of the other row. After it is given back, either this thread or the one below takes that row.
        while let Some(TakenBatch { batch, .. }) = other.take(&mut OwnQueues::default(), || {}) {
            other.give_back(batch, Duration::ZERO);
        }
    });
    dispatcher.close();
    dispatcher.give_back(first, Duration::ZERO);
    while let Some(TakenBatch { batch, .. }) = dispatcher.take(&mut OwnQueues::default(), || {}) {
        dispatcher.give_back(batch, Duration::ZERO);
    }
    idle.join().unwrap();
    assert_eq!(dispatcher.waiting_rows(), 0);
}

#[test]
fn a_writer_rests_once_after_the_last_batch_and_goes_on_with_the_next_row() {
    let dispatcher = Arc::new(dispatcher(Limits { linger: Duration::from_millis(1), ..limits(1000) }));
    push(&dispatcher, 0, 0);
    let first = take(&dispatcher);
    dispatcher.give_back(first, Duration::ZERO);
    assert!(dispatcher.state.lock().spare.bytes() > 0);
    let (sender, rests) = std::sync::mpsc::channel();
    let other = Arc::clone(&dispatcher);
    let writer = std::thread::spawn(move || {
        let mut batches = 0;
        let mut own_queues = OwnQueues::default();
        while let Some(TakenBatch { batch, .. }) = other.take(&mut own_queues, || sender.send(()).unwrap()) {
            batches += 1;
            other.give_back(batch, Duration::ZERO);
        }
        batches
    });
    rests.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(dispatcher.state.lock().spare.bytes(), 0);
    assert!(rests.recv_timeout(2 * IDLE).is_err(), "once");
    push(&dispatcher, 0, 1);
    rests.recv_timeout(Duration::from_secs(60)).unwrap();
    dispatcher.close();
    assert_eq!(writer.join().unwrap(), 1);
}

#[test]
fn another_writer_is_wanted_only_when_none_is_idle() {
    let dispatcher = dispatcher(limits(2));
    assert!(!push(&dispatcher, 0, 0) && !push(&dispatcher, 1, 1));
    let batch = take(&dispatcher);
    assert!(push(&dispatcher, 2, 2), "a row that waits while a transaction is open needs another writer");
    dispatcher.expect_writer();
    assert!(!push(&dispatcher, 3, 3) && !push(&dispatcher, 4, 4));
    dispatcher.give_back(batch, Duration::ZERO);
}

#[test]
fn a_row_that_comes_during_a_long_transaction_is_written_before_its_end() {
    let dispatcher = Arc::new(dispatcher(Limits { busy_linger: Duration::from_millis(1), ..limits(2) }));
    push_all(&dispatcher, 0, 0..2);
    let long = take(&dispatcher);
    dispatcher.expect_writer();
    let other = Arc::clone(&dispatcher);
    let beside = std::thread::spawn(move || offsets(&take(&other)));
    // Long after the other writer has stopped checking for rows by itself.
    std::thread::sleep(2 * TRAFFIC);
    push(&dispatcher, 1, 2);
    assert_eq!(beside.join().unwrap(), [2]);
    dispatcher.give_back(long, Duration::ZERO);
}

#[test]
fn rows_that_cost_the_server_much_are_shared_by_two_writers() {
    let dispatcher =
        dispatcher(Limits { linger: Duration::ZERO, busy_linger: Duration::from_millis(20), ..limits(1000) });
    let rows =
        |from: i64| (0..64).for_each(|shard| push_all(&dispatcher, shard as usize, from + shard..from + shard + 1));
    rows(0);
    let all = take(&dispatcher);
    assert_eq!(all.len(), 64);
    dispatcher.give_back(all, Duration::from_millis(30));
    rows(64);
    dispatcher.expect_writer();
    let (first, second) = (take(&dispatcher), take(&dispatcher));
    assert_eq!((first.len(), second.len()), (32, 32));
    dispatcher.give_back(first, Duration::from_millis(3));
    dispatcher.give_back(second, Duration::from_millis(3));
    rows(128);
    assert_eq!(take(&dispatcher).len(), 64, "one writer takes all rows again when one is enough");
}

#[test]
fn bytes_are_charged_when_a_row_comes_and_released_when_its_batch_is_settled() {
    let budget = Arc::new(Budget::new(1000));
    let dispatcher = Dispatcher::new(limits(1), Arc::clone(&budget));
    dispatcher.expect_writer();
    push(&dispatcher, 0, 0);
    let batch = take(&dispatcher);
    assert_eq!(batch.bytes(), 3 + size_of::<RowEntry>());
    assert_eq!(budget.held(), batch.bytes());
    dispatcher.give_back(batch, Duration::ZERO);
    assert_eq!(budget.held(), 0);
}

#[test]
fn many_threads_lose_nothing_and_keep_each_shard_in_order() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let dispatcher = Arc::new(dispatcher(Limits { linger: Duration::ZERO, busy_linger: Duration::ZERO, ..limits(50) }));
    let last: Arc<Vec<Mutex<i64>>> = Arc::new((0..SHARDS).map(|_| Mutex::new(-1)).collect());
    let written = Arc::new(AtomicUsize::new(0));
    (0..3).for_each(|_| dispatcher.expect_writer());
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (dispatcher, last, written) = (Arc::clone(&dispatcher), Arc::clone(&last), Arc::clone(&written));
            std::thread::spawn(move || {
                let mut own_queues = OwnQueues::default();
                while let Some(TakenBatch { batch, .. }) = dispatcher.take(&mut own_queues, || {}) {
                    for chunk in &batch.chunks {
                        for entry in &chunk.entries {
                            let mut last = last[chunk.shard as usize].lock();
                            assert!(*last < entry.offset);
                            *last = entry.offset;
                            written.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    dispatcher.give_back(batch, Duration::ZERO);
                }
            })
        })
        .collect();
    for offset in 0..100_000 {
        push(&dispatcher, (offset as usize * 31) % SHARDS, offset);
    }
    dispatcher.close();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    assert_eq!(written.load(Ordering::Relaxed), 100_000);
}

#[test]
fn the_rows_of_one_record_are_never_separated() {
    let dispatcher = dispatcher(limits(4));
    let row = |ticket: u64| QueuedRow { entry: RowEntry { ticket, ..entry(0) }, row: b"row", key: b"", original: b"" };
    dispatcher.push(1, row(0));
    dispatcher.push_all((0..9).map(|_| (1, row(1))));
    dispatcher.push_all([(1, row(2)), (2, row(2)), (1, row(2))]);
    let mut seen = Vec::new();
    dispatcher.close();
    while let Some(TakenBatch { batch, .. }) = dispatcher.take(&mut OwnQueues::default(), || {}) {
        for chunk in &batch.chunks {
            let mut tickets: Vec<u64> = chunk.entries.iter().map(|entry| entry.ticket).collect();
            tickets.dedup();
            seen.extend(tickets.into_iter().map(|ticket| (chunk.shard, ticket)));
        }
        dispatcher.give_back(batch, Duration::ZERO);
    }
    seen.sort_unstable();
    assert_eq!(seen, [(1, 0), (1, 1), (1, 2), (2, 2)], "each record once for each of its shards");
}

/// Each row into another shard.
fn push_each(dispatcher: &Dispatcher, offsets: std::ops::Range<i64>) {
    for offset in offsets {
        push(dispatcher, offset as usize, offset);
    }
}

/// Reports batches to the dispatcher in which each row took the server a millisecond, however many transactions were open.
fn has_expensive_rows(dispatcher: &Dispatcher) {
    let mut state = dispatcher.state.lock();
    let mut now = Instant::now();
    while state.tuner.setting() != (BatchSetting { writers: 20, rows: 100 }) {
        let BatchSetting { writers, rows } = state.tuner.setting();
        let spent = Duration::from_millis(rows as u64).into();
        now += Duration::from_millis((rows / writers) as u64);
        state.tuner.observe(now, WrittenBatch { rows, bytes: 100 * rows, has_all_bytes: false, spent, open: writers });
    }
    state.limits.rows = 100;
}

#[test]
fn where_rows_are_expensive_twenty_writers_get_the_same_number_of_rows() {
    let dispatcher = dispatcher(Limits { bytes: 64 << 20, ..limits(6400) });
    for offset in 0..64_000 {
        push(&dispatcher, offset as usize % 64, offset);
    }
    has_expensive_rows(&dispatcher);
    (1..20).for_each(|_| dispatcher.expect_writer());
    let batches: Vec<_> = (0..20).map(|_| take(&dispatcher)).collect();
    assert!(batches.iter().all(|batch| batch.len() == 100), "{:?}", batches.iter().map(Batch::len).collect::<Vec<_>>());
    let shards = batches.iter().fold(0, |shards, batch| {
        assert_eq!(shards & batch.shards, 0);
        shards | batch.shards
    });
    assert!(shards.count_ones() >= 20);
    let mut taken: Vec<i64> = batches.iter().flat_map(offsets).collect();
    taken.extend(batches.into_iter().flat_map(|batch| {
        dispatcher.give_back(batch, Duration::from_millis(100));
        offsets(&take(&dispatcher))
    }));
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), 4000, "each row once");
}

#[test]
fn where_rows_are_expensive_few_rows_are_written_at_once_by_one_writer_and_more_are_shared() {
    let dispatcher = dispatcher(Limits { linger: Duration::ZERO, ..limits(6400) });
    has_expensive_rows(&dispatcher);
    (1..5).for_each(|_| dispatcher.expect_writer());
    for (rows, expected) in [(15, 15), (40, 16)] {
        push_each(&dispatcher, 0..rows);
        let batch = take(&dispatcher);
        assert_eq!(batch.len(), expected);
        while dispatcher.state.lock().shards.available().rows > 0 {
            assert!(
                !offsets(&take(&dispatcher)).is_empty(),
                "at the same time, without waiting for the end of its transaction"
            );
        }
        dispatcher.give_back(batch, Duration::from_millis(15));
    }
}

#[test]
fn writers_are_too_slow_when_many_rows_wait_or_a_row_waits_for_several_transactions() {
    let allowed = Duration::from_millis(10);
    let dispatcher = dispatcher(limits(1000));
    assert!(!dispatcher.writers_are_too_slow(allowed), "nothing waits");
    push(&dispatcher, 1, 0);
    dispatcher.hurry();
    let batch = take(&dispatcher);
    dispatcher.give_back(batch, Duration::from_secs(1000));
    push(&dispatcher, 1, 1);
    std::thread::sleep(2 * allowed);
    assert!(
        !dispatcher.writers_are_too_slow(allowed),
        "a row waits, but not for long where a transaction takes so long"
    );
    push_all(&dispatcher, 2, 2..600);
    assert!(dispatcher.writers_are_too_slow(allowed));
    assert!(!dispatcher.writers_are_too_slow(Duration::from_secs(1000)));
}
