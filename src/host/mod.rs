//! Rows as the host program holds them, and how their values are read.

#[cfg(feature = "arrow")]
mod arrow;
#[cfg(feature = "arrow")]
mod arrow_texts;
mod column;
mod columns;
mod filled;
mod row;
pub(crate) mod sink;
mod values;

#[cfg(feature = "arrow")]
pub use arrow_texts::Scattered;
pub use column::{Bitmap, ColumnValues, Offsets, Strided, TimeUnit};
pub use columns::Columns;
pub use filled::FilledRow;
pub use row::Row;
pub use values::{Scratch, ToValue};
