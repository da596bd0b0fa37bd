//! The headers of a message, in memory that is used again for the next one.

use std::collections::HashMap;

use rdkafka::message::BorrowedMessage;

use crate::kafka::native;
use crate::record::Header;

/// How many different names that aren't UTF-8 are kept (they are never freed). All further names of this kind are read as `UNREADABLE`.
const MOST_NAMES: usize = 256;
const UNREADABLE: &str = "\u{fffd}";

#[derive(Default)]
pub struct Headers {
    spare: Vec<Header<'static>>,
    names: Names,
}

impl Headers {
    /// The message's headers; give them back with [`Headers::put_back`].
    pub fn read<'m>(&mut self, message: &'m BorrowedMessage<'_>) -> Vec<Header<'m>> {
        let mut headers: Vec<Header<'m>> = std::mem::take(&mut self.spare);
        native::each_header(message, |name, value| {
            headers.push((std::str::from_utf8(name).unwrap_or_else(|_| self.names.readable(name)), value));
        });
        headers
    }

    /// Keeps the emptied list for the next message. Its type gets a longer lifetime.
    pub fn put_back(&mut self, mut headers: Vec<Header<'_>>) {
        headers.clear();
        self.spare = headers.into_iter().map(|_| ("", None)).collect();
    }
}

/// Names that aren't UTF-8, as Java reads them: invalid bytes are replaced.
#[derive(Default)]
struct Names(HashMap<Vec<u8>, &'static str>);

impl Names {
    #[cold]
    fn readable(&mut self, name: &[u8]) -> &'static str {
        match self.0.get(name) {
            Some(known) => known,
            None if self.0.len() >= MOST_NAMES => UNREADABLE,
            None => {
                let readable: &'static str = String::from_utf8_lossy(name).into_owned().leak();
                log::warn!("a header's name is not UTF-8: it is read as {readable:?}");
                self.0.insert(name.to_vec(), readable);
                readable
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_bytes_of_names_are_replaced_and_only_so_many_names_are_kept() {
        let mut names = Names::default();
        assert_eq!(names.readable(b"caf\xe9"), "caf\u{fffd}");
        for number in 0..10_000u32 {
            names.readable(&[&[0xff], &number.to_be_bytes()[..]].concat());
        }
        assert_eq!((names.0.len(), names.readable(b"another\xff")), (MOST_NAMES, UNREADABLE));
        assert_eq!(names.readable(b"caf\xe9"), "caf\u{fffd}");
    }
}
