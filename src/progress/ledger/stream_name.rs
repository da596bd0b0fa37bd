//! The name of a stream, and its number in the ledger.

use std::sync::Arc;

use twox_hash::XxHash64;

/// The names of a stream. Together they say which records it has and where they go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StreamName {
    pub job: String,
    /// `schema.table`, with `#2`, `#3` … for a further INSERT into the same table.
    pub sink: String,
    /// `push:` and a name, if a host pushes the rows.
    pub topic: Arc<str>,
    pub partition: i32,
}

impl StreamName {
    /// Its number in the ledger. Two names could have the same one, so the names are stored as well, and compared.
    pub fn number(&self) -> i64 {
        let partition = self.partition.to_string();
        let image = [&*self.job, &*self.sink, &*self.topic, &*partition].join("\x1f");
        XxHash64::oneshot(0, image.as_bytes()).cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(job: &str, topic: &str, partition: i32) -> StreamName {
        StreamName { job: job.into(), sink: "s.t".into(), topic: topic.into(), partition }
    }

    #[test]
    fn a_streams_number_depends_on_its_names_alone() {
        assert_eq!(name("cars", "t", 3).number(), name("cars", "t", 3).number());
        for other in [name("bikes", "t", 3), name("cars", "u", 3), name("cars", "t", 4)] {
            assert_ne!(name("cars", "t", 3).number(), other.number());
        }
        // This must never change, because the ledger's rows are found by it.
        let image = b"cars\x1fs.t\x1fpush:cars\x1f0";
        assert_eq!(name("cars", "push:cars", 0).number(), XxHash64::oneshot(0, image) as i64);
    }

    #[test]
    fn names_that_are_split_elsewhere_have_another_number() {
        let other = StreamName { job: "car".into(), sink: "ss.t".into(), topic: "t".into(), partition: 3 };
        assert_ne!(name("cars", "t", 3).number(), other.number());
    }
}
