//! The error of a nested message that can't be decoded: the reason and the place, which is a path of fields and elements,
//! and a byte offset.

use std::fmt;

use crate::error::{Rejection, Stage};
use crate::excerpt::Shortened;

/// The detail is boxed, because every result contains this type, and errors are rare.
#[derive(Debug)]
pub struct DecodeError(Box<Detail>);

#[derive(Debug)]
struct Detail {
    reason: String,
    /// The byte offset, counted from 0. `None`: the error is about the whole message.
    at: Option<usize>,
    /// The steps of the path. The innermost step is the first.
    path: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Field(String),
    /// The index of an element, counted from 0.
    Element(usize),
}

impl DecodeError {
    #[cold]
    pub fn new(at: usize, reason: impl Into<String>) -> Self {
        DecodeError(Box::new(Detail { reason: reason.into(), at: Some(at), path: Vec::new() }))
    }

    /// An error about the message as a whole.
    #[cold]
    pub fn of_message(reason: impl Into<String>) -> Self {
        DecodeError(Box::new(Detail { reason: reason.into(), at: None, path: Vec::new() }))
    }

    #[cold]
    pub fn in_field(mut self, name: &str) -> Self {
        self.0.path.push(Step::Field(name.to_string()));
        self
    }

    #[cold]
    pub fn in_element(mut self, index: usize) -> Self {
        self.0.path.push(Step::Element(index));
        self
    }

    /// Moves the byte offset from the start of the value to the start of the message. `bytes` is the number of bytes before
    /// the value.
    #[cold]
    pub fn moved_by(mut self, bytes: usize) -> Self {
        self.0.at = self.0.at.map(|at| at + bytes);
        self
    }

    /// Makes a rejection of the error. The path's step at `depth`, counted from the outermost step, is the table's column.
    pub fn into_rejection(self, depth: usize) -> Rejection {
        let step = self.0.path.len().checked_sub(depth + 1).and_then(|index| self.0.path.get(index));
        match step {
            Some(Step::Field(column)) => Rejection::in_column(Stage::Decode, column, self.to_string()),
            Some(Step::Element(_)) | None => Rejection::new(Stage::Decode, self.to_string()),
        }
    }
}

/// `found … where … was expected, at /feature/2, byte 57`.
impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.reason)?;
        let mut separator = ", at ";
        for step in self.0.path.iter().rev() {
            f.write_str(separator)?;
            match step {
                Step::Field(name) => write!(f, "/{}", Shortened(&name.replace('~', "~0").replace('/', "~1")))?,
                Step::Element(index) => write!(f, "/{index}")?,
            }
            separator = "";
        }
        match self.0.at {
            Some(at) if separator.is_empty() => write!(f, ", byte {at}"),
            Some(at) => write!(f, ", at byte {at}"),
            None => Ok(()),
        }
    }
}
