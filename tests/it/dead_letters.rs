//! Dead letters in a file, a topic and a table, and their way back.

mod replay;
mod scene;
mod targets;
