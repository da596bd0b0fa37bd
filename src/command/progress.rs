//! Shows the progress of a running job: as a live line on a terminal, otherwise as a log line every 10 s.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::pipeline::Stats;
use indicatif::{ProgressBar, ProgressStyle};

use super::console::{Color, Console, ProgressDisplay, paint};

const LOG_INTERVAL: Duration = Duration::from_secs(10);
/// The live line's rates are computed over this time, so that they soon show that a job has stopped.
const RATE_WINDOW: Duration = Duration::from_secs(5);

pub struct Reporter {
    show: Show,
    colors: bool,
    rate: Rate,
}

enum Show {
    Live(ProgressBar),
    Logged { last: Instant },
    Nothing,
}

impl Reporter {
    pub fn new(console: &Console) -> Self {
        let show = match console.progress {
            ProgressDisplay::Live => Show::Live(live_line(console)),
            ProgressDisplay::Logged => Show::Logged { last: Instant::now() },
            ProgressDisplay::Hidden => Show::Nothing,
        };
        let window = if console.progress == ProgressDisplay::Live { RATE_WINDOW } else { LOG_INTERVAL };
        Reporter { show, colors: console.colors, rate: Rate::new(window, Instant::now()) }
    }

    /// To be called several times a second.
    pub fn show(&mut self, stats: &Stats) {
        let now = Instant::now();
        self.rate.sample(now, stats);
        match &mut self.show {
            Show::Live(line) => line.set_message(describe(stats, &self.rate, self.colors)),
            Show::Logged { last } if now.duration_since(*last) >= LOG_INTERVAL => {
                *last = now;
                log::info!("{}", describe(stats, &self.rate, false));
            }
            Show::Logged { .. } | Show::Nothing => {}
        }
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        if let Show::Live(line) = &self.show {
            line.finish_and_clear();
        }
    }
}

fn live_line(console: &Console) -> ProgressBar {
    let line = console.screen().add(ProgressBar::new_spinner());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
        line.set_style(style);
    }
    line.enable_steady_tick(Duration::from_millis(100));
    line
}

/// The age of stored progress is shown only if it is greater than this. Usually it is less: progress is stored every 250 ms.
pub const OLD_PROGRESS: Duration = Duration::from_secs(10);

/// The age of rows that wait for the vector index is shown only if it is greater than this.
const OLD_WAITING: Duration = Duration::from_secs(2);

