//! The name under which a job's progress is stored.

use std::time::Duration;

use twox_hash::XxHash64;

/// The name under which progress is stored, and whether the job goes on from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    pub job: String,
    /// The consumer group: the job file's own, or [`derived_group`].
    pub group: String,
    /// Stored progress is ignored: every partition starts by the startup mode.
    pub fresh: bool,
    /// Bytes the client may hold in its own queue.
    pub share_of_memory: usize,
    /// How long a start waits for brokers that can't be reached. `None`: for the usual time.
    pub longest_wait: Option<Duration>,
}

/// The consumer group of a job file without `properties.group.id`. The order of sinks and topics doesn't matter.
pub fn derived_group(job: &str, sinks: &[String], topics: &[String]) -> String {
    let mut sinks: Vec<&str> = sinks.iter().map(String::as_str).collect();
    let mut topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    sinks.sort_unstable();
    topics.sort_unstable();
    let image = [job, &sinks.join("\x1e"), &topics.join("\x1e")].join("\x1f");
    format!("vecsink-{job}-{:016x}", XxHash64::oneshot(0, image.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::derived_group;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn a_derived_group_names_the_job_and_differs_by_sinks_and_topics() {
        let group = derived_group("cars", &names(&["a.b"]), &names(&["t"]));
        assert!(group.starts_with("vecsink-cars-"));
        assert_eq!(group.len(), "vecsink-cars-".len() + 16);
        assert_ne!(group, derived_group("cars", &names(&["a.c"]), &names(&["t"])));
        assert_ne!(group, derived_group("cars", &names(&["a.b"]), &names(&["t", "u"])));
        assert_ne!(group, derived_group("cars", &names(&[]), &names(&["a.b", "t"])));
    }

    #[test]
    fn reordering_topics_keeps_the_derived_group() {
        let one = derived_group("cars", &names(&["s"]), &names(&["t", "u"]));
        assert_eq!(one, derived_group("cars", &names(&["s"]), &names(&["u", "t"])));
    }
}
