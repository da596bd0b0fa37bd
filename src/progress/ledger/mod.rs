//! The part of exactly-once without I/O: which part of a stream each shard has written, and what a transaction claims of it. The
//! tables that store this, and their SQL, are in `postgres/own_tables/ledger`. docs/delivery.md says why it works.

mod assignment;
mod claims;
mod comparison;
mod layout_text;
mod positions;
mod stream_name;

pub use assignment::{AssignmentRefusal, FoundStream, Wanted};
pub use claims::{ClaimGatherer, OwnStreams, ShardClaim, StoredLow, StreamClaim};
pub use comparison::{LedgerComparison, LedgerRow, Verdict, compare};
pub use layout_text::{KeyColumnText, layout_text, quoted};
pub use positions::ShardPositions;
pub use stream_name::StreamName;