/// The most important figures come first, because a narrow terminal cuts off the end.
fn describe(stats: &Stats, rate: &Rate, colors: bool) -> String {
    let counters = &stats.counters;
    let (rows_a_second, bytes_a_second) = rate.per_second();
    let mut text = String::new();
    if stats.outage {
        text += &paint(colors, Color::Red, "database away");
        text += ", ";
    }
    text += &format!(
        "rows {}, {}/s, {:.1} MB/s, lag {}, ",
        grouped(counters.rows_written + counters.rows_deleted),
        grouped(rows_a_second as u64),
        bytes_a_second / 1e6,
        grouped(stats.lag),
    );
    let dead = format!("dead letters {}", grouped(counters.rows_dead_lettered));
    text += &if counters.rows_dead_lettered > 0 { paint(colors, Color::Yellow, &dead) } else { dead };
    if counters.rows_ignored > 0 {
        text += &format!(", ignored {}", grouped(counters.rows_ignored));
    }
    if counters.rows_unchanged > 0 {
        text += &format!(", unchanged {}", grouped(counters.rows_unchanged));
    }
    text += &format!(", batches {}", grouped(counters.batches));
    if counters.rows_moved > 0 || stats.rows_waiting_for_index > 0 {
        text += &format!(", to be indexed {}", grouped(stats.rows_waiting_for_index));
        if let Some(oldest) = stats.oldest_waiting.filter(|oldest| *oldest >= OLD_WAITING) {
            text += &format!(" (oldest {} s)", grouped(oldest.as_secs()));
        }
    }
    if let Some(percent) = stats.build_percent {
        text += &format!(", building the vector index {percent} %");
    }
    if counters.records_missed > 0 {
        let gone = format!(", missed {}", grouped(counters.records_missed));
        text += &paint(colors, Color::Yellow, &gone);
    }
    if stats.progress_age >= OLD_PROGRESS {
        let old = format!(", progress stored {} s ago", grouped(stats.progress_age.as_secs()));
        text += &paint(colors, Color::Yellow, &old);
    }
    text
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Rows and bytes per second over a sliding window.
struct Rate {
    window: Duration,
    samples: VecDeque<RateSample>,
}

#[derive(Clone, Copy)]
struct RateSample {
    at: Instant,
    rows: u64,
    bytes: u64,
}

impl Rate {
    /// Starts counting at zero now, so that rows from before the first sample count, too.
    fn new(window: Duration, now: Instant) -> Self {
        Rate { window, samples: VecDeque::from([RateSample { at: now, rows: 0, bytes: 0 }]) }
    }

    fn sample(&mut self, at: Instant, stats: &Stats) {
        let rows = stats.counters.rows_written + stats.counters.rows_deleted;
        self.samples.push_back(RateSample { at, rows, bytes: stats.counters.bytes_read });
        // The newest sample that is older than the window is kept, because the window begins there.
        while self.samples.get(1).is_some_and(|second| at.duration_since(second.at) >= self.window) {
            self.samples.pop_front();
        }
    }

    fn per_second(&self) -> (f64, f64) {
        let (Some(first), Some(last)) = (self.samples.front(), self.samples.back()) else { return (0.0, 0.0) };
        let seconds = last.at.duration_since(first.at).as_secs_f64();
        if seconds == 0.0 {
            return (0.0, 0.0);
        }
        ((last.rows - first.rows) as f64 / seconds, (last.bytes - first.bytes) as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(rows: u64) -> Stats {
        let mut stats = Stats::default();
        stats.counters.rows_written = rows;
        stats.counters.bytes_read = rows * 100;
        stats
    }

    #[test]
    fn a_rate_forgets_what_was_before_its_window() {
        let start = Instant::now();
        let mut rate = Rate::new(Duration::from_secs(5), start);
        for second in 0..=20 {
            rate.sample(start + Duration::from_secs(second), &stats(if second < 10 { second * 1000 } else { 10_000 }));
        }
        assert_eq!(rate.per_second(), (0.0, 0.0));
    }

    #[test]
    fn a_steady_rate_is_shown_as_it_is() {
        let start = Instant::now();
        let mut rate = Rate::new(Duration::from_secs(5), start);
        for tenth in 0..=100 {
            rate.sample(start + Duration::from_millis(tenth * 100), &stats(tenth * 50));
        }
        let (rows, bytes) = rate.per_second();
        assert!((rows - 500.0).abs() < 1e-6 && (bytes - 50_000.0).abs() < 1e-6, "{rows} {bytes}");
        assert!(rate.samples.len() < 60);
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn the_line_names_everything_and_an_outage_only_while_it_lasts() {
        let mut stats = stats(1_234_567);
        stats.lag = 42;
        stats.counters.rows_dead_lettered = 3;
        let rate = Rate::new(RATE_WINDOW, Instant::now());
        let line = "rows 1,234,567, 0/s, 0.0 MB/s, lag 42, dead letters 3, batches 0";
        assert_eq!(describe(&stats, &rate, false), line);
        stats.counters.rows_unchanged = 1000;
        assert_eq!(describe(&stats, &rate, false), line.replace(", batches", ", unchanged 1,000, batches"));
        stats.counters.rows_unchanged = 0;
        stats.outage = true;
        assert_eq!(describe(&stats, &rate, false), format!("database away, {line}"));
        assert!(describe(&stats, &rate, true).contains("\x1b[1;33mdead letters 3\x1b[0m"));
        stats.counters.records_missed = 9;
        stats.progress_age = Duration::from_secs(75);
        let line = format!("database away, {line}, missed 9, progress stored 75 s ago");
        assert_eq!(describe(&stats, &rate, false), line);
        stats.rows_waiting_for_index = 4321;
        assert!(describe(&stats, &rate, false).contains(", batches 0, to be indexed 4,321, missed 9"));
        stats.oldest_waiting = Some(Duration::from_secs(7));
        assert!(describe(&stats, &rate, false).contains(", to be indexed 4,321 (oldest 7 s), missed 9"));
        stats.build_percent = Some(45);
        assert!(describe(&stats, &rate, false).contains("(oldest 7 s), building the vector index 45 %, missed 9"));
    }
}
