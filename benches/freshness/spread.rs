//! The distribution of times: median, percentiles, extremes.

use serde_json::{Value, json};

/// Microseconds.
pub struct Spread {
    pub p50: i64,
    pub p90: i64,
    pub p99: i64,
    p999: i64,
    max: i64,
}

impl Spread {
    pub fn of(mut times: Vec<i64>) -> Spread {
        times.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
        let [p50, p90, p99, p999, max] = [0.5, 0.9, 0.99, 0.999, 1.0].map(at);
        Spread { p50, p90, p99, p999, max }
    }

    /// Prints milliseconds.
    pub fn line(&self, what: &str) {
        columns(what, self.all().map(ms), 1);
    }

    pub fn json(&self) -> Value {
        json!({ "p50": ms(self.p50), "p90": ms(self.p90), "p99": ms(self.p99), "p999": ms(self.p999) })
    }

    pub fn beside(&self, other: &Spread) -> Times {
        let (own, other) = (self.all(), other.all());
        Times(std::array::from_fn(|at| own[at] as f64 / other[at].max(1) as f64))
    }

    fn all(&self) -> [i64; 5] {
        [self.p50, self.p90, self.p99, self.p999, self.max]
    }
}

/// One distribution divided by another.
pub struct Times([f64; 5]);

impl Times {
    pub fn line(&self, what: &str) {
        columns(what, self.0, 2);
    }
}

pub fn header() {
    println!("{:<38}{:>8}{:>8}{:>8}{:>8}{:>8}   milliseconds", "", "p50", "p90", "p99", "p99.9", "max");
}

fn columns(what: &str, values: [f64; 5], digits: usize) {
    println!("  {what:<36}{}", values.map(|value| format!("{value:>8.digits$}")).concat());
}

fn ms(time: i64) -> f64 {
    time as f64 / 1000.0
}
