//! A panic while one message is read is a bug of ours. It costs only that record. If it ended the job, the job would get the
//! record again at every start.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Rejection, Stage};

/// Runs `work` for one record. Err: it panicked, and everything that it has changed must be replaced.
pub fn guarded<T>(stage: Stage, work: impl FnOnce() -> T) -> Result<T, Rejection> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let reason = format!("a bug of vecsink: {}; please report it with the record", message(&*panic));
        Rejection::new(stage, reason)
    })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it panicked")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_the_rejection_of_its_record() {
        assert_eq!(guarded(Stage::Decode, || 7), Ok(7));
        for length in [1, 2] {
            let bytes = [0_u8; 1];
            let read = guarded(Stage::Decode, || bytes[..length].len());
            match read {
                Ok(read) => assert_eq!(read, length),
                Err(why) => {
                    assert_eq!((length, why.stage), (2, Stage::Decode));
                    assert!(why.reason.starts_with("a bug of vecsink: range end index 2"), "{}", why.reason);
                }
            }
        }
        assert!(
            guarded(Stage::Encode, || panic!("no {}", "text"))
                .is_err_and(|why: Rejection| why.reason.contains("no text"))
        );
    }
}
