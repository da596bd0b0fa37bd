//! Dead letters in a file, a topic and a table, and their way back.

mod scene;
mod targets;
