//! Buffers that are kept so that their memory is used again: up to a fixed number, and up to a fixed number of bytes.

#[derive(Debug)]
pub struct SpareBuffers<T> {
    /// Each buffer with the bytes of its memory.
    kept: Vec<(T, usize)>,
    bytes: usize,
    most: usize,
    most_bytes: usize,
}

impl<T> SpareBuffers<T> {
    pub fn new(most: usize, most_bytes: usize) -> SpareBuffers<T> {
        SpareBuffers { kept: Vec::new(), bytes: 0, most, most_bytes }
    }

    pub fn take(&mut self) -> Option<T> {
        let (one, bytes) = self.kept.pop()?;
        self.bytes -= bytes;
        Some(one)
    }

    /// Returns all buffers that are kept. The caller frees them without a lock.
    pub fn take_all(&mut self) -> Vec<(T, usize)> {
        self.bytes = 0;
        std::mem::take(&mut self.kept)
    }

    /// Keeps a buffer, or returns it if there is no room. The caller frees it without a lock.
    pub fn keep(&mut self, one: T, bytes: usize) -> Option<T> {
        if self.kept.len() >= self.most || bytes > self.most_bytes - self.bytes {
            return Some(one);
        }
        self.bytes += bytes;
        self.kept.push((one, bytes));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_in_number_and_memory_whatever_has_passed() {
        let mut spare = SpareBuffers::new(3, 100);
        assert_eq!(spare.keep("huge", 101), Some("huge"));
        assert_eq!(spare.keep("a", 60), None);
        assert_eq!(spare.keep("b", 41), Some("b"));
        assert_eq!(spare.keep("c", 40), None);
        assert_eq!((spare.take(), spare.take(), spare.take()), (Some("c"), Some("a"), None));
        for one in ["a", "b", "c"] {
            assert_eq!(spare.keep(one, 1), None);
        }
        assert_eq!(spare.keep("d", 1), Some("d"));
    }
}
